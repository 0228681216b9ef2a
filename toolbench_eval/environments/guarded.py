"""Bounds around any environment: time of a call, size of a result, number of calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolbench_eval.environments.base import (
    Arguments,
    Environment,
    Json,
    ToolResult,
    ToolSpec,
    cut,
    failure,
    shown,
)
from toolbench_eval.environments.patience import OutOfTime, run_within
from toolbench_eval.errors import EvalHarnessError


@dataclass(frozen=True)
class CallLimits:
    """Bounds of calls.

    Attributes:
        seconds: Time of one call.
        characters: Size of one result; what is longer is cut.
        calls: Number of calls until the next reset, None for no bound.
    """

    seconds: float = 60.0
    characters: int = 100_000
    calls: int | None = None


class Guarded:
    """An environment whose calls come to an end, and whose results have a size.

    A call that takes too long is an error of the kind `timeout`. It goes on in a thread that nobody waits for, so it
    may still change the state; `abandoned` counts such calls.
    """

    def __init__(self, environment: Environment, limits: CallLimits | None = None) -> None:
        """Put bounds around an environment."""
        self._environment, self._limits = environment, limits or CallLimits()
        self.calls = self.abandoned = 0

    def tools(self) -> Sequence[ToolSpec]:
        """The tools of the environment."""
        return self._environment.tools()

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool within the bounds."""
        bound = self._limits.calls
        if bound is not None and self.calls >= bound:
            return failure("call_limit", f"all {bound} calls are used up")
        self.calls += 1
        began = time.perf_counter()
        try:
            result = run_within(self._limits.seconds, lambda: self._environment.call(name, arguments))
        except OutOfTime:
            self.abandoned += 1
            result = failure("timeout", f"{name} did not answer within {self._limits.seconds:g} s")
        except EvalHarnessError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - an environment that breaks its promise
            result = failure("tool_error", f"{type(error).__name__}: {error}")
        return replace(self._bounded(result), seconds=time.perf_counter() - began)

    def reset(self) -> None:
        """Reset the environment and the count of calls."""
        self._environment.reset()
        self.calls = self.abandoned = 0

    def snapshot(self) -> Json:
        """The state of the environment."""
        return self._environment.snapshot()

    def _bounded(self, result: ToolResult) -> ToolResult:
        bound = self._limits.characters
        value = shown(result.value)
        if len(result.text) <= bound and len(value) <= bound:
            return result
        text = cut(result.text if len(result.text) > bound else value, bound)
        if result.failed:
            return replace(result, value=text, text=text)
        return replace(result, status="cut", error="too_large", value=text, text=text)
