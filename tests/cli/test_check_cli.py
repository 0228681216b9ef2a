"""`evalharness check` as CI runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from support.command import environment, evalharness
from support.results import sample_results


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_results(tmp_path_factory)


def run(candidate: str, baseline: str, *more: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    arguments = ("--candidate", candidate, "--baseline", baseline, "--instruction", "with", *more)
    return evalharness("check", *arguments, cwd=cwd, env=environment(GITHUB_ACTIONS="", **env))


def test_help_has_examples_on_lines_of_their_own(tmp_path: Path) -> None:
    text = evalharness("check", "--help", cwd=tmp_path).stdout
    assert [line for line in text.splitlines() if line.startswith("    evalharness check --candidate ")]


def test_a_failed_gate_is_1_with_a_short_reason(sample: Path) -> None:
    done = run("random", "bm25", cwd=sample)
    assert done.returncode == 1
    assert done.stderr == "error: random fails against bm25: nDCG@10 category_macro: a drop of 0.6243; p 0.0001\n"
    assert done.stdout.startswith("failed: random against bm25 on sample\n")


def test_a_passed_gate_is_0(sample: Path) -> None:
    done = run("bm25", "bm25", "--per-task", cwd=sample)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("passed: bm25 (candidate) against bm25 (baseline) on sample\n")


def test_an_inconclusive_gate_is_0_but_for_non_inferiority(sample: Path) -> None:
    done = run("bm25", "tfidf", "--metric", "R@10", cwd=sample)
    assert done.returncode == 0
    assert done.stdout.startswith("inconclusive: bm25 against tfidf on sample")
    assert run("bm25", "tfidf", "--metric", "R@10", "--non-inferiority", "0.01", cwd=sample).returncode == 1
    assert run("bm25", "tfidf", "--metric", "R@10", "--non-inferiority", "0.2", cwd=sample).returncode == 0


def test_json_files_and_exit_code_agree(sample: Path, tmp_path: Path) -> None:
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    more = ("--per-task", "--json", "--junit", str(junit), "--summary", str(summary))
    done = run("random", "bm25", *more, cwd=sample)
    found = json.loads(done.stdout)
    assert (done.returncode, found["verdict"], found["passed"]) == (1, "failed", False)
    suite = Xml.parse(junit).getroot()[0]
    assert int(suite.get("failures", 0)) == sum(gate["stops"] for gate in found["gates"]) == 9
    assert "evalharness check: failed" in summary.read_text(encoding="utf-8")


def test_annotations_under_github_only_and_never_on_stdout(sample: Path) -> None:
    done = evalharness(
        *("check", "--candidate", "random", "--baseline", "bm25", "--instruction", "with", "--json"),
        cwd=sample,
        env=environment(GITHUB_ACTIONS="true"),
    )
    assert done.returncode == 1
    json.loads(done.stdout)
    assert done.stderr.startswith(
        "::error title=evalharness check%3A nDCG@10 category_macro::random against bm25: a drop"
    )
    assert "::error" not in run("random", "bm25", cwd=sample).stderr


def test_budgets_gate_too(sample: Path) -> None:
    done = run("bm25", "tfidf", "--max-index-bytes", "10", cwd=sample)
    assert done.returncode == 1
    assert "index size" in done.stderr
    done = run("bm25", "tfidf", "--max-cost", "1", cwd=sample)
    assert done.returncode == 2
    assert "no cost in dollars is recorded" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("random", "bm25", "--max-drop", "-1"), "--max-drop must be"),
        (("random", "bm25", "--alpha", "0.7"), "--alpha must lie"),
        (("random", "nowhere"), "no such result"),
    ],
)
def test_wrong_usage_is_2(sample: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments, cwd=sample)
    assert done.returncode == 2
    assert message in done.stderr


def test_what_is_not_comparable_is_2_unless_forced(sample: Path) -> None:
    candidate, baseline = (next((sample / "bm25").glob(f"{kind}-*")).name for kind in ("without", "with"))
    arguments = ("check", "--candidate", f"bm25/{candidate}", "--baseline", f"bm25/{baseline}")
    done = evalharness(*arguments, cwd=sample)
    assert done.returncode == 2
    assert "the task setting 'instruction' differs" in done.stderr
    forced = evalharness(*arguments, "--force", cwd=sample)
    assert forced.returncode == 1
    assert "NOT COMPARABLE, forced" in forced.stdout
