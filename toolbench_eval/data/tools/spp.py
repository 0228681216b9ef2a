"""The tasks of Solo Performance Prompting and 360°REA that need no tools: stories, puzzles, travel plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions


def trivia(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """Trivia creative writing: `questions`, `answers` (a list of aliases for each) and `topic` (Wang et al. 2024).

    Raises:
        DataError: A field is missing or of a wrong type, or there are not as many answers as questions.
    """
    questions, answers = record.texts("questions"), record.items("answers")
    if len(answers) != len(questions):
        raise record.fault(f"{len(answers)} lists of aliases for {len(questions)} questions", "answers")
    for at, aliases in enumerate(answers):
        if not isinstance(aliases, list) or not aliases or not all(isinstance(one, str) for one in aliases):
            raise record.fault(f"must be a list of aliases, found {described(aliases)}", f"answers[{at}]")
    listed = "\n".join(f"{number}. {question}" for number, question in enumerate(questions, start=1))
    topic = record.text("topic")
    yield ToolProblem(
        id=record.maybe("id") or str(record.row),
        text=f"Write a short, coherent story about {topic} into which the answers to all of these "
        f"{len(questions)} questions are woven:\n{listed}",
        extra={"aliases": answers},
    )


def logic_grid(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A logic grid puzzle of BIG-bench: `inputs` and `targets`, the number of a house.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    targets = record.texts("targets")
    if len(targets) != 1:
        raise record.fault(f"must be a list of one, found {len(targets)}", "targets")
    yield ToolProblem(
        id=record.maybe("idx") or str(record.row),
        text=record.text("inputs"),
        answers=targets,
        answer_type="span",
    )


def travel_plan(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A request for a travel plan of 360°REA; there is no gold.

    Raises:
        DataError: The destination, the days or the description is missing.
    """
    head = f"Plan a journey of {record.text('days')} days to {record.text('destination')}."
    details = {key: value for key, value in record.values.items() if key not in {"days", "destination", "id"}}
    record.text("description")
    lines = [f"{key}: {_written(value)}" for key, value in details.items()]
    yield ToolProblem(id=record.maybe("id") or str(record.row), text="\n".join([head, *lines]))


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_written(one)}" for key, one in value.items())
    return ", ".join(map(_written, value)) if isinstance(value, list) else str(value)
