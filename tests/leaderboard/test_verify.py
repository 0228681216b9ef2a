"""`verify`: an honest board is proven, and checksums, cards, page and oracle are looked at."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.forging import FILE, Forger, digest, faults, restore_sums, submitted, verified


def test_an_honest_board_is_proven(board):
    report = verified(board)
    assert report.findings == ()
    assert report.proven == 2
    assert len(report.entries) == 2


def test_entry_that_was_copied_under_another_name(board, forger):
    copy = Path(shutil.copytree(forger.folder, board / "mine-without-0123456789ab"))
    restore_sums(board)
    assert any(text.startswith(f"{copy.name}: name: must be") for text in faults(board))
    assert any("same result as" in text for text in faults(board))


def test_the_runs_of_another_under_a_new_name(board, forger):
    """The thief renames the model and changes the seed, so the identity is new."""
    copy = Forger(Path(shutil.copytree(forger.folder, board / "copy")))

    def steal(result):
        result["model"] = "zz-mine"
        result["task_setting"]["seed"] = 7

    copy.forge(steal)
    assert any(f"{copy.folder.name}: runs: same runs as {forger.folder.name}" in text for text in faults(board))


def test_a_changed_card_has_another_digest(board, forger):
    cards = json.loads((forger.folder / "cards.json").read_text())
    next(iter(cards.values()))["title"] = "better"
    (forger.folder / "cards.json").write_text(json.dumps(cards))
    restore_sums(board)
    assert any("the card has another digest" in text for text in faults(board))


def test_checksums_see_every_change(board, forger):
    path = forger.folder / f"runs/{FILE}"
    old = digest(path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert digest(path) != old
    found = faults(board)
    assert any(f"runs/{FILE}: was changed since it was submitted" in text for text in found)
    assert any(f"execution.files.runs/{FILE}: is not the digest" in text for text in found)


@pytest.mark.parametrize("line", ["0123  bm25/x", f"{'0' * 64} bm25/x", f"{'0' * 64}  ../x", f"{'0' * 64}  /x", "x"])
def test_checksums_that_are_none(board, line):
    with (board / "SHA256SUMS").open("a") as stream:
        stream.write(line + "\n")
    assert any(text.startswith("board: SHA256SUMS") for text in faults(board))


def test_pins_that_are_gone(board):
    (board / "pins.toml").unlink()
    assert "board: pins.toml: the file is not there" in faults(board)


def test_the_page_is_what_build_makes(board):
    page = board / "README.md"
    page.write_text(page.read_text().replace("0.36", "0.86"))
    assert any(text.startswith("board: README.md: is not what") for text in faults(board))


def test_an_oracle_is_flagged_and_not_judged(results, tmp_path):
    submitted(results / "oracle", tmp_path / "board")
    report = verified(tmp_path / "board")
    assert report.of_kind("fault") == []
    (flag,) = report.of_kind("flag")
    assert "160 of 160 queries rank all relevant documents first, by grade, with scores that are steps" in flag.message
    assert report.proven == 1
