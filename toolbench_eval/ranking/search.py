"""Exact dense search: every query against every document by dot product, in blocks of bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.topk import Columns, Scores, top_k

_TILE = 16
"""Queries of a block come in multiples of this, filled up with zeros: BLAS multiplies one or two queries by other code,
with other last bits, than it does many."""


def search_dense(queries: Scores, documents: Scores, k: int, *, block: int = 1 << 25) -> tuple[Columns, Scores]:
    """The k documents with the highest dot product for each query, best first.

    Documents with the same embedding get the same score, to the last bit, so that ties are ties; of equal scores the
    lowest column wins. A search repeated on the same machine gives the same bits. Whether a query's last bits also stay
    the same when other queries are asked with it is up to BLAS: those of its kernels for AVX-512 do, for AVX2 do not.

    Args:
        queries: float32, shape (q, d).
        documents: float32, shape (n, d), in tie order (``Corpus.tie_order``).
        k: Number of documents wanted, at least 1.
        block: Scores held in memory at once (4 bytes each: 128 MiB), though at least those of 32 queries.

    Returns:
        Columns (int32: rows of ``documents``) and scores (float32), both of shape (q, min(k, n)).

    Raises:
        UsageError: ``k`` is below 1, or queries and documents differ in width.
        DataError: An embedding holds NaN or infinity.
    """
    if queries.shape[1] != documents.shape[1]:
        raise UsageError(
            f"query embeddings have {queries.shape[1]} dimensions, document embeddings {documents.shape[1]}; "
            "encode both with the same model."
        )
    _check_finite(queries, "query")
    _check_finite(documents, "document")
    copies, originals = _copies(documents)
    shape = len(queries), min(k, len(documents))
    columns, scores = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.float32)
    for start, products in _products(queries, documents, block):
        products[:, copies] = products[:, originals]
        stop = start + len(products)
        columns[start:stop], scores[start:stop] = top_k(products, k)
    return columns, scores


def to_run(columns: Columns, scores: Scores, query_ids: pa.LargeStringArray, corpus: Corpus) -> Run:
    """A run from columns in tie order.

    Args:
        columns: int32, shape (q, k): places in ``corpus.tie_order``, best first.
        scores: float32, shape (q, k).
        query_ids: Query ids, length q.
        corpus: The documents searched.
    """
    return Run(query_ids, corpus.ids, corpus.tie_order.astype(np.int32)[columns], scores)


def _products(queries: Scores, documents: Scores, block: int) -> Iterator[tuple[int, Scores]]:
    """Scores of the queries from each start on; the array is overwritten by the next."""
    q, n = len(queries), len(documents)
    rows = max(2 * _TILE, block // max(1, n) // _TILE * _TILE)
    buffer = np.empty((min(rows, -(-q // _TILE) * _TILE), n), dtype=np.float32)
    for start in range(0, q, rows):
        batch = queries[start : start + rows]
        filling = np.zeros((-len(batch) % _TILE, queries.shape[1]), dtype=np.float32)
        filled = np.concatenate([batch, filling]) if len(filling) else batch
        yield start, np.matmul(filled, documents.T, out=buffer[: len(filled)])[: len(batch)]


def _check_finite(embeddings: Scores, kind: str) -> None:
    """Raise for the first embedding with NaN or infinity, which its sum has inherited."""
    broken = np.flatnonzero(~np.isfinite(embeddings.sum(axis=1)))
    if len(broken):
        raise DataError(
            f"the embedding of {kind} {broken[0]} (counted from 0) holds NaN or infinity; "
            "encode with higher precision (float32), or look at the text."
        )


def _copies(documents: Scores) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows equal to an earlier row, and the first such row of each.

    A product does not always give equal columns equal results: some BLAS kernels (AVX2) sum in an order that depends on
    the place in the tile.
    """
    _, value, count = np.unique(documents[:, 0], return_inverse=True, return_counts=True)
    suspects = np.flatnonzero(count[value] > 1)
    first_with: dict[bytes, int] = {}
    originals = np.empty_like(suspects)
    for i, row in enumerate(suspects.tolist()):
        digest = hashlib.blake2b(documents[row].tobytes(), digest_size=16).digest()
        originals[i] = first_with.setdefault(digest, row)
    copied = originals != suspects
    return suspects[copied], originals[copied]
