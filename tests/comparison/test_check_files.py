"""The gate over stored results: quality, budgets, and what other programs read of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from support.results import made_result, sample_results

import toolbench_eval
from toolbench_eval.comparison.check import Checked
from toolbench_eval.comparison.ci import as_values, rows, summary, workflow_commands, write_junit, write_summary
from toolbench_eval.comparison.gate import Verdict
from toolbench_eval.errors import DataError, UsageError

MACHINE = {"processor": "p", "cores": 2, "platform": "linux"}


def values(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"made/{name}": rng.uniform(0.3, 0.7, 60) for name in "abc"}


def worse(by: dict[str, float], seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {task: row - by.get(task, 0) + rng.normal(0, 0.02, 60) for task, row in values().items()}


def pair(folder: Path, new: dict[str, np.ndarray], **execution: object) -> tuple[Path, Path]:
    candidate = made_result(folder / "new", new, model="new", execution={"environment": MACHINE, **execution})
    return candidate, made_result(folder / "base", values(), model="base", execution={"environment": MACHINE})


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_results(tmp_path_factory)


@pytest.mark.parametrize("test", ["permutation", "t", "bootstrap"])
@pytest.mark.parametrize("limits", [{}, {"per_task": True}, {"non_inferiority": 1e-6}, {"max_drop": 0.0}])
def test_identical_runs_never_fail(sample: Path, test: str, limits: dict[str, float]) -> None:
    for model in ("bm25", "random"):
        checked = toolbench_eval.check(sample / model, sample / model, instruction="with", test=test, **limits)
        assert checked.stopped == []
        assert checked.verdict is Verdict.PASSED
        assert {gate.reason.partition(";")[0] for gate in checked.gates} == {"unchanged"}


def test_a_worse_model_fails_and_a_better_one_passes(sample: Path) -> None:
    failed = toolbench_eval.check(sample / "random", sample / "bm25", instruction="with")
    assert failed.verdict is Verdict.FAILED
    assert failed.summary == "random fails against bm25: nDCG@10 category_macro: a drop of 0.6243; p 0.0001"
    assert toolbench_eval.check(sample / "bm25", sample / "random", instruction="with").verdict is Verdict.PASSED
    allowed = toolbench_eval.check(sample / "random", sample / "bm25", instruction="with", max_drop=0.7)
    assert allowed.verdict is Verdict.PASSED


def test_a_drop_in_one_task_is_found_per_task(tmp_path: Path) -> None:
    candidate, baseline = pair(tmp_path, worse({"made/b": 0.05}))
    checked = toolbench_eval.check(candidate, baseline, per_task=True)
    assert [gate.name for gate in checked.gates] == [
        "nDCG@10 subset_macro",
        "nDCG@10 made/a",
        "nDCG@10 made/b",
        "nDCG@10 made/c",
    ]
    assert "nDCG@10 made/b" in [gate.name for gate in checked.stopped]
    assert "nDCG@10 made/a" not in [gate.name for gate in checked.stopped]


def test_per_task_is_corrected_over_headline_and_tasks(tmp_path: Path) -> None:
    candidate, baseline = pair(tmp_path, worse({"made/b": 0.006}))
    together = {gate.name: gate.values["p"] for gate in toolbench_eval.check(candidate, baseline, per_task=True).gates}
    alone = {
        name: toolbench_eval.check(candidate, baseline, task=name).gates[0].values["p"]
        for name in ("made/a", "made/b", "made/c")
    }
    headline = toolbench_eval.check(candidate, baseline).gates[0].values["p"]
    p = np.sort([headline, *alone.values()])
    expected = np.minimum(np.maximum.accumulate(p * [4, 3, 2, 1]), 1)
    assert sorted(together.values()) == pytest.approx(expected.tolist(), abs=0.02)
    assert together["nDCG@10 made/b"] > 1.5 * alone["made/b"]


def test_noise_is_inconclusive_and_stops_non_inferiority_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    noisy = {task: row + rng.normal(0, 0.3, 60) for task, row in values().items()}
    shift = np.mean([(noisy[task] - row).mean() for task, row in values().items()]) + 0.005
    candidate, baseline = pair(tmp_path, {task: row - shift for task, row in noisy.items()})
    checked = toolbench_eval.check(candidate, baseline)
    assert (checked.verdict, checked.stopped) == (Verdict.INCONCLUSIVE, [])
    assert checked.summary.startswith("inconclusive: new against base, lower by 0.0050, which may be noise; p 0.")
    assert toolbench_eval.check(candidate, baseline, non_inferiority=0.02).verdict is Verdict.FAILED
    assert toolbench_eval.check(candidate, baseline, non_inferiority=0.1).verdict is Verdict.PASSED


def test_the_same_model_is_told_apart_by_its_part(tmp_path: Path) -> None:
    candidate = made_result(tmp_path / "1", values(), model="m")
    baseline = made_result(tmp_path / "2", values(), model="m")
    checked = toolbench_eval.check(candidate, baseline)
    assert (checked.candidate, checked.baseline) == ("m (candidate)", "m (baseline)")


def test_a_partial_candidate_is_refused(tmp_path: Path) -> None:
    candidate, baseline = pair(tmp_path, {"made/a": values()["made/a"]})
    with pytest.raises(UsageError, match="not shared: made/b, made/c"):
        toolbench_eval.check(candidate, baseline)
    assert toolbench_eval.check(candidate, baseline, shared_tasks=True).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("execution", "limits", "verdict", "reason"),
    [
        ({"queries_per_second": 50.0}, {"max_latency_ratio": 2}, Verdict.PASSED, "20 ms a query against 10 ms"),
        ({"queries_per_second": 40.0}, {"max_latency_ratio": 2}, Verdict.FAILED, "a factor of 2.50; allowed is 2"),
        ({"queries_per_second": 40.0}, {"max_latency_ratio": 2, "latency_floor": 20}, Verdict.PASSED, "less than 20"),
        (
            {"queries_per_second": 40.0, "environment": {**MACHINE, "cores": 4}},
            {"max_latency_ratio": 2},
            Verdict.INCONCLUSIVE,
            "the machines differ",
        ),
        ({"queries_per_second": 1e6, "resumed": True}, {"max_latency_ratio": 2}, Verdict.INCONCLUSIVE, "was resumed"),
        ({"cost": {"usd": 0.5}}, {"max_cost": 0.5}, Verdict.PASSED, "0.5000 dollars"),
        ({"cost": {"usd": 0.6}}, {"max_cost": 0.5}, Verdict.FAILED, "allowed are 0.5"),
        ({"index_bytes": 1000}, {"max_index_bytes": 1000}, Verdict.PASSED, "1,000 bytes"),
        ({"index_bytes": 1001}, {"max_index_bytes": 1000}, Verdict.FAILED, "1,001 bytes, allowed are 1,000"),
        ({"resumed": True}, {"max_index_bytes": 1000}, Verdict.INCONCLUSIVE, "records no index"),
    ],
)
def test_budgets(
    tmp_path: Path, execution: dict[str, object], limits: dict[str, float], verdict: Verdict, reason: str
) -> None:
    candidate, baseline = pair(tmp_path, values(), **execution)
    checked = toolbench_eval.check(candidate, baseline, **limits)
    quality, gate = checked.gates
    assert quality.verdict is Verdict.PASSED
    assert (gate.verdict, gate.stops, checked.verdict) == (verdict, verdict is Verdict.FAILED, verdict)
    assert reason in gate.reason


def test_budgets_of_what_is_not_recorded(tmp_path: Path) -> None:
    candidate, baseline = pair(tmp_path, values(), queries_per_second=0.0)
    with pytest.raises(DataError, match=r"execution\.queries_per_second"):
        toolbench_eval.check(candidate, baseline, max_latency_ratio=1.5)
    with pytest.raises(DataError, match=r"execution\.cost\.usd"):
        toolbench_eval.check(candidate, baseline, max_cost=1)
    with pytest.raises(UsageError, match="--max-cost must be"):
        toolbench_eval.check(candidate, baseline, max_cost=-1)


@pytest.fixture
def mixed(tmp_path: Path) -> Checked:
    """A check with a failed, a passed and an inconclusive gate, of a model whose name needs escaping."""
    new = worse({"made/b": 0.05})
    noise = np.random.default_rng(2).normal(0, 0.3, 60)
    new["made/c"] = values()["made/c"] + noise - noise.mean() - 0.01
    new["made/a"] = values()["made/a"] + 0.1
    candidate = made_result(tmp_path / "new", new, model="a<b>|%\x07:é")
    baseline = made_result(tmp_path / "base", values(), model="base", setting={"k": 5})
    checked = toolbench_eval.check(candidate, baseline, per_task=True, force=True)
    verdicts = [gate.verdict for gate in checked.gates]
    assert {Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE} == set(verdicts)
    return checked


def test_junit_has_a_case_for_each_gate(mixed: Checked, tmp_path: Path) -> None:
    write_junit(mixed, tmp_path / "junit.xml")
    suite = Xml.parse(tmp_path / "junit.xml").getroot()[0]
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [gate.name for gate in mixed.gates]
    for case, gate in zip(cases, mixed.gates, strict=True):
        failure, skipped = case.find("failure"), case.find("skipped")
        assert (failure is not None) == gate.stops
        assert (skipped is not None) == (gate.verdict is Verdict.INCONCLUSIVE)
        told = failure if failure is not None else skipped
        assert told is None or told.get("message") == gate.reason
    assert suite.get("failures") == str(len(mixed.stopped))
    assert suite.get("tests") == str(len(mixed.gates))
    assert suite.findtext("system-out", "").startswith("NOT COMPARABLE, forced: the task setting 'k' differs")


def test_the_summary_is_appended_to_githubs_and_replaces_others(
    mixed: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    write_summary(mixed, path)
    assert path.read_text() == "before\n" + summary(mixed)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    write_summary(mixed, path)
    assert path.read_text() == summary(mixed)
    assert "❌ evalharness check: failed" in summary(mixed)
    assert "a\\<b\\>\\|%" in summary(mixed)


def test_annotations_are_one_line_each_and_escaped(mixed: Checked) -> None:
    lines = list(workflow_commands(mixed))
    kinds = [line.partition(" ")[0] for line in lines]
    assert kinds.count("::error") == len(mixed.stopped)
    assert kinds.count("::warning") == 1 + sum(gate.verdict is Verdict.INCONCLUSIVE for gate in mixed.gates)
    assert all("\n" not in line and "|%25" in line.rpartition("::")[2] for line in lines if "forced" not in line)
    assert "title=evalharness check%3A nDCG@10 made/b::" in "".join(lines)


def test_values_for_programs(mixed: Checked) -> None:
    found = as_values(mixed)
    assert (found["verdict"], found["passed"], found["comparable"]) == ("failed", False, False)
    assert [row["gate"] for row in rows(mixed)] == [gate.name for gate in mixed.gates]
