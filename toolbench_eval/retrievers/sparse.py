"""Learned sparse retrieval (SPLADE): a weight for each term of the vocabulary, searched by sparse products."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.ragged import Ragged
from toolbench_eval.encoding.sharing import shared_out
from toolbench_eval.encoding.weights import Weights
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import Columns, Scores, top_k
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.sentence_models import SentenceModel, batches, distinct_texts, is_sparse

TERM, WEIGHT = 0, 1
"""Columns of a text's rows in the cache."""
BLOCK_BYTES = 32 * 2**20
LOGIT_BYTES = 2**29
"""What the language-model head may put out at a time: a number for each term of the vocabulary at each token."""


class Splade:
    """SPLADE (Formal et al., SIGIR 2021; arXiv 2109.10086) and other models that sentence-transformers calls sparse.

    A text's weight for a term is the maximum over its tokens of log(1 + relu(logit)); the score is the dot product.
    Weights come from the cache (see `toolbench_eval.encoding`); the model is loaded when a text is not in it.
    """

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Look at the checkpoint's files.

        Raises:
            EvalHarnessError: See `SentenceModel`.
        """
        self._model = SentenceModel("SparseEncoder", card, runtime, is_sparse, self._prepare)
        self._card, self._runtime = card, runtime

    def _prepare(self, encoder: Any) -> None:
        if self._card.encoding.max_length != "model":
            encoder.max_seq_length = self._card.encoding.max_length

    @property
    def weights(self) -> Weights:
        """Where the weights are from."""
        return self._model.weights

    @property
    def facts(self) -> dict[str, Any]:
        """What loading found out."""
        encoder = self._model.loaded
        return {
            "dimension": encoder.get_embedding_dimension(),
            "max_length": encoder.max_seq_length,
            "prompts": {name: prompt for name, prompt in encoder.prompts.items() if prompt},
            "dtype": str(encoder.dtype).removeprefix("torch."),
            "device": str(encoder.device),
        }

    def index(self, corpus: Corpus) -> None:
        """Encode each different text once."""
        self._corpus = corpus
        texts, at = distinct_texts(corpus)
        weights = self._term_weights("document", texts, None)
        self._terms_by_document: Any = weights[at].T.tocsr()

    @property
    def index_bytes(self) -> int:
        """Memory that the weights take."""
        matrix = self._terms_by_document
        return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Rank by dot product, a block of queries at a time."""
        weights = self._term_weights("query", queries.texts, self._terms_by_document.shape[0])
        columns, scores = search_sparse(weights, self._terms_by_document, k)
        return to_run(columns, scores, queries.ids, self._corpus)

    def _term_weights(self, side: str, texts: pa.LargeStringArray, terms: int | None) -> Any:
        """Weights of texts as a CSR matrix of float32, shape (texts, terms).

        Args:
            side: `query` or `document`.
            texts: The texts.
            terms: Terms that matter, the first ones of the vocabulary; None for all that a text has.
        """
        from scipy import sparse

        if not len(texts):
            return sparse.csr_matrix((0, terms or 0), dtype=np.float32)
        found = self._model.cache(side).rows(texts, partial(self._rows, side))
        columns = found.rows[:, TERM].astype(np.int32)
        width = int(columns.max(initial=-1)) + 1
        matrix = sparse.csr_matrix((found.rows[:, WEIGHT], columns, found.offsets), shape=(len(texts), width))
        return matrix if terms is None else _as_wide(matrix, terms)

    def _rows(self, side: str, texts: list[str]) -> Ragged:
        """Number and weight of each term that a text has, in the order of the terms; a number is exact in float32."""
        matrix = self._encode(side, texts)
        matrix.sort_indices()
        pairs = np.stack([matrix.indices.astype(np.float32), matrix.data], axis=1)
        return Ragged(pairs.astype(np.float32), np.diff(matrix.indptr).astype(np.int64))

    def _encode(self, side: str, texts: list[str]) -> Any:
        """Weights of texts as a CSR matrix of float32, shape (texts, vocabulary)."""
        from scipy import sparse

        vocabulary = self._model.loaded.get_embedding_dimension() or 30522
        batch_tokens = max(1, min(self._runtime.batch_tokens, LOGIT_BYTES // (4 * vocabulary)))
        order = list(batches(self._lengths(texts), batch_tokens))

        def weights(encoder: Any, batch: npt.NDArray[np.int64]) -> Any:
            encode = {"query": encoder.encode_query, "document": encoder.encode_document}[side]
            found = encode(
                [texts[at] for at in batch],
                batch_size=len(batch),
                convert_to_sparse_tensor=False,
                save_to_cpu=True,
                show_progress_bar=False,
            )
            return sparse.csr_matrix(found.float().numpy())

        parts = shared_out(self._model.copies, order, weights)
        return sparse.vstack(parts, format="csr")[np.argsort(np.concatenate(order))]

    def _lengths(self, texts: list[str]) -> Any:
        encoder = self._model.loaded
        limit = encoder.max_seq_length
        ids = encoder.tokenizer(texts, truncation=limit is not None, max_length=limit)["input_ids"]
        return np.array([len(row) for row in ids], dtype=np.int64)


def _as_wide(matrix: Any, terms: int) -> Any:
    """The first terms of a CSR matrix; those that it lacks are columns of zeros."""
    if matrix.shape[1] > terms:
        return matrix[:, :terms]
    matrix.resize(matrix.shape[0], terms)
    return matrix


def search_sparse(queries: Any, terms_by_document: Any, k: int) -> tuple[Columns, Scores]:
    """The k documents with the highest dot product for each query, best first; of equal scores the lowest column.

    Args:
        queries: CSR matrix of float32, shape (q, terms).
        terms_by_document: CSR matrix of float32, shape (terms, n), documents in tie order.
        k: Number of documents wanted, at least 1.

    Returns:
        Columns (int32) and scores (float32), both of shape (q, min(k, n)).
    """
    q, n = queries.shape[0], terms_by_document.shape[1]
    block = max(1, BLOCK_BYTES // (4 * max(1, n)))
    columns = np.empty((q, min(k, n)), dtype=np.int32)
    best = np.empty(columns.shape, dtype=np.float32)
    for start in range(0, q, block):
        scores = (queries[start : start + block] @ terms_by_document).toarray()
        columns[start : start + block], best[start : start + block] = top_k(scores, k)
    return columns, best
