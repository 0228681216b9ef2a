"""Programs that models write, run by an interpreter that has no files, no network and no way out.

pydantic-monty runs a subset of Python in worker processes. What a program can reach beyond its own values are the tools
that are handed in, each a function; every call goes through the environment and stands in the record.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from toolbench_eval.environments.base import CallRecord, Json
from toolbench_eval.environments.program_calls import NO_TOOLS, ProgramCalls, Stop, ToolProvider
from toolbench_eval.environments.requests_module import plain_errors
from toolbench_eval.errors import UsageError

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontyError, MontySession, OSPolicy, ResourceLimits

INSTALL = "programs are run by pydantic-monty: pip install 'toolbench-eval[agents]'"
TRACEBACK = 2_000
"""Characters of a traceback that are kept: its end."""
_LOST = {"timeout", "memory", "output", "calls"}

ExecutionStatus = Literal["ok", "exception", "timeout", "memory", "output", "calls", "refused"]


@dataclass(frozen=True)
class ProgramLimits:
    """Bounds of one program.

    Attributes:
        seconds: Time of the program itself, calls not included.
        total: Time with all calls.
        memory: Bytes of its values.
        output: Characters that it prints.
        calls: Calls of tools.
        source: Characters of its text.
    """

    seconds: float = 60.0
    total: float = 300.0
    memory: int = 256 * 1024 * 1024
    output: int = 100_000
    calls: int = 50
    source: int = 200_000


@dataclass(frozen=True)
class ProgramError:
    """Why a program ended early.

    Attributes:
        type: Name of the exception; of a bound that was reached, the bound.
        message: Its text.
        line: Line of the program, None where it has none.
        traceback: As Python shows it.
    """

    type: str
    message: str
    line: int | None = None
    traceback: str = ""

    @property
    def text(self) -> str:
        """One line for a model to read."""
        return f"{self.type}: {self.message}" + ("" if self.line is None else f" (line {self.line})")


@dataclass(frozen=True)
class Execution:
    """What came of a program.

    Attributes:
        status: `ok`; `exception`, it raised or is no Python; `refused`, it needs what the sandbox withholds: files,
            the environment, modules, or a construct that the interpreter lacks; or the bound that it reached:
            `timeout`, `memory`, `output`, `calls`.
        stdout: What it printed until then.
        error: Why it ended early, None if it did not.
        calls: The calls that it made, in order, with their results.
        refused: What it asked of the system and was denied, e.g. `open`, whether or not it went on.
        seconds: How long it took.
    """

    status: ExecutionStatus
    stdout: str
    error: ProgramError | None
    calls: tuple[CallRecord, ...]
    refused: tuple[str, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it ran to its end."""
        return self.status == "ok"


