"""Black-box probing: a model finds out how tools behave by calling them.

Source: Shi et al. 2024, *Chain of Tools* (arXiv 2405.16533), section on black-box probing: N tries for each tool, beta
rounds; from the second round on, tools that are known already supply the arguments of those that are not. Its code has
N 3 and a single round, takes any JSON that a program prints, and tries again without saying what was wrong unless the
output was no JSON; `rule="released"` does so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from toolbench_eval.agents.atc.attribution import names_in
from toolbench_eval.agents.atc.probed_tools import Cost, ProbedTool, ProbedTools, write_probed
from toolbench_eval.agents.session import Limits, Session, Tools
from toolbench_eval.agents.shared.programs import Offered, interpreters, read_program, without_thought
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_docs import Calling, ToolDoc, declared, full_block, short_block, skeleton
from toolbench_eval.agents.shared.tool_prompting import block
from toolbench_eval.environments.base import Json, ToolSpec, canonical, cut
from toolbench_eval.environments.sandbox import Execution, ProgramLimits
from toolbench_eval.llms.base import LLM, Message, Sampling
from toolbench_eval.prompts import Prompt, load_prompt

PROMPT = "probing-1"
OUTPUT = 5_000_000
"""Characters that a probe may print: whole replies, of which some of the paper's tools have more than 100,000."""
SHOWN = 2_000
"""Characters of an output that are shown again."""
_QUERY = re.compile(r"^\W*query\W*:\W*(.+)$", re.IGNORECASE | re.MULTILINE)

ProbeRule = Literal["corrected", "released"]
"""Which instance is accepted. `corrected`: the program printed a reply of the tool, as JSON; what was wrong is said
before the next try. `released`: any JSON, and only output that is none is spoken of."""


@dataclass(frozen=True)
class Probing:
    """How tools are probed.

    Attributes:
        tries: N, programs for a tool in a round.
        rounds: beta, rounds through the tools that are not known yet.
        rule: Which instance is accepted.
        mutating: Whether tools that change something are probed, too.
        calls: How programs call tools.
        temperature: Of the model.
        max_tokens: Longest reply.
        limits: Bounds of a program.
    """

    tries: int = 3
    rounds: int = 4
    rule: ProbeRule = "corrected"
    mutating: bool = False
    calls: Calling = "functions"
    temperature: float = 0.0
    max_tokens: int | None = None
    limits: ProgramLimits = field(default_factory=lambda: ProgramLimits(output=OUTPUT))

    @property
    def sampling(self) -> Sampling:
        """How replies are drawn."""
        return Sampling(self.temperature, max_tokens=self.max_tokens)

    @property
    def setting(self) -> dict[str, Any]:
        """What the outcome says of it."""
        return {**asdict(self), "prompt": load_prompt(PROMPT).digest}


def probe(
    tools: Sequence[ToolSpec],
    environment: Tools,
    llm: LLM,
    probing: Probing | None = None,
    *,
    file: Path | None = None,
) -> ProbedTools:
    """Probe tools.

    Args:
        tools: What is probed; what they say of their replies is not used.
        environment: Answers their calls.
        llm: Makes up requests and programs.
        probing: The settings.
        file: Where the outcome is kept, None for nowhere.

    Raises:
        EndpointError: The model did not answer.
        StorageError: The file could not be written.
        UsageError: The sandbox is not installed.
    """
    session = Session({"main": llm}, environment=environment, limits=Limits(calls=None))
    probed = probe_in(session, tools, probing or Probing())
    if file is not None:
        write_probed(file, probed)
    return probed


def probe_in(session: Session, tools: Sequence[ToolSpec], probing: Probing) -> ProbedTools:
    """Probe tools in a session, which records every call and bounds the cost (see `probe`)."""
    began = len(session.steps)
    prober = _Prober(session, declared(tools, replies=False), probing)
    prober.go()
    documented = tuple(prober.known.values())
    undocumented = tuple(tool.name for tool in tools if tool.name not in prober.known)
    cost, model = Cost.of(session.steps[began:]), session.llms["main"].name
    return ProbedTools(documented, undocumented, prober.tries, model, probing.setting, cost)


