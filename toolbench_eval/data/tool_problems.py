"""Problems that are solved with tools: what an agent may see, and what only the scorer may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolbench_eval.data.questions import AnswerType, Sample


@dataclass(frozen=True)
class GoldCall:
    """One call of a gold path.

    Attributes:
        name: Tool.
        arguments: Its arguments; None where the source names none, so that only the name can be compared.
        times: How many such calls the solution makes.
    """

    name: str
    arguments: Mapping[str, Any] | None = None
    times: int = 1


@dataclass(frozen=True)
class ToolProblem:
    """One record of a tool use task (see `docs/tool-use.md`).

    Attributes:
        id: Id within the task.
        text: The request, as a user would write it.
        answers: Accepted final answers; empty where the source gives none.
        answer_type: What kind of answer is wanted.
        candidates: Names of the tools that are offered, in the source's order; empty for all of the environment.
        gold_calls: The source's solution, empty where it gives none.
        setup: What the problem's environment starts from: tables, a database, recorded replies; JSON values.
        category: The source's own kind of problem.
        extra: What only some scorers need: accepted values of arguments, a gold state, aliases.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    answer_type: AnswerType = "text"
    candidates: tuple[str, ...] = ()
    gold_calls: tuple[GoldCall, ...] = ()
    setup: Mapping[str, Any] = field(default_factory=dict)
    category: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sample(self) -> Sample:
        """What an agent may see of it; the tools come through its session."""
        return Sample(self.id, self.text, self.answer_type)
