"""BM25 on the sixteen subsets of ToolRet that the public mirror has: scores and stored rankings against oracles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import pytrec_eval
from support.mirrors import Tool
from support.rankings import ExactBM25, result_folder, stored_runs

import toolbench_eval
from toolbench_eval.data.check import check_folder
from toolbench_eval.data.sources import Access
from toolbench_eval.results.schema import Result

TOLERANCE = 1e-9
PYTREC = {"nDCG@10": "ndcg_cut_10", "P@10": "P_10", "R@10": "recall_10", "AP@10": "map_cut_10"}
SAMPLE = 13  # queries of each subset: about 200 in all


@pytest.fixture(scope="module")
def mirror(shared_data: Path) -> Path:
    folder = shared_data / "hub"
    if not (folder / "mangopy" / "ToolRet-Queries").is_dir():
        pytest.skip(f"no mirror of ToolRet in {folder}")
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def results(mirror: Path, out: Path) -> dict[str, Result]:
    found = toolbench_eval.evaluate("toolret", "bm25", data=mirror, out=out, allow_missing=True, offline=True)
    return {result.task_setting["instruction"]: result for result in found}


@pytest.fixture(scope="module")
def tools(mirror: Path) -> list[Tool]:
    folder = mirror / "mangopy" / "ToolRet-Tools"
    tables = [pq.read_table(next((folder / name).glob("*.parquet"))) for name in ("web", "code", "customized")]
    return [Tool(row["id"], row["documentation"]) for table in tables for row in table.to_pylist()]


@pytest.fixture(scope="module")
def oracle(tools: list[Tool]) -> ExactBM25:
    return ExactBM25(tools)


def sampled(mirror: Path, subset: str) -> Iterator[dict[str, str]]:
    """Queries of a subset spread over it, the first and the last among them."""
    rows = pq.read_table(next((mirror / "mangopy" / "ToolRet-Queries" / subset).glob("*.parquet"))).to_pylist()
    for at in sorted(set(np.linspace(0, len(rows) - 1, SAMPLE).astype(int).tolist())):
        yield rows[at]


def test_sizes(results: dict[str, Result], out: Path, tools: list[Tool]):
    assert list(results) == ["without", "with"]
    for result in results.values():
        assert len(result.tasks) == 16
        assert len(result.missing) == 19
        assert result.partial
        assert sum(task.queries for task in result.tasks.values()) == 5253
        assert result.counts["corpus:toolret"].model_dump() == {"expected": 44453, "found": 19680}
        assert len(tools) == 19680
        for task in result.tasks.values():
            documents = pq.read_table(result_folder(out, result) / str(task.documents_file))["document_id"].to_pylist()
            assert sorted(documents) == sorted(tool.id for tool in tools)


@pytest.mark.parametrize("instruction", ["without", "with"])
def test_every_value_of_every_query_is_that_of_trec_eval(results: dict[str, Result], out: Path, instruction: str):
    result = results[instruction]
    folder = result_folder(out, result)
    compared = 0
    for task in result.tasks.values():
        runs = {
            query: {document: float(score) for document, score in ranking}
            for query, ranking in stored_runs(folder, task.model_dump()).items()
        }
        qrels: dict[str, dict[str, int]] = {}
        for row in pq.read_table(folder / str(task.qrels_file)).to_pylist():
            qrels.setdefault(row["query_id"], {})[row["document_id"]] = row["grade"]
        oracle = pytrec_eval.RelevanceEvaluator(qrels, set(PYTREC.values())).evaluate(runs)
        table = pq.read_table(folder / str(task.per_query_file))
        queries = table["query_id"].to_pylist()
        assert queries == list(qrels)
        for measure, name in PYTREC.items():
            expected = np.array([oracle[query][name] for query in queries])
            np.testing.assert_allclose(table[measure].to_numpy(), expected, rtol=0, atol=TOLERANCE)
            assert task.scores[measure] == pytest.approx(expected.mean(), abs=TOLERANCE)
        compared += len(queries)
    assert compared == 5253


@pytest.mark.parametrize("instruction", ["without", "with"])
def test_stored_rankings_are_the_exact_ones(results, mirror: Path, out: Path, oracle: ExactBM25, instruction: str):
    result = results[instruction]
    folder, compared = result_folder(out, result), 0
    for name, task in result.tasks.items():
        stored = stored_runs(folder, task.model_dump())
        for row in sampled(mirror, name.split("/")[1]):
            text = row["query"] if instruction == "without" else f"{row['instruction']} {row['query']}"
            assert stored[row["id"]] == oracle.ranking(text, 100)
            compared += 1
    assert 180 <= compared <= 210


def test_protocol_paper_searches_python_text(results, mirror: Path, tmp_path: Path, out: Path, tools: list[Tool]):
    paper = toolbench_eval.evaluate(
        ["toolret/metatool", "toolret/gorilla-pytorch"],
        "bm25",
        data=mirror,
        out=tmp_path,
        protocol="paper",
        instruction="without",
    )[0]
    assert paper.task_setting["protocol"] == "paper"
    assert paper.model_setting["document_text"] == "repr"
    assert paper.model_setting["wo_inst_template"] == "scaffold"
    default = results["without"].model_setting
    assert (default["document_text"], default["wo_inst_template"]) == ("raw", "bare")

    oracle = ExactBM25([Tool(tool.id, str(json.loads(tool.documentation))) for tool in tools])
    differing = 0
    for name, task in paper.tasks.items():
        stored = stored_runs(result_folder(tmp_path, paper), task.model_dump())
        raw = stored_runs(result_folder(out, results["without"]), results["without"].tasks[name].model_dump())
        differing += sum(stored[query] != raw[query] for query in stored)
        for row in sampled(mirror, name.split("/")[1]):
            assert stored[row["id"]] == oracle.ranking(row["query"], 100)
    assert differing > 0


def test_the_real_records_have_no_fault_but_their_numbers(mirror: Path):
    """Records of ToolRet's own shape pass `tasks check`; only the mirror's sizes differ from the published ones."""
    shipped = Path(__file__).resolve().parents[2] / "tasks" / "toolret"
    findings = check_folder(shipped, Access(mirror=mirror, offline=True))
    assert findings
    assert all("the table says" in finding.message for finding in findings), [str(finding) for finding in findings]
