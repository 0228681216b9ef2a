"""Plan and execute: a plan in words, its steps one by one, and a new plan where a step fails.

After the pattern of that name, which goes back to Wang et al. 2023, *Plan-and-Solve Prompting*, ACL (arXiv 2305.04091):
a planner, an executor with tools for one step at a time, a re-planner. Prompts and bounds are our own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, as_answer, ask_until_read
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.interleaving import Observation, interleave
from toolbench_eval.agents.shared.moves import Move
from toolbench_eval.agents.shared.parsing import spoken
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_moves import arguments_of, read_tool_move
from toolbench_eval.agents.shared.tool_prompting import block, cut_result, json_lines, observation, tool_block
from toolbench_eval.agents.shared.tool_work import last_word
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError
from toolbench_eval.prompts import Prompt, load_prompt

DONE, FAILED = "Done", "Failed"

_STEP = re.compile(r"^[ \t]*(?:[-*][ \t]*)?(?:step[ \t]*)?\d+[.):][ \t]*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_STUCK: Mapping[StopReason, str] = {
    "max_hops": "it took too many actions",
    "no_progress": "it went round in circles",
    "parse_error": "no action could be read",
}
_NO_STEPS = re.compile(r"\bno (?:further |more )?steps?\b", re.IGNORECASE)


@dataclass(frozen=True)
class PlanExecute:
    """Plan, do the steps one by one, plan anew where one fails, answer."""

    max_steps: int = option(8, "most steps of a plan; what a plan has beyond them is left out")
    step_actions: int = option(4, "most actions of a step, its end included")
    replans: int = option(2, "most new plans")
    observation: int = option(4_000, "characters of a tool's answer that are shown")
    retries: int = option(RETRIES, "times an unreadable reply is asked for again")

    name: ClassVar[str] = "plan-execute"
    prompts: ClassVar[tuple[str, ...]] = ("plan-execute-1", "tool-observation-1", "answer-1")
    protocols: ClassVar[Protocols] = {}

    def __post_init__(self) -> None:
        at_least(1, max_steps=self.max_steps, step_actions=self.step_actions, observation=self.observation)
        at_least(0, replans=self.replans, retries=self.retries)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Plan, execute, answer.

        Raises:
            UsageError: The task has no tools.
        """
        if not session.tools():
            raise UsageError("plan-execute calls tools, and the task has none")
        return _Work(self, sample, session, load_prompt("plan-execute-1")).run()


def read_plan(reply: str) -> list[str] | None:
    """The numbered lines of a reply; none where it says that there are no steps, None where it is no plan."""
    text = spoken(reply)
    steps = [one_line(step) for step in _STEP.findall(text)]
    return steps if steps or _NO_STEPS.search(text) else None


@dataclass(frozen=True)
class _Failure:
    """A step that could not be done, and why."""

    step: str
    why: str


@dataclass
class _Work:
    """One sample's plan and what has become of it."""

    options: PlanExecute
    sample: Sample
    session: Session
    prompt: Prompt
    done: list[Mapping[str, Any]] = field(default_factory=list)

    def run(self) -> Answer:
        reason: StopReason = "answered"
        plan = self._plan("plan")
        for left in reversed(range(self.options.replans + 1)):
            if plan is None:
                reason = "parse_error"
                break
            failure = self._execute(plan)
            if failure is None:
                break
            if left == 0:
                reason = "max_hops"
                break
            plan = self._plan("replan", done=self._so_far(), step=failure.step, why=failure.why)
        return self._answer(reason)

    def _plan(self, text: str, **values: str) -> list[str] | None:
        most = self.options.max_steps
        request = self.prompt.fill(text, request=self.sample.text, tools=self._tools(), most=most, **values)
        plan, _ = ask_until_read(
            self.session,
            text,
            conversation(self.prompt.texts["system"], request),
            read_plan,
            reminder=self.prompt.texts["unreadable_plan"],
            retries=self.options.retries,
        )
        if plan is not None:
            self.session.note("plan", steps=plan[:most], left_out=plan[most:])
        return plan[:most] if plan is not None else None

    def _execute(self, plan: Sequence[str]) -> _Failure | None:
        for number, step in enumerate(plan, start=1):
            why = self._do(plan, number, step)
            self.session.note("step", number=number, step=step, failed=why)
            if why is not None:
                return _Failure(step, why)
        return None

    def _do(self, plan: Sequence[str], number: int, step: str) -> str | None:
        """Do one step; what kept it from being done, None if nothing did."""
        task = self.prompt.fill(
            "step",
            request=self.sample.text,
            tools=self._tools(),
            plan="\n".join(f"{at}. {one}" for at, one in enumerate(plan, start=1)),
            done=self._so_far(),
            number=number,
            step=step,
        )
        course = interleave(
            self.session,
            conversation(self.prompt.texts["system"], task),
            partial(read_tool_move, names=(*(tool.name for tool in self.session.tools()), DONE, FAILED)),
            self._act,
            ends=_ends,
            max_hops=self.options.step_actions,
            reminder=self.prompt.texts["unreadable_step"],
            retries=self.options.retries,
        )
        if course.reason == "answered" and course.move is not None:
            outcome, said = course.move.name.casefold(), one_line(course.move.argument)
        else:
            outcome, said = FAILED.casefold(), _STUCK[course.reason]
        self.done.append({"step": step, "outcome": outcome, "said": said})
        return None if outcome == DONE.casefold() else said

    def _act(self, move: Move) -> Observation:
        arguments = arguments_of(move)
        result = self.session.call(move.name, arguments)
        text = cut_result(self.session, move.name, result, self.options.observation)
        self.done.append({"tool": move.name, "arguments": arguments, "status": result.status, "result": text})
        return Observation(observation(result.status, text))

    def _answer(self, reason: StopReason) -> Answer:
        form = form_of(self.sample.answer_type)
        request = self.prompt.fill("answer", request=self.sample.text, done=self._so_far(), form=form)
        text, raw = ask_until_read(
            self.session,
            "answer",
            conversation(self.prompt.texts["system"], request),
            partial(last_word, answer_type=self.sample.answer_type),
            reminder=request,
            retries=self.options.retries,
        )
        return as_answer(text, raw, reason)

    def _tools(self) -> str:
        return tool_block(self.session.tools())

    def _so_far(self) -> str:
        return block("done", json_lines(self.done) or self.prompt.texts["nothing"])


def _ends(move: Move) -> bool:
    return move.name.casefold() in {DONE.casefold(), FAILED.casefold()}
