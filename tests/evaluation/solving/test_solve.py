"""Solving samples: whatever an agent does, each sample ends once, with an answer or a reason."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from toolbench_eval.agents.base import Answer, Protocols
from toolbench_eval.agents.session import Limits, Session
from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import EndpointError, StorageError, UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.evaluation.solving.journal import Journal
from toolbench_eval.evaluation.solving.solve import Solver, solve_task
from toolbench_eval.evaluation.solving.work import Surroundings
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripted import Scripted


@dataclass
class Work:
    """Three samples; `score` may be slow or fail."""

    names: tuple[str, ...] = ("a", "b", "c")
    scoring: Callable[[Trajectory], None] = lambda trajectory: None
    opened: int = 0

    @property
    def samples(self) -> list[Sample]:
        return [Sample(name, f"question {name}") for name in self.names]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        self.opened += 1
        yield

    def surroundings(self, sample: Sample) -> Surroundings:
        return Surroundings()

    def score(self, trajectory: Trajectory) -> dict[str, float]:
        self.scoring(trajectory)
        return {"F1": 1.0}


@dataclass(frozen=True)
class Own:
    """An agent that does what a function does."""

    act: Callable[[Sample, Session], Any]
    name: ClassVar[str] = "own"
    prompts: ClassVar[tuple[str, ...]] = ()
    protocols: ClassVar[Protocols] = {}

    def solve(self, sample: Sample, session: Session) -> Answer:
        answer: Answer = self.act(sample, session)
        return answer


@dataclass
class Place:
    """Where a task is solved."""

    folder: Path

    @property
    def logs(self) -> dict[str, list[str]]:
        """The samples of each log of the runtime, in the order in which the logs were made."""
        from inspect_ai.log import read_eval_log

        files = sorted(self.folder.glob("*.eval"), key=lambda path: path.stat().st_mtime)
        return {path.name: [str(one.id) for one in read_eval_log(str(path)).samples or []] for path in files}

    def solve(self, act: Callable[[Sample, Session], Any], work: Work | None = None, **how: Any) -> Journal:
        journal = Journal(self.folder / "journal.jsonl")
        limits = Limits(seconds=how.pop("seconds", None))
        allowance = RunAllowance(patience=how.pop("patience", 16))
        solver = Solver(Own(act), {"main": Scripted()}, {}, limits, allowance, 0, how.pop("concurrency", 1))
        solve_task(work or Work(), solver, journal, self.folder / "log.eval", "t", LoggingReporter())  # type: ignore[arg-type]
        return journal


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def fail(error: Exception) -> Callable[[Sample, Session], Answer]:
    def act(sample: Sample, session: Session) -> Answer:
        session.note("tried", at=sample.id)
        raise error

    return act


def answer(sample: Sample, session: Session) -> Answer:
    return Answer(f"answer {sample.id}")


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (fail(ValueError("half \ud83d of it")), "ValueError: half � of it"),
        (fail(RecursionError()), "RecursionError: "),
        (fail(TimeoutError("a tool was slow")), "TimeoutError: a tool was slow"),
        (fail(EndpointError("nobody there")), "nobody there"),
        (lambda sample, session: None, "AttributeError: 'NoneType' object has no attribute 'text'"),
        (lambda sample, session: Answer(3), "TypeError: the agent's answer is no text but 3"),  # type: ignore[arg-type]
        (lambda sample, session: Answer("x", "tired"), "ValueError: the agent stopped for the unknown reason 'tired'"),  # type: ignore[arg-type]
        (lambda sample, session: session.note("n", at=object()), "TypeError: Object of type object is not JSON"),
    ],
)
def test_a_fault_of_a_sample_is_its_recorded_reason(place: Place, act: Callable[..., Any], error: str) -> None:
    journal = place.solve(lambda sample, session: (answer if sample.id == "b" else act)(sample, session))
    assert [journal.get(name).prediction for name in "abc"] == [None, "answer b", None]
    assert {journal.get(name).stop_reason for name in "ac"} == {"error"}
    assert all(str(journal.get(name).error).startswith(error) for name in "ac")
    assert journal.solved == {"b"}


@pytest.mark.parametrize(
    ("given", "prediction", "error"),
    [
        (Answer("x", "max_hops"), "x", None),
        (Answer("half \ud83d", raw="half \ud83d"), "half �", None),
        (Answer("", "answered"), None, "the agent gave no answer (answered)"),
        (Answer(None, "parse_error"), None, "the agent gave no answer (parse_error)"),
    ],
)
def test_an_empty_answer_is_none(place: Place, given: Answer, prediction: str | None, error: str | None) -> None:
    found = place.solve(lambda sample, session: given).get("a")
    assert (found.prediction, found.error, found.failed) == (prediction, error, prediction is None)


@pytest.mark.parametrize("error", [UsageError("no retriever"), StorageError("the disk is full")])
def test_what_concerns_every_sample_ends_the_run(place: Place, error: Exception) -> None:
    tried = []

    def act(sample: Sample, session: Session) -> Answer:
        tried.append(sample.id)
        if sample.id == "b":
            raise error
        return answer(sample, session)

    with pytest.raises(type(error), match=str(error)):
        place.solve(act)
    assert tried in (["a", "b"], ["a", "b", "c"])  # the next one may have begun
    assert Journal(place.folder / "journal.jsonl").solved <= {"a", "c"}
    # A log that a full disk cut off is no log.
    assert (place.folder / "log.eval").exists() == isinstance(error, UsageError)


def test_a_sample_that_takes_too_long_ends_once(place: Place) -> None:
    """Its agent comes to an answer after all, when nobody waits any longer."""
    late = threading.Event()

    def act(sample: Sample, session: Session) -> Answer:
        session.note("began", at=sample.id)
        if sample.id == "b":
            late.wait(10)
        return answer(sample, session)

    journal = place.solve(act, seconds=0.3)
    late.set()
    time.sleep(0.05)
    found = journal.get("b")
    assert (found.prediction, found.stop_reason, found.seconds) == (None, "budget", 0.3)
    assert found.error == "the sample's limit of 0.3 seconds is reached"
    assert [step.values for step in found.steps] == [{"at": "b"}]  # type: ignore[union-attr]
    assert len((place.folder / "journal.jsonl").read_bytes().splitlines()) == 3
    assert Journal(journal.path).solved == {"a", "c"}


def test_an_answer_stands_though_its_judge_takes_too_long(place: Place) -> None:
    slow = Work(scoring=lambda trajectory: time.sleep(0.5 if trajectory.sample == "b" else 0.0))
    journal = place.solve(answer, slow, seconds=0.2, concurrency=3)
    assert journal.get("b").prediction == "answer b"
    assert journal.solved == {"a", "b", "c"}


def test_a_judge_that_does_not_answer_leaves_the_answers(place: Place) -> None:
    def away(trajectory: Trajectory) -> None:
        raise EndpointError("the judge is away")

    assert place.solve(answer, Work(scoring=away)).solved == {"a", "b", "c"}


def test_what_is_solved_is_not_solved_again(place: Place) -> None:
    place.solve(
        lambda sample, session: answer(sample, session) if sample.id != "b" else fail(ValueError())(sample, session)
    )
    tried = []

    def act(sample: Sample, session: Session) -> Answer:
        tried.append(sample.id)
        return Answer("later")

    work = Work()
    journal = place.solve(act, work)
    assert tried == ["b"]
    assert [journal.get(name).prediction for name in "abc"] == ["answer a", "later", "answer c"]
    assert list(place.logs) == ["log.eval", "log-2.eval"]
    place.solve(fail(AssertionError()), work)
    assert work.opened == 1
    assert list(place.logs) == ["log.eval", "log-2.eval"]


def test_a_lost_log_is_written_anew(place: Place) -> None:
    place.solve(answer)
    (place.folder / "log.eval").unlink()
    work = Work()
    place.solve(fail(AssertionError()), work, concurrency=1)
    assert place.logs["log.eval"] == ["a", "b", "c"]
    assert work.opened == 0  # nothing is indexed for that


class RefusalError(Exception):
    """As the SDK's."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status_code = status


@pytest.mark.parametrize(("status", "asked"), [(400, 6), (413, 6), (422, 6), (401, 2), (404, 2), (503, 2)])
def test_one_request_that_is_refused_is_no_sign_of_a_dead_endpoint(place: Place, status: int, asked: int) -> None:
    tried = []

    def act(sample: Sample, session: Session) -> Answer:
        if session.allowance is not None:
            session.allowance.check()
        tried.append(sample.id)
        raise EndpointError("no") from RefusalError(status)

    journal = place.solve(act, Work(tuple("abcdef")), patience=2)
    assert len(tried) == asked
    assert journal.solved == set()
    assert str(journal.get("f").error).startswith("no" if asked == 6 else "not asked: the endpoint failed")


def test_many_at_a_time(place: Place) -> None:
    names = tuple(f"s{at}" for at in range(40))

    def act(sample: Sample, session: Session) -> Answer:
        reply = session.ask("a", [Message("user", sample.text)])
        return Answer(reply.text)

    journal = place.solve(act, Work(names), concurrency=16)
    assert {name: journal.get(name).prediction for name in names} == {name: f"question {name}" for name in names}
