"""Late interaction (ColBERT): a vector for each token, exact MaxSim over all documents in blocks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.ragged import Positions, Ragged
from toolbench_eval.encoding.sharing import shared_out
from toolbench_eval.encoding.weights import Weights
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import Columns, Scores, top_k
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.sentence_models import SentenceModel, distinct_texts, is_late

SCORE_BYTES = 64 * 2**20
"""Scores of a block of queries against all documents."""
PRODUCTS = 1 << 25
"""Products of query tokens and document tokens held at a time (4 bytes each: 128 MiB)."""


class LateInteraction:
    """ColBERT (Khattab and Zaharia, SIGIR 2020) and its successors, searched exhaustively: no compression, no pruning.

    Reads checkpoints of colbert-ai, PyLate and sentence-transformers; markers, query expansion and the skip list are
    the checkpoint's own. The card sets `max_length` (tokens of a document) and the options `query_length` (tokens of a
    query, markers included) and `storage` (number format of the token vectors: float32, float16).

    Token vectors come from the cache (see `toolbench_eval.encoding`); the model is loaded when a text is not in it.
    """

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Look at the checkpoint's files.

        Raises:
            UsageError: The option `storage` is not known.
            EvalHarnessError: See `SentenceModel`.
        """
        self._storage = np.dtype(str(card.options.get("storage", "float32")))
        if self._storage not in (np.float32, np.float16):
            raise UsageError(f"the card of '{card.name}' asks for storage={self._storage}; use float32 or float16")
        self._model = SentenceModel("MultiVectorEncoder", card, runtime, is_late, self._prepare)
        self._card, self._runtime = card, runtime

    def _prepare(self, encoder: Any) -> None:
        if encoder.similarity_fn_name != "maxsim":
            raise DataError(
                f"'{self._card.name}' scores by {encoder.similarity_fn_name}, not by MaxSim", file=self._card.hub
            )
        _set_lengths(encoder[0], self._card)

    @property
    def weights(self) -> Weights:
        """Where the weights are from."""
        return self._model.weights

    @property
    def facts(self) -> dict[str, Any]:
        """What loading found out."""
        encoder, transformer = self._model.loaded, self._model.loaded[0]
        return {
            "dimension": encoder.get_embedding_dimension(),
            "max_length": self._document_length,
            "query_length": (transformer.query_expansion or {}).get("length") or transformer.query_length,
            "query_expansion": transformer.query_expansion is not None,
            "prompts": {name: prompt for name, prompt in encoder.prompts.items() if prompt},
            "dtype": str(encoder.dtype).removeprefix("torch."),
            "device": str(encoder.device),
        }

    @property
    def _document_length(self) -> int | None:
        transformer = self._model.loaded[0]
        length: int | None = transformer.document_length or transformer.max_seq_length
        return length

    def index(self, corpus: Corpus) -> None:
        """Encode each different text once."""
        self._corpus = corpus
        texts, self._text_of = distinct_texts(corpus)
        found = self._tokens_of("document", texts)
        self._tokens, self._offsets = found.rows, found.offsets

    @property
    def index_bytes(self) -> int:
        """Memory that the token vectors take."""
        return int(self._tokens.nbytes + self._offsets.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Compare the tokens of every query with those of every document."""
        columns, scores = self._best(self._tokens_of("query", queries.texts).split(), k)
        return to_run(columns, scores, queries.ids, self._corpus)

    def _best(self, vectors: list[npt.NDArray[np.float32]], k: int) -> tuple[Columns, Scores]:
        n = len(self._corpus)
        devices = self._model.devices.names
        block = max(1, SCORE_BYTES // (4 * max(1, n)))
        columns = np.empty((len(vectors), min(k, n)), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        for start in range(0, len(vectors), block):
            scores = max_sim(vectors[start : start + block], self._tokens, self._offsets, devices)
            columns[start : start + block], best[start : start + block] = top_k(scores[:, self._text_of], k)
        return columns, best

    def _tokens_of(self, side: str, texts: pa.LargeStringArray) -> Ragged:
        """Token vectors of texts; those of documents in the number format in which they are stored."""
        if not len(texts):
            return Ragged(np.empty((0, 1), self._storage), np.empty(0, np.int64))
        return self._model.cache(side).rows(texts, partial(self._encode, side))

    def _encode(self, side: str, texts: list[str]) -> Ragged:
        """Token vectors of texts; a text of which nothing is left has one vector of zeros."""
        size = max(1, self._runtime.batch_tokens // (self._document_length or 512))
        order = np.argsort([-len(text) for text in texts], kind="stable")
        batches = [order[start : start + size] for start in range(0, len(order), size)]

        def vectors(encoder: Any, batch: Positions) -> list[npt.NDArray[np.float32]]:
            encode = {"query": encoder.encode_query, "document": encoder.encode_document}[side]
            chosen = [texts[at] for at in batch]
            found: list[npt.NDArray[np.float32]] = encode(
                chosen, batch_size=size, convert_to_numpy=True, show_progress_bar=False
            )
            return found

        sorted_ones = [one for found in shared_out(self._model.copies, batches, vectors) for one in found]
        encoded = [sorted_ones[at] for at in np.argsort(order)]
        kept = [vectors if len(vectors) else np.zeros((1, vectors.shape[1])) for vectors in encoded]
        return Ragged.of([vectors.astype(self._storage if side == "document" else np.float32) for vectors in kept])


def max_sim(
    queries: list[npt.NDArray[np.float32]],
    tokens: npt.NDArray[Any],
    offsets: Positions,
    devices: Sequence[str] = ("cpu",),
) -> Scores:
    """MaxSim: the sum over a query's tokens of the highest dot product with any token of the document.

    Args:
        queries: Token vectors of each query, float32, shape (tokens, d).
        tokens: Token vectors of all documents, shape (all tokens, d).
        offsets: Where each document's begin, int64, shape (documents + 1,); no document is empty.
        devices: Where torch multiplies; each takes a block of documents at a time.

    Returns:
        Scores, float32, shape (queries, documents).
    """
    import torch

    # A query token of zeros adds 0 whatever the document is, and a repeated document token changes no maximum: so
    # both sides are padded without any mask.
    longest = max(len(query) for query in queries)
    padded = np.zeros((len(queries), longest, tokens.shape[1]), dtype=np.float32)
    for row, query in enumerate(queries):
        padded[row, : len(query)] = query
    asked = [torch.from_numpy(padded).to(device).flatten(0, 1) for device in devices]
    scores = np.empty((len(queries), len(offsets) - 1), dtype=np.float32)

    def compare(query_tokens: torch.Tensor, documents: Positions) -> None:
        places = _places(offsets, documents)
        offered = torch.from_numpy(tokens[places]).to(query_tokens.device).float()
        products = query_tokens @ offered.flatten(0, 1).T
        highest = products.view(len(queries), longest, *places.shape).amax(dim=-1)
        scores[:, documents] = highest.sum(dim=1).cpu().numpy()

    shared_out(asked, _blocks(offsets, max(1, PRODUCTS // (len(queries) * longest))), compare)
    return scores


def _blocks(offsets: Positions, tokens: int) -> Iterator[Positions]:
    """Documents of similar length, longest first.

    Args:
        offsets: Where each document's tokens begin.
        tokens: Tokens in a block, repeated ones included; a longer document is a block of its own.
    """
    lengths = np.diff(offsets)
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        documents = order[start : start + max(1, tokens // int(lengths[order[start]]))]
        yield documents
        start += len(documents)


def _places(offsets: Positions, documents: Positions) -> Positions:
    """Where the tokens of documents are, longest document first; the last one repeated up to its length."""
    lengths = np.diff(offsets)[documents]
    places: Positions = offsets[documents, None] + np.minimum(np.arange(lengths[0]), lengths[:, None] - 1)
    return places


def _set_lengths(transformer: Any, card: ModelCard) -> None:
    """Cut documents and queries where the card says."""
    if card.encoding.max_length != "model":
        transformer.document_length = card.encoding.max_length
    if "query_length" not in card.options:
        return
    length = int(card.options["query_length"])
    if transformer.query_expansion is None:
        transformer.query_length = length
    else:
        transformer.query_expansion = {**transformer.query_expansion, "length": length}
