"""Score a stored run of ToolRet's size again, as a cold process: ours beside pytrec_eval on a TREC file.

    python benchmarks/rescoring.py [--runs 7] [--peer-python PYTHON_WITH_PYTREC_EVAL]

A generated result, 35 subsets with 7,961 queries and 100 documents each; the corpus is deleted before the clock starts.
Ours checks that every file is the one that the result was computed from, computes 17 measures and all averages with
the headline's interval, and shows the table. pytrec_eval reads the same run and judgments from TREC files, without such
checks, and computes those of the measures that it has. The target: 2 s.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from processes import EVALHARNESS, interpreter_with, middle, options, paired, run, table, take_turns

K = 100
MAKE, PEER = "--make", "--pytrec-eval"
OURS = "evalharness rescore"


def make(folder: Path) -> None:
    """Leave a result with random scores, and its runs and judgments as TREC files."""
    import numpy as np
    from generated import SUITE, write_suite

    from toolbench_eval.api import as_model, evaluate
    from toolbench_eval.data.corpus import Corpus
    from toolbench_eval.data.queries import Queries
    from toolbench_eval.ranking.run import Run
    from toolbench_eval.ranking.search import to_run
    from toolbench_eval.ranking.trec import write_run
    from toolbench_eval.results.rescore import stored_run
    from toolbench_eval.results.store import find_result, read_result

    class Anything:
        """Ranks documents by chance; half of the scores are tied."""

        def index(self, corpus: Corpus) -> None:
            self.corpus, self.rng = corpus, np.random.default_rng(0)

        def search(self, queries: Queries, k: int) -> Run:
            columns = np.stack([self.rng.choice(len(self.corpus), k, replace=False) for _ in range(len(queries))])
            scores = -np.sort(self.rng.integers(0, k, columns.shape)).astype(np.float32)
            return to_run(columns.astype(np.int32), scores, queries.ids, self.corpus)

    data = folder / "data"
    evaluate(SUITE, as_model("anything", Anything()), out=folder / "results", tasks_dir=write_suite(data), k=K)
    shutil.rmtree(data)
    place = find_result(folder / "results")
    with (folder / "run.txt").open("wb") as whole_run, (folder / "qrels.txt").open("w", encoding="utf-8") as labels:
        for task in read_result(place).tasks.values():
            stored, qrels = stored_run(task, place.parent)
            write_run(stored, folder / "part.txt", "benchmark")
            whole_run.write((folder / "part.txt").read_bytes())
            queries, documents = qrels.query_ids.to_pylist(), qrels.doc_ids.to_pylist()
            judged = zip(qrels.rows.tolist(), qrels.documents.tolist(), qrels.grades.tolist(), strict=True)
            labels.writelines(f"{queries[query]} 0 {documents[at]} {grade}\n" for query, at, grade in judged)


def pytrec_eval_does(folder: Path) -> None:
    import pytrec_eval

    with (folder / "qrels.txt").open(encoding="utf-8") as lines:
        qrels = pytrec_eval.parse_qrel(lines)
    with (folder / "run.txt").open(encoding="utf-8") as lines:
        ranked = pytrec_eval.parse_run(lines)
    measures = {"ndcg_cut.1,5,10,20", "P.5,10,20", "recall.5,10,20,100", "map_cut.5,10,20"}
    values = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(ranked)
    for name in sorted(next(iter(values.values()))):
        print(name, sum(one[name] for one in values.values()) / len(values))


def main() -> None:
    steps = {MAKE: make, PEER: pytrec_eval_does}
    if sys.argv[1:2] and sys.argv[1] in steps:
        steps[sys.argv[1]](Path(sys.argv[2]))
        return
    args = options(__doc__, runs=7).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        run([sys.executable, __file__, MAKE, temporary])
        (result,) = Path(temporary).rglob("result.json")
        other = ["--metrics", "RR@10 ERR@20 RBP(p=0.8)"]
        commands = {
            OURS: [*EVALHARNESS, "rescore", str(result)],
            f"{OURS} {other[0]} '{other[1]}'": [*EVALHARNESS, "rescore", str(result), *other],
        }
        if python := interpreter_with("pytrec_eval", args.peer_python):
            commands["pytrec_eval, 14 measures"] = [python, __file__, PEER, temporary]
        finished = take_turns({name: partial(run, command) for name, command in commands.items()}, args.runs)
    rows: list[list[object]] = [["", "median s", "min s", "CPU s", "peak MB", "/ ours"]]
    for name, runs in finished.items():
        seconds = [one.seconds for one in runs]
        ratio = paired(seconds, (one.seconds for one in finished[OURS]))
        cpu, peak = middle(one.cpu for one in runs), round(max(one.peak_bytes for one in runs) / 1e6)
        rows.append([name, middle(seconds), min(seconds), cpu, peak, ratio])
    table(rows)
    print("\ntarget: 2 s for the whole command, with no corpus and no model")


if __name__ == "__main__":
    main()
