"""Hangs, megabytes, and calls without end."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

import pytest

from toolbench_eval.environments.base import ToolResult, ToolSpec, answer, failure
from toolbench_eval.environments.guarded import CallLimits, Guarded
from toolbench_eval.environments.patience import OutOfTime, run_within
from toolbench_eval.errors import StorageError


class Odd:
    """An environment that does whatever a test wants."""

    def __init__(self) -> None:
        self.released, self.calls, self.resets = threading.Event(), 0, 0

    def tools(self) -> list[ToolSpec]:
        return [ToolSpec("any")]

    def call(self, name: str, arguments: Any) -> ToolResult:
        self.calls += 1
        if name == "hang":
            self.released.wait(30)
        if name == "raise":
            raise ValueError("half-way")
        if name == "exit":
            raise SystemExit(1)
        if name == "disk":
            raise StorageError("the disk is full")
        if name == "large error":
            return failure("tool_error", "e" * 1_000)
        if name == "large value":
            return answer(["v" * 1_000], text="short")
        return answer("x" * 2_000_000 if name == "large" else "fine")

    def reset(self) -> None:
        self.resets += 1

    def snapshot(self) -> int:
        return self.calls


@pytest.fixture
def odd() -> Any:
    odd = Odd()
    yield odd
    odd.released.set()


def test_a_call_within_the_bounds_passes(odd: Odd) -> None:
    guarded = Guarded(odd)
    assert guarded.call("x", {}).text == "fine"
    assert guarded.tools() == odd.tools()
    assert guarded.snapshot() == 1


def test_a_tool_that_hangs_is_given_up(odd: Odd) -> None:
    guarded = Guarded(odd, CallLimits(seconds=0.05))
    result = guarded.call("hang", {})
    assert (result.status, result.error, guarded.abandoned) == ("error", "timeout", 1)
    assert "did not answer within 0.05 s" in result.text
    assert guarded.call("x", {}).text == "fine"


def test_megabytes_are_cut_with_a_notice(odd: Odd) -> None:
    result = Guarded(odd, CallLimits(characters=100)).call("large", {})
    assert (result.status, result.error, result.failed) == ("cut", "too_large", False)
    assert result.text == "x" * 100 + "\n[cut: 100 of 2000000 characters are shown]"
    assert result.value == result.text


def test_a_large_value_behind_a_short_text_is_cut_too(odd: Odd) -> None:
    result = Guarded(odd, CallLimits(characters=100)).call("large value", {})
    assert result.status == "cut"
    assert len(result.value) < 200


def test_a_large_error_stays_an_error(odd: Odd) -> None:
    result = Guarded(odd, CallLimits(characters=100)).call("large error", {})
    assert (result.status, result.error) == ("error", "tool_error")
    assert len(result.text) < 200


@pytest.mark.parametrize(("name", "told"), [("raise", "ValueError: half-way"), ("exit", "SystemExit: 1")])
def test_an_environment_that_raises_gives_an_error(odd: Odd, name: str, told: str) -> None:
    result = Guarded(odd).call(name, {})
    assert (result.error, result.value) == ("tool_error", {"error": told})


def test_a_disk_that_is_full_is_no_result(odd: Odd) -> None:
    with pytest.raises(StorageError):
        Guarded(odd).call("disk", {})


def test_calls_are_counted_until_the_reset(odd: Odd) -> None:
    guarded = Guarded(odd, CallLimits(calls=2))
    assert [guarded.call("x", {}).error for _ in range(4)] == [None, None, "call_limit", "call_limit"]
    assert odd.calls == 2
    guarded.reset()
    assert guarded.call("x", {}).error is None
    assert odd.resets == 1


def test_work_in_time_returns_or_raises_as_it_does() -> None:
    assert run_within(5, lambda: 7) == 7
    with pytest.raises(TimeoutError, match="its own"):
        run_within(5, lambda: (_ for _ in ()).throw(TimeoutError("its own")))


def test_work_sees_the_callers_context() -> None:
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("mine")
    assert run_within(5, variable.get) == "mine"


def test_work_that_takes_too_long_is_left_alone() -> None:
    released = threading.Event()
    with pytest.raises(OutOfTime):
        run_within(0.01, lambda: released.wait(30))
    released.set()
