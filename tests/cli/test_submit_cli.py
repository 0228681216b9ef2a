"""`evalharness submit`: options, exit codes, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import evalharness
from support.mirrors import random_benchmark, write_declaration, write_mirror

from toolbench_eval.results.schema import identity_of

STATED = ("--contact", "A. Person", "--licence", "CC-BY-4.0", "--trained-on", "none")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results of BM25 in both settings."""
    folder = tmp_path_factory.mktemp("submit")
    assert evalharness("run", "--task", "sample", "--model", "bm25", cwd=folder).returncode == 0
    return folder


def test_submit_and_verify(place):
    submit = ("submit", "results", "--instruction", "with", "--board", "board", *STATED, "--offline")
    done = evalharness(*submit, cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("submitted: board/bm25-with-")
    again = evalharness(*submit, cwd=place)
    assert again.returncode == 1
    assert "on the board already" in again.stderr
    verified = evalharness("leaderboard", "verify", "board", "--offline", cwd=place)
    assert verified.returncode == 0
    assert verified.stdout == "sample/1: 1 of 1 entries proven\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--licence", "x", "--trained-on", "none"), "--contact is missing"),
        (("--contact", "x", "--trained-on", "none"), "--licence is missing"),
        (("--contact", "x", "--licence", "x"), "--trained-on is missing"),
        (("--contact", "x", "--licence", "x", "--trained-on", "some"), "'some'"),
        (("--contact", "", "--licence", "x", "--trained-on", "none"), "contact"),
        (("--submission", "gone.toml"), "gone.toml"),
    ],
)
def test_a_statement_is_needed(place, arguments, words):
    done = evalharness("submit", "results", "--instruction", "with", "--board", "b2", *arguments, cwd=place)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (place / "b2").exists()


def test_a_statement_from_a_file(place):
    (place / "mine.toml").write_text('contact = "A"\nlicence = "B"\ntrained_on = "train"\nnotes = "tuned"\n')
    submit = ("submit", "results", "--instruction", "without", "--board", "b3", "--submission", "mine.toml")
    done = evalharness(*submit, "--trained-on", "test", cwd=place)
    assert done.returncode == 0, done.stderr
    text = next((place / "b3").glob("*/submission.toml")).read_text()
    assert text == 'contact = "A"\nlicence = "B"\ntrained_on = "test"\nnotes = "tuned"\n'


def test_several_results_must_be_narrowed(place):
    done = evalharness("submit", "results", "--board", "b4", *STATED, cwd=place)
    assert done.returncode == 2
    assert "--task/--instruction" in done.stderr


def test_altered_scores_leave_with_1(place):
    path = next((place / "results").rglob("with-*/result.json"))
    result = json.loads(path.read_text())
    result["headline"]["value"] = 0.9
    result["identity"] = identity_of(result)
    forged = path.parent.with_name("forged")
    forged.mkdir()
    for item in path.parent.iterdir():
        (forged / item.name).symlink_to(item)
    (forged / "result.json").unlink()
    (forged / "result.json").write_text(json.dumps(result))
    done = evalharness("submit", str(forged), "--board", "b5", *STATED, cwd=place)
    assert done.returncode == 1
    assert "headline.value: says 0.9; the run gives 0.639647" in done.stderr
    assert not (place / "b5").exists()
    (forged / "result.json").unlink()


def test_judgments_that_are_not_at_hand_leave_with_3(tmp_path):
    benchmark = random_benchmark(seed=5)
    write_mirror(tmp_path / "mirror", benchmark)
    write_declaration(tmp_path / "tasks", benchmark)
    own = ("--tasks-dir", "tasks", "--offline")
    run = ("run", "--task", "gearbox", "--model", "bm25", "--instruction", "with", *own)
    assert evalharness(*run, "--data", "mirror", cwd=tmp_path).returncode == 0
    submit = ("submit", "results", "--board", "board", *STATED, *own)
    done = evalharness(*submit, cwd=tmp_path)
    assert done.returncode == 3
    assert "error: cannot score 'gearbox/" in done.stderr
    assert evalharness(*submit, "--data", "mirror", cwd=tmp_path).returncode == 0
    verify = ("leaderboard", "verify", "board", *own)
    assert evalharness(*verify, "--data", "mirror", cwd=tmp_path).returncode == 0
    done = evalharness(*verify, cwd=tmp_path)
    assert done.returncode == 3
    assert "not proven: " in done.stdout
    assert "0 of 1 entries proven; 5 open" in done.stdout
