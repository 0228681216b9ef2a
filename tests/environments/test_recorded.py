"""Replaying and recording."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.environments.base import ToolResult, ToolSpec, answer, failure
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.guarded import CallLimits, Guarded
from toolbench_eval.environments.recorded import (
    RecordedEnvironment,
    Recorder,
    Recording,
    read_recordings,
    recording_of,
)
from toolbench_eval.environments.recorded_sets import inferred_tools
from toolbench_eval.errors import DataError, MissingDataError, StorageError, UsageError

WEATHER = ToolSpec("weather", parameters={"type": "object", "properties": {"city": {"type": "string"}, "day": {}}})
PARIS = recording_of("weather", {"city": "Paris", "day": 1}, {"sun": True})
PARMA = recording_of("weather", {"city": "Parma", "day": 1}, {"sun": False})
RECORDINGS = [PARIS, PARMA, recording_of("other", {"city": "Pariss", "day": 1}, "of another tool")]


def test_a_call_is_found_whatever_its_order_and_form() -> None:
    replay = RecordedEnvironment([WEATHER], RECORDINGS)
    result = replay.call("weather", '{"day": 1.0, "city": "Paris"}')
    assert (result.value, result.text, result.source) == ({"sun": True}, '{"sun": true}', "recorded")
    assert replay.counts == {"recorded": 1}


def test_a_miss_is_an_error_and_counted() -> None:
    replay = RecordedEnvironment([WEATHER], RECORDINGS)
    result = replay.call("weather", {"city": "Rome"})
    assert (result.status, result.error, result.source) == ("error", "miss", "recorded")
    assert replay.counts == {"miss": 1}


def test_the_nearest_recording_of_the_same_tool_stands_in_and_says_so() -> None:
    replay = RecordedEnvironment([WEATHER], RECORDINGS, "nearest")
    result = replay.call("weather", {"city": "Pariss", "day": 1})
    assert (result.value, result.source) == ({"sun": True}, "nearest")
    assert replay.counts == {"nearest": 1}


def test_what_is_not_near_enough_is_a_miss() -> None:
    far = {"city": "Oslo", "day": 9}
    assert RecordedEnvironment([WEATHER], RECORDINGS, "nearest").call("weather", far).error == "miss"
    assert RecordedEnvironment([WEATHER], RECORDINGS, "nearest", least=0).call("weather", far).source == "nearest"
    assert RecordedEnvironment([WEATHER], [], "nearest", least=0).call("weather", far).error == "miss"


def test_of_equally_near_recordings_the_first_is_taken() -> None:
    twins = [recording_of("weather", {"city": "x", "day": day}, day) for day in (1, 2, 3)]
    replay = RecordedEnvironment([WEATHER], twins, "nearest")
    assert [replay.call("weather", {"city": "x", "day": 9}).value for _ in range(3)] == [1, 1, 1]


def test_a_call_that_was_recorded_several_times_goes_through_its_replies() -> None:
    replay = RecordedEnvironment([WEATHER], [recording_of("weather", {}, n) for n in (1, 2)])
    assert [replay.call("weather", {}).value for _ in range(4)] == [1, 2, 2, 2]
    assert replay.snapshot() == [["weather", "{}", 4]]
    replay.reset()
    assert (replay.snapshot(), replay.call("weather", {}).value) == ([], 1)


def test_errors_and_cut_answers_replay_as_they_were() -> None:
    slow = Recording("weather", {"city": "a"}, {"error": "late"}, "late", "timeout")
    long = Recording("weather", {"city": "b"}, "x [cut]", "x [cut]", "too_large")
    replay = RecordedEnvironment([WEATHER], [slow, long])
    assert [(one.status, one.error) for one in (replay.call("weather", {"city": c}) for c in "ab")] == [
        ("error", "timeout"),
        ("cut", "too_large"),
    ]


def test_malformed_calls_are_no_misses() -> None:
    replay = RecordedEnvironment([WEATHER], RECORDINGS)
    assert [replay.call(*call).error for call in (("weather", "{"), ("weather", {"city": 1}), ("wether", {}))] == [
        "malformed_arguments",
        "invalid_arguments",
        "unknown_tool",
    ]
    assert replay.counts == {}


class Simulator:
    """Counts and remembers what it is shown."""

    def __init__(self, result: ToolResult | None = None) -> None:
        self.result, self.shown = result, []  # type: ignore[var-annotated]

    def __call__(self, tool: ToolSpec, arguments: Mapping[str, Any], examples: Sequence[Recording]) -> ToolResult:
        self.shown.append((tool.name, dict(arguments), list(examples)))
        return self.result or answer(f"made up {len(self.shown)}")


def test_a_simulated_reply_says_so_and_is_kept() -> None:
    simulator = Simulator()
    replay = RecordedEnvironment([WEATHER], RECORDINGS, "simulate", simulator=simulator)
    results = [replay.call("weather", {"city": "Parmesan", "day": 1}) for _ in range(2)]
    assert [(one.value, one.source) for one in results] == [("made up 1", "simulated")] * 2
    assert replay.counts == {"simulated": 2}
    assert simulator.shown == [("weather", {"city": "Parmesan", "day": 1}, [PARMA, PARIS])]
    replay.reset()
    assert replay.call("weather", {"city": "Parmesan", "day": 1}).value == "made up 1"


def test_what_is_recorded_is_not_simulated() -> None:
    replay = RecordedEnvironment([WEATHER], RECORDINGS, "simulate", simulator=Simulator())
    assert replay.call("weather", PARIS.arguments).source == "recorded"


def test_a_simulation_that_fails_is_an_error() -> None:
    simulator = Simulator(failure("miss", "no idea", "simulated"))
    replay = RecordedEnvironment([WEATHER], [], "simulate", simulator=simulator)
    assert replay.call("weather", {}).error == "miss"
    assert replay.counts == {"miss": 1}


@pytest.mark.parametrize(("miss", "simulator"), [("simulate", None), ("error", Simulator()), ("guess", None)])
def test_policies_that_make_no_sense_are_refused(miss: Any, simulator: Any) -> None:
    with pytest.raises(UsageError):
        RecordedEnvironment([WEATHER], [], miss, simulator=simulator)


def add(state: dict[str, int], item: str, amount: int = 1) -> int:
    state[item] = state.get(item, 0) + amount
    if amount < 0:
        raise ValueError("less than nothing")
    return state[item]


def test_a_recorded_run_replays_as_it_was(tmp_path: Path) -> None:
    calls: list[tuple[str, Any]] = [
        ("add", {"item": "a"}),
        ("add", '{"item": "a"}'),
        ("add", {"item": "ü", "amount": -1}),
        ("add", "{"),
        ("ad", {}),
        ("add", {"item": 3}),
    ]
    recorder = Recorder(FunctionEnvironment([add], state={}), tmp_path / "new" / "calls.jsonl")
    before = [recorder.call(*call) for call in calls]
    assert recorder.snapshot() == {"a": 2, "ü": -1}
    recordings = read_recordings(tmp_path / "new" / "calls.jsonl")
    assert [one.source for one in recordings] == ["local"] * 3
    replay = RecordedEnvironment(recorder.tools(), recordings)
    after = [replay.call(*call) for call in calls]
    assert [(one.status, one.value, one.text, one.error) for one in after] == [
        (one.status, one.value, one.text, one.error) for one in before
    ]


def test_calls_that_no_tool_was_asked_are_not_recorded(tmp_path: Path) -> None:
    guarded = Guarded(FunctionEnvironment([add], state={}), CallLimits(calls=1))
    recorder = Recorder(guarded, tmp_path / "calls.jsonl")
    for _ in range(3):
        recorder.call("add", {"item": "a"})
    assert len(read_recordings(tmp_path / "calls.jsonl")) == 1
    recorder.reset()
    assert guarded.calls == 0


def test_a_simulated_reply_that_was_recorded_stays_a_simulated_one(tmp_path: Path) -> None:
    replay = RecordedEnvironment([WEATHER], [], "simulate", simulator=Simulator())
    Recorder(replay, tmp_path / "calls.jsonl").call("weather", {})
    again = RecordedEnvironment([WEATHER], read_recordings(tmp_path / "calls.jsonl"))
    assert again.call("weather", {}).source == "simulated"


def test_recording_goes_on_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    Recorder(FunctionEnvironment([add], state={}), path).call("add", {"item": "a"})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"tool": "add", "argum')
    assert len(read_recordings(path)) == 1
    Recorder(FunctionEnvironment([add], state={}), path).call("add", {"item": "b"})
    assert [one.arguments for one in read_recordings(path)] == [{"item": "a"}, {"item": "b"}]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        '{"tool": "a"}',
        '{"tool": "a", "arguments": [], "value": 1, "text": ""}',
        '{"tool": "a", "arguments": {}, "value": 1, "text": "", "error": "odd"}',
        '{"tool": "a", "arguments": {}, "value": 1, "text": "", "source": "odd"}',
        '{"tool": "a", "arguments": {}, "value": 1, "text": "", "more": 1}',
    ],
)
def test_a_line_that_is_no_recording_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps({"tool": "a", "arguments": {}, "value": 1, "text": "1"}) + f"\n{line}\n")
    with pytest.raises(DataError, match="row 2"):
        read_recordings(path)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="calls"):
        read_recordings(tmp_path / "calls.jsonl")
    with pytest.raises(StorageError):
        read_recordings(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Recorder(FunctionEnvironment([add]), tmp_path / "file" / "calls.jsonl")


def test_tools_are_inferred_from_recordings() -> None:
    recordings = [
        recording_of("b", {"x": 1, "y": "a"}, None),
        recording_of("a", {}, None),
        recording_of("b", {"x": 2.5, "z": None}, None),
    ]
    b, a = inferred_tools(recordings)
    assert (b.name, a.name) == ("b", "a")
    assert b.parameters == {
        "type": "object",
        "properties": {"x": {"type": ["integer", "number"]}, "y": {"type": "string"}, "z": {"type": "null"}},
        "required": ["x"],
    }
