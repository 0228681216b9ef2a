"""Results in the formats of others, read back by the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.mirrors import random_benchmark, write_declaration, write_mirror

import toolbench_eval
from toolbench_eval.data.ids import string_array
from toolbench_eval.errors import DataError
from toolbench_eval.export.model_index import export_model_index
from toolbench_eval.export.mteb import export_mteb, mteb_name
from toolbench_eval.export.trec import export_trec, ranked_by_score
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.ranking.run import Run
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import find_result, read_result

SWITCHES = {"trec": {}, "stable": {"ties": "stable"}}


@pytest.fixture(scope="module", params=SWITCHES)
def stored(request, tmp_path_factory) -> Path:
    """A result on data with graded labels, masses of ties, and queries that find nothing."""
    folder = tmp_path_factory.mktemp(request.param)
    benchmark = random_benchmark(seed=3)
    toolbench_eval.evaluate(
        "gearbox",
        "bm25",
        data=write_mirror(folder / "mirror", benchmark),
        tasks_dir=write_declaration(folder / "tasks", benchmark),
        out=folder / "out",
        instruction="without",
        offline=True,
        switches=SWITCHES[request.param],
    )
    return find_result(folder / "out")


def test_pytrec_eval_gives_the_same_values(stored, tmp_path):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    names = {"nDCG@10": "ndcg_cut_10", "P@5": "P_5", "R@20": "recall_20", "AP@10": "map_cut_10"}
    export_trec(stored, tmp_path)
    result = read_result(stored)
    for name, task in result.tasks.items():
        short = name.partition("/")[2]
        with (tmp_path / f"runs/{short}.run").open() as run, (tmp_path / f"qrels/{short}.qrels").open() as qrels:
            judged, ranked = pytrec_eval.parse_qrel(qrels), pytrec_eval.parse_run(run)
        measures = {"ndcg_cut.10", "P.5", "recall.20", "map_cut.10"}
        values = pytrec_eval.RelevanceEvaluator(judged, measures).evaluate(ranked)
        assert len(values) == task.queries
        for ours, theirs in names.items():
            mean = np.mean([value[theirs] for value in values.values()])
            assert mean == pytest.approx(task.scores[ours], abs=1e-6), (name, ours)


def test_ir_measures_gives_the_same_values(stored, tmp_path):
    ir_measures = pytest.importorskip("ir_measures")
    export_trec(stored, tmp_path)
    for name, task in read_result(stored).tasks.items():
        short = name.partition("/")[2]
        qrels = list(ir_measures.read_trec_qrels(str(tmp_path / f"qrels/{short}.qrels")))
        run = list(ir_measures.read_trec_run(str(tmp_path / f"runs/{short}.run")))
        found = ir_measures.calc_aggregate([ir_measures.nDCG @ 10, ir_measures.R @ 20], qrels, run)
        assert found[ir_measures.nDCG @ 10] == pytest.approx(task.scores["nDCG@10"], abs=1e-6)
        assert found[ir_measures.R @ 20] == pytest.approx(task.scores["R@20"], abs=1e-6)


def test_our_own_score_gives_the_same_values(stored, tmp_path):
    export_trec(stored, tmp_path)
    for name, task in read_result(stored).tasks.items():
        short = name.partition("/")[2]
        scores = toolbench_eval.score(
            tmp_path / f"qrels/{short}.qrels", tmp_path / f"runs/{short}.run", list(task.scores)
        )
        assert scores.aggregates() == pytest.approx(task.scores, abs=1e-12)


def test_scores_are_kept_where_they_give_the_order():
    ids = string_array(["a", "b", "c"])
    run = Run(string_array(["q"]), ids, np.array([[2, 1, -1]], np.int32), np.array([[5.5, 5.5, -np.inf]], np.float32))
    assert ranked_by_score(run) is run
    turned = Run(run.query_ids, ids, np.array([[1, 2, -1]], np.int32), run.scores)
    assert ranked_by_score(turned).scores.tolist() == [[3.0, 2.0, -np.inf]]


def test_a_board_entry_has_no_judgments_to_export(stored, tmp_path):
    result = json.loads(stored.read_text())
    (tmp_path / "result.json").write_text(json.dumps(result))
    with pytest.raises(DataError, match="not there"):
        export_trec(tmp_path / "result.json", tmp_path / "out")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("nDCG@10", "ndcg_at_10"),
        ("AP@5", "map_at_5"),
        ("R@100", "recall_at_100"),
        ("P@1", "precision_at_1"),
        ("RR@10", "mrr_at_10"),
        ("C@10", "completeness_at_10"),
        ("P(rel=2)@5", "p_rel_2_5"),
        ("AP", "ap"),
    ],
)
def test_names_of_measures(ours, theirs):
    assert mteb_name(parse_measure(ours)) == theirs


MTEB_READER = """
import json, sys
from pathlib import Path
from mteb.results import TaskResult
result = TaskResult.from_disk(Path(sys.argv[1]))
print(json.dumps({"task": result.task_name, "main": result.get_score(), "subsets": [
    [one["hf_subset"], one["main_score"], one["ndcg_at_10"]] for one in result.scores["test"]]}))
