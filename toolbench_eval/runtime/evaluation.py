"""A run of agents as inspect_ai sees it: a task, whose solver has each sample's agent work on a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log._samples import active_samples
from inspect_ai.model import ModelOutput, get_model
from inspect_ai.scorer import Score
from inspect_ai.solver import Generate, Solver, TaskState, solver

from toolbench_eval.agents.session import sound
from toolbench_eval.llms.base import LLM
from toolbench_eval.runtime.door import Desk, RuntimeLLM, SampleOver
from toolbench_eval.runtime.outcome import ItemT, Outcome, Result, Solve
from toolbench_eval.runtime.provider import double_of

if TYPE_CHECKING:
    from toolbench_eval.runtime.quiet import Silence

BUFFER = 50
"""Samples that are written to the log at a time."""
POLL = 0.02
"""Seconds between looks at whether the samples of a run that is stopped are in the log."""


class AgentError(RuntimeError):
    """What ended an agent; the runtime takes some errors for its own, and this for none of them."""

    def __init__(self, error: Exception) -> None:
        """Say it; the runtime logs `message`, and the cause's traceback."""
        self.message = sound(f"{type(error).__name__}: {error}")
        super().__init__(self.message)
        self.__cause__ = error


class Evaluation(Generic[ItemT]):
    """One run of an agent over samples, on the runtime's event loop."""

    def __init__(
        self,
        items: Sequence[ItemT],
        solve: Solve[ItemT],
        llms: Mapping[str, LLM],
        tell: Callable[[Outcome[ItemT]], object],
        *,
        name: str,
        metadata: Mapping[str, Any],
        concurrency: int,
        time_limit: float | None,
    ) -> None:
        """Set everything; nothing runs yet.

        Args:
            items: The samples; their ids differ.
            solve: The agent.
            llms: Models by role.
            tell: Told of each sample that has ended, once and on the event loop.
            name: Name of the run in the log.
            metadata: JSON values that the log keeps with the run.
            concurrency: Samples at a time, and open calls of each model.
            time_limit: Seconds for one sample, None for no bound.
        """
        self._items = {sound(item.id): item for item in items}
        self._solve, self._llms, self._tell = solve, llms, tell
        self._name, self._metadata = name, dict(metadata)
        self._concurrency, self._time_limit = concurrency, time_limit
        self._slots = asyncio.Semaphore(concurrency)
        self._ended: set[str] = set()
        self._stopping = False

    def run(self, folder: Path) -> None:
        """Run to the end, on a thread that has no event loop.

        Args:
            folder: Where the log goes.

        Raises:
            RuntimeError: The runtime gave up.
            OSError: The log cannot be written.
        """
        doubles = {role: double_of(llm.name, self._concurrency) for role, llm in self._llms.items()}
        samples = [
            Sample(
                id=sound(item.id), input=sound(item.text), target=[sound(text) for text in getattr(item, "targets", ())]
            )
            for item in self._items.values()
        ]
        logs = eval(
            Task(dataset=MemoryDataset(samples, name=self._name), solver=self._solver(), name=self._name),
            model=next(iter(doubles.values()), None),
            model_roles=dict(doubles),
            metadata=self._metadata,
            display="none",
            log_dir=str(folder),
            log_format="eval",
            log_header_only=True,
            log_realtime=False,
            log_model_api=False,
            log_buffer=BUFFER,
            # Samples that are being written hold their place, so there are places for as many again.
            max_samples=2 * self._concurrency,
            fail_on_error=False,
            score_display=False,
            ctl_server=False,
        )
        for log in logs:
            if log.status == "error":
                raise RuntimeError(log.error.message if log.error else "the runtime gave up")

    def stop(self, silence: Silence) -> None:
        """On any thread: end the run when those samples are in the log whose agents have ended."""
        silence.order(lambda: self._finish(silence))

    def _finish(self, silence: Silence) -> None:
        self._stopping = True
        if any(str(active.sample.id) in self._ended for active in active_samples()):
            asyncio.get_running_loop().call_later(POLL, self._finish, silence)
        else:
            silence.stop()

    def _solver(self) -> Solver:
        @solver(name="agent")
        def agent() -> Solver:
            async def solve(state: TaskState, generate: Generate) -> TaskState:
                async with self._slots:
                    if self._stopping:
                        await asyncio.Event().wait()  # for the end of the run
                    desk = Desk()
                    try:
                        outcome = await self._outcome(self._items[str(state.sample_id)], desk)
                    finally:
                        await desk.settle()
                if outcome.error is not None:
                    raise AgentError(outcome.error)
                return _noted(state, outcome.logged)

            return solve

        return agent()

    async def _outcome(self, item: ItemT, desk: Desk) -> Outcome[ItemT]:
        """Have the agent work, and tell what became of it."""
        llms = {role: RuntimeLLM(llm, get_model(role=role), desk) for role, llm in self._llms.items()}
        ended: asyncio.Future[Outcome[ItemT]] = asyncio.get_running_loop().create_future()
        threading.Thread(
            target=self._work, args=(item, llms, desk, ended), name=f"sample {item.id}", daemon=True
        ).start()
        await asyncio.wait([ended], timeout=self._time_limit)
        late = TimeoutError(f"not solved within {self._time_limit or 0.0:g} s")
        outcome = ended.result() if ended.done() else Outcome(item, error=late)
        self._ended.add(sound(item.id))
        self._tell(outcome)
        return outcome

    def _work(self, item: ItemT, llms: Mapping[str, LLM], desk: Desk, ended: asyncio.Future[Outcome[ItemT]]) -> None:
        """Solve one sample, on its own thread."""
        try:
            result = self._solve(item, llms)
            outcome = Outcome(item, result, logged=_logged(result))
        except Exception as error:  # noqa: BLE001 - an agent may raise anything
            outcome = Outcome(item, error=error)
        except BaseException as error:  # noqa: BLE001 - the agent meant to end more than its thread
            outcome = Outcome(item, error=RuntimeError(f"the agent left with {error!r}"))
        try:
            desk.post(_settle, ended, outcome)
        except SampleOver:
            """Nobody waits for it."""


def _settle(ended: asyncio.Future[Outcome[ItemT]], outcome: Outcome[ItemT]) -> None:
    if not ended.done():
        ended.set_result(outcome)


def _logged(result: Result) -> Result:
    """A result as the log can hold it.

    Raises:
        TypeError: A value is none of JSON's.
        ValueError: It contains itself.
    """
    text = json.dumps(dict(result), ensure_ascii=False)
    logged: Result = json.loads(sound(text))
    return logged


def _noted(state: TaskState, result: Result) -> TaskState:
    """The state of a sample with what the log is to keep."""
    for name, value in result.items():
        state.store.set(name, value)
    if "prediction" in result:
        state.output = ModelOutput.from_content(str(state.model), str(result["prediction"]))
    scores = result.get("scores", {})
    state.scores = {name: Score(value=value) for name, value in scores.items() if value is not None}
    return state
