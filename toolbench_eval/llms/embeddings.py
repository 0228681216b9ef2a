"""Embeddings behind an OpenAI-compatible endpoint: batches, a bound on calls, every vector kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.errors import DataError
from toolbench_eval.llms.concurrency import map_bounded
from toolbench_eval.llms.endpoint import Endpoint, NotAnAnswer
from toolbench_eval.llms.hosted import read_usage
from toolbench_eval.memo import Memo, key_of

Vectors = npt.NDArray[np.float32]

BATCH_CHARACTERS = 100_000
"""Characters in one request; endpoints bound the tokens of a request."""


@dataclass(frozen=True)
class EmbeddingModel:
    """What is asked for.

    Attributes:
        model: Name that the endpoint knows.
        dimensions: Length of the vectors, None for the model's own.
        characters: Longest text that is sent; the rest is cut. The endpoint's tokenizer is not known here.
        batch: Texts in one request.
    """

    model: str
    dimensions: int | None = None
    characters: int = 24_000
    batch: int = 128


class HostedEncoder:
    """Texts to vectors."""

    def __init__(self, model: EmbeddingModel, endpoint: Endpoint, memo: Memo | None, concurrency: int) -> None:
        """Set model and place; nothing is sent yet."""
        self._model, self._endpoint, self._memo, self._concurrency = model, endpoint, memo, concurrency

    @property
    def cost(self) -> dict[str, float]:
        """Calls, tokens and dollars."""
        return self._endpoint.meter.report()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, shape (n, d); equal texts are sent once, an empty one as a space.

        Raises:
            EndpointError: A batch got no answer; what came before is kept.
            DataError: The endpoint gave vectors of different lengths.
        """
        cut = [text[: self._model.characters] or " " for text in texts]
        keys = {text: self._key(text) for text in cut}
        known = self._kept(keys)
        missing = [text for text in keys if text not in known]
        self._endpoint.meter.count("texts_cached", len(known))
        for found in map_bounded(self._fetch, list(self._batches(missing)), self._concurrency):
            known |= found
        lengths = {len(vector) for vector in known.values()}
        if len(lengths) > 1:
            raise DataError(f"the endpoint gave vectors of different lengths: {sorted(lengths)}")
        return np.stack([known[text] for text in cut]) if cut else np.empty((0, 0), np.float32)

    def _batches(self, texts: list[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        size = 0
        for text in texts:
            if batch and (len(batch) == self._model.batch or size + len(text) > BATCH_CHARACTERS):
                yield batch
                batch, size = [], 0
            batch.append(text)
            size += len(text)
        if batch:
            yield batch

    def _fetch(self, batch: list[str]) -> dict[str, Vectors]:
        body: dict[str, Any] = {"model": self._model.model, "input": batch, "encoding_format": "float"}
        if self._model.dimensions is not None:
            body["dimensions"] = self._model.dimensions
        vectors, usage = self._endpoint.ask(
            "embeddings", body, lambda answer: (read_vectors(answer, batch), read_usage(answer))
        )
        made = dict(zip(batch, vectors, strict=True))
        if self._memo is not None:
            keys = {text: self._key(text) for text in batch}
            kept = self._memo.put({keys[text]: vector.astype("<f4").tobytes() for text, vector in made.items()})
            made |= _vectors(keys, kept)  # where another process was faster, its vector is the one that counts
        self._endpoint.meter.answered(usage, cached=False)
        return made

    def _kept(self, keys: dict[str, bytes]) -> dict[str, Vectors]:
        if self._memo is None:
            return {}
        found = self._memo.get(keys.values())
        known = _vectors(keys, found)
        self._memo.forget(found.keys() - {keys[text] for text in known})
        return known

    def _key(self, text: str) -> bytes:
        return key_of("embedding", self._endpoint.address.url, self._model.model, self._model.dimensions, text)


def _vectors(keys: Mapping[str, bytes], kept: Mapping[bytes, bytes]) -> dict[str, Vectors]:
    """Vectors by text; values that are none are left out."""
    found = {text: kept[key] for text, key in keys.items() if key in kept}
    vectors = {text: np.frombuffer(value, dtype="<f4") for text, value in found.items() if not len(value) % 4}
    return {text: vector for text, vector in vectors.items() if _is_vector(vector, text)}


def _is_vector(vector: Vectors, text: str) -> bool:
    """Whether numbers can be the embedding of a text: only of an empty one may all be 0."""
    return bool(vector.size) and bool(np.isfinite(vector).all()) and (bool(vector.any()) or not text.strip())


def read_vectors(body: Any, texts: Sequence[str]) -> Vectors:
    """The vectors in a body of `/embeddings`, in the order of the texts that were sent, shape (len(texts), d).

    Raises:
        NotAnAnswer: There are not as many vectors of one length, one for each text, all finite, and none of zeros but
            for an empty text.
    """
    n = len(texts)
    try:
        of_text = {int(entry["index"]): entry["embedding"] for entry in body["data"]}
        vectors = np.array([of_text[at] for at in range(n)], dtype=np.float32)
    except (TypeError, KeyError, ValueError, ArithmeticError):
        raise NotAnAnswer(f"the body holds no {n} vectors: {str(body)[:200]}") from None
    if vectors.ndim != 2 or len(of_text) != n or not np.isfinite(vectors).all():
        raise NotAnAnswer(f"the body holds no {n} finite vectors of one length")
    if len(body["data"]) != n:
        raise NotAnAnswer(f"the body holds {len(body['data'])} vectors for {n} texts: an index is there twice")
    if not all(map(_is_vector, vectors, texts)):
        raise NotAnAnswer("the body holds a vector of zeros for a text that is not empty")
    return vectors
