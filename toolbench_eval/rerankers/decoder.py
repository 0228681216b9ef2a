"""Decoder rerankers: what a causal language model answers to "is it relevant?"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolbench_eval.rerankers.prompted import Prompt
from toolbench_eval.rerankers.scoring import Encoded, Floats, Pair
from toolbench_eval.rerankers.tensors import pad_token, padded, token_id


class Decoder:
    """The next token after a prompt: the logit of "yes" (bge-gemma), or its probability against "no" (Qwen3)."""

    def __init__(self, tokenizer: Any, model: Any, prompt: Prompt, yes: str, no: str = "") -> None:
        """Set what is loaded.

        Args:
            tokenizer: A fast tokenizer.
            model: A loaded causal language model.
            prompt: Makes its inputs.
            yes: Token of the answer for relevant documents.
            no: Token of the answer for others; empty for the logit of `yes` alone.

        Raises:
            UsageError: The vocabulary lacks a token.
        """
        self._tokenizer, self._model, self._prompt = tokenizer, model, prompt
        self._yes = token_id(tokenizer, yes)
        self._no = token_id(tokenizer, no) if no else None

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids."""
        return self._prompt.encode(pairs)

    def score(self, batch: Sequence[Encoded]) -> Floats:
        """Logit or probability of `yes` as the next token."""
        import torch

        with torch.inference_mode():
            # Filled up on the left, every row ends in its last token, and only that one's logits are computed.
            inputs = padded(batch, pad_token(self._tokenizer), self._model.device, side="left")
            places = (inputs["attention_mask"].cumsum(dim=-1) - 1).clamp(min=0)
            logits = self._model(**inputs, position_ids=places, logits_to_keep=1, use_cache=False).logits[:, -1].float()
            if self._no is None:
                scores = logits[:, self._yes]
            else:
                scores = torch.softmax(logits[:, [self._no, self._yes]], dim=-1)[:, 1]
        return np.asarray(scores.cpu().numpy(), dtype=np.float64)
