"""T-Eval (Chen et al., ACL 2024): plans of calls, and reviews of what a call gave."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.metrics.tools.teval import FINISH, LETTERS, Step, parse_plan

KINDS = ("json", "str")
"""How a plan is written: as a list of objects, or in prose."""


def teval_plan(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `id`, `meta` (`prompt_type`, `API_list`), `ground_truth` (the gold plan) and `origin_prompt`.

    The tools stand in the prompt; nothing is called.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    meta = record.object("meta")
    kind = meta.text("prompt_type")
    if kind not in KINDS:
        raise meta.fault(f"must be one of {', '.join(KINDS)}; found '{kind}'", "prompt_type")
    plan = parse_plan(record.items("ground_truth"))
    if plan is None:
        raise record.fault("must be a list of steps with 'id', 'name' and 'args'", "ground_truth")
    yield ToolProblem(
        id=record.text("id"),
        text=_prompt(record),
        answers=(_answer(kind, plan),),
        category="plan",
        extra={
            "written": kind,
            "names": list(meta.texts("API_list")),
            "plan": [{"name": step.name, "arguments": step.arguments} for step in plan],
        },
    )


def teval_review(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `id`, `ground_truth` (its `answer` is a letter from A to E) and `origin_prompt`.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    gold = record.object("ground_truth")
    letter = gold.text("answer")
    if len(letter) != 1 or letter not in LETTERS:
        raise gold.fault(f"must be a letter from {LETTERS[0]} to {LETTERS[-1]}, found '{letter}'", "answer")
    yield ToolProblem(id=record.text("id"), text=_prompt(record), answers=(letter,), category="review")


def _answer(kind: str, plan: Sequence[Step]) -> str:
    """The gold plan as an answer would have it; in prose, a step is the tool that its line names."""
    steps = [step for step in plan if step.name != FINISH]
    if kind == "str":
        return "\n".join(f"Use {step.name}" for step in steps)
    return json.dumps([{"id": at, "name": step.name, "args": step.arguments} for at, step in enumerate(steps)])


def _prompt(record: Record) -> str:
    """What the benchmark's own prompt says, one message after the other: agents bring a system prompt of their own."""
    return "\n\n".join(message.text("content").strip() for message in record.objects("origin_prompt"))
