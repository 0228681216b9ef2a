"""A forger of board entries: changes what is claimed, then makes every hash fit again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toolbench_eval.data.sources import Access
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.leaderboard.board import find_boards, read_board
from toolbench_eval.leaderboard.entry import Submission
from toolbench_eval.leaderboard.render import build
from toolbench_eval.leaderboard.submit import submit
from toolbench_eval.leaderboard.verify import Report, verify_board
from toolbench_eval.registry import Registry
from toolbench_eval.results import sidecars
from toolbench_eval.results.schema import identity_of
from toolbench_eval.results.store import find_result, slug

STATEMENT = Submission(contact="A. Person <a@example.org>", licence="CC-BY-4.0", trained_on="none")
TASK = "sample/trips"
FILE = "trips.parquet"


def task(result: dict[str, Any]) -> dict[str, Any]:
    """The one task that forgers change."""
    return result["tasks"][TASK]


class Forger:
    """One entry of a board.

    Attributes:
        folder: Where it is now; forging the result moves it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))

    def forge(self, change: Callable[[dict[str, Any]], object]) -> Path:
        """Change the result; its identity, its hashes, its name and the board's checksums follow."""
        result = self.result
        change(result)
        self.write(result)
        return self.folder

    def write(self, result: dict[str, Any]) -> None:
        files = result["execution"]["files"]
        for name in files:
            if (self.folder / name).is_file():
                files[name] = digest(self.folder / name)
        result["identity"] = identity_of(result)
        text = json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False)
        (self.folder / "result.json").write_text(text + "\n", encoding="utf-8")
        instruction = slug(str(result["task_setting"].get("instruction")))
        name = f"{slug(result['model'])}-{instruction}-{result['identity'][:12]}"
        self.folder = self.folder.rename(self.folder.parent / name)
        restore_sums(self.folder.parent)

    def table(self, name: str) -> pa.Table:
        return pq.ParquetFile(self.folder / name).read()

    def replace(self, name: str, table: pa.Table, **options: Any) -> None:
        """Change a Parquet file; all hashes follow, the run's digest too."""
        pq.write_table(table, self.folder / name, **{"compression": "zstd", **options})
        result = self.result
        for task, values in result["tasks"].items():
            short = task.partition("/")[2]
            try:
                ids, _ = sidecars.read_per_query(self.folder / f"per_query/{short}.parquet")
                documents = sidecars.read_documents(self.folder / values["documents_file"])
                run = sidecars.read_run(self.folder / f"runs/{short}.parquet", ids, documents)
                values["run_digest"] = sidecars.run_digest(run)
            except Exception:  # noqa: BLE001 - the forger writes what no reader takes
                continue
        self.write(result)


def restore_sums(board: Path) -> None:
    """Write SHA256SUMS anew, as `sha256sum` would, and the page where that is possible."""
    files = sorted(path for path in board.glob("*/**/*") if path.is_file() and not path.is_symlink())
    lines = [f"{digest(path)}  {path.relative_to(board).as_posix()}\n" for path in files]
    (board / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    try:
        build(read_board(board))
    except Exception:  # noqa: BLE001 - the entries cannot be read any more
        return


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verified(place: Path, **access: Any) -> Report:
    """The report on the one board at a place."""
    (board,) = find_boards(place)
    return verify_board(board, Registry(), Access(offline=True, **access), LoggingReporter())


def faults(place: Path) -> list[str]:
    """The faults of a board, as they are printed."""
    return [str(finding) for finding in verified(place).of_kind("fault")]


def submitted(results: Path, board: Path, statement: Submission = STATEMENT) -> Path:
    """Submit the one result in a folder."""
    return submit(find_result(results), board, statement, Registry(), Access(offline=True), LoggingReporter())
