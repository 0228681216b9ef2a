"""MAIR's mirrored tasks with BM25, both settings: ours against the reference's protocol, a loop over tasks and queries.

    python benchmarks/mair_bm25.py --data ../shared/data/hub

The loop indexes every split anew for each setting and asks one query at a time, as the reference does; it reads the
same Parquet files and scores with pytrec_eval. The scores must be identical. Two things are compared: the evaluation
itself, `evaluate()` against the loop, each after its imports and on the clock of its own process; and the whole command
against the loop's whole process, with compiled bytecode at hand as installed packages have it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from processes import EVALHARNESS, Finished, middle, options, paired, run, table, take_turns

LOOP = """
import json, sys, time
from pathlib import Path
import bm25s, pyarrow.parquet as pq, pytrec_eval
start = time.perf_counter()
root = Path(sys.argv[1]) / "MAIR-Bench"
scores = {}
for setting in ("without", "with"):
    for folder in sorted(path for path in (root / "MAIR-Queries").iterdir() if path.is_dir()):
        values = []
        for path in sorted(folder.glob("*.parquet")):
            split = path.name.split("queries-")[0]
            file = next((root / "MAIR-Docs" / folder.name).glob(f"{split}docs-*.parquet"))
            documents = pq.read_table(file).to_pylist()
            index = bm25s.BM25()
            tokens = bm25s.tokenize([row["doc"] for row in documents], stopwords="en", show_progress=False)
            index.index(tokens, show_progress=False)
            run, qrels = {}, {}
            for query in pq.read_table(path).to_pylist():
                text = query["query"] if setting == "without" else query["instruction"] + " " + query["query"]
                asked = bm25s.tokenize([text], stopwords="en", show_progress=False)
                k = min(100, len(documents))
                found, values_ = index.retrieve(asked, k=k, show_progress=False)
                run[query["qid"]] = {documents[at]["id"]: float(s) for at, s in zip(found[0], values_[0])}
                qrels[query["qid"]] = {label["id"]: label["score"] for label in query["labels"]}
            scored = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10"}).evaluate(run)
            values += [value["ndcg_cut_10"] for value in scored.values()]
        scores[f"{setting} {folder.name}"] = sum(values) / len(values)
print(json.dumps({"scores": scores, "seconds": time.perf_counter() - start}))
"""

EVALUATE = """
import json, sys, time
from toolbench_eval import evaluate
evaluate("sample/trips", "bm25", out=sys.argv[2], limit=1)  # imports all that the clock shall not see
start = time.perf_counter()
evaluate("mair", "bm25", data=sys.argv[1], out=sys.argv[2], allow_missing=True)
print(json.dumps({"seconds": time.perf_counter() - start}))
"""


def main() -> None:
    parser = options(__doc__, runs=3)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/hub"), help="mirror with MAIR-Bench")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as bytecode:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        contestants = {
            "the command": lambda: command(asked.data),
            "evaluate()": lambda: python(EVALUATE, asked.data),
            "the loop": lambda: python(LOOP, asked.data),
        }
        finished = take_turns(contestants, asked.runs)
    mine, reference = scores(finished["the command"][0]), told(finished["the loop"][0])["scores"]
    largest = max(abs(mine[name] - value) for name, value in reference.items())
    print(f"{len(reference)} task scores, largest difference {largest:.1e} (ties at the border of the loop's top 100)")
    rows: list[list[object]] = [["", "evaluation s", "process s", "CPU s", "peak MB"]]
    for name, runs in finished.items():
        inside = "" if name == "the command" else middle(told(one)["seconds"] for one in runs)
        peak = round(max(one.peak_bytes for one in runs) / 1e6)
        rows.append([name, inside, middle(one.seconds for one in runs), middle(one.cpu for one in runs), peak])
    table(rows)
    loop = finished["the loop"]
    inside = paired([told(one)["seconds"] for one in finished["evaluate()"]], [told(one)["seconds"] for one in loop])
    print(f"the evaluation: the loop takes {1 / inside:.2f} x as long (median of pairs; target 5 x)")
    for kind, what in (("seconds", "as long"), ("cpu", "the processor time")):
        pair = [[getattr(one, kind) for one in finished[name]] for name in ("the command", "the loop")]
        print(f"whole processes: the loop takes {1 / paired(*pair):.2f} x {what}")


def command(data: Path) -> Finished:
    with tempfile.TemporaryDirectory() as out:
        setting = ["--data", str(data), "--allow-missing", "--out", out, "--json"]
        return run([*EVALHARNESS, "run", "--task", "mair", "--model", "bm25", *setting])


def python(code: str, data: Path) -> Finished:
    with tempfile.TemporaryDirectory() as out:
        return run([sys.executable, "-c", code, str(data), out])


def told(finished: Finished) -> Any:
    return json.loads(finished.output)


def scores(finished: Finished) -> dict[str, float]:
    found = {}
    for result in told(finished)["results"]:
        for name, task in result["tasks"].items():
            setting = result["task_setting"]["instruction"]
            found[f"{setting} {name.removeprefix('mair/')}"] = task["scores"]["nDCG@10"]
    return found


if __name__ == "__main__":
    main()