class Sandbox:
    """A pool of interpreters; several threads may use it at once. Close it, or use it in `with`."""

    def __init__(
        self,
        limits: ProgramLimits | None = None,
        *,
        workers: int = 32,
        now: datetime | None = None,
        seed: int = 0,
    ) -> None:
        """Set the bounds; nothing is started before it is needed.

        Args:
            limits: Bounds of each program.
            workers: Programs and notebooks that may be open at once; further ones wait.
            now: What the clock shows, None for the time.
            seed: Where `random` begins, so that a program does the same every time.
        """
        self.limits, self._workers = limits or ProgramLimits(), workers
        self._policy: OSPolicy = {"sleep": "zero", "random_start": {"seed": seed}}
        if now is not None:
            self._policy["datetime"] = now
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._pool: Monty | None = None

    def run(
        self, program: str, tools: ToolProvider | None = None, *, values: Mapping[str, Json] | None = None
    ) -> Execution:
        """Run one program in a fresh interpreter.

        Args:
            program: Its text.
            tools: An environment, or an agent's session, whose tools become functions (see `ProgramCalls`); put bounds
                around environments that may hang (`Guarded`).
            values: Variables that are set before it begins.

        Raises:
            UsageError: pydantic-monty is not installed.
            Exception: What `tools.call` raises, such as a budget that is used up; the program is ended.
        """
        with self.notebook(tools, values=values) as notebook:
            return notebook.run(program)

    def notebook(self, tools: ToolProvider | None = None, *, values: Mapping[str, Json] | None = None) -> Notebook:
        """A series of programs that share their variables (see `run` for the arguments)."""
        return Notebook(self, tools, values or {})

    def close(self) -> None:
        """End the workers."""
        with self._lock:
            self._pool = None
            self._stack.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the workers."""
        self.close()

    def checkout(self, modules: Mapping[str, Any]) -> MontySession:
        """An interpreter of the pool, for `Notebook`."""
        limits: ResourceLimits = {
            "max_feed_duration_secs": self.limits.seconds,
            "max_memory": self.limits.memory,
            # Replies of services are read by calls as well, so there are more of them than calls of tools.
            "max_suspensions": 10_000 + 100 * self.limits.calls,
        }
        return self._started().checkout(limits=limits, os_policy=self._policy, external_modules=modules)

    def _started(self) -> Monty:
        try:
            from pydantic_monty import Monty
        except ImportError:
            raise UsageError(INSTALL) from None
        with self._lock:
            if self._pool is None:
                self._pool = self._stack.enter_context(Monty(min_processes=1, max_processes=self._workers))
            return self._pool


class Notebook:
    """Programs that share variables; one thread uses it at a time.

    After a program that reached a bound, the variables are gone: the next one begins in a fresh interpreter, with the
    first values.
    """

    def __init__(self, sandbox: Sandbox, tools: ToolProvider | None, values: Mapping[str, Json]) -> None:
        """Set what programs can reach; an interpreter is taken with the first program."""
        self._sandbox, self._tools, self._values = sandbox, tools or NO_TOOLS, dict(values)
        self._stack = ExitStack()
        self._session: MontySession | None = None

    def run(self, program: str) -> Execution:
        """Run a program (see `Sandbox.run`)."""
        began = time.perf_counter()
        limits = self._sandbox.limits
        calls = ProgramCalls(self._tools, limits.calls, limits.output, time.monotonic() + limits.total)
        status, error = self._driven(program, calls)
        if status in _LOST:
            self.close()
        seconds = time.perf_counter() - began
        return Execution(status, calls.stdout, error, tuple(calls.records), tuple(calls.refused), seconds)

    def close(self) -> None:
        """Give the interpreter back; variables are gone."""
        self._session = None
        self._stack.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Give the interpreter back."""
        self.close()

    def _driven(self, program: str, calls: ProgramCalls) -> tuple[ExecutionStatus, ProgramError | None]:
        allowed = self._sandbox.limits.source
        if len(program) > allowed:
            message = f"the program has {len(program)} characters, {allowed} are allowed"
            return "refused", ProgramError("source", message)
        from pydantic_monty import MontyComplete, MontyError

        done = False
        try:
            session, values = self._opened(calls)
            calls.worker = session.worker_pid
            snapshot = session.feed_start(
                plain_errors(program), inputs=values, external_lookup=calls.functions, print_callback=calls.printed
            )
            while not isinstance(snapshot, MontyComplete):
                snapshot = calls.answered(snapshot)
            done = True
        except Stop as stop:
            done = True
            return stop.bound, ProgramError(stop.bound, str(stop))
        except MontyError as raised:
            done = True
            return _reading(raised, calls)
        finally:
            if not done:
                self.close()  # what the caller's own code raised leaves an interpreter in the middle of a program
        # A short program may be at its end before the interpreter is ended for what it printed.
        return ("output", _too_much(calls)) if calls.overflow else ("ok", None)

    def _opened(self, calls: ProgramCalls) -> tuple[MontySession, dict[str, Json]]:
        if self._session is not None:
            return self._session, {}
        self._session = self._stack.enter_context(self._sandbox.checkout(calls.modules))
        return self._session, self._values


def _reading(raised: MontyError, calls: ProgramCalls) -> tuple[ExecutionStatus, ProgramError]:
    """What an exception of the interpreter means."""
    from pydantic_monty import MontyCrashedError, MontyRuntimeError, MontySyntaxError

    if calls.overflow:
        return "output", _too_much(calls)
    if isinstance(raised, MontyCrashedError):
        bound: Literal["timeout", "memory"] = "timeout" if raised.timed_out else "memory"
        return bound, ProgramError(bound, "the interpreter was ended")
    if not isinstance(raised, MontyRuntimeError | MontySyntaxError):
        return "exception", ProgramError(type(raised).__name__, str(raised))
    kind, _, message = raised.display("type-msg").partition(": ")
    frames = raised.traceback()
    error = ProgramError(kind, message, frames[-1].line if frames else None, raised.display("traceback")[-TRACEBACK:])
    return _status(error, calls), error


def _too_much(calls: ProgramCalls) -> ProgramError:
    return ProgramError("output", f"more than {calls.output} characters were printed")


def _status(error: ProgramError, calls: ProgramCalls) -> ExecutionStatus:
    """By type and text: the interpreter has no other mark on the exceptions of its bounds."""
    lacks = error.type == "NotImplementedError" and ("monty" in error.message or "synchronous" in error.message)
    if lacks or error.type == "ModuleNotFoundError" or error.message in calls.denials:
        return "refused"
    if error.type == "TimeoutError" and "time limit exceeded" in error.message:
        return "timeout"
    if error.type == "RuntimeError" and error.message.startswith("suspension limit"):
        return "calls"
    return "memory" if error.type == "MemoryError" else "exception"
