"""An entry: a result, its runs and samples, the card of its model, and what its submitter states."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from toolbench_eval.errors import DataError
from toolbench_eval.leaderboard.findings import Finding, fault
from toolbench_eval.leaderboard.limits import (
    ENTRY_BYTES,
    ENTRY_FILES,
    RESULT_BYTES,
    is_plain,
    read_bounded_json,
    read_bounded_toml,
)
from toolbench_eval.results.schema import Result, TaskResult
from toolbench_eval.results.store import RESULT_FILE, distinct_slug, read_result, slug
from toolbench_eval.suites import Declared

SUBMISSION_FILE = "submission.toml"
CARDS_FILE = "cards.json"
_VOCABULARY = re.compile(r"documents/[0-9a-f]{12}\.parquet")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")

Line = Field(min_length=1, max_length=200)


class Submission(Declared):
    """`submission.toml`: what the submitter states."""

    contact: str = Line
    """Who answers questions: a name with an address or a page."""
    licence: str = Line
    """Under which the run may be used."""
    trained_on: Literal["none", "train", "test"]
    """What of the suite's data the model was trained on."""
    bound: bool = False
    """Whether this is a sanity bound, and no system that competes."""
    url: str = Field(default="", max_length=500)
    notes: str = Field(default="", max_length=2000)

    @field_validator("contact", "licence", "url", "notes")
    @classmethod
    def _printable(cls, text: str) -> str:
        if not text.replace("\n", "").isprintable() or text != text.strip():
            raise ValueError("must be text without control characters or blanks around it")
        return text


@dataclass(frozen=True)
class Entry:
    """An entry as it was read; nothing in it is proven yet.

    Attributes:
        folder: Its folder in the board.
        result: The result.
        submission: What the submitter states.
        cards: Cards of the models by digest.
    """

    folder: Path
    result: Result
    submission: Submission
    cards: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name


def entry_name(result: Result) -> str:
    """The name that a result has on a board: model, instruction setting, and the beginning of its identity."""
    setting = result.task_setting.get("instruction", result.task_setting.get("retrieval", result.kind))
    return f"{slug(result.system)}-{slug(str(setting))}-{result.identity[:12]}"


def read_entry(folder: Path) -> Entry:
    """An entry, without its Parquet files.

    Raises:
        DataError: A file is missing, a link, too large, or not what it should be.
    """
    read_bounded_json(folder / RESULT_FILE, RESULT_BYTES)  # NaN in the part that no identity covers
    result = read_result(folder / RESULT_FILE)
    path = folder / SUBMISSION_FILE
    submission = parse_submission(read_bounded_toml(path), path)
    cards = read_bounded_json(folder / CARDS_FILE)
    if not isinstance(cards, dict) or not all(isinstance(card, dict) for card in cards.values()):
        raise DataError("must be an object with a card for each digest", file=folder / CARDS_FILE)
    return Entry(folder, result, submission, cards)


def parse_submission(values: dict[str, Any], path: Path) -> Submission:
    """The statement in the values of a TOML file.

    Raises:
        DataError: A field is missing, unknown or wrong.
    """
    try:
        return Submission.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(first["msg"].removeprefix("Value error, "), file=path, field=field) from None


def sidecar_names(result: Result, task: str) -> dict[str, str]:
    """Where a task's files lie in every entry: only these are opened, whatever the result says.

    An agent that retrieved nothing has no run.
    """
    file, values = f"{_short(result, task)}.parquet", result.tasks[task]
    run = {} if values.solved is not None and values.run_file is None else {"run_file": f"runs/{file}"}
    return {**run, "per_query_file": f"per_query/{file}"}


def samples_name(result: Result, task: str) -> str:
    """Where the samples of an agent's task lie in every entry."""
    return f"samples/{_short(result, task)}.jsonl.zst"


def expected_files(result: Result) -> list[str]:
    """Names of all files of an entry with this result."""
    names = {RESULT_FILE, SUBMISSION_FILE, CARDS_FILE}
    for task, values in result.tasks.items():
        names |= set(sidecar_names(result, task).values())
        if values.solved is not None:
            names.add(samples_name(result, task))
        if is_vocabulary(values.documents_file):
            names.add(str(values.documents_file))
    return sorted(names)


def is_vocabulary(name: str | None) -> bool:
    """Whether this is the name of a file of document ids."""
    return _VOCABULARY.fullmatch(name or "") is not None


def misnamed_files(result: Result, task: str, values: TaskResult) -> Iterator[tuple[str, str | None, str]]:
    """Fields of a task that name another file than they must: the field, what it names and what it must name."""
    names = sidecar_names(result, task)
    for field, name in names.items():
        if getattr(values, field) != name:
            yield field, getattr(values, field), name
    if values.solved is not None and values.solved.samples_file != samples_name(result, task):
        yield "solved.samples_file", values.solved.samples_file, samples_name(result, task)
    if "run_file" in names and not is_vocabulary(values.documents_file):
        yield "documents_file", values.documents_file, "documents/<12 hexadecimal digits>.parquet"
    if "run_file" not in names and values.documents_file is not None:
        yield "documents_file", values.documents_file, "null, since there is no run"


def _short(result: Result, task: str) -> str:
    return distinct_slug(task.removeprefix(f"{result.suite}/"))


def check_files(folder: Path) -> list[Finding]:
    """Faults of an entry's files that show without opening any: links, devices, strange names, too much."""
    found: list[Finding] = []
    if not _NAME.fullmatch(folder.name):
        found.append(fault(folder.name, "name", "must be letters, digits and . _ + -"))
    size = 0
    for count, (path, name) in enumerate(_walk(folder, folder, 0), start=1):
        if count > ENTRY_FILES:
            found.append(fault(folder.name, "files", f"more than {ENTRY_FILES} files"))
            break
        if not is_plain(path):
            found.append(fault(folder.name, name, "must be a plain file, not a link, device or deeper folder"))
        else:
            size += path.lstat().st_size
    if size > ENTRY_BYTES:
        found.append(fault(folder.name, "files", f"{size} bytes in all; an entry has at most {ENTRY_BYTES}"))
    return found


def extra_files(folder: Path, result: Result) -> Iterator[Finding]:
    """Files that an entry of this result has no place for, and those that it lacks."""
    there = {name for _, name in _walk(folder, folder, 0)}
    wanted = set(expected_files(result))
    for name in sorted(there - wanted):
        yield fault(folder.name, name, "does not belong to the entry")
    for name in sorted(wanted - there):
        yield fault(folder.name, name, "the file is missing")


def _walk(folder: Path, root: Path, depth: int) -> Iterator[tuple[Path, str]]:
    """All that lies in a folder and the folders right below it, links not followed."""
    with os.scandir(folder) as items:
        for item in sorted(items, key=lambda item: item.name):
            path = Path(item.path)
            if item.is_dir(follow_symlinks=False) and depth == 0:
                yield from _walk(path, root, 1)
            else:
                yield path, path.relative_to(root).as_posix()
