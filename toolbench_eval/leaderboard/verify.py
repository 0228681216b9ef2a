"""Proving a board again: every file, every claim, every score.

What this shows: each score follows from the run beside it, or from the trajectories of an agent, and the suite's own
judgments; nothing was added, lost or changed since the entry was submitted. What it cannot show: that the run, or the
replies in a trajectory, came from the model that is named. `evalharness reproduce` runs the model for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError, UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.leaderboard.agent_reference import AgentReference, load_agent_reference
from toolbench_eval.leaderboard.board import (
    BOARD_FILES,
    PINS_FILE,
    REPORTED_FILE,
    SUMS_FILE,
    TABLE_FILE,
    Board,
    Pin,
    entry_sums,
    read_pins,
    read_sums,
)
from toolbench_eval.leaderboard.claims import check_claims, check_declared, settings_hold
from toolbench_eval.leaderboard.entry import Entry, check_files, expected_files, extra_files, read_entry
from toolbench_eval.leaderboard.findings import Finding, fault, of_error, unproven
from toolbench_eval.leaderboard.jobs import LARGE_BYTES, in_processes
from toolbench_eval.leaderboard.limits import TABLE_BYTES, read_bounded
from toolbench_eval.leaderboard.reference import Reference, load_reference, registered_suite
from toolbench_eval.leaderboard.render import board_page
from toolbench_eval.leaderboard.reported import read_reported
from toolbench_eval.leaderboard.rescored import Rescorer
from toolbench_eval.leaderboard.rescored_agents import AgentRescorer
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import TaskResult
from toolbench_eval.suites import Suite

AnyReference = Reference | AgentReference
"""The data of a retrieval suite, or that of a suite for agents."""


@dataclass(frozen=True)
class Report:
    """What the check of a board came to.

    Attributes:
        board: The board.
        entries: Names of all entries.
        findings: All that was found.
    """

    board: Board
    entries: tuple[str, ...]
    findings: tuple[Finding, ...]

    def of_kind(self, kind: str) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    @property
    def proven(self) -> int:
        """Number of entries without a fault and with nothing open."""
        return len(set(self.entries) - {finding.entry for finding in self.findings if finding.kind != "flag"})


def verify_board(board: Board, registry: Registry, access: Access, reporter: Reporter, jobs: int = 1) -> Report:
    """Check all of a board.

    Args:
        board: The board.
        registry: Where the suite is declared.
        access: Where the suite's data may come from.
        reporter: Who is told of progress.
        jobs: Processes that check the entries of a large board.
    """
    findings = list(_check_strays(board))
    entries: list[Entry] = []
    for folder in board.entries:
        entry, faults = _opened(folder)
        findings += faults
        entries += [entry] if entry is not None else []
    findings += chain(_check_sums(board), check_duplicates(entries))
    if board.entries:
        checks = Checks(board, registry, access, reporter)
        with reporter.track(f"verify {board.name}", len(entries)) as advance:
            for found in _checked(checks, entries, jobs):
                findings += found
                advance(1)
    findings += _check_pages(board, entries)
    return Report(board, tuple(folder.name for folder in board.entries), tuple(dict.fromkeys(findings)))


@dataclass(frozen=True)
class Checks:
    """Makes the check of a board's entries; another process can make it, too."""

    board: Board
    registry: Registry
    access: Access
    reporter: Reporter

    def __call__(self) -> Callable[[Entry], list[Finding]]:
        """Load the data once; what is returned checks one entry."""
        try:
            pins = read_pins(self.board.folder / PINS_FILE)
        except DataError as error:
            wrong = of_error("", error, PINS_FILE)
            return lambda _: [wrong]
        reference = self._reference(pins)
        return lambda entry: check_entry(entry, self.board, pins, reference)

    def _reference(self, pins: dict[str, Pin]) -> AnyReference | str:
        spec = self.board.spec
        try:
            suite = registered_suite(spec.suite, spec.version, self.registry)
        except UsageError as error:
            return str(error)
        return load_any(suite, sorted(pins), pins, self.access, self.registry, self.reporter)


def _checked(checks: Checks, entries: list[Entry], jobs: int) -> Iterator[list[Finding]]:
    size = sum(path.stat().st_size for entry in entries for path in entry.folder.glob("*/*"))
    if jobs > 1 and len(entries) > jobs and size > LARGE_BYTES:
        yield from in_processes(replace(checks, reporter=LoggingReporter()), entries, jobs)
    else:
        check = checks()
        yield from map(check, entries)


