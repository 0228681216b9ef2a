"""Many samples at a time, each by an agent on a thread of its own, with a log of every call.

inspect_ai (https://inspect.aisi.org.uk) schedules the samples, keeps the log and shows it (`inspect view`).
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from toolbench_eval.errors import DataError, StorageError, UsageError
from toolbench_eval.llms.base import LLM
from toolbench_eval.progress import Advance
from toolbench_eval.runtime.door import Desk, RuntimeLLM, SampleOver

if TYPE_CHECKING:
    from inspect_ai.solver import Generate, Solver, TaskState

    from toolbench_eval.runtime.quiet import Silence

INSTALL = "agents need their runtime: pip install 'toolbench-eval[agents]'"
BUFFER = 100
"""Samples that are written to the log at a time."""
_ONE_AT_A_TIME = threading.Lock()
"""The runtime allows one run in a process."""

Result = Mapping[str, Any]


class Item(Protocol):
    """What an agent is given; `targets`, a sequence of strings, is shown in the log where there is such a field."""

    @property
    def id(self) -> str:
        """Different from all others."""

    @property
    def text(self) -> str:
        """Input as the log shows it."""


ItemT = TypeVar("ItemT", bound=Item)


def _ignore(*arguments: object) -> None: ...


def run_samples(
    items: Sequence[ItemT],
    solve: Callable[[ItemT, Mapping[str, LLM]], Result],
    llms: Mapping[str, LLM],
    *,
    name: str,
    log_file: Path,
    concurrency: int = 16,
    metadata: Mapping[str, Any] | None = None,
    time_limit: float | None = None,
    on_done: Callable[[ItemT, Result], object] = _ignore,
    on_error: Callable[[ItemT, Exception], object] = _ignore,
    show: Advance = _ignore,
) -> None:
    """Solve samples, so many at a time, and log everything.

    Args:
        items: The samples, begun in this order.
        solve: The agent: item and models by role to JSON values by name. Of these, `prediction` is shown as the
            sample's output and `scores`, numbers by name, as its scores. It runs on a thread of its own, at most
            `concurrency` of them at once, and must let `SampleOver`, which is no `Exception`, pass.
        llms: Models by role.
        name: Name of the run in the log.
        log_file: Where the log is when the run has ended, however it ended (`*.eval`); an older one is replaced.
        concurrency: Samples at a time, and calls at a time of each model.
        metadata: JSON values that the log keeps with the run.
        time_limit: Seconds for one sample, None for no bound.
        on_done: Told of each sample that is solved, once and at once.
        on_error: Told of each sample that is not: of the agent's exception, or of a `TimeoutError`.
        show: Told of each sample that has ended. No two of these three are called at the same time.

    Raises:
        UsageError: The runtime is not installed.
        StorageError: The log cannot be written.
        KeyboardInterrupt: The user stopped the run; agents are left alone, which ends them with their next call.
        Exception: What `on_done`, `on_error` or `show` raised; it ended the run.
    """
    if find_spec("inspect_ai") is None:
        raise UsageError(INSTALL)
    if not items:
        return
    from toolbench_eval.runtime.quiet import undisturbed

    run = Run(items, solve, llms, Reports(on_done, on_error, show), time_limit)
    with _ONE_AT_A_TIME, _log_folder(log_file) as folder, undisturbed(folder) as silence:
        run.go(silence, folder, name=name, concurrency=concurrency, metadata=dict(metadata or {}))


class Reports(Generic[ItemT]):
    """Tells the caller of samples that have ended, one at a time; what the caller raises ends the run."""

    def __init__(
        self,
        on_done: Callable[[ItemT, Result], object],
        on_error: Callable[[ItemT, Exception], object],
        show: Advance,
    ) -> None:
        """Set who is told."""
        self._on_done, self._on_error, self._show = on_done, on_error, show
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self.failure: BaseException | None = None
        self.stop: Callable[[], None] = _ignore

    def done(self, item: ItemT, result: Result) -> None:
        """A sample is solved."""
        self._tell(item, lambda: self._on_done(item, result))

    def failed(self, item: ItemT, error: Exception) -> None:
        """A sample is not solved, unless it was told otherwise a moment ago."""
        self._tell(item, lambda: self._on_error(item, error))

    def _tell(self, item: ItemT, tell: Callable[[], object]) -> None:
        with self._lock:
            if item.id in self._told or self.failure is not None:
                return
            self._told.add(item.id)
            try:
                tell()
                self._show(1)
            except BaseException as error:  # noqa: BLE001 - raised again where the run was asked for
                self.failure = error
                self.stop()


class Run(Generic[ItemT]):
    """One run of an agent over samples."""

    def __init__(
        self,
        items: Sequence[ItemT],
        solve: Callable[[ItemT, Mapping[str, LLM]], Result],
        llms: Mapping[str, LLM],
        reports: Reports[ItemT],
        time_limit: float | None,
    ) -> None:
        """Set everything; nothing runs yet.

        Raises:
            DataError: Two samples have one id.
        """
        self._items = {item.id: item for item in items}
        if len(self._items) < len(items):
            twice = next(item.id for item in items if self._items[item.id] is not item)
            raise DataError(f"two samples have the id '{twice}'")
        self._solve, self._llms, self._reports, self._time_limit = solve, llms, reports, time_limit

    def go(self, silence: Silence, folder: Path, **settings: Any) -> None:
        """Run to the end.

        The event loop has a thread of its own: the caller's may have a loop already, and is the one that Ctrl-C reaches.
        """
        self._reports.stop = silence.stop
        thread = threading.Thread(target=self._evaluate, args=(folder,), kwargs=settings, name="runtime", daemon=True)
        thread.start()
        try:
            thread.join()
        except KeyboardInterrupt:
            silence.stop()
            thread.join()
            raise
        if self._reports.failure is not None:
            raise self._reports.failure

    def _evaluate(self, folder: Path, *, name: str, concurrency: int, metadata: dict[str, Any]) -> None:
        from inspect_ai import Task, eval
        from inspect_ai.dataset import MemoryDataset, Sample

        from toolbench_eval.runtime.provider import double_of

        self._slots=None; self._concurrency=concurrency
        doubles = {role: double_of(llm.name, concurrency) for role, llm in self._llms.items()}
        samples = [
            Sample(id=item.id, input=item.text, target=list(getattr(item, "targets", ())))
            for item in self._items.values()
        ]
        try:
            [log] = eval(
                Task(dataset=MemoryDataset(samples, name=name), solver=self._solver(), name=name),
                model=next(iter(doubles.values()), None),
                model_roles=dict(doubles),
                metadata=metadata,
                display="none",
                log_dir=str(folder),
                log_format="eval",
                log_header_only=True,
                log_realtime=False,
                log_model_api=False,
                log_buffer=BUFFER,
                max_samples=2 * concurrency,
                fail_on_error=False,
                ctl_server=False,
            )
            if log.status == "error":
                raise StorageError(f"the runtime gave up: {log.error and log.error.message}")
        except BaseException as error:  # noqa: BLE001 - raised again where the run was asked for
            self._reports.failure = self._reports.failure or error

    def _solver(self) -> Solver:
        from inspect_ai.solver import solver

        @solver(name="agent")
        def agent() -> Solver:
            async def solve(state: TaskState, generate: Generate) -> TaskState:
                return await self._sample(state)

            return solve

        return agent()

    async def _sample(self, state: TaskState) -> TaskState:
        """Have one sample solved, on the event loop."""
        from inspect_ai.model import get_model
        from inspect_ai.util import LimitExceededError, time_limit

        if self._slots is None:
            self._slots = asyncio.Semaphore(self._concurrency)
        await self._slots.acquire()
        item, desk = self._items[str(state.sample_id)], Desk()
        llms = {role: RuntimeLLM(llm, get_model(role=role), desk) for role, llm in self._llms.items()}
        outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._work, args=(item, llms, desk, outcome), name=item.id, daemon=True).start()
        try:
            with time_limit(self._time_limit):
                try:
                    result = await outcome
                finally:
                    self._slots.release()
            await desk.settle()
        except LimitExceededError:
            self._reports.failed(item, TimeoutError(f"not solved within {self._time_limit:g} s"))
            raise
        finally:
            await desk.abandon()
        return _noted(state, result)

    def _work(
        self, item: ItemT, llms: Mapping[str, LLM], desk: Desk, outcome: asyncio.Future[Result]
    ) -> None:
        """Solve one sample, on its own thread."""
        try:
            try:
                result = self._solve(item, llms)
            except Exception as error:  # noqa: BLE001 - an agent may raise anything
                self._reports.failed(item, error)
                desk.post(_set, outcome, None, error)
            else:
                self._reports.done(item, result)
                desk.post(_set, outcome, result, None)
        except SampleOver:
            pass


def _set(outcome: asyncio.Future[Result], result: Result | None, error: Exception | None) -> None:
    if outcome.done():
        return
    if error is not None:
        outcome.set_exception(error)
    elif result is not None:
        outcome.set_result(result)


def _noted(state: TaskState, result: Result) -> TaskState:
    """The state of a sample with what the log is to keep."""
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Score

    for name, value in result.items():
        state.store.set(name, value)
    if "prediction" in result:
        state.output = ModelOutput.from_content(str(state.model), str(result["prediction"]))
    state.scores = {name: Score(value=value) for name, value in result.get("scores", {}).items()}
    return state


@contextmanager
def _log_folder(log_file: Path) -> Iterator[Path]:
    """A folder beside the log for the runtime; the log it leaves there becomes the log.

    Raises:
        StorageError: The disk is full, read-only or broken.
    """
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{log_file.name}.", dir=log_file.parent) as folder:
            try:
                yield Path(folder)
            finally:
                for log in Path(folder).glob("*.eval"):
                    log.replace(log_file)
    except OSError as error:
        raise StorageError(f"cannot write the log {log_file}: {error.strerror or error}") from error
