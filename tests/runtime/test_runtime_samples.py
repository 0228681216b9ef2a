"""Samples and their agents: who is told what, bounds, ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.agents import OddLLM, Question, Told, ask
from support.endpoint import EndpointServer

from toolbench_eval.errors import DataError, EndpointError, StorageError, UsageError
from toolbench_eval.llms.base import LLM, Message, Reply
from toolbench_eval.llms.endpoint import Patience
from toolbench_eval.llms.load import load_llm
from toolbench_eval.runtime import samples
from toolbench_eval.runtime.door import SampleOver
from toolbench_eval.runtime.samples import run_samples


def questions(count: int) -> list[Question]:
    return [Question(f"q{at}", f"question {at}") for at in range(count)]


def echo(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
    return {"prediction": ask(llms["reader"], item.text).text}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., None]:
    """Runs samples; the log is not looked at."""

    def run_with(items: list[Question], solve: Any, llm: LLM, told: Told, **more: Any) -> None:
        log_file = tmp_path / "run.eval"
        run_samples(items, solve, {"reader": llm}, name="test", log_file=log_file, **told.listeners, **more)

    return run_with


def test_every_sample_is_told_once_with_its_result(run: Callable[..., None]) -> None:
    told = Told()
    run(questions(40), echo, OddLLM(), told, concurrency=4)
    assert told.done == {f"q{at}": {"prediction": f"answer to question {at}"} for at in range(40)}
    assert told.errors == {}
    assert told.steps == 40
    assert told.threads == {threading.current_thread()}


def test_samples_begin_in_order(run: Callable[..., None]) -> None:
    begun: list[str] = []

    def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        begun.append(item.id)
        return {}

    run(questions(20), solve, OddLLM(), Told(), concurrency=1)
    assert begun == [f"q{at}" for at in range(20)]


class Crowd(OddLLM):
    """Counts the calls that are open at once; `meanwhile` is what happens during one."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.lock, self.open, self.most = threading.Lock(), 0, 0

    def complete(self, messages: Any, *how: Any) -> Reply:
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        self.meanwhile()
        with self.lock:
            self.open -= 1
        return super().complete(messages, *how)


def test_as_many_run_at_once_as_asked_for_and_no_more(run: Callable[..., None]) -> None:
    llm, told = Crowd(threading.Barrier(64, timeout=30).wait), Told()
    run(questions(128), echo, llm, told, concurrency=64)
    assert len(told.done) == 128
    assert llm.most == 64


def test_calls_of_one_model_are_bounded_even_if_an_agent_makes_many_at_once(run: Callable[..., None]) -> None:
    def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        calls = [threading.Thread(target=ask, args=(llms["reader"], f"{item.id} {at}")) for at in range(6)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        return {}

    llm, told = Crowd(lambda: time.sleep(0.01)), Told()
    run(questions(6), solve, llm, told, concurrency=3)
    assert len(told.done) == 6
    assert len(llm.asked) == 36
    assert llm.most == 3


def test_an_error_ends_its_sample_only(run: Callable[..., None]) -> None:
    def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        if item.id == "q3":
            raise LookupError("no such tool")
        return echo(item, llms)

    told = Told()
    run(questions(8), solve, OddLLM(), told, concurrency=2)
    assert {id: repr(error) for id, error in told.errors.items()} == {"q3": "LookupError('no such tool')"}
    assert len(told.done) == 7
    assert told.steps == 8


def test_an_agent_that_exits_ends_its_sample_only(run: Callable[..., None]) -> None:
    def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        raise SystemExit(3)

    told = Told()
    run(questions(2), solve, OddLLM(), told)
    assert [str(error) for error in told.errors.values()] == ["the agent left with SystemExit(3)"] * 2


def test_a_sample_that_takes_too_long_is_given_up_and_its_agent_stopped_at_its_next_call(
    run: Callable[..., None],
) -> None:
    stopped = threading.Event()

    def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        try:
            ask(llms["reader"], item.text)
            return echo(item, llms)
        except Exception:  # noqa: BLE001
            pytest.fail("what stops an agent is no error that it could handle")
        except SampleOver:
            stopped.set()
            raise

    llm, told = OddLLM(), Told()
    run([Question("slow", "wait 0.6"), Question("quick", "hello")], solve, llm, told, time_limit=0.3, concurrency=2)
    assert repr(told.errors["slow"]) == "TimeoutError('not solved within 0.3 s')"
    assert told.done == {"quick": {"prediction": "answer to hello"}}
    assert stopped.wait(10)
    assert [text for text, _ in llm.asked if text.startswith("wait")] == ["wait 0.6"]


def test_an_endpoint_that_dies_gives_its_own_error(tmp_path: Path, run: Callable[..., None]) -> None:
    with EndpointServer() as server:
        patience = Patience(attempts=2, first_pause=0.01)
        llm = load_llm("openai-api/local/m", environment=server.env(), cache=tmp_path, patience=patience)

        def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
            if item.id == "q2":
                server.fail(500)
            try:
                return echo(item, llms)
            except EndpointError as error:
                raise LookupError("given up") from error

        told = Told()
        run(questions(5), solve, llm, told, concurrency=1)
    assert list(told.done) == ["q0", "q1"]
    assert list(told.errors) == ["q2", "q3", "q4"]
    assert all(isinstance(error.__cause__, EndpointError) for error in told.errors.values())
    assert "500" in str(told.errors["q2"].__cause__)


def test_the_attempt_reaches_the_response_cache(tmp_path: Path, run: Callable[..., None]) -> None:
    with EndpointServer(reply=lambda body: f"reply {len(server.requests)}") as server:
        llm = load_llm("openai-api/local/m", environment=server.env(), cache=tmp_path)

        def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
            replies = [ask(llms["reader"], "the same", attempt=attempt) for attempt in (0, 1, 0)]
            return {"texts": [reply.text for reply in replies], "cached": [reply.cached for reply in replies]}

        told = Told()
        run(questions(1), solve, llm, told)
    assert told.done["q0"] == {"texts": ["reply 1", "reply 2", "reply 1"], "cached": [False, False, True]}


def test_what_a_listener_raises_ends_the_run(tmp_path: Path) -> None:
    def full(item: Question, result: Mapping[str, Any]) -> None:
        raise StorageError("the disk is full")

    llm = OddLLM()
    with pytest.raises(StorageError, match="the disk is full"):
        run_samples(
            questions(100), echo, {"reader": llm}, name="t", log_file=tmp_path / "run.eval", concurrency=2, on_done=full
        )
    assert len(llm.asked) < 10


def test_ids_must_differ(run: Callable[..., None]) -> None:
    with pytest.raises(DataError, match="two samples have the id 'q0'"):
        run([*questions(2), Question("q0", "again")], echo, OddLLM(), Told())


def test_a_log_needs_the_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'toolbench-eval\[agents\]'"):
        run_samples(questions(1), echo, {"reader": OddLLM()}, name="t", log_file=tmp_path / "x.eval")


def test_a_folder_that_cannot_be_made_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write the log"):
        run_samples(questions(1), echo, {"reader": OddLLM()}, name="t", log_file=tmp_path / "file" / "x.eval")


def test_the_door_is_a_language_model(run: Callable[..., None]) -> None:
    def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        llm = llms["reader"]
        text = llm.complete([Message("system", "be brief"), Message("user", "hello")]).text
        return {"name": llm.name, "identity": llm.identity, "text": text}

    told = Told()
    run(questions(1), solve, OddLLM(), told)
    assert told.done["q0"] == {"name": "odd/model", "identity": {"odd": True}, "text": "answer to hello"}
