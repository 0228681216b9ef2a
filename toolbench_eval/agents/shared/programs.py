"""Programs that agents have written for them: reading one out of a reply, running it, judging what came of it."""

from __future__ import annotations

import ast
import atexit
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from toolbench_eval.agents.shared.tool_docs import ToolDoc
from toolbench_eval.environments.base import CallRecord, ToolResult, ToolSpec, failure
from toolbench_eval.environments.program_calls import ToolProvider
from toolbench_eval.environments.sandbox import Execution, ProgramLimits, Sandbox

StateRule = Literal["calls", "phrases"]
"""When the output of a program that ran to its end looks wrong. `calls`: nothing was printed, no call was answered, or
what a failed call said was printed. `phrases`: as in ATC's code, the output holds a phrase such as `error`."""

ERROR_PHRASES = ("not available", "out of range", "error", "fail", "invalid")
"""Phrases that ATC's code takes for a failure, as far as its readers have named them."""
NO_OUTPUT = "(nothing was printed)"

_THOUGHT_ENDS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_THOUGHT_BEGINS = re.compile(r"<think(?:ing)?>.*", re.IGNORECASE | re.DOTALL)
_FENCED = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)
_PYTHON = {"python", "python3", "py"}


def without_thought(reply: str) -> str:
    """A reply without the reasoning that some models write first (`<think>`)."""
    return _THOUGHT_BEGINS.sub("", _THOUGHT_ENDS.split(reply)[-1])


def read_program(reply: str) -> str | None:
    """The last fenced program of a reply; without a fence, the reply if it is Python that calls something.

    Of several fences those that are marked as Python come first; one that is not closed ends with the reply.
    """
    text = without_thought(reply)
    blocks: list[tuple[str, str]] = _FENCED.findall(text)
    fenced = [(language.lower(), body) for language, body in blocks if body.strip()]
    marked = [body for language, body in fenced if language in _PYTHON]
    found = marked or [body for language, body in fenced if not language]
    if found:
        return found[-1].strip("\n")
    parsed = None if fenced else parse(text.strip())
    calls = parsed is not None and any(isinstance(node, ast.Call) for node in ast.walk(parsed))
    return text.strip() if calls else None


def parse(program: str) -> ast.Module | None:
    """The syntax tree of a program, None where it is no Python."""
    try:
        return ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=8)
def interpreters(limits: ProgramLimits) -> Sandbox:
    """The process's interpreters with these bounds; they end with the process."""
    sandbox = Sandbox(limits)
    atexit.register(sandbox.close)
    return sandbox


@dataclass(frozen=True)
class Run:
    """A program that was run.

    Attributes:
        execution: What came of it.
        state: 0 fine; 1 it ended early; 2 its output looks wrong.
    """

    execution: Execution
    state: Literal[0, 1, 2]

    @property
    def fault(self) -> str:
        """What is wrong, for a model to read."""
        error = self.execution.error
        return self.execution.stdout.strip() or NO_OUTPUT if error is None else error.traceback or error.text


def judged(execution: Execution, rule: StateRule) -> Run:
    """The state of a run by one of the rules."""
    if not execution.ok:
        return Run(execution, 1)
    if rule == "phrases":
        output = execution.stdout.lower()
        doubtful = any(phrase in output for phrase in ERROR_PHRASES)
    else:
        doubtful = _without_answer(execution)
    return Run(execution, 2 if doubtful else 0)


def _without_answer(execution: Execution) -> bool:
    failed = [record for record in execution.calls if record.result.failed]
    if not execution.stdout.strip() or (failed and len(failed) == len(execution.calls)):
        return True
    return any(said in execution.stdout for record in failed for said in _complaints(record))


def _complaints(record: CallRecord) -> list[str]:
    """What a failed call said, as programs print it: the text, or the message in it."""
    value = record.result.value
    message = value.get("error") if isinstance(value, Mapping) else None
    return [said for said in (record.result.text, message) if isinstance(said, str) and said.strip()]


class Offered:
    """Some tools for a program, by the names of their documentation; anything else is an unknown tool, and not called.

    It can have a function `finish`, which is no tool: what it is given is the answer.
    """

    def __init__(self, tools: ToolProvider, docs: Sequence[ToolDoc], *, finish: ToolSpec | None = None) -> None:
        """Set where calls go, and what may be called."""
        self._tools, self._finish = tools, finish
        self._names = {doc.name: doc.spec.name for doc in docs}
        self._specs = [replace(doc.spec, name=doc.name) for doc in docs]
        self.answers: list[Any] = []

    def tools(self) -> Sequence[ToolSpec]:
        """What is offered."""
        return self._specs if self._finish is None else [self._finish, *self._specs]

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Call one."""
        if self._finish is not None and name == self._finish.name:
            self.answers.append(next(iter(arguments.values()), None))
            return ToolResult("ok", None, "")
        if name not in self._names:
            return failure("unknown_tool", f"there is no tool '{name}'")
        return self._tools.call(self._names[name], arguments)
