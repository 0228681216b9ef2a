"""Score a run the size of ToolRet: ours against pytrec_eval and ir_measures.

    python benchmarks/scoring.py [--queries 7615] [--depth 100] [--rounds 5]

All start from the same arrays. What the others need first, dictionaries of Python strings, is part of their time and
is also shown alone. The scorers take turns in one process; the best of all rounds counts. The data are made
by a fixed seed, with tied scores, and the values are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pytrec_eval

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.metrics.language import parse_measures
from toolbench_eval.metrics.registry import find, names
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.order import order
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.trec import read_run, write_run

CUTOFFS = (1, 5, 10, 20, 100)
CUT = {"nDCG": "ndcg_cut", "AP": "map_cut", "P": "P", "R": "recall", "Success": "success"}
WHOLE = {"AP": "map", "nDCG": "ndcg", "RR": "recip_rank", "Rprec": "Rprec", "Bpref": "bpref", "SetF": "set_F"}
SHARED = {f"{ours}@{k}": f"{theirs}_{k}" for ours, theirs in CUT.items() for k in CUTOFFS} | WHOLE
REQUEST = {*WHOLE.values(), *(f"{theirs}.{','.join(map(str, CUTOFFS))}" for theirs in CUT.values())}


def synthetic(queries: int, depth: int, documents: int = 44_453, seed: int = 0) -> tuple[Run, Qrels]:
    """A run with about 1.85 judgments a query, half of them retrieved, and scores with many ties."""
    rng = np.random.default_rng(seed)
    query_ids = string_array(f"web_query_{number}" for number in range(queries))
    doc_ids = string_array(f"category_tool_{number}" for number in range(documents))
    ranked = np.stack([rng.choice(documents, depth, replace=False) for _ in range(queries)]).astype(np.int32)
    scores = np.sort(rng.integers(0, 4 * depth, (queries, depth)).astype(np.float32) / 8)[:, ::-1]
    judged = []
    for row, number in zip(ranked, rng.choice([1, 1, 1, 2, 2, 3, 4], queries), strict=True):
        found = rng.choice(row[: max(1, depth // 3)], number)
        anywhere = rng.integers(0, documents, number)
        judged.append(np.unique(np.where(rng.random(number) < 0.5, found, anywhere)))
    lengths = [len(row) for row in judged]
    flat = np.concatenate(judged)
    qrels = Qrels.from_lengths(query_ids, doc_ids, lengths, flat, rng.integers(1, 4, len(flat)))
    return order(Run(query_ids, doc_ids, ranked, np.ascontiguousarray(scores))), qrels


def dictionaries(run: Run, qrels: Qrels) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]]:
    """What pytrec_eval and ir_measures take."""
    doc_ids = np.asarray(run.doc_ids.to_pylist(), dtype=object)
    ranked = {
        query: dict(zip(docs, scores, strict=True))
        for query, docs, scores in zip(
            run.query_ids.to_pylist(), doc_ids[run.documents].tolist(), run.scores.tolist(), strict=True
        )
    }
    judged_ids, grades, ends = doc_ids[qrels.documents].tolist(), qrels.grades.tolist(), qrels.indptr.tolist()
    judged = {
        query: dict(zip(judged_ids[first:last], grades[first:last], strict=True))
        for query, first, last in zip(qrels.query_ids.to_pylist(), ends, ends[1:], strict=False)
    }
    return ranked, judged


def by_pytrec_eval(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    ranked, judged = dictionaries(run, qrels)
    result: dict[str, dict[str, float]] = pytrec_eval.RelevanceEvaluator(judged, REQUEST).evaluate(ranked)
    return result


def by_ir_measures(run: Run, qrels: Qrels) -> list[Any]:
    ranked, judged = dictionaries(run, qrels)
    return list(ir_measures.iter_calc([ir_measures.parse_measure(name) for name in SHARED], judged, ranked))


def everything() -> list[str]:
    """All measures of the catalogue but those that spread attention over 1000 ranks, at all cutoffs."""
    texts = list(SHARED)
    for name in names():
        definition = find(name)
        if any(parameter.required for parameter in definition.parameters):
            continue
        if definition.at is None:
            texts.append(name)
        elif definition.at.name == "cutoff":
            texts += [f"{name}@{k}" for k in CUTOFFS]
        else:
            texts += [f"{name}@{level / 10}" for level in range(1, 11)]
    return [str(measure) for measure in parse_measures(texts)]


def largest_difference(run: Run, qrels: Qrels) -> float:
    theirs, scores = by_pytrec_eval(run, qrels), score_run(run, qrels, list(SHARED))
    queries = scores.query_ids.to_pylist()
    return max(
        float(np.abs(scores.of(ours) - [theirs[query][name] for query in queries]).max())
        for ours, name in SHARED.items()
    )


def best_of(rounds: int, contestants: dict[str, Callable[[], object]]) -> dict[str, float]:
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, contestant in contestants.items():
            start = time.perf_counter()
            contestant()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=7615)
    parser.add_argument("--depth", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    run, qrels = synthetic(options.queries, options.depth)
    shared, all_of_ours = list(SHARED), everything()
    print(f"{len(run)} queries x {run.depth} documents, {len(qrels.documents)} judgments")
    print(f"Python {platform.python_version()}, numpy {np.__version__}", end=", ")
    print(f"pytrec_eval {pytrec_eval.__version__}, ir_measures {ir_measures.__version__}")
    print(f"largest difference from pytrec_eval in {len(shared)} measures: {largest_difference(run, qrels):.1e}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.txt"
        write_run(run, path, "benchmark")
        ours = f"ours, {len(shared)} measures"
        theirs = f"pytrec_eval, {len(shared)} measures"
        times = best_of(
            options.rounds,
            {
                ours: lambda: score_run(run, qrels, shared),
                f"ours, {len(all_of_ours)} measures": lambda: score_run(run, qrels, all_of_ours),
                theirs: lambda: by_pytrec_eval(run, qrels),
                "  of it: dictionaries": lambda: dictionaries(run, qrels),
                f"ir_measures, {len(shared)} measures": lambda: by_ir_measures(run, qrels),
                "order by (score, id)": lambda: order(run),
                "read the run from a TREC file": lambda: read_run(path),
                "write the run to a TREC file": lambda: write_run(run, path, "benchmark"),
            },
        )
    print(f"\n{'best of ' + str(options.rounds):36} {'ms':>9} {'x ours':>8}")
    for name, seconds in times.items():
        print(f"{name:36} {1000 * seconds:9.1f} {seconds / times[ours]:8.1f}")
    print(f"\npytrec_eval / ours: {times[theirs] / times[ours]:.1f} (target: at least 5)")


if __name__ == "__main__":
    main()
