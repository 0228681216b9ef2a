"""Many samples at a time, each solved by an agent on a thread of its own, with a log of every call."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from traceback import format_exception
from typing import Any, Generic, TypeVar

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import LLM
from toolbench_eval.progress import Advance
from toolbench_eval.runtime.door import RuntimeLLM, SampleLog
from toolbench_eval.runtime.journal import Item, Journal, Unlogged, logged

Result = Mapping[str, Any]


ItemT = TypeVar("ItemT", bound=Item)
Solve = Callable[[ItemT, Mapping[str, LLM]], Result]


def _ignore(*arguments: object) -> None: ...


def run_samples(  # noqa: PLR0913 - one call says it all
    items: Sequence[ItemT],
    solve: Solve[ItemT],
    llms: Mapping[str, LLM],
    *,
    name: str,
    log_file: Path | None,
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
        solve: The agent: item and models by role to JSON values by name. Of these, the log shows `prediction` as the
            sample's output and `scores`, numbers by name, as its scores. It runs on a thread of its own and must let
            `SampleOver`, which is no `Exception`, pass.
        llms: Models by role.
        name: Name of the run in the log.
        log_file: Where the log is when the run has ended, however it ended (`*.eval`); an older one is replaced. None
            to keep none, which needs no runtime. Without samples there is none.
        concurrency: Samples at a time, and open calls of each model at a time.
        metadata: JSON values that the log keeps with the run.
        time_limit: Seconds for one sample, None for no bound.
        on_done: Told of each sample that is solved, at once and on the caller's thread.
        on_error: Told of each that is not: of what the agent raised, or of a `TimeoutError`.
        show: Told of each that has ended.

    Raises:
        UsageError: The runtime that keeps the log is not installed.
        DataError: Two samples have one id.
        StorageError: The log cannot be written.
        KeyboardInterrupt: The user stopped the run; agents end with their next call.
        Exception: What `on_done`, `on_error` or `show` raised; it ended the run.
    """
    ids = Counter(item.id for item in items)
    if len(ids) < len(items):
        raise DataError(f"two samples have the id '{ids.most_common(1)[0][0]}'")
    run = Run(solve, llms, Listeners(on_done, on_error, show), concurrency, time_limit)
    if log_file is None or not items:
        run.go(items, Unlogged())
        return
    order = {
        "name": name,
        "models": {role: llm.name for role, llm in llms.items()},
        "metadata": dict(metadata or {}),
        "concurrency": concurrency,
    }
    with logged(log_file, order, items, on_lost=run.stop) as journal:
        run.go(items, journal)


@dataclass(frozen=True)
class Listeners(Generic[ItemT]):
    """Who is told of samples that have ended."""

    on_done: Callable[[ItemT, Result], object]
    on_error: Callable[[ItemT, Exception], object]
    show: Advance


@dataclass(frozen=True)
class Outcome(Generic[ItemT]):
    """What became of a sample: a result or an error."""

    item: ItemT
    result: Result = field(default_factory=dict)
    error: Exception | None = None


class Run(Generic[ItemT]):
    """One run of an agent over samples."""

    def __init__(
        self,
        solve: Solve[ItemT],
        llms: Mapping[str, LLM],
        listeners: Listeners[ItemT],
        concurrency: int,
        time_limit: float | None,
    ) -> None:
        """Set everything; nothing runs yet."""
        self._solve, self._llms, self._listeners = solve, llms, listeners
        self._concurrency, self._time_limit = concurrency, time_limit
        self._slots = {id(llm): threading.Semaphore(concurrency) for llm in llms.values()}
        self._running: dict[str, tuple[ItemT, SampleLog, float]] = {}
        self._ended: SimpleQueue[Outcome[ItemT] | None] = SimpleQueue()

    def go(self, items: Iterable[ItemT], journal: Journal) -> None:
        """Run to the end, or until stopped."""
        waiting = iter(items)
        try:
            for item in islice(waiting, self._concurrency):
                self._begin(item, journal)
            while self._running and (outcome := self._next()):
                ended = self._running.pop(outcome.item.id, None)
                if ended is None:  # it ran out of time before
                    continue
                for item in islice(waiting, 1):
                    self._begin(item, journal)
                self._tell(outcome, ended[1])
        finally:
            for _, log, _ in self._running.values():
                log.leave()

    def stop(self) -> None:
        """On any thread: have `go` return."""
        self._ended.put(None)

    def _begin(self, item: ItemT, journal: Journal) -> None:
        log = SampleLog(item.id, journal)
        self._running[item.id] = item, log, time.monotonic() + (self._time_limit or 0.0)
        llms = {role: RuntimeLLM(llm, role, log, self._slots[id(llm)]) for role, llm in self._llms.items()}
        threading.Thread(target=self._work, args=(item, llms), name=f"sample {item.id}", daemon=True).start()

    def _work(self, item: ItemT, llms: Mapping[str, LLM]) -> None:
        """Solve one sample, on its own thread."""
        try:
            outcome = Outcome(item, self._solve(item, llms))
        except Exception as error:  # noqa: BLE001 - an agent may raise anything
            outcome = Outcome(item, error=error)
        except BaseException as error:  # noqa: BLE001 - the agent meant to end more than its thread
            outcome = Outcome(item, error=RuntimeError(f"the agent left with {error!r}"))
        self._ended.put(outcome)

    def _next(self) -> Outcome[ItemT] | None:
        """The next sample that ends; None to stop."""
        if self._time_limit is None:
            return self._ended.get()
        # All have the same time, so what began first runs out of it first.
        item, _, deadline = next(iter(self._running.values()))
        try:
            return self._ended.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            return Outcome(item, error=TimeoutError(f"not solved within {self._time_limit:g} s"))

    def _tell(self, outcome: Outcome[ItemT], log: SampleLog) -> None:
        if outcome.error is None:
            try:
                log.end("solved", result=dict(outcome.result))
            except (TypeError, ValueError) as error:  # what the agent gave is no JSON
                outcome = replace(outcome, error=error)
        if outcome.error is None:
            self._listeners.on_done(outcome.item, outcome.result)
        else:
            log.end("unsolved", error=_summary(outcome.error), traceback="".join(format_exception(outcome.error)))
            self._listeners.on_error(outcome.item, outcome.error)
        self._listeners.show(1)


def _summary(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
