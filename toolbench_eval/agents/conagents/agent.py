"""ConAgents: one agent plans and picks a tool, one makes the call, one reads the response; each repairs its own work.

Source: Shi et al. 2024, *Learning to Use Tools via Cooperative and Interactive Agents with Large Language Models*. Two
systems have this title. `v1` is that of arXiv 2403.03031v1 and of the released code: grounding, execution and
observation with iterative calibration (IterCali). `v4` is that of Findings of EMNLP 2024 (2024.findings-emnlp.624) as
far as its abstract goes: grounding, execution and review, with two ways of communication (see `reviewing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.conagents.choosing import Grounding, Matching, find_tool
from toolbench_eval.agents.conagents.colleagues import Colleague
from toolbench_eval.agents.conagents.itercali import execute
from toolbench_eval.agents.conagents.observing import Observing, Tidying, tidied
from toolbench_eval.agents.conagents.reviewing import Communication, Review, reviewed_choice, reviewed_program
from toolbench_eval.agents.conagents.tool_choice import Choice, Reading, UnreadableError
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import PROMPT as FORMS
from toolbench_eval.agents.shared.tool_prompting import block, json_lines
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import UsageError
from toolbench_eval.prompts import load_prompt


@dataclass(frozen=True)
class ConAgents:
    """Plan a sub-task and pick its tool, call it, take out what is needed.

    Of the roles, observation has work in `v1` only, and review in `v4`.
    """

    version: Literal["v1", "v4"] = option("v1", "v1: calls that are calibrated; v4: programs that are reviewed")
    communication: Communication = option("automatic", "v4: whether every action is reviewed, or only failed ones")
    calibration: Literal["on", "execution", "observation", "off"] = option(
        "on", "v1: who repairs what failed (IterCali); v4: off is without review"
    )
    observation: Literal["code", "text"] = option("code", "v1: long responses are read by programs, or as text")
    matching: Matching = option("segments", "which tool a name means that no tool has")
    reading: Reading = option("tolerant", "how replies of the grounding and the execution agent are read")
    after_failure: Literal["told", "observed"] = option(
        "told", "v1: a call that failed for good is told as such, or its error is read like a response"
    )
    tidying: Tidying = option("plain", "what is done to observations")
    max_steps: int = option(5, "most sub-tasks")
    ground_tries: int = option(4, "times the grounding agent is asked for a choice that can be read")
    execution_tries: int = option(3, "v1: requests of a sub-task")
    code_tries: int = option(3, "v1: programs of an observation")
    review_turns: int = option(3, "v4: reviews of one choice or one program; the published bound is not known to us")
    short: int = option(6_000, "v1: characters of a response that is read directly; about the paper's 1500 tokens")
    shown: int = option(6_000, "v1: characters that are shown of a response that is read directly")
    longest: int = option(4_000, "characters of an observation")
    code_temperature: float = option(0.0, "v1: of calls that write programs for observations")
    max_tokens: int = option(1_000, "longest reply")

    name: ClassVar[str] = "conagents"
    prompts: ClassVar[tuple[str, ...]] = ("conagents-1", FORMS)
    roles: ClassVar[tuple[str, ...]] = ("grounding", "execution", "observation", "review")
    protocols: ClassVar[Protocols] = {
        "paper": {"code_temperature": 0.5},
        "released": {
            "matching": "llm",
            "reading": "released",
            "after_failure": "observed",
            "tidying": "released",
            "shown": 1_500,
        },
    }

    def __post_init__(self) -> None:
        """Refuse options that make no sense.

        Raises:
            ValueError: A number is too small, or v4 is asked for a calibration that only v1 has.
        """
        at_least(1, max_steps=self.max_steps, ground_tries=self.ground_tries, execution_tries=self.execution_tries)
        at_least(1, code_tries=self.code_tries, shown=self.shown, longest=self.longest, max_tokens=self.max_tokens)
        at_least(0, review_turns=self.review_turns, short=self.short)
        if self.version == "v4" and self.calibration not in {"on", "off"}:
            raise ValueError(f"calibration={self.calibration} is of v1; v4 has on and off")

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Go from sub-task to sub-task until the grounding agent gives the final answer, or the bound is reached.

        Raises:
            UsageError: The task has no tools.
        """
        if session.environment is None:
            raise UsageError("conagents calls tools, and the task has none")
        return _Work(self, sample, session).run()


