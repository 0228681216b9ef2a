"""Bringing a result to a board: written aside, proven as `verify` would, then put in its place at once."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from toolbench_eval.atomic import sync_folder, write_text
from toolbench_eval.cards import ModelCard
from toolbench_eval.data.pins import pins_toml
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import GateError, MissingDataError, StorageError, UnknownNameError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.leaderboard.board import (
    BOARD_FILE,
    PINS_FILE,
    Board,
    BoardDeclaration,
    Pin,
    board_place,
    entry_sums,
    read_board,
    read_sums,
    write_board,
    write_sums,
)
from toolbench_eval.leaderboard.claims import card_digests
from toolbench_eval.leaderboard.entry import (
    CARDS_FILE,
    SUBMISSION_FILE,
    Submission,
    check_files,
    entry_name,
    expected_files,
    extra_files,
    misnamed_files,
    read_entry,
)
from toolbench_eval.leaderboard.findings import Finding, QrelsNotAtHandError
from toolbench_eval.leaderboard.limits import ENTRY_BYTES, is_plain, toml_text
from toolbench_eval.leaderboard.reference import board_pins, registered_suite
from toolbench_eval.leaderboard.render import build
from toolbench_eval.leaderboard.table import read_entries
from toolbench_eval.leaderboard.verify import AnyReference, check_duplicates, check_entry, load_any
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import Execution, Result
from toolbench_eval.results.store import RESULT_FILE, read_result
from toolbench_eval.retrievers.load import find_card


def submit(
    path: Path, place: Path, submission: Submission, registry: Registry, access: Access, reporter: Reporter
) -> Path:
    """Add a result to a board, or refuse it.

    Args:
        path: The result file; its runs, and the samples of an agent, lie beside it.
        place: The board, or a folder with several (`leaderboards/`), or an empty or new one.
        submission: What the submitter states.
        registry: Where the suite and the model's card are found.
        access: Where the suite's data may come from.
        reporter: Who is told of progress.

    Returns:
        The folder of the new entry.

    Raises:
        GateError: The result does not hold; the findings are in the message.
        QrelsNotAtHandError: The judgments are not here, so nothing can be said.
        UsageError: The board is of another suite, or frozen.
        DataError: The result cannot be read.
        StorageError: The board cannot be written; it is as it was.
    """
    result = read_result(path)
    if result.partial or result.missing:
        raise GateError(f"refused: {path} is a partial result, and a board takes results of the whole suite")
    folder = board_place(place, result.suite, result.suite_version)
    board = _board(folder, result)
    suite = registered_suite(result.suite, result.suite_version, registry)
    names = [f"{suite.name}/{row.task}" for row in suite.rows]
    reference = load_any(suite, names, board_pins(folder), access, registry, reporter)
    if reference.lacking:
        name, why = next(iter(reference.lacking.items()))
        raise QrelsNotAtHandError(f"cannot score '{name}' ({len(reference.lacking)} tasks lack their data): {why}")
    with _aside(folder) as aside:
        staged = aside / entry_name(result)
        _write_entry(staged, path, result, submission, registry)
        _prove(staged, board, board_pins(folder) or reference.pins, reference)
        return _publish(staged, board, reference)


def _board(folder: Path, result: Result) -> Board:
    if not (folder / BOARD_FILE).is_file():
        return Board(folder, BoardDeclaration(suite=result.suite, version=result.suite_version))
    board = read_board(folder)
    if (board.spec.suite, board.spec.version) != (result.suite, result.suite_version):
        raise UsageError(
            f"the board {folder} is of {board.spec.suite}, version {board.spec.version}; the result is of "
            f"{result.suite}, version {result.suite_version}"
        )
    if board.spec.frozen:
        raise UsageError(f"the board {folder} is frozen: the suite has a newer version")
    return board


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder on the board's disk that is gone afterwards."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
            yield Path(aside)
    except OSError as error:
        raise StorageError(f"cannot write in {folder.parent}: {error.strerror or error}") from error


def _write_entry(folder: Path, path: Path, result: Result, submission: Submission, registry: Registry) -> None:
    _copy_sidecars(path.parent, folder, result)
    values = result.model_dump(mode="json")
    files = {name: digest for name, digest in result.execution.files.items() if name in expected_files(result)}
    values["execution"] = _public(result.execution).model_dump(mode="json") | {"files": files}
    cards = {digest: _card(digest, result, registry) for digest in card_digests(result.model_setting)}
    stated = {name: value for name, value in submission.model_dump().items() if value not in ("", False)}
    _write_json(folder / RESULT_FILE, values)
    _write_json(folder / CARDS_FILE, cards)
    write_text(folder / SUBMISSION_FILE, toml_text(stated))


def _copy_sidecars(source: Path, folder: Path, result: Result) -> None:
    for task, values in result.tasks.items():
        for field, said, name in misnamed_files(result, task, values):
            raise GateError(f"refused: tasks.{task}.{field} is '{said}'; it must be '{name}'")
    names = [name for name in expected_files(result) if "/" in name]
    size = 0
    for name in names:
        if not is_plain(source / name):
            raise MissingDataError("a file that the result names is not there, or is a link", file=source / name)
        size += (source / name).stat().st_size
        if size > ENTRY_BYTES:
            raise GateError(f"refused: the files of an entry have at most {ENTRY_BYTES} bytes in all")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, folder / name)


def _public(execution: Execution) -> Execution:
    """How it was computed, without the paths of somebody's machine."""
    environment = {name: value for name, value in execution.environment.items() if name != "command"}
    return execution.model_copy(update={"environment": environment, "sources": _without_paths(execution.sources)})


