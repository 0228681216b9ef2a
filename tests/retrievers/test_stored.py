"""A stored run as first stage: the same candidates as a live one, and refused where data differ."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.evaluation.pipeline import run as evaluate
from toolbench_eval.evaluation.request import Request
from toolbench_eval.ranking.trec import write_run
from toolbench_eval.results.store import find_result
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.stored import StoredRunModel, TrecRunModel, first_stage_model

TASK = "mine/t"
TEXTS = ["weather in the city", "train to the city", "music and song", "the weather of the sun", "city map"]
CORPUS = Corpus.of([f"d{at}" for at in range(5)], TEXTS)
QUERIES = Queries.of(["q1", "q2"], ["weather city", "play music"], ["find weather", "find music"])


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """Results of bm25 with and without instructions on a small suite."""
    root = tmp_path_factory.mktemp("stored")
    suite = root / "suites" / "mine"
    (suite / "queries").mkdir(parents=True)
    (suite / "suite.toml").write_text(
        'name = "mine"\nversion = "1"\ncorpus = "mine"\ntasks = [{ task = "t" }]\n[files]\n', encoding="utf-8"
    )
    (suite / "corpus.toml").write_text('name = "mine"\nfiles = ["docs.jsonl"]\n', encoding="utf-8")
    (suite / "docs.jsonl").write_text(
        "\n".join(json.dumps({"id": f"d{at}", "text": text}) for at, text in enumerate(TEXTS)), encoding="utf-8"
    )
    labels = {"q1": "d0", "q2": "d2"}
    rows = zip(QUERIES.ids.to_pylist(), QUERIES.texts.to_pylist(), QUERIES.instructions.to_pylist(), strict=True)
    (suite / "queries" / "t.jsonl").write_text(
        "\n".join(
            json.dumps({"id": i, "query": q, "instruction": n, "labels": [{"id": labels[i], "relevance": 1}]})
            for i, q, n in rows
        ),
        encoding="utf-8",
    )
    from toolbench_eval.registry import Registry

    request = Request(tasks=("mine",), out=root / "results", instruction="both")
    evaluate(request, "bm25", Registry((root / "suites",)))
    return root / "results"


def stored(results: Path, instruction: str = "with") -> StoredRunModel:
    model = first_stage_model(results, suite="mine", instruction=instruction)
    assert isinstance(model, StoredRunModel)
    return model


def announced(model, queries=QUERIES, documents=CORPUS.fingerprint, instruction="with"):
    model.index(CORPUS)
    model.announce(TASK, queries, documents, instruction)
    return model


@pytest.mark.parametrize("instruction", ["with", "without"])
def test_a_stored_run_is_that_of_the_live_model(results, instruction, caplog):
    asked = QUERIES if instruction == "with" else replace(QUERIES, instructions=None)
    live = load_model("bm25")
    live.index(CORPUS)
    expected = live.search(asked, 4)
    model = announced(stored(results, instruction), instruction=instruction)
    found = model.search(asked, 4)
    ids, own = found.doc_ids.to_pylist(), CORPUS.ids.to_pylist()
    assert [[ids[at] for at in row] for row in found.documents] == [
        [own[at] for at in row] for row in expected.documents
    ]
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert found.query_ids.to_pylist() == ["q1", "q2"]
    assert caplog.records == []


def test_a_pipeline_over_it_is_the_live_pipeline(results):
    live = load_model("bm25>rankgpt:scripted")
    live.index(CORPUS)
    model = load_model("rankgpt:scripted", first_stage=stored(results))
    found = announced(model).search(QUERIES, 5)
    expected = live.search(QUERIES, 5)
    np.testing.assert_array_equal(found.documents, expected.documents)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert model.name == live.name
    first = model.setting["first_stage"]
    result = find_result(results, task="mine", instruction="with")
    assert first["result"] == json.loads(result.read_text())["identity"]
    assert first["result_setting"]["instruction"] == "with"
    assert first["options"]["k1"] == 1.5


def test_several_stages_over_it(results):
    model = load_model("rankgpt:scripted>rankgpt:scripted", first_stage=stored(results))
    assert model.name == "bm25>rankgpt:scripted>rankgpt:scripted"
    assert announced(model).search(QUERIES, 5).depth == 5


def test_queries_may_come_in_another_order_and_in_parts(results):
    model = announced(stored(results))
    turned = Queries.of(["q2"], ["play music"], ["find music"])
    whole, part = model.search(QUERIES, 5), model.search(turned, 5)
    np.testing.assert_array_equal(part.documents[0], whole.documents[1])


def test_another_setting_is_said(results, caplog):
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        announced(stored(results, "without"), instruction="with")
    assert "was searched without instruction, 'mine/t' is reranked with" in caplog.text


def test_a_limit_is_said(results, caplog):
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        announced(stored(results), QUERIES.head(1))
    assert "cannot be compared" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"queries": replace(QUERIES, texts=string_array(["weather city", "play song"]))}, "same ids, other texts"),
        ({"queries": replace(QUERIES, instructions=string_array(["x", "find music"]))}, "same ids, other texts"),
        ({"queries": Queries.of(["q1", "q3"], ["weather city", "play music"])}, "lacks query 'q3'"),
        ({"documents": "0" * 64}, "searched other documents"),
    ],
)
def test_other_data_are_refused(results, change, message):
    with pytest.raises(DataError, match=message):
        announced(stored(results), **change)


def test_another_task_is_refused(results):
    with pytest.raises(UsageError, match="no run for 'mine/u'; it has mine/t"):
        stored(results).announce("mine/u", QUERIES, CORPUS.fingerprint, "with")


def test_a_search_without_a_task_is_refused(results):
    with pytest.raises(UsageError, match="which task comes next"):
        stored(results).search(QUERIES, 5)


def test_places(results, tmp_path):
    with pytest.raises(MissingDataError):
        first_stage_model(results, suite="other")
    with pytest.raises(MissingDataError):
        first_stage_model(tmp_path / "nothing.json")
    with pytest.raises(MissingDataError):
        first_stage_model(tmp_path / "nothing.run")
    path = find_result(results, task="mine", instruction="with")
    assert isinstance(first_stage_model(path), StoredRunModel)


def test_a_folder_with_both_settings_serves_each_its_own(results, tmp_path, caplog):
    import shutil

    model = first_stage_model(results, suite="mine")
    for instruction in ("with", "without"):
        asked = QUERIES if instruction == "with" else replace(QUERIES, instructions=None)
        expected = announced(stored(results, instruction), instruction=instruction).search(asked, 5)
        np.testing.assert_array_equal(
            announced(model, instruction=instruction).search(asked, 5).scores, expected.scores
        )
    assert model.name == "bm25"
    assert model.setting["with"]["result"] != model.setting["without"]["result"]
    assert caplog.records == []
    with pytest.raises(UsageError, match="which task comes next"):
        first_stage_model(results).search(QUERIES, 5)
    one = find_result(results, task="mine", instruction="without").parent
    assert isinstance(first_stage_model(one), StoredRunModel)
    shutil.copytree(results, tmp_path / "twice" / "a")
    shutil.copytree(results, tmp_path / "twice" / "b")
    with pytest.raises(UsageError, match="2 results"):
        first_stage_model(tmp_path / "twice")


def test_a_changed_run_is_refused(results, tmp_path):
    import shutil

    import pyarrow.parquet as pq

    shutil.copytree(results, tmp_path / "copy")
    model = stored(tmp_path / "copy")
    run_file = model.folder / str(model.result.tasks[TASK].run_file)
    table = pq.read_table(run_file)
    pq.write_table(table.set_column(2, "score", [np.zeros(len(table), np.float32)]), run_file)
    with pytest.raises(DataError, match="not the one that the result was computed from"):
        announced(model)


def test_a_trec_run(tmp_path):
    live = load_model("bm25")
    live.index(CORPUS)
    write_run(live.search(QUERIES, 5), tmp_path / "mine.run.gz", "x")
    model = first_stage_model(tmp_path / "mine.run.gz", allow_missing=True)
    assert isinstance(model, TrecRunModel)
    assert model.name == "mine"
    assert len(model.setting["run"]) == 64
    more = Queries.of(["q2", "q9", "q1"], ["play music", "?", "weather city"])
    pipeline = load_model("rankgpt:scripted", first_stage=model)
    pipeline.index(CORPUS)
    assert pipeline.announce(TASK, more, CORPUS.fingerprint, "with") == 1
    found = pipeline.search(more, 5)
    assert found.lengths.tolist() == [5, 0, 5]
    with pytest.raises(DataError, match="none of the 1 queries"):
        model.announce(TASK, Queries.of(["z"], ["z"]), CORPUS.fingerprint, "with")
    with pytest.raises(DataError, match=r"mine.run.gz: .*lacks query 'q9' \(1 of 3 queries\)"):
        first_stage_model(tmp_path / "mine.run.gz").announce(TASK, more, CORPUS.fingerprint, "with")
    other = Corpus.of(["d0", "d1"], ["", ""])
    pipeline.index(other)
    with pytest.raises(DataError, match="which the corpus lacks"):
        pipeline.search(more, 5)
