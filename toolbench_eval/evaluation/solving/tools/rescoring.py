"""Scoring stored samples of tool use again: no language model, no environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolbench_eval.agents.trajectory import Trajectory, from_json
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.evaluation.solving.tools.scoring import ToolScorer
from toolbench_eval.evaluation.solving.tools.success import Seen
from toolbench_eval.evaluation.solving.tools.teval import read_likeness
from toolbench_eval.results.samples import read_samples


@dataclass(frozen=True)
class Rescored:
    """The samples of a task, scored again.

    Attributes:
        trajectories: What agents did.
        rows: The value of every measure for each sample.
        profile: Name of the rules.
    """

    trajectories: Sequence[Trajectory]
    rows: Sequence[Mapping[str, float]]
    profile: str


Score = Callable[[Path, str, str | None, list[str]], Rescored]
"""Scores the samples of a file, given the rules that they were scored by, those that a user asks for instead, and the
measures."""


def rescored_tools(path: Path, stored: str, profile: str | None, asked: list[str]) -> Rescored:
    """Samples of tool use; the state of the environment and the judge's verdict are those that were stored.

    Raises:
        UsageError: Other rules are asked for; tool use has none.
        DataError: A line is no sample.
    """
    if profile is not None:
        raise UsageError("--profile is for answers to questions: tool use is scored as its task says")
    problems, trajectories, seen = [], [], []
    for number, record in enumerate(read_samples(path), start=1):
        try:
            problems.append(_problem(record["gold"]))
            trajectories.append(from_json(record["trajectory"]))
            seen.append(_seen(record))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"not a sample: {error}", file=path, row=number) from None
    rules, _, environment = stored.rpartition(" in ")
    scoring = rules.partition(" by ")[0]
    judged = any(one.verdict for one in seen)
    marked = any("criteria" in one.verdict for one in seen)
    scorer = ToolScorer.of(scoring, problems, asked, with_tools=environment != "none", judged=judged, marked=marked)
    rows = [scorer.score(*sample) for sample in zip(problems, trajectories, seen, strict=True)]
    return Rescored(trajectories, rows, stored)


def _problem(gold: Mapping[str, Any]) -> ToolProblem:
    """What `ToolWork.gold` wrote; JSON has lists for tuples."""
    calls = tuple(GoldCall(**call) for call in gold["gold_calls"])
    lists = {key: tuple(gold[key]) for key in ("answers", "candidates")}
    return ToolProblem(**{**gold, **lists, "gold_calls": calls})


def _seen(record: Mapping[str, Any]) -> Seen:
    offered = tuple(ToolSpec(one["name"], parameters=one["parameters"]) for one in record["offered"])
    return Seen(offered, record["state"], record["verdict"], read_likeness(record))
