"""Exact dense search side by side: ours, torch's chunked matmul + topk, faiss's flat index.

Usage: python benchmarks/dense_search.py [--documents 43215] [--queries 7615] [--k 100] [--rounds 5] [--threads 2]

Random unit vectors (seeded), one process, the systems take turns, so that a busy machine slows all of them. Peers that
are not installed are left out. The faiss index is built outside the clock; torch reads the arrays in place.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

Search = Callable[[Any, Any, int], tuple[Any, Any]]
TORCH_QUERIES = 256


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=43_215)
    parser.add_argument("--queries", type=int, default=7_615)
    parser.add_argument("--dimensions", type=int, default=768)
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def torch_search(threads: int) -> Search | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)

    def search(queries: Any, documents: Any, k: int) -> tuple[Any, Any]:
        wide = torch.from_numpy(documents).T
        chunks = torch.from_numpy(queries).split(TORCH_QUERIES)
        with torch.inference_mode():
            best = [torch.topk(chunk @ wide, k) for chunk in chunks]
        return torch.cat([b.indices for b in best]).numpy(), torch.cat([b.values for b in best]).numpy()

    return search


def faiss_search(threads: int) -> Search | None:
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(threads)
    indexes: dict[int, Any] = {}

    def search(queries: Any, documents: Any, k: int) -> tuple[Any, Any]:
        scores, columns = indexes[id(documents)].search(queries, k)
        return columns, scores

    def prepared(queries: Any, documents: Any, k: int) -> tuple[Any, Any]:
        if id(documents) not in indexes:
            indexes[id(documents)] = faiss.IndexFlatIP(documents.shape[1])
            indexes[id(documents)].add(documents)
        return search(queries, documents, k)

    return prepared


def unit_vectors(rng: Any, n: int, d: int) -> Any:
    import numpy as np

    vectors = rng.standard_normal((n, d), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ties_kept(search: Search, queries: Any, documents: Any, k: int) -> str:
    """How many rankings are right where every document stands twice: its copies tie, the lower column comes first."""
    import numpy as np

    half = len(documents) // 2
    doubled = np.concatenate([documents[:half], documents[:half]])
    columns, scores = search(queries, doubled, k)
    pairs, values = columns[:, : k // 2 * 2].reshape(len(queries), -1, 2), scores[:, : k // 2 * 2]
    values = values.reshape(pairs.shape)
    tied = (pairs[..., 0] + half == pairs[..., 1]) & (values[..., 0] == values[..., 1])
    return f"{tied.all(axis=1).sum()} of {len(queries)}"


def main() -> None:
    args = options()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)  # before NumPy and torch are imported
    import numpy as np

    from toolbench_eval.ranking.search import search_dense

    rng = np.random.default_rng(20_240_601)
    documents = unit_vectors(rng, args.documents, args.dimensions)
    queries = unit_vectors(rng, args.queries, args.dimensions)
    found = {"ours": search_dense, "torch": torch_search(args.threads), "faiss": faiss_search(args.threads)}
    systems = {name: search for name, search in found.items() if search}
    for name in found.keys() - systems.keys():
        print(f"{name}: not installed")

    results = {name: search(queries[:64], documents, args.k) for name, search in systems.items()}
    times: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(args.rounds):
        for name, search in systems.items():
            start = time.perf_counter()
            results[name] = search(queries, documents, args.k)
            times[name].append(time.perf_counter() - start)

    print(
        f"exact top {args.k}, {args.queries:,} queries x {args.documents:,} documents x {args.dimensions}, "
        f"{args.threads} threads, {args.rounds} alternating rounds"
    )
    for name, search in systems.items():
        middle = statistics.median(times[name])
        ratios = [theirs / own for theirs, own in zip(times[name], times["ours"], strict=True)]
        gap = np.abs(results[name][1] - results["ours"][1]).max()
        print(
            f"{name:6} median {middle:6.2f} s (best {min(times[name]):.2f}), {statistics.median(ratios):.2f} x ours "
            f"({min(ratios):.2f}..{max(ratios):.2f} round by round), scores differ by {gap:.1e} at most; "
            f"rankings right with each document twice: {ties_kept(search, queries[:256], documents, args.k)}"
        )


if __name__ == "__main__":
    main()
