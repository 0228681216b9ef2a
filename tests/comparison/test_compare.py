"""Comparisons: averages as the suite makes them, tests, groups, the queries that moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support.results import made_result, sample_results

import toolbench_eval
from toolbench_eval.errors import UsageError
from toolbench_eval.results.rescore import rescore
from toolbench_eval.results.store import find_result, read_result


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_results(tmp_path_factory)


def test_values_are_those_of_the_results(sample: Path) -> None:
    places = [sample / model for model in ("bm25", "tfidf", "random")]
    compared = toolbench_eval.compare(places, instruction="with")
    results = [read_result(find_result(place, instruction="with")) for place in places]
    assert compared.headline == compared.first.name == results[0].headline.aggregate
    assert compared.labels == ["bm25", "tfidf", "random"]
    lines = {line.name: line.values for line in compared.lines}
    for at, result in enumerate(results):
        expected = {name: result.aggregates[name]["nDCG@10"] for name in ("category_macro", "subset_macro", "micro")}
        expected |= {name: one["nDCG@10"] for name, one in result.aggregates["by_category"].items()}
        expected |= {name: task.scores["nDCG@10"] for name, task in result.tasks.items()}
        assert {name: values[at] for name, values in lines.items()} == pytest.approx(expected)
    assert [line.kind for line in compared.lines] == ["average"] * 3 + ["category"] * 3 + ["task"] * 8


def test_random_is_told_from_the_rest_and_the_rest_is_not(sample: Path) -> None:
    compared = toolbench_eval.compare([sample / m for m in ("random", "bm25", "tfidf")], instruction="with")
    assert compared.first.groups == ("b", "a", "a")
    assert compared.first.ranks == ((3, 3), (1, 2), (1, 2))
    assert [pair.significant for pair in compared.first.pairs] == [True, True, False]


def test_a_category_macro_is_tested_as_one(tmp_path: Path) -> None:
    """The system that gains in the small category only differs in category_macro, and hardly in micro."""
    rng = np.random.default_rng(0)
    base = {"made/big": rng.random(400), "made/small": rng.random(12)}
    new = {"made/big": base["made/big"] + rng.normal(0, 0.1, 400), "made/small": base["made/small"] + 0.2}
    categories = {"made/big": "x", "made/small": "y"}
    places = [
        made_result(tmp_path / "new", new, model="new", categories=categories),
        made_result(tmp_path / "old", base, model="old", categories=categories),
    ]
    lines = {line.name: line for line in toolbench_eval.compare(places).lines}
    macro, micro = lines["category_macro"].pairs[0], lines["micro"].pairs[0]
    gain = (new["made/big"] - base["made/big"]).mean()
    assert macro.delta == pytest.approx((gain + 0.2) / 2)
    assert micro.delta == pytest.approx((400 * gain + 12 * 0.2) / 412)
    assert macro.p < 0.002
    assert micro.p > 0.05


def test_a_single_task_is_ttest_rel(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.random((2, 50))
    places = [made_result(tmp_path / str(at), {"made/a": row}, model=str(at)) for at, row in enumerate(values)]
    (line,) = toolbench_eval.compare(places, test="t").lines
    assert line.pairs[0].p == pytest.approx(stats.ttest_rel(*values).pvalue)


def test_wins_ties_and_losses(tmp_path: Path) -> None:
    first = made_result(tmp_path / "1", {"made/a": [0.1, 0.5, 0.9, 0.3], "made/b": [1.0, 0.0]}, model="1")
    second = made_result(tmp_path / "2", {"made/a": [0.1, 0.4, 1.0, 0.2], "made/b": [1.0, 0.5]}, model="2")
    lines = {line.name: line.pairs[0] for line in toolbench_eval.compare([first, second]).lines}
    assert (lines["made/a"].wins, lines["made/a"].ties, lines["made/a"].losses) == (2, 1, 1)
    assert (lines["micro"].wins, lines["micro"].ties, lines["micro"].losses) == (2, 2, 2)


def test_holm_is_over_the_pairs_of_a_line(sample: Path) -> None:
    compared = toolbench_eval.compare([sample / m for m in ("bm25", "tfidf", "random")], instruction="without")
    for line in compared.lines:
        p = sorted(pair.p for pair in line.pairs)
        expected = np.minimum(np.maximum.accumulate([p[0] * 3, p[1] * 2, p[2]]), 1)
        assert sorted(pair.p_holm for pair in line.pairs) == pytest.approx(list(expected))


def test_a_measure_that_was_not_computed_is_taken_from_the_runs(sample: Path) -> None:
    compared = toolbench_eval.compare([sample / "bm25", sample / "tfidf"], instruction="with", metric="ERR@20")
    scored = rescore(find_result(sample / "bm25", instruction="with"), ["ERR@20"])
    assert compared.measure == "ERR@20"
    assert compared.first.values[0] == pytest.approx(scored.headline.value)


def test_the_queries_that_moved_most_have_texts_and_rankings(sample: Path) -> None:
    compared = toolbench_eval.compare([sample / "bm25", sample / "random"], instruction="with", moved=3)
    assert len(compared.moved) == 3
    for moved in compared.moved:
        task = toolbench_eval.load_task(moved.task)
        at = task.queries.ids.to_pylist().index(moved.query)
        assert moved.text == task.queries.texts[at].as_py()
        assert abs(moved.scores[0] - moved.scores[1]) == pytest.approx(1)
        best, worst = moved.rankings
        assert (best.system, worst.system) == ("bm25", "random")
        assert (best.top[0].grade or 0) > 0
        assert len(best.top) == 5


def test_without_runs_and_data_the_scores_that_moved_are_shown_all_the_same(tmp_path: Path) -> None:
    first = made_result(tmp_path / "1", {"made/a": [0.1, 0.5, 0.9]}, model="1")
    second = made_result(tmp_path / "2", {"made/a": [0.1, 0.4, 0.5]}, model="2")
    moved = toolbench_eval.compare([first, second]).moved
    assert [(one.query, one.scores, one.text, one.rankings) for one in moved] == [
        ("a_2", (0.9, 0.5), None, ()),
        ("a_1", (0.5, 0.4), None, ()),
    ]


def test_texts_of_other_data_are_not_shown(sample: Path, tmp_path: Path) -> None:
    """A suite of the same name whose queries are others."""
    own = tmp_path / "own"
    (own / "queries").mkdir(parents=True)
    (own / "queries/trips.jsonl").write_text(
        '{"id": "trips_query_0", "query": "other", "labels": [{"id": "d", "relevance": 1}]}\n'
    )
    (own / "suite.toml").write_text(
        'name = "sample"\nversion = "1"\ncorpus = "own"\n[files]\n[[tasks]]\ntask = "trips"\n'
        '[headline]\nmetric = "nDCG@10"\n'
    )
    places = [sample / "bm25", sample / "random"]
    options = {"instruction": "with", "task": "sample/trips", "moved": 2}
    assert all(moved.text for moved in toolbench_eval.compare(places, **options).moved)
    hidden = toolbench_eval.compare(places, **options, tasks_dir=[tmp_path]).moved
    assert [moved.text for moved in hidden] == [None, None]


def test_failed_queries_and_coarse_draws_are_noted(tmp_path: Path) -> None:
    first = made_result(tmp_path / "1", {"made/a": [0.1, 0.5, 0.9]}, model="1", task={"failed": 2})
    others = [made_result(tmp_path / str(at), {"made/a": [0.1, 0.5, at / 20]}, model=str(at)) for at in range(2, 8)]
    compared = toolbench_eval.compare([first, *others], draws=200)
    assert compared.notes == (
        "1: 2 queries without a ranking count as 0",
        "200 draws cannot show significance among 21 pairs; raise --draws",
    )
    assert toolbench_eval.compare([first, *others], draws=500).notes == compared.notes[:1]


@pytest.mark.parametrize(("options", "message"), [({"alpha": 0.0}, "--alpha"), ({"draws": 10}, "--draws")])
def test_numbers_out_of_range(tmp_path: Path, options: dict[str, float], message: str) -> None:
    place = made_result(tmp_path / "1", {"made/a": [0.1, 0.5]})
    with pytest.raises(UsageError, match=message):
        toolbench_eval.compare([place, place], **options)
