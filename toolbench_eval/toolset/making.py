"""Making one query: by really executed calls where somebody executes them, else from documentation; then checks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.agents.session import BudgetError, Limits, Session
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_prompting import block, json_lines
from toolbench_eval.environments.base import Environment, ToolSpec
from toolbench_eval.environments.guarded import CallLimits, Guarded
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.llms.base import LLM
from toolbench_eval.prompts import load_prompt
from toolbench_eval.toolset.candidates import Candidate, Line, dropped_line
from toolbench_eval.toolset.naming import Names
from toolbench_eval.toolset.services import Service
from toolbench_eval.training.built import Built, DroppedError, Recipe, replays
from toolbench_eval.training.conversations import conversation_of
from toolbench_eval.training.replies import ask_role, object_in, text_of
from toolbench_eval.training.reversed import STRONG, Builder

INSTRUCTION = "tool-instruction-1"
OFFERED = 10
"""Tools that an agent is offered, as far as the window has so many."""
LIMITS = CallLimits(seconds=60.0, characters=100_000)


@dataclass(frozen=True)
class Maker:
    """Makes queries; safe for threads.

    Attributes:
        llms: Models by role.
        tools: The tools that queries may need.
        service: Who executes calls, None to write from documentation alone.
        changes: Whether calls may change something.
        per_query: Least and most tools that a query needs.
        recipe: How data is made.
        names: What queries must not say.
        seed: Of everything that is drawn.
        allowance: Bounds of the whole run.
    """

    llms: Mapping[str, LLM]
    tools: Sequence[ToolSpec]
    service: Service | None
    changes: bool
    per_query: tuple[int, int]
    recipe: Recipe
    names: Names
    seed: int
    allowance: RunAllowance

    def make(self, item: str) -> Line:
        """The line of one query: a candidate, or why there is none.

        Args:
            item: Id of the query; with the seed it decides all that is drawn.

        Raises:
            EvalHarnessError: An endpoint, a service or the disk failed.
        """
        draw = random.Random(f"{self.seed}/{item}")  # noqa: S311 - drawn to be drawn again
        session = Session(self.llms, limits=Limits(), allowance=self.allowance, seed=self.seed)
        environment = self._environment()
        builder = Builder(session, self.tools, environment, draw, self.recipe, self.names.named)
        try:
            built = builder.imagine() if environment is None else builder.build()
            fewest, most = self.per_query
            if not fewest <= len(built.used) <= most:
                raise DroppedError("too few tools" if len(built.used) < fewest else "too many tools")
            again = self._environment()
            if again is not None and not replays(built, again):
                raise DroppedError("not replayed")
            return self._candidate(item, built, self._instruction(session, built), draw, again).line
        except DroppedError as error:
            return dropped_line(item, str(error))
        except BudgetError:
            return dropped_line(item, "limit")

    def _environment(self) -> Environment | None:
        return None if self.service is None else Guarded(self.service.environment(changes=self.changes), LIMITS)

    def _instruction(self, session: Session, built: Built) -> str:
        prompt = load_prompt(INSTRUCTION)
        needed = [tool for tool in built.scene.tools if tool.name in built.used]
        shown = json_lines({"name": tool.name, "description": tool.description} for tool in needed)
        asked = prompt.fill("instruction", question=built.question, tools=block("tools", shown))
        found, raw = ask_role(
            session,
            STRONG,
            "instruction",
            conversation(prompt.texts["system"], asked),
            self._read_instruction,
            reminder=prompt.texts["reminder"],
            retries=self.recipe.retries,
        )
        if found is None:
            raise DroppedError("names a tool" if text_of(object_in(raw), "instruction") else "unreadable")
        return found

    def _read_instruction(self, reply: str) -> str | None:
        text = text_of(object_in(reply), "instruction")
        return text if text and self.names.named(text) is None else None

    def _candidate(
        self, item: str, built: Built, instruction: str, draw: random.Random, again: Environment | None
    ) -> Candidate:
        executed = again is not None
        changing = {tool.name for tool in self.tools if tool.mutating}
        return Candidate(
            id=item,
            query=built.question,
            instruction=instruction,
            tools=built.used,
            made_from="calls" if executed else "documentation",
            scenario=built.scene.scenario,
            facts=built.scene.facts,
            answer=built.answer,
            short=built.short,
            calls=tuple(_made(built)),
            offered=_offered(built, draw),
            state=again.snapshot() if again is not None and changing & set(built.used) else None,
            conversation=conversation_of(item, built) if executed else {},
            made_by=_made_by(built),
        )


def _made(built: Built) -> list[dict[str, Any]]:
    return [
        {
            "name": call.name,
            "arguments": call.arguments,
            "status": call.result.status,
            "value": call.result.value,
            "text": call.result.text,
            "counts": call.counts,
        }
        for call in built.calls
    ]


def _offered(built: Built, draw: random.Random) -> tuple[str, ...]:
    """The tools that are needed among others of the window, shuffled: their order must not give the solution away."""
    others = [name for name in built.scene.window if name not in built.used]
    names = [*built.used, *draw.sample(others, min(len(others), max(0, OFFERED - len(built.used))))]
    draw.shuffle(names)
    return tuple(names)


def _made_by(built: Built) -> dict[str, Any]:
    return {
        "turns": built.turns,
        "window": list(built.scene.window),
        "scene_tools": [tool.name for tool in built.scene.tools],
        "forced": built.forced,
        "restarts": built.restarts,
    }
