"""BM25 on ToolRet's real tools and queries: the whole command beside the bare calls of bm25s, as cold processes.

    python benchmarks/bm25_command.py [--runs 5] [--skip-check]

Both read the same Parquet files and rank 100 documents for every query, in one setting, on NumPy. Ours also scores
17 measures, writes runs, per-query values and judgments, and shows the table. The target: the whole command takes at
most 1.5 times as long as bm25s' calls alone (tokenise, index, retrieve; without its imports and its reading).

Then both rankings are compared with an exact one, sorted from all scores by (score, id). The data are those in
`../shared` or EVALHARNESS_SHARED, else generated ones of the same shape.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from processes import EVALHARNESS, Finished, middle, options, paired, run, shared_data, table, take_turns

K = 100
CALLS = ("tokenise", "index", "retrieve")
PHASES = ("load", "index", "search", "score", "write")


@dataclass(frozen=True)
class Data:
    """What both contestants read.

    Attributes:
        arguments: How the command is told.
        documents: Parquet files of documents.
        queries: Parquet files of queries.
        text: Column of the documents' texts.
    """

    arguments: tuple[str, ...]
    documents: tuple[str, ...]
    queries: tuple[str, ...]
    text: str


def real(hub: Path) -> Data:
    owner = hub / "mangopy"
    return Data(
        ("--task", "toolret", "--data", str(hub), "--allow-missing"),
        tuple(sorted(map(str, owner.glob("ToolRet-Tools/*/*.parquet")))),
        tuple(sorted(map(str, owner.glob("ToolRet-Queries/*/*.parquet")))),
        "documentation",
    )


def made(folder: Path) -> Data:
    from generated import SUITE, write_suite

    place = write_suite(folder, documents=19_680) / SUITE
    return Data(
        ("--task", SUITE, "--tasks-dir", str(folder)),
        tuple(sorted(map(str, place.glob("*.parquet")))),
        tuple(sorted(map(str, place.glob("queries/*.parquet")))),
        "text",
    )


def whole_command(data: Data, out: Path) -> Finished:
    """One cold `evalharness run` into a new folder; what it prints is the result as JSON."""
    folder = tempfile.mkdtemp(dir=out)
    setting = ["--model", "bm25", "--instruction", "without", "--k", str(K), "--out", folder, "--json"]
    return run([*EVALHARNESS, "run", *data.arguments, *setting])


def bare(documents: Sequence[str], queries: Sequence[str], text: str) -> dict[str, Any]:
    """The same search with bm25s alone, and the seconds that its parts take; all scores stay with the index."""
    times, clock = {}, time.perf_counter()
    import bm25s
    import pyarrow.parquet as pq

    def lap(name: str) -> None:
        nonlocal clock
        times[name], clock = time.perf_counter() - clock, time.perf_counter()

    lap("import")
    tables = [pq.ParquetFile(file).read() for file in documents]
    ids, texts = ([value for one in tables for value in one[name].to_pylist()] for name in ("id", text))
    asked = [pq.ParquetFile(file).read() for file in queries]
    query_ids, query_texts = ([value for one in asked for value in one[name].to_pylist()] for name in ("id", "query"))
    lap("read")
    tokens = bm25s.tokenize(texts, stopwords="en", show_progress=False)
    query_tokens = bm25s.tokenize(query_texts, stopwords="en", show_progress=False, return_ids=False)
    lap("tokenise")
    index = bm25s.BM25(k1=1.5, b=0.75, method="lucene", backend="numpy")
    index.index(tokens, show_progress=False)
    lap("index")
    found = index.retrieve(query_tokens, k=K, show_progress=False)
    lap("retrieve")
    return {
        "times": times, "index": index, "ids": ids, "query_ids": query_ids, "tokens": query_tokens, "found": found,
    }  # fmt: skip


def compare(data: Data, result_folder: Path) -> None:
    """How many rankings of each contestant differ from the exact one."""
    import numpy as np

    from toolbench_eval.results.rescore import stored_run
    from toolbench_eval.results.store import RESULT_FILE, read_result
    from toolbench_eval.retrievers.bm25 import FALLBACK_QUERY

    theirs = bare(data.documents, data.queries, data.text)
    ids = np.array(theirs["ids"])
    place_of = {name: at for at, name in enumerate(theirs["ids"])}
    last_first = np.empty(len(ids), dtype=np.int64)
    last_first[np.argsort(np.char.encode(ids, "utf-8"))[::-1]] = np.arange(len(ids))
    ours: dict[str, tuple[list[str], Any]] = {}
    for task in read_result(result_folder / RESULT_FILE).tasks.values():
        stored, _ = stored_run(task, result_folder)
        names = np.array(stored.doc_ids.to_pylist(), dtype=object)
        rows = zip(stored.query_ids.to_pylist(), names[stored.documents].tolist(), stored.scores, strict=True)
        ours |= {query: (documents, scores) for query, documents, scores in rows}
    order_differs = our_sets = their_sets = scores_differ = 0
    for query, tokens, retrieved in zip(theirs["query_ids"], theirs["tokens"], theirs["found"].documents, strict=True):
        known = [token for token in tokens if token in theirs["index"].vocab_dict]
        scores = theirs["index"].get_scores(known or [FALLBACK_QUERY])
        exact = np.lexsort((last_first, -scores))[:K]
        documents, own_scores = ours[query]
        own = np.array([place_of[name] for name in documents])
        order_differs += not np.array_equal(own, exact)
        our_sets += set(own.tolist()) != set(exact.tolist())
        their_sets += set(retrieved.tolist()) != set(exact.tolist())
        scores_differ += not np.array_equal(own_scores, scores[own])
    n = len(theirs["query_ids"])
    print(f"\nagainst the exact ranking of {n:,} queries, sorted from all scores by (score, id):")
    table(
        [
            ["", "ours", "bm25s.retrieve"],
            [f"top-{K} sets that differ", our_sets, their_sets],
            [f"top-{K} rankings that differ", order_differs, "(ties are unordered)"],
            ["queries whose scores are not bm25s' to the last bit", scores_differ, 0],
        ]
    )


def report(data: Data, finished: dict[str, list[Finished]]) -> None:
    ours, theirs = finished["ours"], finished["bare"]
    phases = [json.loads(one.output)["results"][0]["execution"]["timing"] for one in ours]
    parts = [json.loads(one.output) for one in theirs]
    calls = [sum(one[name] for name in CALLS) for one in parts]
    whole, process = ([one.seconds for one in runs] for runs in (ours, theirs))
    start_up = [wall - sum(timing[name] for name in PHASES) for wall, timing in zip(whole, phases, strict=True)]
    found = [timing[name] for name in PHASES for timing in phases]
    rows: list[list[object]] = [["", "median s", "min s"], ["ours, the whole command", middle(whole), min(whole)]]
    for at, name in enumerate(PHASES):
        values = found[at * len(phases) : (at + 1) * len(phases)]
        rows.append([f"  {name}", middle(values), min(values)])
    rows.append(["  start, summary, exit", middle(start_up), min(start_up)])
    rows.append(["bm25s, the whole process", middle(process), min(process)])
    for name in ("import", "read", *CALLS):
        rows.append([f"  {name}", middle(one[name] for one in parts), min(one[name] for one in parts)])
    rows.append(["bm25s, its calls (tokenise + index + retrieve)", middle(calls), min(calls)])
    table(rows)
    share = middle(call / wall for call, wall in zip(calls, process, strict=True))
    cpu = paired((one.cpu for one in ours), (one.cpu for one in theirs))
    print(f"\nours / bm25s' calls:   {paired(whole, calls):.2f}  (target: at most 1.5)")
    print(f"ours / bm25s' process: {paired(whole, process):.2f}")
    print(f"the same in processor time: {cpu / share:.2f} and {cpu:.2f}")


def main() -> None:
    if sys.argv[1:2] == ["--bare"]:
        print(json.dumps(bare(**json.loads(sys.argv[2]))["times"]))
        return
    parser = options(__doc__)
    parser.add_argument("--skip-check", action="store_true", help="only time them")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        hub = shared_data()
        if hub is None:
            print("no real data (see --help): generated data of the same shape instead")
        data = real(hub) if hub is not None else made(out / "data")
        named = {"documents": data.documents, "queries": data.queries, "text": data.text}
        peer = [sys.executable, __file__, "--bare", json.dumps(named)]
        contestants = {"ours": partial(whole_command, data, out), "bare": partial(run, peer)}
        report(data, take_turns(contestants, args.runs))
        if not args.skip_check:
            compare(data, next(out.glob("*/*/bm25/*/result.json")).parent)


if __name__ == "__main__":
    main()
