"""Agents for tests of tool use: they make the calls that they are told to make, and answer what they are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from toolbench_eval.agents.base import Answer, Protocols
from toolbench_eval.agents.session import Session
from toolbench_eval.data.questions import Sample

MARK = "SCRIPT:"


@dataclass(frozen=True)
class Obedient:
    """Makes the calls of its script, which is set by the sample's id or stands in the request behind `SCRIPT:`.

    A script has `calls`, pairs of a name and arguments, and `answer`; without it, the agent gives up.
    """

    name: ClassVar[str] = "obedient"
    prompts: ClassVar[tuple[str, ...]] = ()
    protocols: ClassVar[Protocols] = {}
    scripts: ClassVar[dict[str, Mapping[str, Any]]] = {}

    def solve(self, sample: Sample, session: Session) -> Answer:
        script = self.scripts.get(sample.id) or json.loads(sample.text.partition(MARK)[2])
        session.note("offered", names=[tool.name for tool in session.tools()])
        for name, arguments in script["calls"]:
            session.call(name, arguments)
        answer = script.get("answer")
        return Answer(answer, "answered" if answer else "no_progress", answer or "")


def script(*calls: tuple[str, Any], answer: str | None = "done") -> str:
    """A request with its script."""
    return f"Do it. {MARK}{json.dumps({'calls': calls, 'answer': answer})}"
