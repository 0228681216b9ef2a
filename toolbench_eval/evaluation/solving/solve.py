"""Solving the samples of one task through the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.session import BudgetError, Limits, Session
from toolbench_eval.agents.trajectory import StopReason, Trajectory
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.evaluation.solving.journal import Journal
from toolbench_eval.evaluation.solving.work import Surroundings, Work
from toolbench_eval.llms.base import LLM
from toolbench_eval.llms.meter import Price


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
        """
        prediction, raw, error = None, "", None
        stop: StopReason
        try:
            answer = self.agent.solve(sample, session)
            prediction, stop, raw = answer.text or None, answer.stop_reason, answer.raw
            if prediction is None:
                error = f"the agent gave no answer ({stop})"
        except UsageError:
            raise
        except BudgetError as found:
            stop, error = "budget", str(found)
        except EndpointError as found:
            self.allowance.endpoint_failed(found)
            stop, error = "error", str(found)
        except Exception as found:  # noqa: BLE001 - a fault of one sample must not end the others
            stop, error = "error", f"{type(found).__name__}: {found}"
        return Trajectory(sample.id, prediction, stop, raw, tuple(session.steps), error, session.seconds)


def solve_task(work: Work, solver: Solver, journal: Journal, log_file: Path, name: str, reporter: Reporter) -> bool:
    """Solve the samples of a task that are not solved yet.

    Args:
        work: The task.
        solver: The agent and its models.
        journal: What is solved; every finished sample is there before this returns, also if it ends in an error.
        log_file: Where the runtime's log goes; an earlier one is kept beside it.
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
    open_samples = [sample for sample in work.samples if sample.id not in earlier]
    if not open_samples:
        return bool(earlier)
    if earlier:
        reporter.note(f"continuing {name}: {len(earlier)} of {len(work.samples)} samples are solved")
    desk = _Desk(work, solver, journal)
    with reporter.track(f"solve {name}", len(open_samples)) as advance, work.at_work():
        run_samples(
            open_samples,
            desk.solve,
            solver.llms,
            name=name,
            log_file=_free(log_file),
            concurrency=solver.concurrency,
            metadata={"agent": solver.agent.name, "solved_before": len(earlier)},
            time_limit=solver.limits.seconds,
            on_error=desk.failed,
            show=advance,
        )
    if desk.fatal is not None:
        raise desk.fatal
    return bool(earlier)


class _Desk:
    """Takes samples in and hands trajectories out, from many threads."""

    def __init__(self, work: Work, solver: Solver, journal: Journal) -> None:
        self.work, self.solver, self.journal = work, solver, journal
        self.fatal: Exception | None = None
        self._sessions: dict[str, Session] = {}

    def solve(self, sample: Sample, llms: Mapping[str, LLM]) -> dict[str, Any]:
        if self.fatal is not None:
            raise self.fatal
        session = self._sessions[sample.id] = self.solver.session(self.work.surroundings(sample), llms)
        trajectory = self.solver.solve(sample, session)
        del self._sessions[sample.id]
        self.journal.add(trajectory)
        return {
            "prediction": trajectory.prediction or "",
            "scores": self.work.score(trajectory),
            "trajectory": trajectory.to_json(),
        }

    def failed(self, sample: Sample, error: Exception) -> None:
        """A sample that took too long has its reason; anything else ends the run."""
        session = self._sessions.pop(sample.id, None)
        if not isinstance(error, TimeoutError):
            self.fatal = self.fatal or error
            return
        bound = f"the sample's limit of {self.solver.limits.seconds:g} seconds is reached"
        steps = () if session is None else tuple(session.steps)
        self.journal.add(Trajectory(sample.id, None, "budget", "", steps, bound, self.solver.limits.seconds or 0.0))


def _free(path: Path) -> Path:
    """The path, with a number where an interrupted run left its log there."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
