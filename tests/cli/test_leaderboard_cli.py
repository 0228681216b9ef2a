"""`evalharness leaderboard`: what it prints, and the boards that ship."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
import zstandard
from support.command import ROOT, evalharness, files_below

SHIPPED = ROOT / "leaderboards"


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    """A copy of the boards that ship."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "leaderboards"))


def test_the_boards_that_ship_are_proven():
    before = files_below(SHIPPED)
    done = evalharness("leaderboard", "verify", str(SHIPPED), "--offline", "--json", cwd=ROOT)
    assert done.returncode == 0, done.stdout
    boards = {board["board"]: board for board in json.loads(done.stdout)["boards"]}
    assert set(boards) == {"mair/1", "sample-mhqa/1", "sample/1", "toolret/1"}
    of_agents = boards["sample-mhqa/1"]
    assert of_agents["proven"] == len(of_agents["entries"])
    assert of_agents["faults"] == of_agents["open"] == of_agents["flags"] == []
    assert boards["sample/1"]["proven"] == len(boards["sample/1"]["entries"]) == 12
    assert boards["sample/1"]["faults"] == boards["sample/1"]["open"] == []
    assert {flag["entry"].partition("-")[0] for flag in boards["sample/1"]["flags"]} == {"oracle"}
    assert files_below(SHIPPED) == before


def test_the_boards_that_ship_are_small_and_name_no_machine():
    content = files_below(SHIPPED)
    assert sum(map(len, content.values())) < 2_000_000
    unpacked = [_unpacked(text) for name, text in content.items() if name.endswith(".zst")]
    texts = b"".join(text for name, text in content.items() if not name.endswith((".parquet", ".zst")))
    assert not any(b"/work" in text for text in unpacked)
    assert b"/work" not in texts
    assert b'"/' not in texts  # no absolute path


def _unpacked(content: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)) as stream:
        return stream.read()


def test_show():
    done = evalharness("leaderboard", "show", str(SHIPPED / "sample/1"), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "without instruction, by nDCG@10, category_macro" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if line.strip().startswith("bm25 ")]
    assert [row[:4] for row in rows] == [
        ["bm25", "0.3669", "[0.3099,", "0.4312]"],
        ["bm25", "0.6396", "[0.5801,", "0.6935]"],
    ]
    lines = [line for line in done.stdout.splitlines() if "oracle" in line]
    assert len(lines) == 2
    assert all(line.startswith("bound") for line in lines)


def test_reported_figures_stand_apart():
    done = evalharness("leaderboard", "show", str(SHIPPED / "toolret"), cwd=ROOT)
    assert done.returncode == 0
    verified, _, reported = done.stdout.partition("reported by others, not verified: nDCG@10, without instruction")
    assert "toolret, version 1: 0 entries with their runs" in verified
    assert "NV-Embed-v1" not in verified
    assert "ToolRet paper, Table 4" in reported
    as_json = evalharness("leaderboard", "show", str(SHIPPED / "toolret"), "--json", cwd=ROOT)
    (board,) = json.loads(as_json.stdout)["boards"]
    assert board["verified"] == []
    row = board["reported"]["nDCG@10, without instruction"][0]
    assert row["system"] == "BM25s"
    assert (row["web"], row["code"], row["customized"], row["category_macro"]) == ("18.98", "21.2", "26.76", "22.32")


def test_findings_leave_with_1_and_name_entry_and_field(boards):
    result = next(boards.glob("sample/1/bm25-with-*/result.json"))
    result.write_text(result.read_text().replace('"failed": 0', '"failed": 1', 1))
    done = evalharness("leaderboard", "verify", "leaderboards", "--offline", cwd=boards.parent)
    assert done.returncode == 1
    assert f"sample/1 {result.parent.name}: result.json, identity: the identity does not fit" in done.stdout
    assert f"sample/1 {result.parent.name}: result.json: was changed since it was submitted" in done.stdout
    assert "Traceback" not in done.stderr
    shown = evalharness("leaderboard", "show", "leaderboards/sample/1", cwd=boards.parent)
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr


def test_build_writes_the_page_anew(boards):
    page = boards / "sample/1/README.md"
    old = page.read_text()
    page.write_text("# mine\n")
    assert evalharness("leaderboard", "verify", "leaderboards", "--offline", cwd=boards.parent).returncode == 1
    done = evalharness("leaderboard", "build", "leaderboards", cwd=boards.parent)
    assert done.returncode == 0
    assert page.read_text() == old
    assert files_below(boards) == files_below(SHIPPED)


@pytest.mark.parametrize("command", ["show", "verify", "build"])
def test_no_board(tmp_path, command):
    (tmp_path / "empty").mkdir()
    for place in ("gone", "empty"):
        done = evalharness("leaderboard", command, place, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert list((tmp_path / "empty").iterdir()) == []


def test_a_reported_table_that_is_none(boards):
    table = boards / "mair/1/reported.csv"
    table.write_text(table.read_text().replace(",106,", ",many,"))
    done = evalharness("leaderboard", "verify", "leaderboards/mair", cwd=boards.parent)
    assert done.returncode == 1
    assert "board: reported.csv, row 2, value: " in done.stdout
