"""Solving the samples of one task through the runtime."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from toolbench_eval.agents.base import Agent, Answer
from toolbench_eval.agents.session import BudgetError, Limits, Session, sound
from toolbench_eval.agents.trajectory import StopReason, Trajectory
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import EndpointError, StorageError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.evaluation.solving.journal import Journal
from toolbench_eval.evaluation.solving.work import Surroundings, Work
from toolbench_eval.llms.base import LLM
from toolbench_eval.llms.meter import Price
from toolbench_eval.runtime.door import SampleOver

ABOUT_THE_REQUEST = {400, 413, 422}
"""Statuses by which an endpoint refuses one request (a prompt that is too long, most of all) and is alive."""

LOGGED_AT_ONCE = 1_000
"""Samples of one log: the runtime keeps some 24 kB of each in memory until its log is closed."""


@dataclass(frozen=True)
class Solver:
    """An agent with everything it works with but the sample.

    Attributes:
        agent: The agent.
        llms: Language models by role.
        prices: Their prices, where they are known.
        limits: Bounds of each sample.
        allowance: Bounds of the run.
        seed: Seed of calls that draw an answer.
        concurrency: Samples at a time.
    """

    agent: Agent
    llms: Mapping[str, LLM]
    prices: Mapping[str, Price]
    limits: Limits
    allowance: RunAllowance
    seed: int
    concurrency: int

    def session(self, around: Surroundings, llms: Mapping[str, LLM]) -> Session:
        """What the agent works with for one sample."""
        return Session(llms, around.search, around.tools, self.limits, self.allowance, self.prices, seed=self.seed)

    def solve(self, sample: Sample, session: Session) -> Trajectory:
        """Solve one sample; whatever goes wrong with it alone is its recorded reason.

        Raises:
            UsageError: No sample can be solved this way (no retriever, no tools).
            StorageError: The disk failed, so that no answer could be kept.
        """
        prediction, raw, error = None, "", None
        stop: StopReason
        try:
            answer = _checked(self.agent.solve(sample, session))
            prediction, stop, raw = sound(answer.text or "") or None, answer.stop_reason, sound(answer.raw)
            if prediction is None:
                error = f"the agent gave no answer ({stop})"
        except (UsageError, StorageError):
            raise
        except BudgetError as found:
            stop, error = "budget", str(found)
        except EndpointError as found:
            if not refuses_this_request(found):
                self.allowance.endpoint_failed(found)
            stop, error = "error", str(found)
        except Exception as found:  # noqa: BLE001 - a fault of one sample must not end the others
            stop, error = "error", f"{type(found).__name__}: {found}"
        said = None if error is None else sound(error)
        return Trajectory(sample.id, prediction, stop, raw, tuple(session.steps), said, session.seconds)


def refuses_this_request(error: EndpointError) -> bool:
    """Whether an endpoint that is alive will not take this one request, however often it is sent."""
    return getattr(error.__cause__, "status_code", None) in ABOUT_THE_REQUEST


def _checked(answer: Answer) -> Answer:
    """An answer of whatever agent: what is none of JSON's would be found out only when it is written.

    Raises:
        TypeError: A text is none.
        ValueError: There is no such reason to stop.
    """
    if not (answer.text is None or isinstance(answer.text, str)) or not isinstance(answer.raw, str):
        raise TypeError(f"the agent's answer is no text but {answer.text!r}")
    if answer.stop_reason not in get_args(StopReason):
        raise ValueError(f"the agent stopped for the unknown reason {answer.stop_reason!r}")
    return answer


def solve_task(work: Work, solver: Solver, journal: Journal, log_file: Path, name: str, reporter: Reporter) -> bool:
    """Solve the samples of a task that are not solved yet.

    Args:
        work: The task.
        solver: The agent and its models.
        journal: What is solved; every finished sample is there before this returns, also if it ends in an error.
        log_file: Where the runtime's log goes; an earlier one is kept beside it. Where all samples are solved and the
            log was lost, it is written anew, without calls.
        name: Name of the task in the log.
        reporter: Who is told of progress.

    Returns:
        Whether some samples were solved before.

    Raises:
        UsageError: No sample can be solved this way.
        StorageError: The disk failed.
    """
    from toolbench_eval.runtime.samples import run_samples

    earlier = journal.solved & {sample.id for sample in work.samples}
    unsolved = [sample for sample in work.samples if sample.id not in earlier]
    if not unsolved and log_file.is_file():
        return True
    if earlier:
        reporter.note(f"continuing {name}: {len(earlier)} of {len(work.samples)} samples are solved")
    logged = unsolved or work.samples
    desk = _Desk(work, solver, journal, {sample.id for sample in unsolved})
    with (
        reporter.track(f"solve {name}", len(logged)) as advance,
        work.at_work() if unsolved else nullcontext(),
        desk,
    ):
        for start in range(0, len(logged), LOGGED_AT_ONCE):
            free = _free(log_file)
            with _dropped_where_the_disk_fails(free):
                run_samples(
                    logged[start : start + LOGGED_AT_ONCE],
                    desk.solve,
                    solver.llms,
                    name=name,
                    log_file=free,
                    concurrency=solver.concurrency,
                    metadata={"agent": solver.agent.name, "solved_before": len(earlier)},
                    time_limit=solver.limits.seconds,
                    on_error=desk.failed,
                    show=advance,
                )
    return bool(earlier)


class _Desk:
    """Takes samples in and hands trajectories out, from many threads; each sample ends once.

    A context manager: an agent that nobody waits for any longer may still run when the block has ended, and what it
    comes to is not taken.
    """

    def __init__(self, work: Work, solver: Solver, journal: Journal, unsolved: set[str]) -> None:
        self.work, self.solver, self.journal = work, solver, journal
        self._open = unsolved
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> _Desk:
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._open = set()

    def solve(self, sample: Sample, llms: Mapping[str, LLM]) -> dict[str, Any]:
        if sample.id in self._open:
            session = self._sessions[sample.id] = self.solver.session(self.work.surroundings(sample), llms)
            trajectory = self.solver.solve(sample, session)
            self._settle(trajectory)
        else:
            trajectory = self.journal.get(sample.id)
        return {
            "prediction": trajectory.prediction or "",
            "scores": self._scores(trajectory),
            "trajectory": trajectory.to_json(),
        }

    def failed(self, sample: Sample, error: Exception) -> None:
        """A sample that took too long has its reason; anything else ends the run."""
        bound = self.solver.limits.seconds
        if not isinstance(error, TimeoutError) or bound is None:
            raise error
        session = self._sessions.get(sample.id)
        steps = () if session is None else tuple(session.steps)
        said = f"the sample's limit of {bound:g} seconds is reached"
        with suppress(SampleOver):  # it was just done, and only its scores took too long
            self._settle(Trajectory(sample.id, None, "budget", "", steps, said, bound))

    def _settle(self, trajectory: Trajectory) -> None:
        """Note how a sample ended.

        Raises:
            SampleOver: It had ended before, or the whole run has.
        """
        with self._lock:
            if trajectory.sample not in self._open:
                raise SampleOver
            self._open.discard(trajectory.sample)
            self._sessions.pop(trajectory.sample, None)
            self.journal.add(trajectory)

    def _scores(self, trajectory: Trajectory) -> dict[str, float]:
        """Scores for the log; a judge that does not answer is asked again when the task is scored."""
        try:
            return self.work.score(trajectory)
        except EndpointError:
            return {}


@contextmanager
def _dropped_where_the_disk_fails(log: Path) -> Iterator[None]:
    """Half a log must not be taken for one."""
    try:
        yield
    except StorageError:
        log.unlink(missing_ok=True)
        raise


def _free(path: Path) -> Path:
    """The path, with a number where an interrupted run left its log there."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
