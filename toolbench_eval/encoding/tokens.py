"""Texts as a model takes them: tokenised once, padded a batch at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from toolbench_eval.encoding.batching import CHARACTERS_PER_TOKEN, Rows
from toolbench_eval.encoding.boundary import cut
from toolbench_eval.errors import UsageError

POOLED = "pooled_mask"
"""Name of the feature that says which tokens are pooled, where those are not all that are read."""

Counting = Literal["text_and_opening", "text"]
"""How many of a text's first tokens are taken to stand before its boundary: as many as what stands there has alone, \
with the token that opens every text (gritlm 1.0.2, `GritLM.encode`) or without it (NV-Embed, `NVEmbedModel.encode`: \
its prompts end with a space, a token of its own where nothing follows it, and so the count fits)."""

_PADDED = {"input_ids", "attention_mask", "token_type_ids"}


class Tokens(Protocol):
    """Some texts, ready to be put into batches."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text."""

    def features(self, rows: Rows) -> dict[str, Any]:
        """What the model takes for these texts, padded to the longest of them."""


def tokenised(model: Any, texts: list[str], *, add_eos: bool = False, unpooled: Counting | None = None) -> Tokens:
    """Tokenise with a SentenceTransformer's own tokenizer, cut at its maximal length.

    Args:
        model: The SentenceTransformer.
        texts: The texts.
        add_eos: End each text with the end-of-sequence token where the tokenizer does not.
        unpooled: Pool what stands behind a text's boundary alone; how the tokens before it are counted.

    Raises:
        UsageError: The model takes something else than tokens, or has no such token, so that none can be added.
    """
    before: list[str] = []
    if unpooled:
        before, texts = map(list, zip(*map(cut, texts), strict=True))
        texts = [text or " " for text in texts]
    if _takes_token_ids(model):
        unpadded = {"text": {"padding": False}, "common": {"return_tensors": None}}
        found = model.preprocess(texts, processing_kwargs=unpadded)
        if set(found) - {"modality"} <= _PADDED:
            if add_eos:
                _close(found, model.tokenizer)
            return _TokenIds.of(found, model.tokenizer, _token_counts(model, before, unpooled) if unpooled else None)
    if add_eos or unpooled:
        raise UsageError("the card says add_eos or mean_text, but the model does not take plain tokens")
    return _Texts(model, texts)


def _takes_token_ids(model: Any) -> bool:
    """Whether its input is token ids alone, so that padding them is all there is to a batch."""
    from sentence_transformers.base.modules import Transformer

    first = model[0]
    return isinstance(first, Transformer) and set(first.modality_config) == {"text"} and not first.can_flatten_inputs


def _close(found: Any, tokenizer: Any) -> None:
    """End each text with the end-of-sequence token, within the maximal length."""
    eos, most = tokenizer.eos_token_id, tokenizer.model_max_length
    if eos is None:
        raise UsageError("the card says add_eos, but the tokenizer has no end-of-sequence token")
    for at, ids in enumerate(found["input_ids"]):
        if not ids or ids[-1] != eos:
            found["input_ids"][at] = [*ids[: most - 1], eos]
    if "token_type_ids" in found:
        types = zip(found["token_type_ids"], found["input_ids"], strict=True)
        found["token_type_ids"] = [([*kept, 0])[: len(ids)] for kept, ids in types]


def _token_counts(model: Any, before: list[str], counting: Counting) -> list[int]:
    """Tokens of what stands before each text, tokenised alone.

    A closing token is not counted, for the text's own tokens stand in its place.
    """
    tokenizer, opening = model.tokenizer, counting == "text_and_opening"
    closing = {tokenizer.sep_token_id, tokenizer.eos_token_id}
    counts = {"": 0}
    for one in set(before) - {""}:
        ids = tokenizer(one, truncation=True, max_length=model.max_seq_length, add_special_tokens=opening)["input_ids"]
        counts[one] = len(ids) - (ids[-1] in closing if ids else 0)
    return [counts[one] for one in before]


@dataclass(frozen=True, eq=False)
class _TokenIds:
    """Token ids of all texts in one array.

    Attributes:
        lengths: Tokens of each text.
        ids: Token ids of all texts, one text after the other.
        types: Token types, likewise, where the model has any.
        padding: Id and type of the padding token.
        left: Whether padding stands before the text.
        unpooled: How many of each text's first tokens are read, but not pooled; None where all are pooled.
    """

    lengths: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    types: npt.NDArray[np.int64] | None
    padding: tuple[int, int]
    left: bool
    unpooled: npt.NDArray[np.int64] | None = None

    @classmethod
    def of(cls, found: Any, tokenizer: Any, unpooled: list[int] | None = None) -> _TokenIds:
        """From unpadded lists of ids; a text without any token is one closing token."""
        closing = _first_known(tokenizer.sep_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id)
        ids = [text or [closing] for text in found["input_ids"]]
        types = [text or [0] for text in found["token_type_ids"]] if "token_type_ids" in found else None
        return cls(
            lengths=np.array([len(text) for text in ids], dtype=np.int64),
            ids=_joined(ids),
            types=None if types is None else _joined(types),
            # Attention is off there, so any id does for a tokenizer that has no padding token.
            padding=(_first_known(tokenizer.pad_token_id, tokenizer.eos_token_id), tokenizer.pad_token_type_id),
            left=tokenizer.padding_side == "left",
            # Where nothing of the text is left, its last token stands for it.
            unpooled=None if unpooled is None else np.minimum(unpooled, [len(text) - 1 for text in ids]),
        )

    def features(self, rows: Rows) -> dict[str, Any]:
        import torch

        lengths = self.lengths[rows]
        places = np.arange(lengths.max())
        real = places >= (lengths.max() - lengths)[:, None] if self.left else places < lengths[:, None]
        starts = (np.cumsum(self.lengths) - self.lengths)[rows]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        taken = np.repeat(starts, lengths) + within
        features = {"input_ids": _filled(real, self.ids[taken], self.padding[0]), "attention_mask": real.astype(int)}
        if self.types is not None:
            features["token_type_ids"] = _filled(real, self.types[taken], self.padding[1])
        if self.unpooled is not None:
            features[POOLED] = _filled(real, (within >= np.repeat(self.unpooled[rows], lengths)).astype(np.int64), 0)
        return {**{name: torch.from_numpy(values) for name, values in features.items()}, "modality": "text"}


@dataclass(frozen=True, eq=False)
class _Texts:
    """Texts of a model whose input is not just token ids; it prepares each batch by itself."""

    model: Any
    texts: list[str]
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        longest = self.model.max_seq_length or np.inf
        return np.array([min(longest, 1 + len(text) // CHARACTERS_PER_TOKEN) for text in self.texts], dtype=np.int64)

    def features(self, rows: Rows) -> dict[str, Any]:
        with self._one_at_a_time:
            return dict(self.model.preprocess([self.texts[row] for row in rows]))


def _joined(texts: list[list[int]]) -> npt.NDArray[np.int64]:
    return np.fromiter((token for text in texts for token in text), dtype=np.int64)


def _first_known(*ids: int | None) -> int:
    return next((number for number in ids if number is not None), 0)


def _filled(real: npt.NDArray[np.bool_], values: npt.NDArray[np.int64], padding: int) -> npt.NDArray[np.int64]:
    matrix = np.full(real.shape, padding, dtype=np.int64)
    matrix[real] = values
    return matrix