def _without_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_paths(inner) for name, inner in value.items()}
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _card(digest: str, result: Result, registry: Registry) -> dict[str, Any]:
    """The card with a digest: a registered one, or the one that a hub id gets.

    Raises:
        UsageError: The card was changed since the run.
    """
    for name in registry.card_files:
        card = registry.card(name)
        if card.digest == digest:
            return card.model_dump(mode="json")
    for name in [part for stage in result.model.split(">") for part in stage.split("+")]:
        found = _unregistered(name, registry)
        if found is not None and found.digest == digest:
            return found.model_dump(mode="json")
    raise UsageError(
        f"no model card at hand is the one that '{result.model}' was run with ({digest[:12]}): it was changed since. "
        "Run again, or give the folder that has it with --tasks-dir"
    )


def _unregistered(name: str, registry: Registry) -> ModelCard | None:
    try:
        return find_card(name, registry)
    except UnknownNameError:
        return None


def _prove(staged: Path, board: Board, pins: dict[str, Pin], reference: AnyReference) -> None:
    findings = check_files(staged)
    if not findings:
        entry = read_entry(staged)
        findings = [*extra_files(staged, entry.result), *check_entry(entry, board, pins, reference)]
    _refuse([finding for finding in findings if finding.kind != "flag"])


def _refuse(findings: list[Finding]) -> None:
    if findings:
        listed = "".join(f"\n  {finding.field}: {finding.message}" for finding in findings[:20])
        more = f"\n  and {len(findings) - 20} more" if len(findings) > 20 else ""
        raise GateError(f"refused, the result does not hold:{listed}{more}")


def _publish(staged: Path, board: Board, reference: AnyReference) -> Path:
    """Checksums first, then the entry, then the page: what is cut short can be submitted again."""
    folder = board.folder / staged.name
    lock = FileLock(board.folder.parent / f".{board.folder.name}.lock")
    with lock:
        board.folder.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            raise GateError(f"refused: {folder} is on the board already")
        new = read_entry(staged)
        _refuse([finding for finding in check_duplicates([*read_entries(board), new]) if finding.entry == new.name])
        if not (board.folder / PINS_FILE).exists():
            rows = [{"name": name, **pin.model_dump(exclude_none=True)} for name, pin in reference.pins.items()]
            write_text(board.folder / PINS_FILE, pins_toml(rows))
        write_board(board)
        write_sums(board, {**read_sums(board), **entry_sums(staged, expected_files(new.result))})
        staged.rename(folder)
        sync_folder(board.folder)
        build(board)
        Path(lock.lock_file).unlink(missing_ok=True)
    return folder


def _write_json(path: Path, values: Any) -> None:
    text = json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, f"{text}\n")
