"""What a program in the sandbox calls: tools as functions, the `requests` module, and the system, which says no."""

from __future__ import annotations

import builtins
import os
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Literal, Protocol

from toolbench_eval.environments.base import CallRecord, Json, ToolResult, ToolSpec, canonical, failure
from toolbench_eval.environments.functions import as_json
from toolbench_eval.environments.patience import OutOfTime, run_within
from toolbench_eval.environments.requests_module import LARGEST, Fault, RequestsModule
from toolbench_eval.environments.toolbox import ToolError

if TYPE_CHECKING:
    from pydantic_monty import FunctionSnapshot, FutureSnapshot, MontyComplete, NameLookupSnapshot

    Snapshot = FunctionSnapshot | NameLookupSnapshot | FutureSnapshot | MontyComplete

_NOT_TOOLS = {*dir(builtins), "exit", "quit", "display", "get_ipython"}
"""Functions of Python that the interpreter lacks: calling them is no call of an unknown tool."""


class ToolProvider(Protocol):
    """Tools that a program may call: an environment, or an agent's session, which records calls and has a budget."""

    def tools(self) -> Sequence[ToolSpec]:
        """The tools."""

    def call(self, name: str, arguments: Any) -> ToolResult:
        """Call one."""


class _NoTools:
    """A provider of nothing."""

    def tools(self) -> Sequence[ToolSpec]:
        return ()

    def call(self, name: str, arguments: Any) -> ToolResult:
        return failure("unknown_tool", f"there is no tool '{name}'")


NO_TOOLS: ToolProvider = _NoTools()


class Stop(Exception):  # noqa: N818 - a finding
    """A bound of the program is reached; it cannot catch this."""

    def __init__(self, bound: Literal["timeout", "calls", "output"], message: str) -> None:
        """Set the bound and the text."""
        super().__init__(message)
        self.bound: Literal["timeout", "calls", "output"] = bound


