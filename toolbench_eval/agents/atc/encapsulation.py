"""Tools wrapped into functions that a model writes from their documentation and tests by calling them.

Source: AutoTools, Shi et al. 2025, *Tool Learning in the Wild* (arXiv 2405.16533v2); its code (09c88df) is what the
procedure is known from. There a run counts as fine whatever happens in it; here the test must have been answered by the
tool (`rule="released"` takes any function that the interpreter accepted).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from toolbench_eval.agents.atc.probed_tools import Cost
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.programs import Offered, interpreters, parse, read_program
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_docs import ToolDoc, full_block
from toolbench_eval.agents.shared.tool_prompting import block
from toolbench_eval.environments.base import cut
from toolbench_eval.environments.sandbox import Execution, ProgramLimits
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import Prompt, load_prompt

PROMPT = "autotools-1"
SHOWN = 2_000
"""Characters of an output that are shown again."""

EncapsulationRule = Literal["corrected", "released"]


@dataclass(frozen=True)
class Encapsulation:
    """How tools are wrapped.

    Attributes:
        tries: Functions that are asked for until one passes its own test.
        rule: What passes.
        mutating: Whether tools that change something are wrapped and tested, too.
        temperature: Of the model.
        max_tokens: Longest reply.
        limits: Bounds of a test.
    """

    tries: int = 3
    rule: EncapsulationRule = "corrected"
    mutating: bool = False
    temperature: float = 0.0
    max_tokens: int | None = None
    limits: ProgramLimits = field(default_factory=ProgramLimits)

    @property
    def sampling(self) -> Sampling:
        """How replies are drawn."""
        return Sampling(self.temperature, max_tokens=self.max_tokens)

    @property
    def setting(self) -> dict[str, Any]:
        """What the outcome depends on."""
        return {**asdict(self), "prompt": load_prompt(PROMPT).digest}


@dataclass(frozen=True)
class Wrapper:
    """A function around a tool.

    Attributes:
        tool: The tool.
        name: The function.
        source: Its definition.
        signature: Its first line, without `def` and colon.
        docstring: Its docstring.
        test: Program that tests it.
    """

    tool: str
    name: str
    source: str
    signature: str
    docstring: str
    test: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """What is told of it."""
        return {"name": self.name, "signature": self.signature, "docstring": self.docstring}


@dataclass(frozen=True)
class Wrapped:
    """The wrappers that passed their tests, and what that took."""

    wrappers: tuple[Wrapper, ...] = ()
    cost: Cost = field(default_factory=Cost)


def wrapper_name(doc: ToolDoc) -> str:
    """What the function around a tool is called."""
    return f"call_{doc.name}"


def encapsulate(session: Session, docs: Sequence[ToolDoc], how: Encapsulation) -> Wrapped:
    """Have functions written around tools, tested and verified; tools whose function fails have none."""
    began, wrappers, taken = len(session.steps), [], {doc.name for doc in docs}
    for doc in docs:
        if wrapper_name(doc) in taken or (doc.spec.mutating and not how.mutating):
            continue
        work = _Work(session, doc, how)
        wrapper = work.written()
        verified = wrapper is not None and work.verified(wrapper)
        session.note("encapsulate", tool=doc.spec.name, written=wrapper is not None, verified=verified)
        if wrapper is not None and verified:
            wrappers.append(wrapper)
    return Wrapped(tuple(wrappers), Cost.of(session.steps[began:]))


def read_wrapper(program: str, doc: ToolDoc) -> Wrapper | None:
    """The function of the wanted name in a program, and the rest as its test; None where there is no such function."""
    tree = parse(program)
    wanted = wrapper_name(doc)
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == wanted] if tree else []
    if tree is None or not found:
        return None
    function = found[0]
    rest = [ast.unparse(node) for node in tree.body if node is not function]
    signature = f"{wanted}({ast.unparse(function.args)})"
    docstring = ast.get_docstring(function) or ""
    return Wrapper(doc.spec.name, wanted, ast.unparse(function), signature, docstring, "\n".join(rest))


@dataclass(frozen=True)
class _Work:
    """Wrapping one tool."""

    session: Session
    doc: ToolDoc
    how: Encapsulation

    def written(self) -> Wrapper | None:
        """ENCAPSULATE: a function that passes the test written with it."""
        shown = {"tool": full_block([self.doc], "functions"), "tool_name": self.doc.name}
        messages = self._asked(self._texts.fill("encapsulate", **shown, name=wrapper_name(self.doc)))
        for attempt in range(self.how.tries):
            reply = self.session.ask("encapsulate", messages, self.how.sampling, attempt=attempt).text
            program = read_program(reply)
            wrapper = None if program is None else read_wrapper(program, self.doc)
            if wrapper is None:
                told = self._texts.fill("no_function", name=wrapper_name(self.doc))
            else:
                execution = self._tested(wrapper, wrapper.test)
                if self._passes(execution):
                    return wrapper
                fault = execution.stdout if execution.error is None else execution.error.text
                told = self._texts.fill("test_failed", output=block("result", cut(fault.strip(), SHOWN)))
            messages = [*messages, Message("assistant", reply.strip() or "(nothing)"), Message("user", told)]
        return None

    def verified(self, wrapper: Wrapper) -> bool:
        """VERIFY: whether the function passes a test written for the finished function."""
        request = self._texts.fill("verify", function=wrapper.source, name=wrapper.name)
        program = read_program(self.session.ask("verify", self._asked(request), self.how.sampling).text)
        return program is not None and self._passes(self._tested(wrapper, program))

    def _tested(self, wrapper: Wrapper, test: str) -> Execution:
        provider = Offered(self.session, [self.doc])
        return interpreters(self.how.limits).run(f"{wrapper.source}\n\n{test}", provider)

    def _passes(self, execution: Execution) -> bool:
        if self.how.rule == "released":
            return True
        answered = any(record.name == self.doc.name and not record.result.failed for record in execution.calls)
        return execution.ok and answered

    def _asked(self, request: str) -> list[Message]:
        return conversation(self._texts.texts["system"], request)

    @property
    def _texts(self) -> Prompt:
        return load_prompt(PROMPT)