"""


def mteb_python() -> str | None:
    """An interpreter with mteb: this one, or the one that EVALHARNESS_MTEB_PYTHON names."""
    for python in (sys.executable, os.environ.get("EVALHARNESS_MTEB_PYTHON")):
        if python and subprocess.run([python, "-c", "import mteb"], capture_output=True, check=False).returncode == 0:
            return python
    return None


def test_mteb_reads_its_result_file(stored, tmp_path):
    python = mteb_python()
    if python is None:
        pytest.skip("mteb is not installed here, and EVALHARNESS_MTEB_PYTHON names no interpreter that has it")
    file, meta = export_mteb(stored, tmp_path)
    done = subprocess.run([python, "-c", MTEB_READER, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    result = read_result(stored)
    assert read["subsets"] == [
        [name.partition("/")[2], task.scores["nDCG@10"], task.scores["nDCG@10"]] for name, task in result.tasks.items()
    ]
    assert read["main"] == pytest.approx(result.aggregates["subset_macro"]["nDCG@10"])
    assert read["task"] == file.stem == "gearbox-without-instruction"
    assert json.loads(meta.read_text())["name"] == "bm25"


def test_mteb_result_file_by_hand(stored, tmp_path):
    file, meta = export_mteb(stored, tmp_path)
    assert file.relative_to(tmp_path).as_posix() == "bm25/no_revision_available/gearbox-without-instruction.json"
    values = json.loads(file.read_text())
    first = values["scores"]["test"][0]
    task = read_result(stored).tasks["gearbox/hammer-time"]
    assert first["hf_subset"] == "hammer-time"
    assert first["main_score"] == first["ndcg_at_10"] == task.scores["nDCG@10"]
    assert first["languages"] == ["eng-Latn"]
    assert meta.is_file()


def test_toolret_has_its_name_at_mteb(stored, tmp_path):
    result = json.loads(stored.read_text())
    text = json.dumps(result).replace("gearbox", "toolret")
    model = Result.model_validate(json.loads(text)).with_identity()
    (tmp_path / "result.json").write_text(model.to_json())
    file, _ = export_mteb(tmp_path / "result.json", tmp_path)
    assert file.name == "ToolRetrieval.json"


def test_the_hub_reads_the_model_index(stored, tmp_path):
    from huggingface_hub import ModelCard, ModelCardData
    from huggingface_hub.repocard_data import model_index_to_eval_results

    (file,) = export_model_index(stored, tmp_path)
    card = ModelCard(file.read_text() + "\n# A model\n")
    result = read_result(stored)
    assert card.data.model_name == "bm25"
    found = {(one.dataset_config, one.metric_name): one.metric_value for one in card.data.eval_results}
    assert found["category_macro-without", "nDCG@10"] == result.headline.value
    for name, task in result.tasks.items():
        for measure, value in task.scores.items():
            assert found[f"{name.partition('/')[2]}-without", measure] == value
    head = yaml.safe_load(file.read_text().split("---")[1])
    name, evaluations = model_index_to_eval_results(head["model-index"])
    assert {one.task_type for one in evaluations} == {"text-retrieval"}
    assert ModelCardData(model_name=name, eval_results=evaluations).to_dict()["model-index"]


def test_to_frame(stored):
    result = read_result(stored)
    frame = result.to_frame()
    assert list(frame["task"]) == list(result.tasks)
    assert list(frame.columns[:7]) == ["suite", "model", "instruction", "task", "category", "queries", "failed"]
    row = frame.set_index("task").loc["gearbox/well"]
    assert row["nDCG@10"] == result.tasks["gearbox/well"].scores["nDCG@10"]
    assert row["queries"] == 12
    assert frame["nDCG@10"].mean() == pytest.approx(result.aggregates["subset_macro"]["nDCG@10"])


def test_to_frame_without_pandas(stored, monkeypatch):
    from toolbench_eval.errors import UsageError

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="needs pandas"):
        read_result(stored).to_frame()
