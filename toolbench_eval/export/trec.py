"""A result as TREC files: `runs/<task>.run` and `qrels/<task>.qrels`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolbench_eval.errors import UsageError
from toolbench_eval.ranking.order import order
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.ranking.trec import write_qrels, write_run
from toolbench_eval.results.rescore import stored_run
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import distinct_slug, read_result, slug


def export_trec(path: Path, out: Path) -> list[Path]:
    """Write the runs and judgments of a result; tasks that have none (`unranked`) are left out.

    trec_eval orders by score and breaks ties by document id. Where that would change a ranking (ties in
    corpus order), the file has falling whole numbers in the place of the scores.

    Args:
        path: The result file; its runs and judgments lie beside it.
        out: Folder to write in.

    Returns:
        The files, runs first.

    Raises:
        UsageError: No task of the result has a run and judgments.
        MissingDataError: A file beside the result is gone (entries of a board have no judgments).
        DataError: A file beside the result is not the one that it was computed from, or an id has a blank,
            so that no TREC file can hold it.
        StorageError: The folder cannot be written.
    """
    result = read_result(path)
    lacking = unranked(result)
    if len(lacking) == len(result.tasks):
        raise UsageError(f"there is no ranking to write: {'; '.join(dict.fromkeys(lacking.values()))}")
    files: dict[str, list[Path]] = {"runs": [], "qrels": []}
    for name, task in result.tasks.items():
        if name in lacking:
            continue
        run, qrels = stored_run(task, path.parent)
        short = distinct_slug(name.removeprefix(f"{result.suite}/"))
        files["runs"].append(out / "runs" / f"{short}.run")
        files["qrels"].append(out / "qrels" / f"{short}.qrels")
        write_run(ranked_by_score(run), files["runs"][-1], slug(result.model))
        write_qrels(qrels, files["qrels"][-1])
    return [*files["runs"], *files["qrels"]]


def unranked(result: Result) -> dict[str, str]:
    """Tasks of an agent that cannot be written as TREC files, each with what it lacks and what to do."""
    found = {}
    for name, task in result.tasks.items():
        if task.run_file is None:
            found[name] = f"{result.system} searched nothing in {name}"
        elif task.qrels_file is None:
            found[name] = (
                f"{name} has no judgments, because not every sample names its gold passages. What was retrieved stands "
                "in the trajectories: evalharness trajectories show"
            )
    return found


def ranked_by_score(run: Run) -> Run:
    """The run with scores that give its order to whoever sorts as trec_eval does."""
    if np.array_equal(order(run, "trec").documents, run.documents):
        return run
    falling = np.broadcast_to(np.arange(run.depth, 0, -1, dtype=np.float32), run.documents.shape)
    scores = np.where(run.documents != NO_DOCUMENT, falling, np.float32(-np.inf))
    return Run(run.query_ids, run.doc_ids, run.documents, scores)
