"""`evalharness compare` as users run it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.command import evalharness, files_below
from support.results import made_result, sample_results


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_results(tmp_path_factory)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return evalharness("compare", *arguments, cwd=cwd)


def test_help_has_examples_on_lines_of_their_own(tmp_path: Path) -> None:
    text = run("--help", cwd=tmp_path).stdout
    assert [line for line in text.splitlines() if line.startswith("    evalharness compare results/sample/bm25 ")]


def test_a_table_of_two(sample: Path) -> None:
    done = run("bm25", "tfidf", "--instruction", "with", "--moved", "1", cwd=sample)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "nDCG@10 on sample, category_macro"
    assert lines[1].startswith("bm25 and tfidf are not separable: +0.0145 [")
    row = next(line.split() for line in lines if line.startswith("sample/skywatch"))
    assert (row[1:5], row[-2:]) == (["14", "0.5018", "0.6663", "-0.1644"], ["0/6/8", "*"])
    assert "Queries that moved most (* relevant)" in lines


def test_json_is_the_only_thing_on_stdout(sample: Path) -> None:
    done = run("bm25", "tfidf", "random", "--instruction", "without", "--metric", "R@10", "--json", cwd=sample)
    found = json.loads(done.stdout)
    assert found["measure"] == "R@10"
    assert [system["label"] for system in found["systems"]] == ["bm25", "tfidf", "random"]
    assert len(found["lines"][0]["pairs"]) == 3
    again = run("bm25", "tfidf", "random", "--instruction", "without", "--metric", "R@10", "--json", cwd=sample)
    assert again.stdout == done.stdout


def test_the_question_may_be_the_instruction(sample: Path) -> None:
    paths = [str(path) for kind in ("with", "without") for path in (sample / "bm25").glob(f"{kind}-*")]
    refused = run(*paths, cwd=sample)
    assert refused.returncode == 2
    assert (
        "the task setting 'instruction' differs: 'with' for bm25 (with); 'without' for bm25 (without)" in refused.stderr
    )
    done = run(*paths, "--across", "instruction", cwd=sample)
    assert done.returncode == 0, done.stderr
    assert "nDCG@10 on sample, category_macro, across 'instruction'" in done.stdout
    assert "bm25 (with) is better than bm25 (without)" in done.stdout
    forced = run(*paths, "--force", cwd=sample)
    assert forced.returncode == 0
    assert "NOT COMPARABLE, forced: the task setting 'instruction' differs" in forced.stdout


def test_the_ending_names_the_format(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.html"
    done = run("bm25", "random", "--instruction", "with", "--test", "t", "--out", str(out), cwd=sample)
    assert done.returncode == 0, done.stderr
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_many_systems_fit_and_files_have_all(tmp_path: Path) -> None:
    for at in range(11):
        values = [((at * 7 + query * 3) % 11) / 11 for query in range(12)]
        made_result(tmp_path / f"m{at}", {"made/a": values, "made/b": values[:5]}, model=f"m{at}")
    done = run(*(f"m{at}" for at in range(11)), "--out", "all.md", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "some pairs and tasks are left out here" in done.stdout
    text = (tmp_path / "all.md").read_text()
    assert sum(line.startswith("| m9 | m10 |") for line in text.splitlines()) == 1
    assert "| made/b | 5 |" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bm25",), "at least two results"),
        (("bm25", "nowhere"), "bm25 holds 2 results"),
        (("bm25", "tfidf", "--instruction", "with", "--out", "x.doc"), "unknown format '.doc'"),
        (("bm25", "tfidf", "--instruction", "with", "--metric", "nDGC@10"), "Did you mean nDCG"),
        (("bm25", "tfidf", "--instruction", "with", "--task", "sample/nothing"), "none of the results here fits"),
        (("bm25", "tfidf", "--test", "u"), "--test"),
    ],
)
def test_wrong_usage_is_2_and_writes_nothing(sample: Path, arguments: tuple[str, ...], message: str) -> None:
    before = files_below(sample)
    done = run(*arguments, cwd=sample)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert {name for name in files_below(sample) if ".hf" not in name} == {name for name in before if ".hf" not in name}
