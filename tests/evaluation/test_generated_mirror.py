"""A benchmark that nobody knows, from a mirror to stored runs: every row against an independent exact ranking."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.mirrors import Benchmark, Query, Tool, random_benchmark, write_declaration, write_mirror
from support.rankings import ExactBM25, Ranking, measures, result_folder, stored_runs

import toolbench_eval
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import MissingDataError, UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.results.schema import Result
from toolbench_eval.retrievers.bm25 import BM25

DEPTH = 25
MISSING = ("saw_2", "well")


class Listening(LoggingReporter):
    """Keeps warnings."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(scope="module")
def gearbox() -> Benchmark:
    return random_benchmark(seed=11)


@pytest.fixture
def evaluated(tmp_path: Path):
    """Write a benchmark and evaluate BM25 on it; returns the results by instruction setting."""

    def run(benchmark: Benchmark, *, omit: Iterable[str] = (), extra: str = "", model="bm25", **options):
        mirror = write_mirror(tmp_path / "mirror", benchmark, omit)
        tasks_dir = write_declaration(tmp_path / "tasks", benchmark, extra)
        options = {"task": benchmark.name, "data": mirror, "tasks_dir": tasks_dir, "offline": True, **options}
        results = toolbench_eval.evaluate(model=model, out=tmp_path / "out", **options)
        return {result.task_setting["instruction"]: result for result in results}

    return run


def asked(query: Query, instruction: str) -> str:
    return query.query if instruction == "without" else f"{query.instruction} {query.query}"


def expected_runs(benchmark: Benchmark, subset: str, oracle: ExactBM25, instruction: str) -> dict[str, Ranking]:
    queries = benchmark.subsets[subset].queries
    return {query.id: oracle.ranking(asked(query, instruction), DEPTH) for query in queries}


def means(runs: dict[str, Ranking], queries: Sequence[Query]) -> dict[str, list[float]]:
    """The value of each measure for each query, from rankings, in plain Python."""
    values = [measures([document for document, _ in runs[query.id]], query.labels) for query in queries]
    return {name: [value[name] for value in values] for name in values[0]}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_stored_row_is_the_exact_ranking(seed, tmp_path, evaluated):
    benchmark = random_benchmark(seed)
    results = evaluated(benchmark)
    oracle = ExactBM25(benchmark.corpus)
    assert set(results) == {"without", "with"}
    for instruction, result in results.items():
        folder = result_folder(tmp_path / "out", result)
        assert list(result.tasks) == [f"{benchmark.name}/{subset}" for subset in benchmark.subsets]
        for name, task in result.tasks.items():
            stored = stored_runs(folder, task.model_dump())
            expected = expected_runs(benchmark, name.split("/")[1], oracle, instruction)
            assert stored == expected  # ids, order and scores, to the last bit


def test_the_generated_rankings_are_full_of_ties(gearbox):
    """The test above would prove little otherwise."""
    oracle = ExactBM25(gearbox.corpus)
    cut = []
    for subset in gearbox.subsets.values():
        for query in subset.queries:
            scores = np.sort(oracle.scores(query.query))[::-1]
            cut.append(scores[DEPTH - 1] == scores[DEPTH])
    assert np.mean(cut) > 0.5
    texts = [tool.documentation for tool in gearbox.corpus]
    assert len(set(texts)) < len(texts) / 1.1
    assert any(query.query == "" for subset in gearbox.subsets.values() for query in subset.queries)


def test_aggregates_from_plain_python(tmp_path, gearbox, evaluated):
    results = evaluated(gearbox)
    oracle = ExactBM25(gearbox.corpus)
    for instruction, result in results.items():
        per_query = {
            name: means(expected_runs(gearbox, name, oracle, instruction), subset.queries)
            for name, subset in gearbox.subsets.items()
        }
        check_aggregates(result, gearbox, per_query)
        assert not result.partial
        assert result.missing == []
        for name, task in result.tasks.items():
            table = pq.read_table(result_folder(tmp_path / "out", result) / str(task.per_query_file))
            subset = name.split("/")[1]
            assert table["query_id"].to_pylist() == [query.id for query in gearbox.subsets[subset].queries]
            for measure, values in per_query[subset].items():
                np.testing.assert_allclose(table[measure].to_numpy(), values, rtol=0, atol=1e-12)


