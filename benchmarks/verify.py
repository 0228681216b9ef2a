"""Prove a board of 50 entries of ToolRet's size, as a cold process.

    python benchmarks/verify.py [--entries 50] [--runs 3] [--keep FOLDER]

Generated data: 35 subsets, 7,961 queries, 44,453 documents; every entry has a run of 100 documents a query and 17
measures. All of them are scored again, with all averages and the headline's interval. The target: 30 s on 2 cores.
Making the board takes minutes; with --keep it is made once.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from processes import EVALHARNESS, middle, options, run, table

K = 100
MAKE = "--make"


def make(folder: Path, entries: int) -> None:
    """Leave a suite and a board of runs by chance, each entry with its own."""
    import numpy as np
    from generated import SUITE, write_suite

    from toolbench_eval.api import as_model, evaluate
    from toolbench_eval.data.corpus import Corpus
    from toolbench_eval.data.queries import Queries
    from toolbench_eval.data.sources import Access
    from toolbench_eval.evaluation.reporter import LoggingReporter
    from toolbench_eval.leaderboard.entry import Submission
    from toolbench_eval.leaderboard.submit import submit
    from toolbench_eval.ranking.run import Run
    from toolbench_eval.ranking.search import to_run
    from toolbench_eval.registry import Registry
    from toolbench_eval.results.store import find_result

    class Anything:
        """Ranks documents by chance."""

        def __init__(self, seed: int) -> None:
            self.rng = np.random.default_rng(seed)

        def index(self, corpus: Corpus) -> None:
            self.corpus = corpus

        def search(self, queries: Queries, k: int) -> Run:
            starts = self.rng.integers(0, len(self.corpus), (len(queries), 1))
            columns = (starts + self.rng.choice(len(self.corpus), k, replace=False)) % len(self.corpus)
            scores = np.tile(np.arange(k, 0, -1, dtype=np.float32), (len(queries), 1))
            return to_run(columns.astype(np.int32), scores, queries.ids, self.corpus)

    tasks_dir = write_suite(folder / "data")
    registry, reporter = Registry((tasks_dir,)), LoggingReporter()
    statement = Submission(contact="benchmark", licence="none", trained_on="none")
    for seed in range(entries):
        with tempfile.TemporaryDirectory() as results:
            evaluate(SUITE, as_model(f"chance-{seed}", Anything(seed)), out=results, tasks_dir=tasks_dir, k=K)
            submit(find_result(Path(results)), folder / "board", statement, registry, Access(), reporter)


def main() -> None:
    if sys.argv[1:2] == [MAKE]:
        make(Path(sys.argv[2]), int(sys.argv[3]))
        return
    parser = options(__doc__, runs=3)
    parser.add_argument("--entries", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="folder to make the board in, or to take it from")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        if not (folder / "board").is_dir():
            run([sys.executable, __file__, MAKE, str(folder), str(args.entries)])
        command = [*EVALHARNESS, "leaderboard", "verify", str(folder / "board"), "--tasks-dir", str(folder / "data")]
        finished = [run(command) for _ in range(args.runs + 1)][1:]
        entries = sum(path.is_dir() for path in (folder / "board").iterdir())
    seconds = [one.seconds for one in finished]
    peak = round(max(one.peak_bytes for one in finished) / 1e6)
    table(
        [
            ["", "entries", "median s", "min s", "CPU s", "peak MB"],
            ["leaderboard verify", entries, middle(seconds), min(seconds), middle(one.cpu for one in finished), peak],
        ]
    )
    print(f"\n{finished[-1].output.strip().splitlines()[-1]}\ntarget: 30 s for 50 entries on 2 cores")


if __name__ == "__main__":
    main()
