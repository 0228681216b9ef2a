"""A board: `leaderboards/<suite>/<version>/`, one folder an entry, and a few files about all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from toolbench_eval.atomic import write_text
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.leaderboard.limits import TABLE_BYTES, is_plain, read_bounded, read_bounded_toml, toml_text
from toolbench_eval.results.sidecars import file_digest
from toolbench_eval.results.store import slug
from toolbench_eval.suites import Declared

BOARD_FILE = "board.toml"
PINS_FILE = "pins.toml"
SUMS_FILE = "SHA256SUMS"
TABLE_FILE = "README.md"
REPORTED_FILE = "reported.csv"
BOARD_FILES = (BOARD_FILE, PINS_FILE, SUMS_FILE, TABLE_FILE, REPORTED_FILE)

_SUM = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._+/-]*)")


class BoardDeclaration(Declared):
    """`board.toml`."""

    suite: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    frozen: bool = False
    """Whether the board takes no more entries, since the suite has a newer version."""
    note: str = Field(default="", max_length=2000)


class Pin(Declared):
    """The data of a task that all entries of a board are scored on."""

    rows: int
    queries: str
    qrels: str
    documents: str | None = None


@dataclass(frozen=True)
class Board:
    """A board and its folder."""

    folder: Path
    spec: BoardDeclaration

    @property
    def name(self) -> str:
        """Suite and version."""
        return f"{self.spec.suite}/{self.spec.version}"

    @property
    def entries(self) -> list[Path]:
        """The folders of the entries, by name. Links are no entries."""
        return sorted(path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink())


def read_board(folder: Path) -> Board:
    """The board in a folder.

    Raises:
        MissingDataError: It holds no `board.toml`.
        DataError: That is not what it should be.
    """
    path = folder / BOARD_FILE
    try:
        return Board(folder, BoardDeclaration.model_validate(read_bounded_toml(path)))
    except ValidationError as error:
        raise _invalid(error, path) from None


def find_boards(place: Path) -> list[Board]:
    """The board in a folder, or all boards of the suites below it.

    Raises:
        MissingDataError: There is none.
        DataError: A `board.toml` is not what it should be.
    """
    if not place.is_dir():
        raise MissingDataError("no such folder", file=place)
    patterns = (BOARD_FILE, f"*/{BOARD_FILE}", f"*/*/{BOARD_FILE}")
    for pattern in patterns:
        if found := sorted(place.glob(pattern)):
            return [read_board(path.parent) for path in found]
    raise MissingDataError(f"no board here: a board has a {BOARD_FILE}", file=place)


def board_place(place: Path, suite: str, version: str) -> Path:
    """The folder of the board of a suite: the folder that was named, or the one below it if it holds several boards.

    Raises:
        UsageError: The folder is neither a board nor empty.
    """
    if (place / BOARD_FILE).is_file() or not place.exists():
        several = place.name == "leaderboards"
    elif not place.is_dir():
        raise UsageError(f"{place} is no folder")
    else:
        several = place.name == "leaderboards" or any(place.glob(f"*/*/{BOARD_FILE}"))
        if not several and any(place.iterdir()):
            raise UsageError(f"{place} is no board ({BOARD_FILE} is missing) and not empty")
    return place / slug(suite) / slug(version) if several else place


def write_board(board: Board) -> None:
    """Write `board.toml`."""
    spec = board.spec
    values: dict[str, str | bool] = {"suite": spec.suite, "version": spec.version, "frozen": spec.frozen}
    values |= {"note": spec.note} if spec.note else {}
    write_text(board.folder / BOARD_FILE, toml_text(values))


def read_pins(path: Path) -> dict[str, Pin]:
    """The pinned data of tasks by name; rows about corpora are left out.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is not what it should be.
    """
    values = read_bounded_toml(path)
    try:
        return {name: Pin.model_validate(pin) for name, pin in values.items() if not name.startswith("corpus:")}
    except ValidationError as error:
        raise _invalid(error, path) from None


def read_sums(board: Board) -> dict[str, str]:
    """The checksums of all files of all entries: path below the board -> SHA-256.

    Raises:
        DataError: The file is not as `sha256sum` writes it.
    """
    path = board.folder / SUMS_FILE
    if not path.exists() and not path.is_symlink():
        return {}
    sums: dict[str, str] = {}
    for number, line in enumerate(read_bounded(path, TABLE_BYTES).splitlines(), start=1):
        fields = _SUM.fullmatch(line)
        if fields is None or ".." in fields[2]:
            raise DataError("must be a SHA-256, two blanks and a path below the board", file=path, row=number)
        sums[fields[2]] = fields[1]
    return sums


def write_sums(board: Board, sums: Mapping[str, str]) -> None:
    """Write the checksums so that `sha256sum --check SHA256SUMS` understands them; sorted by path."""
    write_text(board.folder / SUMS_FILE, "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())))


def entry_sums(folder: Path, names: list[str]) -> dict[str, str]:
    """Checksums of an entry's files, under their paths below the board."""
    return {f"{folder.name}/{name}": file_digest(folder / name) for name in names if is_plain(folder / name)}


def _invalid(error: ValidationError, path: Path) -> DataError:
    first = error.errors()[0]
    return DataError(first["msg"], file=path, field=".".join(str(part) for part in first["loc"]))
