"""ATC: a chain of tools as one program; where it fails, the tool to blame is named and the program is revised.

Source: Shi et al. 2024, *Chain of Tools: Large Language Model is an Automatic Multi-tool Learner* (arXiv 2405.16533v1);
its code is `shizhl/ATC` c3f19e2. The second version of the paper, AutoTools, is `mode=notebook`. What paper and code
leave open is said where it is decided.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from toolbench_eval.agents.atc.attribution import BlameRule, blamed_tools
from toolbench_eval.agents.atc.encapsulation import Encapsulation, Wrapper, encapsulate
from toolbench_eval.agents.atc.notebook import Notebook
from toolbench_eval.agents.atc.probed_tools import ProbedTools, read_probed
from toolbench_eval.agents.atc.probing import OUTPUT, ProbeRule, Probing, probe_in
from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, as_answer, ask_until_read
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import PROMPT as FORMS
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.once import aside, once
from toolbench_eval.agents.shared.parsing import short_answer, stated
from toolbench_eval.agents.shared.programs import Run, StateRule, interpreters, judged, read_program
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_docs import Calling, ToolDoc, declared, example_call, full_block, short_block
from toolbench_eval.agents.shared.tool_prompting import block
from toolbench_eval.data.questions import AnswerType, Sample
from toolbench_eval.environments.base import canonical, cut
from toolbench_eval.environments.sandbox import ProgramLimits
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import Prompt, load_prompt

SHOWN = 4_000
"""Characters of an error or of an output that the model sees."""
NOTED = 500
"""Characters of an output that the trajectory notes."""
CHARACTERS_PER_TOKEN = 4
"""By which the length of a prompt is estimated: it must not depend on the model's tokenizer."""