class ProgramCalls:
    """The outside of one program.

    A tool is a function of its name, with characters that Python does not allow as underscores. Positional arguments
    are taken in the order of the schema. It returns the value of the result, and raises a RuntimeError with the text
    where the call failed. A call of a name that is neither a tool nor a function of Python is a call of an unknown
    tool, and raises a NameError as in Python. Tools that have an address can be called by `requests`, too.
    """

    def __init__(self, tools: ToolProvider, calls: int, output: int, deadline: float) -> None:
        """Set what can be called, and the bounds: number of calls, characters printed, `time.monotonic` of the end."""
        self._tools, self._most, self.output, self._deadline = tools, calls, output, deadline
        specs = tools.tools()
        self._specs = dict(zip(function_names(specs), specs, strict=True))
        self._requests = RequestsModule(specs, self.call) if any(spec.url for spec in specs) else None
        self._printed: list[str] = []
        self._size = 0
        self.records: list[CallRecord] = []
        self.refused: dict[str, None] = {}
        self.denials: set[str] = set()
        self.worker: int | None = None

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """Names that the interpreter must know; calls are answered by `answered`, not by these."""
        return dict.fromkeys(self._specs, _never)

    @property
    def modules(self) -> dict[str, Any]:
        """Modules that can be imported beside the interpreter's own."""
        return {} if self._requests is None else {"requests": self._requests.module}

    @property
    def stdout(self) -> str:
        """What was printed, up to the bound."""
        return "".join(self._printed)[: self.output]

    @property
    def overflow(self) -> bool:
        """Whether more was printed than is allowed."""
        return self._size > self.output

    def printed(self, stream: str, text: str) -> None:
        """Take what a program prints; past the bound, end its interpreter, which would go on until its time is up."""
        if not self.overflow:
            self._printed.append(text)
        self._size += len(text)
        if self.overflow and self.worker is not None:
            with suppress(ProcessLookupError):
                os.kill(self.worker, signal.SIGKILL)

    def answered(self, snapshot: Any) -> Snapshot:
        """Answer what a program waits for.

        Raises:
            Stop: A bound is reached.
        """
        from pydantic_monty import FunctionSnapshot

        if time.monotonic() > self._deadline:
            raise Stop("timeout", "the program and its calls took too long")
        if not isinstance(snapshot, FunctionSnapshot) or snapshot.object_id is not None:
            answered: Snapshot = snapshot.resume_auto()
            return answered
        name = snapshot.function_name
        if snapshot.is_os_function:
            return self._asked_system(snapshot, name)
        if self._requests is not None and name.startswith("requests."):
            function, answer = name.removeprefix("requests."), self._requests.answer
            return _resumed(snapshot, lambda: answer(function, snapshot.args, snapshot.kwargs))
        if name in self._specs:
            return _resumed(snapshot, lambda: self._tool(self._specs[name], snapshot))
        if name not in _NOT_TOOLS and self._tools is not NO_TOOLS:
            self.call(name, _any_arguments(snapshot))
        return snapshot.resume_auto()

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Call a tool and record it.

        Raises:
            Stop: There were too many calls, or the time is up.
        """
        if len(self.records) >= self._most:
            raise Stop("calls", f"all {self._most} calls are used up")
        left = max(0.0, self._deadline - time.monotonic())
        try:
            result = run_within(left, lambda: self._tools.call(name, arguments))
        except OutOfTime:
            message = f"{name} did not answer before the program's time was up"
            self.records.append(CallRecord(name, arguments, failure("timeout", message)))
            raise Stop("timeout", message) from None
        self.records.append(CallRecord(name, arguments, result))
        return result

    def _tool(self, spec: ToolSpec, snapshot: FunctionSnapshot) -> Json:
        arguments = self._arguments(spec, snapshot)
        result = self.call(spec.name, arguments)
        if result.failed:
            raise Fault(RuntimeError(result.text))
        return result.value

    def _arguments(self, spec: ToolSpec, snapshot: FunctionSnapshot) -> dict[str, Any]:
        names = list(spec.properties)
        places = [names[at] if at < len(names) else f"argument_{at + 1}" for at in range(len(snapshot.args))]
        doubled = [name for name in places if name in snapshot.kwargs]
        if doubled:
            raise Fault(TypeError(f"{spec.name}() got multiple values for argument '{doubled[0]}'"))
        try:
            arguments: dict[str, Any] = as_json(dict(zip(places, snapshot.args, strict=True)) | snapshot.kwargs)
            size = len(canonical(arguments))
        except (ToolError, RecursionError) as error:
            raise Fault(TypeError(f"{spec.name}() takes JSON values only: {error}")) from None
        if size > LARGEST:
            raise Fault(ValueError(f"{spec.name}() was given {size} characters, {LARGEST} are allowed"))
        return arguments

    def _asked_system(self, snapshot: FunctionSnapshot, name: str) -> Snapshot:
        if name == "import":
            module = str(snapshot.args[0])
            if module.partition(".")[0] not in self.modules:
                self.refused[f"import {module}"] = None
            return snapshot.resume_auto()
        self.refused[name] = None
        message = f"{name} is not allowed in the sandbox"
        self.denials.add(message)
        return snapshot.resume({"exception": PermissionError(message)})


def function_names(tools: Sequence[ToolSpec]) -> list[str]:
    """A Python name for each tool, in order.

    What Python does not allow becomes an underscore, and a name that is used already gets a number.
    """
    taken: dict[str, None] = {}
    for tool in tools:
        name = re.sub(r"\W", "_", tool.name)
        name = f"_{name}" if not name or name[0].isdigit() or iskeyword(name) else name
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        taken[unique] = None
    return list(taken)


def _resumed(snapshot: FunctionSnapshot, work: Callable[[], Any]) -> Snapshot:
    """Go on with what the work returns, or with an exception that the program may catch."""
    try:
        value = work()
    except Fault as fault:
        return snapshot.resume({"exception": fault.error})
    return snapshot.resume({"return_value": value})


def _any_arguments(snapshot: FunctionSnapshot) -> dict[str, Any]:
    """The arguments of a call of a function that does not exist, as far as they are JSON values."""
    given = {f"argument_{at + 1}": one for at, one in enumerate(snapshot.args)} | snapshot.kwargs
    try:
        arguments: dict[str, Any] = as_json(given)
        return arguments if len(canonical(arguments)) <= LARGEST else {}
    except (ToolError, RecursionError):
        return {}


def _never(*args: Any, **kwargs: Any) -> None:
    raise NotImplementedError("calls are answered one by one")
