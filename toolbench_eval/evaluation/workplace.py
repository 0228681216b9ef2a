"""The folder a result is made in: durable piece by piece, complete at once.

Work happens in `<folder>.partial`. Each finished task leaves its files and a note there, so the same
command continues after a kill. The last step renames the folder, so a result is there whole or not at all.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from toolbench_eval.atomic import TEMPORARY, remove_temporaries, sync_file, sync_folder, write_text
from toolbench_eval.errors import DataError, StorageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.results.schema import Result, TaskResult
from toolbench_eval.results.sidecars import file_digest
from toolbench_eval.results.store import RESULT_FILE, distinct_slug

NOTES = "done"
JOURNAL = "journal"
"""Where an agent's finished samples stand while the others are solved."""
LOGS = "trajectories"
"""Where the runtime's logs are."""
SIDECARS = (".parquet", ".jsonl.zst", ".eval")
"""Endings of the files beside a result."""
SYNCED_TOGETHER = 8
"""Files that are made durable at a time: the disk does it in one go where it would wait for one after the other."""


class Workplace:
    """Where one result grows."""

    def __init__(self, folder: Path) -> None:
        """Name the final folder; nothing is made yet."""
        self.folder = folder
        self.partial = folder.with_name(f"{folder.name}.partial")
        self._notes = self.partial / NOTES
        self._shared: set[Path] = set()

    @property
    def finished(self) -> bool:
        """Whether the result is there."""
        return (self.folder / RESULT_FILE).is_file()

    @property
    def result_file(self) -> Path:
        """The finished result."""
        return self.folder / RESULT_FILE

    @property
    def failed_folder(self) -> Path:
        """Where a result with too many failures is kept until a good one takes its place."""
        return self.folder.with_name(f"{self.folder.name}-failed")

    def path(self, kind: str, task: str, ending: str = ".parquet") -> Path:
        """Where a task's sidecar of a kind is written."""
        return self.partial / kind / f"{distinct_slug(task)}{ending}"

    def first_use(self, path: Path) -> bool:
        """Whether this process must write a file that several tasks share: what a killed one left may be cut off."""
        if path in self._shared:
            return False
        self._shared.add(path)
        return True

    def name(self, path: Path) -> str:
        """A sidecar's path as results record it."""
        return path.relative_to(self.partial).as_posix()

    def done(self, task: str) -> TaskResult | None:
        """The task's result if an earlier run finished it and its files are as they were then."""
        note = self._note(task)
        if not note.is_file():
            return None
        try:
            content = json.loads(note.read_text(encoding="utf-8"))
            files = dict(content["files"])
            intact = all(file_digest(self.partial / name) == digest for name, digest in files.items())
            return TaskResult.model_validate(content["result"]) if intact else None
        except (ValueError, KeyError, TypeError, DataError, OSError):
            return None

    def mark_done(self, task: str, result: TaskResult) -> None:
        """Note that a task's files are complete."""
        names = [result.run_file, result.per_query_file, result.qrels_file, result.documents_file]
        names += [result.trajectories_file, None if result.solved is None else result.solved.samples_file]
        files = {name: file_digest(self.partial / name) for name in names if name is not None}
        note = {"files": files, "result": result.model_dump(mode="json")}
        write_text(self._note(task), json.dumps(note), durable=False)

    def file_digests(self) -> dict[str, str]:
        """SHA-256 of every sidecar."""
        return {self.name(path): file_digest(path) for path in self._sidecars()}

    def finish(self, result: Result) -> None:
        """Write the result and give the folder its final name.

        Raises:
            StorageError: The disk failed; the finished tasks stay for the next run.
        """
        self._clear_logs()
        try:
            with ThreadPoolExecutor(SYNCED_TOGETHER) as pool:
                list(pool.map(sync_file, self._sidecars()))
        except OSError as error:
            raise StorageError(f"cannot finish {self.folder}: {error.strerror}") from error
        write_text(self.partial / RESULT_FILE, result.to_json())
        self._publish()

    def discard(self) -> None:
        """Delete what was made so far: it is worth nothing."""
        shutil.rmtree(self.partial, ignore_errors=True)

    def set_aside(self, result: Result) -> Result:
        """Keep a result with too many failures beside the place of a good one; what was solved stays for the next run.

        Returns:
            The result, marked as partial.

        Raises:
            StorageError: The disk failed.
        """
        marked = result.model_copy(update={"partial": True}).with_identity()
        folder = self.failed_folder
        self._clear_logs()
        try:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.partial, folder, ignore=shutil.ignore_patterns(NOTES, JOURNAL, f".*{TEMPORARY}"))
        except OSError as error:
            raise StorageError(f"cannot write {folder}: {error.strerror}") from error
        write_text(folder / RESULT_FILE, marked.to_json())
        shutil.rmtree(self._notes, ignore_errors=True)
        for path in self._sidecars():
            path.unlink()
        return marked

    def _publish(self) -> None:
        try:
            shutil.rmtree(self._notes, ignore_errors=True)
            shutil.rmtree(self.partial / JOURNAL, ignore_errors=True)
            self.partial.rename(self.folder)
            sync_folder(self.folder.parent)
            shutil.rmtree(self.failed_folder, ignore_errors=True)
        except OSError as error:
            raise StorageError(f"cannot finish {self.folder}: {error.strerror}") from error

    @contextmanager
    def locked(self, reporter: Reporter) -> Iterator[None]:
        """Keep other processes out; waits for one that is writing the same result.

        Raises:
            StorageError: The folder cannot be written.
        """
        lock = FileLock(self.folder.with_name(f".{self.folder.name}.lock"))
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                reporter.note(f"another process is writing {self.folder}; waiting for it")
                lock.acquire()
        except OSError as error:
            raise StorageError(f"cannot write in {self.folder.parent}: {error.strerror}") from error
        try:
            remove_temporaries(self.partial)  # of a process that was killed while it wrote
            if (self.partial / RESULT_FILE).is_file():  # killed between the last two steps
                self._publish()
            there = self.finished
            yield
            if self.finished and not there:
                reporter.note(f"written: {self.result_file}")
        finally:
            worth = any(self._notes.glob("*.json")) or any((self.partial / JOURNAL).glob("*"))
            if not worth and not (self.partial / RESULT_FILE).is_file():
                shutil.rmtree(self.partial, ignore_errors=True)  # nothing was finished: nothing to continue
            # A process that waits for this very file sees that it is gone, and locks a new one (filelock).
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    def _clear_logs(self) -> None:
        """Delete what a recorder left that was killed with its run, or that still writes the log of a killed one."""
        for folder in self.partial.glob(f"{LOGS}/.*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _sidecars(self) -> list[Path]:
        """The files beside the result; hidden ones are somebody's work in progress."""
        names = (path.relative_to(self.partial) for ending in SIDECARS for path in self.partial.rglob(f"*{ending}"))
        return sorted(self.partial / name for name in names if not any(part.startswith(".") for part in name.parts))

    def _note(self, task: str) -> Path:
        return self._notes / f"{distinct_slug(task)}.json"