@dataclass(frozen=True)
class Atc:
    """Write a program that calls the tools, run it; on failure name the tool to blame and revise."""

    alpha: int = option(3, "most programs that are run; with 1 none is revised. In a notebook: turns")
    alpha_counts: Literal["runs", "revisions"] = option("runs", "what alpha counts; the paper does not say")
    mode: Literal["program", "notebook"] = option("program", "one program (ATC), or turns that share state (AutoTools)")
    temperature: float = option(0.0, "of every call")
    attribution: Literal["failed", "exceptions", "none"] = option(
        "failed", "when a tool is named before revising: after every failed run, after exceptions, never"
    )
    blame: BlameRule = option("exact", "how the name of the blamed tool is read")
    blamed_docs: bool = option(True, "whether revising shows the documentation of the blamed tool again")
    states: StateRule = option("calls", "when the output of a program that ran looks wrong")
    calls: Calling = option("functions", "how programs call tools; tools without an address are functions anyway")
    documentation: Literal["given", "probed", "none"] = option("given", "what is told of the replies of tools")
    probes: str = option("", "documentation=probed: a file of `probe`; without it, tools are probed once a run")
    probe_tries: int = option(3, "N: programs for a tool in a round of probing")
    probe_rounds: int = option(4, "beta: rounds of probing")
    probe_rule: ProbeRule = option("corrected", "which instances of probing are accepted")
    try_mutating: bool = option(False, "whether probing and encapsulation may call tools that change something")
    encapsulation: bool = option(True, "mode=notebook: whether tools are wrapped into functions first")
    prompt_limit: int | None = option(None, "tokens of the first prompt above which a sample is given up, estimated")
    retries: int = option(RETRIES, "times a reply without a program is asked for again")
    max_tokens: int = option(2048, "longest reply")
    program_seconds: float = option(60.0, "time of one program, its calls not included")
    program_calls: int = option(50, "calls that one program may make")

    name: ClassVar[str] = "atc"
    prompts: ClassVar[tuple[str, ...]] = ("atc-1", "probing-1", "autotools-1", FORMS)
    protocols: ClassVar[Protocols] = {
        "paper": {"calls": "requests", "try_mutating": True},
        "released": {
            "alpha": 1,
            "temperature": 1.0,
            "attribution": "exceptions",
            "blame": "substring",
            "blamed_docs": False,
            "states": "phrases",
            "probe_rounds": 1,
            "probe_rule": "released",
            "prompt_limit": 13_000,
            "max_tokens": 1000,
        },
    }

    def __post_init__(self) -> None:
        """Refuse options that make no sense.

        Raises:
            ValueError: A number is too small, or a file of probes would not be looked at.
        """
        at_least(1, alpha=self.alpha, probe_tries=self.probe_tries, probe_rounds=self.probe_rounds)
        at_least(1, max_tokens=self.max_tokens, program_calls=self.program_calls)
        at_least(0, retries=self.retries)
        if self.program_seconds <= 0:
            raise ValueError(f"program_seconds is above 0; found {self.program_seconds:g}")
        if self.probes and self.documentation != "probed":
            raise ValueError("probes needs documentation=probed")

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Write, run, blame and revise until a program runs to a plausible end, or alpha is used up."""
        docs = self._documentation(session)
        if self.mode == "notebook":
            wrappers = self._wrappers(session, docs) if self.encapsulation else ()
            notebook = Notebook(self._runs, self.retries, self._sampling, self._limits)
            return notebook.solve(sample, session, docs, wrappers)
        chat = conversation(self._texts.texts["system"], self._request(sample, docs))
        estimate = sum(len(message.text) for message in chat) // CHARACTERS_PER_TOKEN
        if self.prompt_limit is not None and estimate > self.prompt_limit:
            session.note("prompt_limit", tokens=estimate, limit=self.prompt_limit)
            return Answer(None, "budget", f"the first prompt has about {estimate} tokens")
        return self._program(sample, session, docs, chat)

    def _program(self, sample: Sample, session: Session, docs: Sequence[ToolDoc], chat: list[Message]) -> Answer:
        for number in range(1, self._runs + 1):
            program, reply = self._written(session, "program" if number == 1 else "revise", chat)
            if program is None:
                return Answer(None, "parse_error", reply)
            run = self._run(program, sample, session)
            _note(session, number, run)
            if run.state == 0:
                return self._answer(sample, run)
            if number < self._runs:
                blamed = self._blamed(sample, session, docs, program, run)
                chat += [Message("assistant", reply), Message("user", self._revision(docs, run, blamed))]
        # What was printed in spite of everything is all there is; an exception leaves nothing.
        text = _printed(run.execution.stdout, sample.answer_type) if run.state == 2 else None
        return Answer(text, "max_hops", run.execution.stdout)

    def _written(self, session: Session, action: str, chat: Sequence[Message]) -> tuple[str | None, str]:
        reminder = self._texts.texts["reminder"]
        return ask_until_read(
            session, action, chat, read_program, reminder=reminder, retries=self.retries, sampling=self._sampling
        )

    def _run(self, program: str, sample: Sample, session: Session) -> Run:
        """Run a program; by our own rule, output that holds no answer looks wrong, too."""
        run = judged(interpreters(self._limits).run(program, session), self.states)
        empty = _printed(run.execution.stdout, sample.answer_type) is None
        return replace(run, state=2) if run.state == 0 and self.states == "calls" and empty else run

    def _answer(self, sample: Sample, run: Run) -> Answer:
        return as_answer(_printed(run.execution.stdout, sample.answer_type), run.execution.stdout)

    def _blamed(
        self, sample: Sample, session: Session, docs: Sequence[ToolDoc], program: str, run: Run
    ) -> tuple[ToolDoc, ...]:
        """ATTRIBUTE: the tools that a reviewer holds responsible for a failed run."""
        if self.attribution == "none" or (self.attribution == "exceptions" and run.state == 2):
            return ()
        request = self._texts.fill(
            "attribute",
            tools=short_block(docs, self.calls),
            request=sample.text,
            program=program,
            fault=block("result", cut(run.fault, SHOWN)),
        )
        reply = session.ask("attribute", conversation(self._texts.texts["system"], request), self._sampling)
        names = blamed_tools(reply.text, [doc.name for doc in docs], self.blame)
        blamed = tuple(doc for doc in docs if doc.name in names)
        session.note("blame", tools=[doc.spec.name for doc in blamed])
        return blamed

    def _request(self, sample: Sample, docs: Sequence[ToolDoc]) -> str:
        first = next((doc for doc in docs if doc.spec.url), docs[0]) if self.calls == "requests" else docs[0]
        return self._texts.fill(
            "program",
            tools=full_block(docs, self.calls),
            how=self._texts.fill(f"how_{self.calls}", example=example_call(first, self.calls)),
            form=form_of(sample.answer_type),
            request=sample.text,
        )

    def _revision(self, docs: Sequence[ToolDoc], run: Run, blamed: Sequence[ToolDoc]) -> str:
        blame = ""
        if blamed:
            blame = self._texts.fill("blame", names=", ".join(doc.name for doc in blamed))
        if blamed and self.blamed_docs:
            blame += self._texts.fill("blamed_docs", tools=full_block(blamed, self.calls))
        text = "revise" if run.state == 1 else "revise_output"
        return self._texts.fill(text, fault=block("result", cut(run.fault, SHOWN)), blame=blame)

    def _documentation(self, session: Session) -> tuple[ToolDoc, ...]:
        """What is known of the session's tools.

        Raises:
            UsageError: There are none.
        """
        specs = session.tools()
        if not specs:
            raise UsageError("this agent calls tools, and the task has none")
        docs = declared(specs, replies=self.documentation == "given")
        if self.documentation != "probed":
            return docs
        probed = read_probed(Path(self.probes)) if self.probes else self._probed(session)
        described = probed.describe(docs)
        session.note(
            "documentation",
            digest=probed.digest,
            documented=[doc.spec.name for doc in described if doc.returns is not None],
            undocumented=[doc.spec.name for doc in described if doc.returns is None],
            cost=vars(probed.cost),
        )
        return described

    def _probed(self, session: Session) -> ProbedTools:
        """What probing finds out; done once a run for the same tools, whatever order they are offered in."""
        probing = Probing(
            self.probe_tries,
            self.probe_rounds,
            self.probe_rule,
            self.try_mutating,
            self.calls if self.mode == "program" else "functions",
            self.temperature,
            self.max_tokens,
            replace(self._limits, output=OUTPUT),
        )
        specs = sorted(session.tools(), key=lambda spec: spec.name)
        key = _key("probe", session, [vars(spec) for spec in specs], probing.setting)
        return once(session.allowance, key, lambda: aside(session, partial(probe_in, tools=specs, probing=probing)))

    def _wrappers(self, session: Session, docs: Sequence[ToolDoc]) -> tuple[Wrapper, ...]:
        """Functions around the tools; done once a run for the same documentation."""
        how = Encapsulation(
            tries=self.alpha,
            rule=self.probe_rule,
            mutating=self.try_mutating,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            limits=self._limits,
        )
        ordered = sorted(docs, key=lambda doc: doc.spec.name)
        key = _key("encapsulate", session, [doc.full("functions") for doc in ordered], how.setting)
        work = partial(encapsulate, docs=ordered, how=how)
        wrapped = once(session.allowance, key, lambda: aside(session, work))
        tools = [wrapper.tool for wrapper in wrapped.wrappers]
        session.note("encapsulation", tools=tools, cost=vars(wrapped.cost))
        return wrapped.wrappers

    @property
    def _runs(self) -> int:
        return self.alpha + (self.alpha_counts == "revisions")

    @property
    def _limits(self) -> ProgramLimits:
        return ProgramLimits(seconds=self.program_seconds, calls=self.program_calls)

    @property
    def _sampling(self) -> Sampling:
        return Sampling(self.temperature, max_tokens=self.max_tokens)

    @property
    def _texts(self) -> Prompt:
        return load_prompt(self.prompts[0])


def _printed(output: str, answer_type: AnswerType) -> str | None:
    """The answer that a program printed: all of it where a text is wanted, else its last line."""
    if answer_type == "text":
        return short_answer(output, "text")
    lines = [line for line in output.splitlines() if line.strip()]
    return stated(lines[-1], answer_type) if lines else None


def _note(session: Session, number: int, run: Run) -> None:
    execution = run.execution
    session.note(
        "run",
        number=number,
        state=run.state,
        status=execution.status,
        error=None if execution.error is None else execution.error.text,
        output=cut(execution.stdout, NOTED),
        calls=len(execution.calls),
    )


def _key(what: str, session: Session, tools: Sequence[object], setting: object) -> str:
    """What shared work depends on: tools, models, settings."""
    models = {role: [llm.name, llm.identity] for role, llm in session.llms.items()}
    return canonical(json.loads(json.dumps([what, tools, models, setting], default=str)))