def load_any(
    suite: Suite, names: list[str], pins: Mapping[str, Pin], access: Access, registry: Registry, reporter: Reporter
) -> AnyReference:
    """The data that entries of a suite are scored on: queries and judgments, or the samples of agents."""
    if suite.spec.kind == "retrieval":
        return load_reference(suite, names, pins, access, registry, reporter)
    return load_agent_reference(suite, names, pins, access, registry, reporter)


def check_entry(entry: Entry, board: Board, pins: dict[str, Pin], reference: AnyReference | str) -> list[Finding]:
    """What is wrong with an entry whose files are in order; `reference` may be the reason why there is no data."""
    findings = [*check_claims(entry, board, pins), *_check_digests(entry)]
    if isinstance(reference, str):
        return [*findings, unproven(entry.name, "tasks", reference)]
    findings += check_declared(entry, reference.suite)
    if entry.result.kind == reference.suite.spec.kind and settings_hold(entry.result):
        findings += _rescored(reference, entry)
    return findings


def _rescored(reference: AnyReference, entry: Entry) -> list[Finding]:
    if isinstance(reference, AgentReference):
        return AgentRescorer(reference, entry).check()
    return Rescorer(reference, entry).check()


def check_duplicates(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Entries that are the same result, or the same runs or trajectories under another name."""
    identities: dict[str, str] = {}
    runs: dict[str, str] = {}
    for entry in entries:
        result = entry.result
        setting = {name: value for name, value in result.task_setting.items() if name != "seed"}
        digests = sorted((task, _content_digest(values)) for task, values in result.tasks.items())
        content = repr((sorted(setting.items(), key=str), digests))
        own = "runs" if result.agent is None else "trajectories"
        for seen, key, what in ((identities, result.identity, "result"), (runs, content, own)):
            if key in seen:
                yield fault(entry.name, "identity" if seen is identities else own, f"same {what} as {seen[key]}")
                break
            seen[key] = entry.name


def _content_digest(values: TaskResult) -> str:
    """What a task's scores follow from. Agents that retrieve nothing all have the same run."""
    return values.run_digest if values.solved is None else values.solved.samples_digest


def _opened(folder: Path) -> tuple[Entry | None, list[Finding]]:
    faults = check_files(folder)
    if faults:
        return None, faults
    try:
        entry = read_entry(folder)
    except EvalHarnessError as error:
        if not isinstance(error, DataError):
            return None, [fault(folder.name, "result.json", str(error))]
        return None, [of_error(folder.name, error, Path(str(error.file)).name)]
    return entry, list(extra_files(folder, entry.result))


def _check_strays(board: Board) -> Iterator[Finding]:
    for path in sorted(board.folder.iterdir()):
        if path.is_symlink():
            yield fault("", path.name, "is a link")
        elif not path.is_dir() and path.name not in BOARD_FILES:
            yield fault("", path.name, "does not belong to a board")


def _check_sums(board: Board) -> Iterator[Finding]:
    try:
        listed = read_sums(board)
    except DataError as error:
        yield of_error("", error, SUMS_FILE)
        return
    there: dict[str, str] = {}
    for folder in board.entries:
        if not check_files(folder):
            names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
            there |= entry_sums(folder, names)
    for name in sorted(there.keys() | listed.keys()):
        entry, _, file = name.partition("/")
        if name not in listed:
            yield fault(entry, file, f"{SUMS_FILE} does not list it: it was not added by 'submit'")
        elif name not in there:
            yield fault(entry, file, f"{SUMS_FILE} lists it, and it is gone or cannot be read")
        elif there[name] != listed[name]:
            yield fault(entry, file, f"was changed since it was submitted ({SUMS_FILE})")


def _check_digests(entry: Entry) -> Iterator[Finding]:
    there = entry_sums(entry.folder, expected_files(entry.result))
    for name, digest in entry.result.execution.files.items():
        if there.get(f"{entry.name}/{name}", digest) != digest:
            yield fault(entry.name, f"execution.files.{name}", "is not the digest of the file")


def _check_pages(board: Board, entries: list[Entry]) -> Iterator[Finding]:
    try:
        read_reported(board.folder / REPORTED_FILE)
    except MissingDataError:
        pass
    except DataError as error:
        yield of_error("", error, f"{REPORTED_FILE}, row {error.row}" if error.row else REPORTED_FILE)
        return
    page = board.folder / TABLE_FILE
    if len(entries) == len(board.entries) and page.exists():
        try:
            if read_bounded(page, TABLE_BYTES) != board_page(board):
                yield fault("", TABLE_FILE, "is not what 'evalharness leaderboard build' makes of the entries")
        except DataError as error:
            yield of_error("", error, TABLE_FILE)
