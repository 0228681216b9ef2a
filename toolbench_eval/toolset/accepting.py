"""`evalharness queries accept`: from a review to the final suites."""

from __future__ import annotations

from pathlib import Path

from toolbench_eval.data.tools.json_files import read_json
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.toolset.candidates import read_candidates
from toolbench_eval.toolset.corpora import free_folder, known_tools, read_toolset
from toolbench_eval.toolset.generating import CANDIDATES, OWN
from toolbench_eval.toolset.naming import Names
from toolbench_eval.toolset.review import Reviewed, read_review
from toolbench_eval.toolset.suites import edition_of, write_suites


def accept(review: Path, out: Path, version: str = "1", reporter: Reporter | None = None) -> Reviewed:
    """Write the suites of the queries that a review kept.

    Args:
        review: The review file, in the folder that `generate` wrote.
        out: A folder that is empty or not there.
        version: Version of the suites.
        reporter: Who is told what was left out.

    Raises:
        MissingDataError: The files of `generate` are not beside the review.
        DataError: All faults of the review file.
        UsageError: Nothing is kept, or the folder is not empty.
    """
    reporter = reporter or LoggingReporter()
    folder = review.parent
    free_folder(out)
    toolset = read_toolset(folder / OWN)
    setting = read_json(folder / f"{CANDIDATES}.meta.json")["setting"]
    candidates, _ = read_candidates(folder / CANDIDATES)
    names = Names(known_tools(toolset))
    done = read_review(review, candidates, [tool.name for tool in toolset.tools], names)
    if not done.accepted:
        raise UsageError(f"{review} keeps no query")
    if done.relabelled and toolset.service is not None:
        reporter.warn(f"other tools than were called, so left out of the tool use suite: {', '.join(done.relabelled)}")
    told = f"Reviewed: {len(done.accepted)} kept, {done.edited} of them edited, {done.refused} refused."
    write_suites(out, toolset, done.accepted, edition_of(toolset, setting, version, told))
    return done
