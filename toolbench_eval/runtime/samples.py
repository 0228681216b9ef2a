"""Many samples at a time, each solved by an agent on a thread of its own, with a log of every call.

inspect_ai (https://inspect.aisi.org.uk) schedules the samples, calls the agents, keeps the log and shows it
(`inspect view`).
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from toolbench_eval.errors import DataError, StorageError, UsageError
from toolbench_eval.llms.base import LLM
from toolbench_eval.progress import Advance
from toolbench_eval.runtime.outcome import ItemT, Outcome, Result, Solve

INSTALL = "agents need their runtime: pip install 'toolbench-eval[agents]'"
SHOWN = 2_000
"""Characters of the runtime's last words that an error repeats."""
_ONE_AT_A_TIME = threading.Lock()
"""The runtime allows one run in a process."""


def _ignore(*arguments: object) -> None: ...


def run_samples(  # noqa: PLR0913 - one call says it all
    items: Sequence[ItemT],
    solve: Solve[ItemT],
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
        solve: The agent: item and models by role to JSON values by name. Of these, the log shows `prediction` as the
            sample's output and `scores`, numbers by name, as its scores. It runs on a thread of its own and must let
            `SampleOver`, which is no `Exception`, pass.
        llms: Models by role.
        name: Name of the run in the log.
        log_file: Where the log is when the run has ended, however it ended (`*.eval`); an older one is replaced.
            Without samples there is none.
        concurrency: Samples at a time, and open calls of each model at a time.
        metadata: JSON values that the log keeps with the run.
        time_limit: Seconds for one sample, None for no bound.
        on_done: Told of each sample that is solved, at once and on the caller's thread.
        on_error: Told of each that is not: of what the agent raised, or of a `TimeoutError`.
        show: Told of each that has ended.

    Raises:
        UsageError: The runtime is not installed.
        DataError: Two samples have one id.
        StorageError: The log cannot be written.
        KeyboardInterrupt: The user stopped the run; agents end with their next call.
        Exception: What `on_done`, `on_error` or `show` raised; it ended the run.
    """
    ids = Counter(item.id for item in items)
    if len(ids) < len(items):
        raise DataError(f"two samples have the id '{ids.most_common(1)[0][0]}'")
    if find_spec("inspect_ai") is None:
        raise UsageError(INSTALL)
    if not items:
        return
    ended: SimpleQueue[Outcome[ItemT] | None] = SimpleQueue()
    order = {"name": name, "metadata": metadata or {}, "concurrency": concurrency, "time_limit": time_limit}
    with _ONE_AT_A_TIME, _running(log_file, ended, items, solve, llms, order):
        while outcome := ended.get():
            if outcome.error is None:
                on_done(outcome.item, outcome.result)
            else:
                on_error(outcome.item, outcome.error)
            show(1)


@contextmanager
def _running(
    log_file: Path,
    ended: SimpleQueue[Outcome[ItemT] | None],
    items: Sequence[ItemT],
    solve: Solve[ItemT],
    llms: Mapping[str, LLM],
    order: Mapping[str, Any],
) -> Iterator[None]:
    """Have the samples solved while the block runs; what the block raises stops that.

    The runtime has a thread of its own: the caller's may have an event loop already, and is the one that Ctrl-C
    reaches.

    Args:
        log_file: Where the log is when the block has ended.
        ended: Takes what became of each sample, and None at the end.
        items: The samples.
        solve: The agent.
        llms: Models by role.
        order: Name, metadata and bounds (see `Evaluation`).

    Raises:
        StorageError: The log cannot be written.
    """
    from toolbench_eval.runtime.evaluation import Evaluation
    from toolbench_eval.runtime.quiet import undisturbed

    failures: list[BaseException] = []
    with _log_folder(log_file) as folder, undisturbed(folder) as silence:
        evaluation = Evaluation(items, solve, llms, ended.put, **order)

        def work() -> None:
            try:
                evaluation.run(folder)
            except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
                failures.append(error)
            finally:
                ended.put(None)

        thread = threading.Thread(target=work, name="runtime", daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            evaluation.stop(silence)
            raise
        finally:
            thread.join()
    if failures:
        raise _no_log(log_file, failures[0]) from failures[0]


@contextmanager
def _log_folder(log_file: Path) -> Iterator[Path]:
    """A folder beside the log for the runtime; the log it leaves there becomes the log.

    Raises:
        StorageError: The disk is full, read-only or broken.
    """
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{log_file.name}.", dir=log_file.parent))
    except OSError as error:
        raise _no_log(log_file, error) from error
    try:
        yield folder
    finally:
        try:
            for log in folder.glob("*.eval"):
                log.replace(log_file)
        except OSError as error:
            raise _no_log(log_file, error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _no_log(log_file: Path, error: BaseException) -> StorageError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or repr(error)
    return StorageError(f"cannot write the log {log_file}: {reason[:SHOWN]}")
