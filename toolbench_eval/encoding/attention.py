"""Decoders whose tokens see those behind them too."""

from __future__ import annotations

from typing import Any

from toolbench_eval.errors import UsageError


def look_both_ways(decoder: Any, name: str) -> None:
    """Take the causal mask off a decoder of transformers, and look whether it is off.

    Args:
        decoder: The model, as `AutoModel` loads one.
        name: For the message.

    Raises:
        UsageError: The architecture takes no notice.
    """
    import torch

    decoder.config.is_causal = False
    for part in decoder.modules():
        if hasattr(part, "is_causal"):
            part.is_causal = False
    ids = torch.tensor([[1, 2, 0], [1, 3, 0]])
    for attended in (torch.tensor([1, 1, 0]), torch.ones(3, dtype=torch.long)):  # with padding, and without
        with torch.inference_mode():
            states = decoder(ids, attention_mask=attended.expand(2, 3)).last_hidden_state
        if not torch.equal(states[0, 0], states[1, 0]):
            continue
        raise UsageError(f"'{name}' cannot be given attention = \"bidirectional\": its architecture keeps its own")
