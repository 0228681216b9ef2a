"""All pairs of 20 systems on 7,961 queries in 35 tasks: ours against ranx.

    python benchmarks/compare.py [--runs 3] [--systems 20] [--draws 10000] [--flips 1000] [--peer-python PYTHON]

Ours tests every pair in 44 lines: three averages, six categories, 35 tasks. `test` is that alone, from the scores
of the queries; `compare` the whole command from result files, in a process of its own. ranx tests one line, the mean
over all queries. Its Fisher test, the same test as ours, gets a tenth of the flips, and still takes minutes (it tests
every pair twice); its t-test is beside ours. The time of ranx is that of `ranx.compare` alone, in a warm process: no
import, no compilation, no reading. The target of `compare`: 5 s on 2 cores, and no slower than ranx.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from processes import EVALHARNESS, Finished, interpreter_with, middle, options, run, table

QUERIES, TASKS, CATEGORIES, DEPTH = 7_961, 35, 6, 10
RANKS = "ranks.json"


def generate(place: str, systems: str) -> dict[str, Any]:
    """The rank of the one relevant document for every system and query, and results that fit."""
    import numpy as np

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from support.results import made_result

    rng = np.random.default_rng(0)
    sizes = rng.multinomial(QUERIES - TASKS, np.ones(TASKS) / TASKS) + 1
    easy = rng.normal(0, 2, QUERIES)
    skill = np.linspace(0, 0.3, int(systems))[:, None]
    noise = rng.normal(0, 1, (int(systems), QUERIES))
    ranks = np.clip(np.round(np.exp2(1.5 - easy - skill + noise)), 1, DEPTH + 1).astype(int)
    scores = np.where(ranks > DEPTH, 0, 1 / np.log2(1 + ranks))
    names = [f"made/t{at:02}" for at in range(TASKS)]
    categories = {name: f"c{at % CATEGORIES}" for at, name in enumerate(names)}
    for at, row in enumerate(scores):
        parts = np.split(row, np.cumsum(sizes)[:-1])
        values = dict(zip(names, parts, strict=True))
        made_result(Path(place) / f"m{at:02}", values, model=f"m{at:02}", categories=categories)
    (Path(place) / RANKS).write_text(json.dumps(ranks.tolist()))
    return {"mean": float(scores[0].mean())}


def test(place: str, draws: str, kind: str) -> dict[str, Any]:
    """The statistics alone."""
    from toolbench_eval.comparison.comparable import Terms, load_systems
    from toolbench_eval.comparison.prepare import prepare
    from toolbench_eval.comparison.significance import Method, all_pairs, compare_pairs, differences

    systems = load_systems(sorted(Path(place).glob("m*")))
    ready = prepare(systems, None, Terms())
    pairs = all_pairs(len(systems))
    start = time.perf_counter()
    differences(ready.aligned.paired, ready.weights, pairs)
    compare_pairs(ready.aligned.paired, ready.weights, pairs, Method(kind, int(draws)))  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "lines": len(ready.weightings), "mean": float(ready.aligned.paired.values[0].mean())}


def ranx_like(place: str, flips: str, kind: str) -> dict[str, Any]:
    """What `ranx.compare` takes for the same scores."""
    import ranx

    ranks = json.loads((Path(place) / RANKS).read_text())
    qrels = ranx.Qrels({f"q{at}": {"d": 1} for at in range(QUERIES)})
    rows = [{("d" if at == rank else f"o{at}"): 1.0 / at for at in range(1, DEPTH + 1)} for rank in range(DEPTH + 2)]
    runs = [
        ranx.Run({f"q{at}": rows[rank] for at, rank in enumerate(row)}, name=f"m{n}") for n, row in enumerate(ranks)
    ]
    choices = {"stat_test": kind, "n_permutations": int(flips), "max_p": 0.05}
    ranx.compare(qrels, runs[:2], metrics=["ndcg@10"], **choices)  # compiles
    start = time.perf_counter()
    report = ranx.compare(qrels, runs, metrics=["ndcg@10"], **choices)
    return {"seconds": time.perf_counter() - start, "lines": 1, "mean": float(report.results["m0"]["ndcg@10"])}


def told(finished: Finished) -> dict[str, Any]:
    """What a step printed last."""
    values: dict[str, Any] = json.loads(finished.output.splitlines()[-1])
    return values


def main() -> None:
    steps = {"--generate": generate, "--test": test, "--ranx": ranx_like}
    if sys.argv[1:2] and sys.argv[1] in steps:
        print(json.dumps(steps[sys.argv[1]](*sys.argv[2:])))
        return
    parser = options(__doc__, runs=3)
    parser.add_argument("--systems", type=int, default=20)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--flips", type=int, default=1000, help="flips of ranx")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mean = told(run([sys.executable, __file__, "--generate", folder, str(args.systems)]))["mean"]
        places = [str(path) for path in sorted(Path(folder).glob("m*"))]
        command = [*EVALHARNESS, "compare", *places, "--draws", str(args.draws)]
        ours = partial(run, [*command, "--out", f"{folder}/out.json"])
        step = [sys.executable, __file__, "--test", folder, str(args.draws)]
        found = {f"ours: test, {kind}": partial(run, [*step, kind]) for kind in ("permutation", "bootstrap", "t")}
        if python := interpreter_with("ranx", args.peer_python):
            peer = [python, __file__, "--ranx", folder, str(args.flips)]
            found |= {f"ranx, {kind}": partial(run, [*peer, kind]) for kind in ("student", "fisher")}
        rows: list[list[object]] = []
        whole = [ours().seconds for _ in range(args.runs + 1)][1:]
        for name, contestant in found.items():
            turns = [told(contestant()) for _ in range(1 if "fisher" in name else args.runs)]
            if abs(turns[0]["mean"] - mean) > 1e-6:
                sys.exit(f"{name}: mean score {turns[0]['mean']}, expected {mean}")
            seconds = [turn["seconds"] for turn in turns]
            rows.append([name, turns[0]["lines"], middle(seconds), min(seconds), middle(seconds) / middle(whole)])
    print(f"{args.systems} systems, {QUERIES:,} queries, {args.draws:,} draws; ranx: {args.flips:,} flips\n")
    first = ["ours: compare, permutation, whole command", rows[0][1], middle(whole), min(whole), 1.0]
    table([["", "lines", "median s", "min s", "x compare"], first, *rows])
    print("\ntarget: 5 s on 2 cores")


if __name__ == "__main__":
    main()
