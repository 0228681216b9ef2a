"""Cross-encoders: an encoder that reads query and document together and puts out one number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from toolbench_eval.errors import UsageError
from toolbench_eval.rerankers.joining import Joining, length_limit, longest_first
from toolbench_eval.rerankers.scoring import Encoded, Floats, Pair
from toolbench_eval.rerankers.tensors import pad_token, padded


class CrossEncoder:
    """A sequence classification model with one output.

    Source: Nogueira and Cho 2019 (arXiv 1901.04085); inputs and outputs as `sentence_transformers.CrossEncoder` and
    FlagEmbedding make them.
    """

    def __init__(
        self,
        tokenizer: Any,
        model: Any,
        max_length: int | str = "model",
        query_max_length: int = 0,
        activation: Literal["none", "sigmoid"] = "none",
    ) -> None:
        """Set what is loaded, and how pairs are cut.

        Args:
            tokenizer: A fast tokenizer.
            model: A loaded sequence classification model.
            max_length: Tokens of a pair, special ones included; `model` for the tokenizer's limit.
            query_max_length: Above 0: the query is cut to so many tokens, the document to what is left
                (FlagEmbedding). 0: the longer of both is cut first (`longest_first`).
            activation: What is done to the output: nothing, or the logistic function.

        Raises:
            UsageError: The model has several outputs.
        """
        if model.config.num_labels != 1:
            raise UsageError(f"a cross-encoder has one output, this model has {model.config.num_labels}")
        self._tokenizer, self._model = tokenizer, model
        self._joining = Joining.of(tokenizer)
        self._room = length_limit(max_length, tokenizer, model.config) - self._joining.added
        self._query_room, self._activation = query_max_length, activation

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids; each text is tokenised once."""
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        tokens = self._tokenizer(texts, add_special_tokens=False, verbose=False, return_attention_mask=False)
        ids_of = dict(zip(texts, tokens["input_ids"], strict=True))
        return [self._joined(ids_of[query], ids_of[document]) for query, document in pairs]

    def _joined(self, query: list[int], document: list[int]) -> Encoded:
        if self._query_room:
            query = query[: min(self._query_room, self._room)]
            return self._joining.join(query, document[: self._room - len(query)])
        first, second = longest_first(len(query), len(document), self._room)
        return self._joining.join(query[:first], document[:second])

    def score(self, batch: Sequence[Encoded]) -> Floats:
        """The model's output for each pair."""
        import torch

        with torch.inference_mode():
            inputs = padded(batch, pad_token(self._tokenizer), self._model.device)
            logits = self._model(**inputs).logits[:, 0].float()
            scores = torch.sigmoid(logits) if self._activation == "sigmoid" else logits
        return np.asarray(scores.cpu().numpy(), dtype=np.float64)
