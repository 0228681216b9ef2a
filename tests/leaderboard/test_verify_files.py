"""`verify` reads plain files that belong to an entry and are not too large; what else lies there is found."""

from __future__ import annotations

import json
import os

import pytest
from support.forging import FILE, faults, restore_sums, task

from toolbench_eval.leaderboard import entry as entries
from toolbench_eval.results.schema import identity_of


def test_files_that_do_not_belong(board, forger):
    (forger.folder / "notes.txt").write_text("hello")
    (forger.folder / "runs" / "other.parquet").write_text("hello")
    (board / "extra.zip").write_bytes(b"PK")
    restore_sums(board)
    found = faults(board)
    assert f"{forger.folder.name}: notes.txt: does not belong to the entry" in found
    assert f"{forger.folder.name}: runs/other.parquet: does not belong to the entry" in found
    assert "board: extra.zip: does not belong to a board" in found


@pytest.mark.parametrize("name", ["result.json", "submission.toml", "cards.json", f"runs/{FILE}", f"per_query/{FILE}"])
def test_files_that_are_gone(board, forger, name):
    (forger.folder / name).unlink()
    restore_sums(board)
    wanted = [f"{forger.folder.name}: {name}: the file is {word}" for word in ("missing", "not there")]
    assert any(text in wanted for text in faults(board))


def test_links_are_never_followed(board, forger, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("{}")
    (forger.folder / "result.json").unlink()
    (forger.folder / "result.json").symlink_to(secret)
    (board / "linked").symlink_to(forger.folder)
    found = faults(board)
    assert any("result.json: must be a plain file" in text for text in found)
    assert "board: linked: is a link" in found


def test_devices_are_never_opened(board, forger):
    os.mkfifo(forger.folder / "runs" / "pipe")
    assert any("runs/pipe: must be a plain file" in text for text in faults(board))


def test_deeper_folders(board, forger):
    (forger.folder / "runs" / "deep" / "deeper").mkdir(parents=True)
    assert any("runs/deep: must be a plain file, not a link, device or deeper folder" in text for text in faults(board))


def test_oversize_entry(board, forger, monkeypatch):
    monkeypatch.setattr(entries, "ENTRY_BYTES", 10_000)
    assert any("bytes in all; an entry has at most 10000" in text for text in faults(board))


def test_oversize_result(board, forger):
    with (forger.folder / "result.json").open("ab") as stream:
        stream.write(b" " * 2**24)
    assert any("result.json: has" in text and "at most 16777216 are read" in text for text in faults(board))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"schema_version": 1}',
        "1" * 10_000,
        '{"a": "\\ud800"}',
        "\ufeff{}",
    ],
)
def test_results_that_are_none(board, forger, text):
    (forger.folder / "result.json").write_text(text, encoding="utf-8")
    restore_sums(board)
    assert any(found.startswith(f"{forger.folder.name}: result.json") for found in faults(board))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("place", ["scores", "aggregates", "task_setting", "execution"])
def test_numbers_that_are_none(board, forger, number, place):
    result = forger.result
    target = {
        "scores": task(result)["scores"],
        "aggregates": result["aggregates"]["micro"],
        "task_setting": result["task_setting"],
        "execution": result["execution"]["timing"],
    }[place]
    target["nDCG@10" if place in ("scores", "aggregates") else "total"] = "@"
    result["identity"] = identity_of(result)
    text = json.dumps(result).replace('"@"', number)
    (forger.folder / "result.json").write_text(text, encoding="utf-8")
    restore_sums(board)
    assert any(found.startswith(f"{forger.folder.name}: result.json: not JSON") for found in faults(board))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "contact"),
        ('contact = ""\nlicence = "x"\ntrained_on = "none"\n', "contact"),
        ('contact = "x"\nlicence = "x"\ntrained_on = "a bit"\n', "trained_on"),
        ('contact = "x"\nlicence = "x"\ntrained_on = "none"\nprize = 1\n', "prize"),
        ('contact = "x\\u0007"\nlicence = "x"\ntrained_on = "none"\n', "contact"),
        ("x = " + "[" * 20_000, "TOML"),
        ("contact", "TOML"),
    ],
)
def test_statements_that_are_none(board, forger, text, words):
    (forger.folder / "submission.toml").write_text(text, encoding="utf-8")
    restore_sums(board)
    assert any("submission.toml" in found and words in found for found in faults(board))
