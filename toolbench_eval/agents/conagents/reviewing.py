"""ConAgents with a review agent, as its second version (Findings of EMNLP 2024) has it.

Known of that version here are the roles and the two ways of communication, from its abstract: an execution agent that
writes programs, a review agent that looks at every action (`automatic`) or at failed ones (`adaptive`). What counts as
a failure, how many turns a review may take, and every text are our own design.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from toolbench_eval.agents.conagents.choosing import Grounding, brief
from toolbench_eval.agents.conagents.colleagues import Colleague, continued
from toolbench_eval.agents.conagents.itercali import COMPLAINT
from toolbench_eval.agents.conagents.tool_choice import Choice, named
from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.parsing import spoken
from toolbench_eval.agents.shared.programs import Offered, Run, interpreters, judged, read_program
from toolbench_eval.agents.shared.tool_docs import declared
from toolbench_eval.agents.shared.tool_prompting import block, tool_block
from toolbench_eval.environments.base import ToolSpec, cut
from toolbench_eval.environments.sandbox import ProgramLimits

Communication = Literal["automatic", "adaptive"]
"""`automatic`: the review agent looks at every choice and every program. `adaptive`: only at choices of a tool that
does not exist, and at programs that end in an error, print nothing, or get no answer from the tool."""

LIMITS = ProgramLimits(seconds=10.0, total=120.0, output=20_000, calls=20)
"""Bounds of a program of the execution agent."""
_VERDICT = re.compile(r"verdict\W*:\W*(pass|revise)", re.IGNORECASE)
_ADVICE = re.compile(r"advice\W*:[*_]*\s*(.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Verdict:
    """What the review agent says.

    Attributes:
        passed: Whether it lets the action pass; it does where its reply cannot be read.
        advice: What should be done otherwise.
        parsed: Whether its reply could be read.
    """

    passed: bool
    advice: str = ""
    parsed: bool = True


def read_verdict(reply: str) -> Verdict:
    """The verdict in a reply."""
    text = spoken(reply)
    found, advice = _VERDICT.search(text), _ADVICE.search(text)
    told = one_line(advice[1]) if advice else ""
    if found is None:
        return Verdict(True, told, parsed=False)
    return Verdict(found[1].lower() == "pass", told)


@dataclass(frozen=True)
class Review:
    """The review agent and how it is called.

    Attributes:
        colleague: Its model.
        communication: When it is called.
        turns: Most times that it looks at one choice or one program; 0 for no review.
    """

    colleague: Colleague
    communication: Communication
    turns: int

    def called(self, failed: bool) -> bool:
        """Whether it is called for an action."""
        return failed or self.communication == "automatic"

    def verdict(self, of: Literal["choice", "program"], turn: int, **values: object) -> Verdict:
        """What it says of an action."""
        verdict = read_verdict(self.colleague.ask("review", self.colleague.opening(f"review_{of}", **values)))
        self.colleague.session.note(
            "review", of=of, turn=turn, passed=verdict.passed, advice=verdict.advice, parsed=verdict.parsed
        )
        return verdict


def reviewed_choice(grounding: Grounding, review: Review, done: str) -> tuple[Choice, str]:
    """The grounding agent's choice after review, and the reply that it was read from."""
    choice, reply = grounding.choose(done)
    objections: list[tuple[str, str]] = []
    texts = review.colleague.prompt
    for turn in range(1, review.turns + 1):
        lost = choice.answer is None and named(choice.tool, grounding.tools) is None
        if not review.called(lost):
            break
        why = texts.fill("no_tool", name=choice.tool) if lost else texts.texts["nothing"]
        verdict = review.verdict(
            "choice",
            turn,
            request=grounding.sample.text,
            tools=brief(grounding.tools),
            done=done,
            choice=block("result", _shown(choice)),
            problem=why,
        )
        if verdict.passed:
            break
        objections.append((_shown(choice), texts.fill("revise_choice", advice=verdict.advice)))
        choice, reply = grounding.choose(done, objections)
    return choice, reply


def reviewed_program(executor: Colleague, review: Review, tool: ToolSpec, task: str, request: str, known: str) -> str:
    """What a program of the execution agent printed, after review."""
    offered = Offered(executor.session, declared([tool]))
    (function,) = offered.tools()
    shown = tool_block([replace(tool, name=function.name)])
    messages = executor.opening(
        "program", request=request, known=known, thought=task, tool=shown, function=function.name
    )
    reply = executor.ask("program", messages)
    run = _run(executor, reply, offered)
    for turn in range(1, review.turns + 1):
        if not review.called(_failed(run)):
            break
        result = block("result", cut(_outcome(executor, run), COMPLAINT))
        program = block("result", read_program(reply) or reply)
        verdict = review.verdict("program", turn, thought=task, tool=shown, program=program, result=result)
        if verdict.passed:
            break
        told = executor.prompt.fill("revise_program", advice=verdict.advice, result=result)
        messages = continued(messages, reply, told)
        reply = executor.ask("repair_program", messages)
        run = _run(executor, reply, offered)
    text = _outcome(executor, run)
    return executor.prompt.fill("failed", error=one_line(text)) if _failed(run) else text


def _run(executor: Colleague, reply: str, offered: Offered) -> Run | None:
    """What came of the program of a reply, None where there is none."""
    program = read_program(reply)
    run = None if program is None else judged(interpreters(LIMITS).run(program, offered), "calls")
    error = "unreadable" if run is None else run.execution.error.text if run.execution.error else None
    printed = 0 if run is None else len(run.execution.stdout.strip())
    executor.session.note("program", error=error, printed=printed, failed=_failed(run))
    return run


def _failed(run: Run | None) -> bool:
    return run is None or run.state != 0


def _outcome(executor: Colleague, run: Run | None) -> str:
    if run is None:
        return executor.prompt.texts["no_program"]
    return run.fault if run.state else run.execution.stdout.strip()


def _shown(choice: Choice) -> str:
    last = f"Tool: {choice.tool}" if choice.answer is None else f"Final Answer: {choice.answer}"
    return f"Thought: {choice.thought}\n{last}"