def check_aggregates(result: Result, benchmark: Benchmark, per_query: dict[str, dict[str, list[float]]]) -> None:
    """Every average of a result against one computed by hand from per-query values."""
    for measure in ("nDCG@10", "P@5", "R@20", "AP@10", "C@10"):
        by_subset = {name: fmean(values[measure]) for name, values in per_query.items()}
        categories = {
            category: [by_subset[name] for name in by_subset if benchmark.subsets[name].category == category]
            for category in benchmark.tools
        }
        by_category = {category: fmean(values) for category, values in categories.items() if values}
        everything = [value for values in per_query.values() for value in values[measure]]
        aggregates = result.aggregates
        assert {name: aggregates["by_category"][name][measure] for name in by_category} == pytest.approx(by_category)
        assert aggregates["category_macro"][measure] == pytest.approx(fmean(by_category.values()), abs=1e-12)
        assert aggregates["subset_macro"][measure] == pytest.approx(fmean(by_subset.values()), abs=1e-12)
        assert aggregates["micro"][measure] == pytest.approx(fmean(everything), abs=1e-12)
        for name, value in by_subset.items():
            assert result.tasks[f"{benchmark.name}/{name}"].scores[measure] == pytest.approx(value, abs=1e-12)
    assert result.headline.value == result.aggregates["category_macro"]["nDCG@10"]
    low, high = result.headline.ci95
    assert low < result.headline.value < high


def test_missing_subsets_are_refused(gearbox, evaluated):
    with pytest.raises(MissingDataError, match=r"gearbox/saw_2, gearbox/well.*--allow-missing"):
        evaluated(gearbox, omit=MISSING)


def test_missing_subsets_are_left_out_and_named(gearbox, evaluated):
    reporter = Listening()
    results = evaluated(gearbox, omit=MISSING, allow_missing=True, reporter=reporter)
    oracle = ExactBM25(gearbox.corpus)
    there = [name for name in gearbox.subsets if name not in MISSING]
    for instruction, result in results.items():
        per_query = {
            name: means(expected_runs(gearbox, name, oracle, instruction), gearbox.subsets[name].queries)
            for name in there
        }
        check_aggregates(result, gearbox, per_query)  # the cellar has no subset left and is no part of the average
        assert "cellar" not in result.aggregates["by_category"]
        assert result.partial
        assert result.missing == ["gearbox/saw_2", "gearbox/well"]
    assert any("gearbox/saw_2, gearbox/well" in warning for warning in reporter.warnings)


def test_no_subset_at_all_is_an_error(gearbox, evaluated):
    with pytest.raises(MissingDataError):
        evaluated(gearbox, omit=list(gearbox.subsets), allow_missing=True)


def test_numbers_that_differ_from_the_table_make_the_result_partial(gearbox, evaluated):
    reporter = Listening()
    odd = replace(gearbox, declared={"well": 99})
    result = evaluated(odd, reporter=reporter)["without"]
    assert result.partial
    assert result.counts["gearbox/well"].model_dump() == {"expected": 99, "found": 12}
    assert result.counts["gearbox/saw_2"].model_dump() == {"expected": 12, "found": 12}
    assert any("well 12 " in warning and "expected 99" in warning for warning in reporter.warnings)


def test_one_task_is_partial(gearbox, evaluated):
    result = evaluated(gearbox, task="gearbox/well")["with"]
    assert list(result.tasks) == ["gearbox/well"]
    assert result.partial


def test_a_category_is_partial(gearbox, evaluated):
    result = evaluated(gearbox, task="gearbox:attic")["with"]
    assert list(result.tasks) == ["gearbox/Eclair", "gearbox/loft.v1"]
    assert result.partial


def test_scope_category_searches_only_the_own_tools(tmp_path, gearbox, evaluated):
    results = evaluated(gearbox, switches={"scope": "category"})
    oracles = {category: ExactBM25(tools) for category, tools in gearbox.tools.items()}
    for instruction, result in results.items():
        assert result.task_setting["scope"] == "category"
        folder = result_folder(tmp_path / "out", result)
        for name, subset in gearbox.subsets.items():
            stored = stored_runs(folder, result.tasks[f"gearbox/{name}"].model_dump())
            assert stored == expected_runs(gearbox, name, oracles[subset.category], instruction)


def test_scope_category_needs_such_a_part(gearbox, evaluated):
    subsets = {name: replace(subset, category="garage") for name, subset in gearbox.subsets.items()}
    with pytest.raises(UsageError, match="no part 'garage' to search in; its parts are shed, attic, cellar"):
        evaluated(replace(gearbox, subsets=subsets), switches={"scope": "category"})


def test_ties_stable_keeps_the_order_of_the_corpus(tmp_path, gearbox, evaluated):
    result = evaluated(gearbox, switches={"ties": "stable"}, instruction="without")["without"]
    oracle, other = ExactBM25(gearbox.corpus, ties="stable"), ExactBM25(gearbox.corpus)
    folder = result_folder(tmp_path / "out", result)
    differing = 0
    for name in gearbox.subsets:
        stored = stored_runs(folder, result.tasks[f"gearbox/{name}"].model_dump())
        assert stored == expected_runs(gearbox, name, oracle, "without")
        differing += stored != expected_runs(gearbox, name, other, "without")
    assert differing == len(gearbox.subsets)


