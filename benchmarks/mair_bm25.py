"""MAIR's mirrored tasks with BM25, both settings: ours against the reference's protocol, a loop over tasks and queries.

    python benchmarks/mair_bm25.py --data ../shared/data/hub

The loop indexes every split anew for each setting and asks one query at a time, as the reference does; it reads the
same Parquet files and scores with pytrec_eval. Both are whole processes. The scores must be identical.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOOP = """
import json, sys
from pathlib import Path
import bm25s, pyarrow.parquet as pq, pytrec_eval
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
print(json.dumps(scores))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/hub"), help="mirror with MAIR-Bench")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    ours, theirs, same = [], [], {}
    for _ in range(options.runs):
        seconds, scores = timed_ours(options.data)
        ours.append(seconds)
        seconds, reference = timed_loop(options.data)
        theirs.append(seconds)
        same = {name: abs(scores[name] - value) for name, value in reference.items()}
    ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    largest = max(same.values())
    print(f"{len(same)} task scores, largest difference {largest:.1e} (ties at the border of the loop's top 100)")
    print(f"ours      {min(ours):6.2f} s (best of {options.runs})")
    print(f"the loop  {min(theirs):6.2f} s")
    print(f"ratio     {ratios[len(ratios) // 2]:.2f} x (median of pairs; target 5 x)")


def timed_ours(data: Path) -> tuple[float, dict[str, float]]:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "toolbench_eval", "run", "--task", "mair", "--model", "bm25"]
        command += ["--data", str(data), "--allow-missing", "--out", out, "--json"]
        begin = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - begin
    scores = {}
    for result in json.loads(done.stdout)["results"]:
        for name, task in result["tasks"].items():
            setting = result["task_setting"]["instruction"]
            scores[f"{setting} {name.removeprefix('mair/')}"] = task["scores"]["nDCG@10"]
    return seconds, scores


def timed_loop(data: Path) -> tuple[float, dict[str, float]]:
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", LOOP, str(data)], check=True, capture_output=True, text=True)
    return time.perf_counter() - begin, json.loads(done.stdout)


if __name__ == "__main__":
    main()
