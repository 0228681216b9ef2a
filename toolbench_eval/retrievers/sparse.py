"""Learned sparse retrieval (SPLADE): a weight for each term of the vocabulary, searched by sparse products."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import Columns, Scores, top_k
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.sentence_models import batches, distinct_texts, is_sparse, load_encoder

BLOCK_BYTES = 32 * 2**20
LOGIT_BYTES = 2**29
"""What the language-model head may put out at a time: a number for each term of the vocabulary at each token."""


class Splade:
    """SPLADE (Formal et al., SIGIR 2021; arXiv 2109.10086) and other models that sentence-transformers calls sparse.

    A text's weight for a term is the maximum over its tokens of log(1 + relu(logit)); the score is the dot product.
    """

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Load the model.

        Raises:
            EvalHarnessError: See `load_encoder`.
        """
        self._encoder = load_encoder("SparseEncoder", card, runtime, is_sparse)
        if card.encoding.max_length != "model":
            self._encoder.max_seq_length = card.encoding.max_length
        vocabulary = self._encoder.get_embedding_dimension() or 30522
        self._batch_tokens = max(1, min(runtime.batch_tokens, LOGIT_BYTES // (4 * vocabulary)))

    @property
    def facts(self) -> dict[str, Any]:
        """What loading found out."""
        encoder = self._encoder
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
        self._terms_by_document: Any = self._encode(texts, self._encoder.encode_document)[at].T.tocsr()

    @property
    def index_bytes(self) -> int:
        """Memory that the weights take."""
        matrix = self._terms_by_document
        return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Rank by dot product, a block of queries at a time."""
        weights = self._encode(queries.texts.to_pylist(), self._encoder.encode_query)
        columns, scores = search_sparse(weights, self._terms_by_document, k)
        return to_run(columns, scores, queries.ids, self._corpus)

    def _encode(self, texts: list[str], encode: Any) -> Any:
        """Weights of texts as a CSR matrix of float32, shape (texts, vocabulary)."""
        from scipy import sparse

        if not texts:
            return sparse.csr_matrix((0, self._encoder.get_embedding_dimension()), dtype=np.float32)
        texts = [text or " " for text in texts]
        parts, order = [], []
        for batch in batches(self._lengths(texts), self._batch_tokens):
            weights = encode(
                [texts[at] for at in batch],
                batch_size=len(batch),
                convert_to_sparse_tensor=False,
                save_to_cpu=True,
                show_progress_bar=False,
            )
            parts.append(sparse.csr_matrix(weights.float().numpy()))
            order.append(batch)
        return sparse.vstack(parts, format="csr")[np.argsort(np.concatenate(order))]

    def _lengths(self, texts: list[str]) -> Any:
        limit = self._encoder.max_seq_length
        ids = self._encoder.tokenizer(texts, truncation=limit is not None, max_length=limit)["input_ids"]
        return np.array([len(row) for row in ids], dtype=np.int64)


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
