"""Sequence-to-sequence rerankers: how likely the first word of the answer is "true"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolbench_eval.rerankers.prompted import Prompt
from toolbench_eval.rerankers.scoring import Encoded, Floats, Pair
from toolbench_eval.rerankers.tensors import pad_token, padded, token_id


class Seq2Seq:
    """monoT5 (Nogueira, Jiang, Pradeep and Lin 2020): the probability of one token against another."""

    def __init__(self, tokenizer: Any, model: Any, prompt: Prompt, yes: str, no: str) -> None:
        """Set what is loaded.

        Args:
            tokenizer: A fast tokenizer.
            model: A loaded sequence-to-sequence model.
            prompt: Makes its inputs.
            yes: Token of the answer for relevant documents.
            no: Token of the answer for others.

        Raises:
            UsageError: The vocabulary lacks a token.
        """
        self._tokenizer, self._model, self._prompt = tokenizer, model, prompt
        self._answers = [token_id(tokenizer, no), token_id(tokenizer, yes)]

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids."""
        return self._prompt.encode(pairs)

    def score(self, batch: Sequence[Encoded]) -> Floats:
        """Softmax over the two answers at the first place of the decoder, the share of `yes`."""
        import torch

        with torch.inference_mode():
            inputs = padded(batch, pad_token(self._tokenizer), self._model.device)
            start = torch.full((len(batch), 1), self._model.config.decoder_start_token_id, device=self._model.device)
            logits = self._model(**inputs, decoder_input_ids=start).logits[:, 0, self._answers]
            probabilities = torch.softmax(logits.float(), dim=-1)[:, 1]
        return np.asarray(probabilities.cpu().numpy(), dtype=np.float64)
