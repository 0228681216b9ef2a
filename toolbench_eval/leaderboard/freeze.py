"""Old boards when a suite gets a new version: kept as they are, and marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from toolbench_eval.leaderboard.board import PINS_FILE, Board, write_board
from toolbench_eval.leaderboard.reference import board_pins
from toolbench_eval.registry import Registry
from toolbench_eval.results.store import slug


def frozen_if_superseded(board: Board, registry: Registry) -> Board:
    """The board, frozen with a note of what does not compare if its suite is declared in another version by now.

    Raises:
        DataError: The pins of one of the boards are not what they should be.
        StorageError: `board.toml` cannot be written.
    """
    if board.spec.frozen or board.spec.suite not in registry.suite_files:
        return board
    version = registry.suite(board.spec.suite).spec.version
    if version == board.spec.version:
        return board
    note = board.spec.note or " ".join(_note(board, version))
    frozen = replace(board, spec=board.spec.model_copy(update={"frozen": True, "note": note}))
    write_board(frozen)
    return frozen


def _note(board: Board, version: str) -> Iterator[str]:
    yield f"The suite is at version {version} now: scores of version {board.spec.version} do not compare with it."
    newer = board.folder.parent / slug(version)
    if not (newer / PINS_FILE).exists():
        return
    old, new = board_pins(board.folder), board_pins(newer)
    changed = [task for task in old if task in new and old[task] != new[task]]
    for words, tasks in (
        ("Data changed", changed),
        ("No longer in the suite", [task for task in old if task not in new]),
        ("New", [task for task in new if task not in old]),
    ):
        if tasks:
            yield f"{words}: {', '.join(tasks)}."[:600]