def test_limit_takes_the_first_queries(tmp_path, gearbox, evaluated):
    result = evaluated(gearbox, limit=4, instruction="with")["with"]
    oracle = ExactBM25(gearbox.corpus)
    assert result.partial
    assert result.task_setting["limit"] == 4
    for name, subset in gearbox.subsets.items():
        stored = stored_runs(result_folder(tmp_path / "out", result), result.tasks[f"gearbox/{name}"].model_dump())
        first = subset.queries[:4]
        assert stored == {query.id: oracle.ranking(asked(query, "with"), DEPTH) for query in first}
        assert result.tasks[f"gearbox/{name}"].queries == 4


def test_k_beyond_the_corpus_ranks_every_document_once(tmp_path, gearbox, evaluated):
    result = evaluated(gearbox, k=1000, instruction="without", task="gearbox/well")["without"]
    oracle = ExactBM25(gearbox.corpus)
    stored = stored_runs(result_folder(tmp_path / "out", result), result.tasks["gearbox/well"].model_dump())
    for query in gearbox.subsets["well"].queries:
        assert stored[query.id] == oracle.ranking(query.query, 1000)
        assert len(stored[query.id]) == len(gearbox.corpus)


REPR = """
[switches.document_text]
default = "raw"
paper = "repr"
only = ["bm25"]
why = "the published row read Python's str()"
"""


def test_protocol_paper_searches_the_str_of_the_decoded_document(tmp_path, gearbox, evaluated):
    result = evaluated(gearbox, extra=REPR, protocol="paper", instruction="without")["without"]
    assert result.model_setting["document_text"] == "repr"
    decoded = [Tool(tool.id, str(json.loads(tool.documentation))) for tool in gearbox.corpus]
    oracle, raw = ExactBM25(decoded), ExactBM25(gearbox.corpus)
    folder = result_folder(tmp_path / "out", result)
    differing = 0
    for name in gearbox.subsets:
        stored = stored_runs(folder, result.tasks[f"gearbox/{name}"].model_dump())
        assert stored == expected_runs(gearbox, name, oracle, "without")
        differing += stored != expected_runs(gearbox, name, raw, "without")
    assert differing  # `null` and `true` become `None` and `True`, so the texts really differ


def test_the_order_of_files_does_not_matter(tmp_path, gearbox):
    """Rows and configs in another order: the same scores and the same fingerprints."""
    turned = replace(
        gearbox,
        tools={name: tools[::-1] for name, tools in reversed(gearbox.tools.items())},
        subsets={name: replace(s, queries=s.queries[::-1]) for name, s in gearbox.subsets.items()},
    )
    found = []
    for name, benchmark in (("one", gearbox), ("two", turned)):
        write_mirror(tmp_path / name, benchmark)
        write_declaration(tmp_path / f"{name}-tasks", benchmark)
        found += toolbench_eval.evaluate(
            "gearbox",
            "bm25",
            data=tmp_path / name,
            tasks_dir=tmp_path / f"{name}-tasks",
            out=tmp_path / f"{name}-out",
            instruction="without",
        )
    assert found[0].aggregates["category_macro"] == pytest.approx(found[1].aggregates["category_macro"], abs=1e-12)
    for name, task in found[0].tasks.items():
        other = found[1].tasks[name]
        assert task.corpus_fingerprint == other.corpus_fingerprint
        assert task.queries_fingerprint == other.queries_fingerprint
        assert task.qrels_fingerprint == other.qrels_fingerprint


class Silent(BM25):
    """Finds nothing for queries whose length is a multiple of three."""

    def search(self, queries: Queries, k: int) -> Run:
        run = super().search(queries, k)
        mute = np.array([len(text) % 3 == 0 for text in queries.texts.to_pylist()])
        run.documents[mute], run.scores[mute] = NO_DOCUMENT, -np.inf
        return run


@pytest.mark.parametrize("missing", ["zero", "drop"])
def test_queries_without_a_ranking_count_as_zero_or_not_at_all(missing, gearbox, evaluated):
    model = toolbench_eval.as_model("silent", Silent())
    result = evaluated(gearbox, model=model, switches={"missing": missing}, instruction="without")["without"]
    oracle = ExactBM25(gearbox.corpus)
    for name, subset in gearbox.subsets.items():
        heard = [query for query in subset.queries if len(query.query) % 3]
        values = means(expected_runs(gearbox, name, oracle, "without"), heard)["nDCG@10"]
        queries = len(heard) if missing == "drop" else len(subset.queries)
        task = result.tasks[f"gearbox/{name}"]
        assert task.queries == queries
        assert task.scores["nDCG@10"] == pytest.approx(sum(values) / queries, abs=1e-12)
        assert task.failed == (0 if missing == "drop" else len(subset.queries) - len(heard))