@dataclass(frozen=True)
class _Step:
    """A step that was done."""

    thought: str
    tool: str
    observation: str


@dataclass
class _Work:
    """One sample, and what was done for it."""

    options: ConAgents
    sample: Sample
    session: Session
    steps: list[_Step] = field(default_factory=list)

    def run(self) -> Answer:
        try:
            for number in range(1, self.options.max_steps + 1):
                choice, reply = self._choose()
                thought, tool = choice.thought, choice.tool or None
                self.session.note("ground", number=number, thought=thought, tool=tool, final=choice.answer)
                if choice.answer is not None:
                    return Answer(choice.answer, "answered", reply)
                self.steps.append(_Step(choice.thought, choice.tool, self._act(choice)))
        except UnreadableError as error:
            return Answer(None, "parse_error", str(error))
        return Answer(None, "max_hops", "")

    def _choose(self) -> tuple[Choice, str]:
        done = self._so_far("thought", "tool", "observation")
        if self.options.version == "v1":
            return self._grounding.choose(done)
        return reviewed_choice(self._grounding, self._review, done)

    def _act(self, choice: Choice) -> str:
        """The observation that a choice brings."""
        tools = self._grounding.tools
        tool = find_tool(choice.tool, tools, self.options.matching, self._executor)
        if tool is None:
            why = self._executor.prompt.fill("no_tool", name=choice.tool)
            return self._executor.prompt.fill("not_called", why=why)
        return self._call(tool, choice.thought) if self.options.version == "v1" else self._program(tool, choice.thought)

    def _call(self, tool: ToolSpec, task: str) -> str:
        options = self.options
        tries = options.execution_tries if options.calibration in {"on", "execution"} else 1
        known = self._so_far("tool", "observation")
        outcome = execute(self._executor, tool, task, self.sample.text, known, tries, options.reading)
        if outcome.request is None or outcome.result is None:
            return self._executor.prompt.fill("not_called", why=outcome.problem)
        if outcome.problem and options.after_failure == "told":
            return self._executor.prompt.fill("failed", error=tidied(outcome.problem, "plain", options.longest))
        return self._observing.observe(outcome.request, outcome.result)

    def _program(self, tool: ToolSpec, task: str) -> str:
        known, options = self._so_far("tool", "observation"), self.options
        printed = reviewed_program(self._executor, self._review, tool, task, self.sample.text, known)
        return tidied(printed, options.tidying, options.longest)

    def _so_far(self, *parts: str) -> str:
        """The steps as a block; of each these parts."""
        rows = [{part: getattr(step, part) for part in parts} for step in self.steps]
        return block("done", json_lines(rows) or self._executor.prompt.texts["nothing"])

    @cached_property
    def _grounding(self) -> Grounding:
        options, colleague = self.options, self._colleague("grounding")
        return Grounding(colleague, self.sample, self.session.tools(), options.ground_tries, options.reading)

    @cached_property
    def _executor(self) -> Colleague:
        return self._colleague("execution")

    @cached_property
    def _observing(self) -> Observing:
        options = self.options
        return Observing(
            self._colleague("observation"),
            code=options.observation == "code",
            tries=options.code_tries if options.calibration in {"on", "observation"} else 1,
            temperature=options.code_temperature,
            short=options.short,
            shown=options.shown,
            tidying=options.tidying,
            longest=options.longest,
        )

    @cached_property
    def _review(self) -> Review:
        options = self.options
        turns = options.review_turns if options.calibration == "on" else 0
        return Review(self._colleague("review"), options.communication, turns)

    def _colleague(self, role: str) -> Colleague:
        return Colleague(role, load_prompt("conagents-1"), self.session, self.options.max_tokens)
