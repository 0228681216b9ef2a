"""Batches of token ids as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from toolbench_eval.rerankers.scoring import Encoded


def padded(batch: Sequence[Encoded], pad: int, device: Any, side: Literal["left", "right"] = "right") -> dict[str, Any]:
    """`input_ids`, `attention_mask` and, where the pairs have segments, `token_type_ids`; each of shape (n, longest).

    Args:
        batch: The pairs.
        pad: Token id that fills up.
        device: Where the tensors go.
        side: Where the filling goes.
    """
    import torch

    longest = max(len(one.ids) for one in batch)

    def filled(values: list[int], filling: int) -> list[int]:
        extra = [filling] * (longest - len(values))
        return values + extra if side == "right" else extra + values

    tensors = {
        "input_ids": [filled(one.ids, pad) for one in batch],
        "attention_mask": [filled([1] * len(one.ids), 0) for one in batch],
    }
    if all(one.segments is not None for one in batch):
        tensors["token_type_ids"] = [filled(one.segments or [], 0) for one in batch]
    return {name: torch.tensor(rows, device=device) for name, rows in tensors.items()}


def pad_token(tokenizer: Any) -> int:
    """The id that fills up; any will do where the tokenizer has none, as the attention mask hides it."""
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id or 0)


def token_id(tokenizer: Any, token: str) -> int:
    """The id of a token that must exist.

    Raises:
        UsageError: The vocabulary lacks it.
    """
    from toolbench_eval.errors import UsageError

    found = tokenizer.get_vocab().get(token)
    if found is None:
        raise UsageError(f"the tokenizer has no token '{token}'; correct the options of the model's card")
    return int(found)