@dataclass
class _Prober:
    """One probing; B are the tools that are not in `known`."""

    session: Session
    docs: tuple[ToolDoc, ...]
    probing: Probing
    known: dict[str, ProbedTool] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)

    def go(self) -> None:
        """Round after round, until every tool is known."""
        wanted = [doc for doc in self.docs if self.probing.mutating or not doc.spec.mutating]
        for number in range(1, self.probing.rounds + 1):
            for doc in wanted:
                if doc.spec.name not in self.known:
                    self._discover(doc, self._select(doc) if number > 1 and self.known else (), number)

    def _select(self, doc: ToolDoc) -> tuple[ToolDoc, ...]:
        """The known tools that may supply the arguments of this one."""
        known = [one for one in self._described() if one.spec.name in self.known]
        calls = self.probing.calls
        request = self._texts.fill("select", tool=full_block([doc], calls), known=short_block(known, calls))
        attempt = self.tries.get(doc.spec.name, 0)
        reply = self.session.ask("select", self._asked(request), self.probing.sampling, attempt=attempt)
        chosen = names_in(without_thought(reply.text), [one.name for one in known])
        self.session.note("select", tool=doc.spec.name, prerequisites=list(chosen))
        return tuple(one for one in known if one.name in chosen)

    def _discover(self, doc: ToolDoc, helpers: tuple[ToolDoc, ...], number: int) -> None:
        """Ask for programs until one is an instance of the tool's use, or the tries are used up."""
        calls = self.probing.calls
        shown = {"tool": full_block([doc], calls), "name": doc.name}
        request = self._texts.fill("probe", **shown)
        if helpers:
            request = self._texts.fill("chain", **shown, known=full_block(helpers, calls))
        messages = self._asked(request)
        for _ in range(self.probing.tries):
            attempt = self.tries.get(doc.spec.name, 0)
            self.tries[doc.spec.name] = attempt + 1
            reply = self.session.ask("probe", messages, self.probing.sampling, attempt=attempt).text
            outcome = self._instance(reply, doc, helpers, number)
            told = outcome if isinstance(outcome, str) else None
            self.session.note("probe", tool=doc.spec.name, round=number, attempt=attempt, complaint=told)
            if isinstance(outcome, ProbedTool):
                self.known[doc.spec.name] = outcome
                return
            if told is not None:
                messages = [*messages, Message("assistant", reply.strip() or "(nothing)"), Message("user", told)]

    def _instance(self, reply: str, doc: ToolDoc, helpers: Sequence[ToolDoc], number: int) -> ProbedTool | str | None:
        """The protocol that a reply gives, or what to say of it; None where nothing is said."""
        query, program = _QUERY.search(without_thought(reply)), read_program(reply)
        released = self.probing.rule == "released"
        if query is None or program is None:
            return None if released else self._texts.fill("unreadable")
        provider = Offered(self.session, [doc, *helpers])
        execution = interpreters(self.probing.limits).run(program, provider)
        if execution.error is not None:
            return None if released else self._complaint("failed", execution.error.traceback or execution.error.text)
        try:
            printed = json.loads(execution.stdout)
        except (ValueError, RecursionError):
            return self._complaint("no_json", execution.stdout.strip())
        if not released and not _replied(execution, doc.name, printed):
            return self._complaint("no_reply", execution.stdout.strip(), name=doc.name)
        before = tuple(helper.spec.name for helper in helpers)
        shape = skeleton(printed)
        return ProbedTool(doc.spec.name, doc.spec.description, query[1].strip(), program, shape, before, number)

    def _described(self) -> tuple[ToolDoc, ...]:
        return ProbedTools(tuple(self.known.values())).describe(self.docs)

    def _complaint(self, text: str, output: str, **values: str) -> str:
        return self._texts.fill(text, output=block("result", cut(output, SHOWN)), **values)

    def _asked(self, request: str) -> list[Message]:
        return conversation(self._texts.texts["system"], request)

    @property
    def _texts(self) -> Prompt:
        return load_prompt(PROMPT)


def _replied(execution: Execution, name: str, printed: Json) -> bool:
    """Whether what was printed is a whole reply of the tool."""
    wanted = canonical(printed)
    replies = [record.result for record in execution.calls if record.name == name]
    return any(reply.status == "ok" and canonical(reply.value) == wanted for reply in replies)
