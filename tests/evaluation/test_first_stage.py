"""A stored first stage is looked at before anything is searched; what it lacks is refused, or allowed and partial."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

import toolbench_eval
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.results.store import find_result

TASK = "sample/trips"


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    """bm25 on one task: whole and with a limit, as results; one query of it as a TREC run."""
    root = tmp_path_factory.mktemp("first")
    run(root / "whole", "bm25")
    run(root / "part", "bm25", limit=1)
    ids = toolbench_eval.load_task(TASK).queries.ids.to_pylist()
    documents = toolbench_eval.load_task(TASK).qrels.doc_ids.to_pylist()
    (root / "one.run").write_text(f"{ids[0]} Q0 {documents[0]} 1 1.0 mine\n")
    return root


def run(out: Path, model: str = "oracle", task: str = TASK, **options):
    options = {"instruction": "without", "offline": True, **options}
    return toolbench_eval.evaluate(task, model, out=out, **options)


@pytest.mark.parametrize("place", ["part", "one.run"])
def test_queries_that_are_lacking_are_refused(stored, tmp_path, place):
    with pytest.raises(DataError, match=r"lacks query '.*' \(23 of 24 queries\).*--allow-missing") as raised:
        run(tmp_path, first_stage=stored / place)
    assert raised.value.exit_code == 2
    assert not list(tmp_path.rglob("result.json"))


@pytest.mark.parametrize("place", ["part", "one.run"])
def test_they_may_be_lacking_and_the_result_says_so(stored, tmp_path, place, caplog):
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        [result] = run(tmp_path, first_stage=stored / place, allow_missing=True)
    assert result.partial
    assert result.counts[f"{TASK}:first_stage"].model_dump() == {"expected": 24, "found": 1}
    assert (result.tasks[TASK].queries, result.tasks[TASK].failed) == (24, 23)
    said = [record.getMessage() for record in caplog.records]
    assert said.count(f"the first stage has 1 of 24 queries of {TASK}, the result is partial") == 1


def test_allowing_changes_nothing_where_nothing_is_lacking(stored, tmp_path):
    [plain] = run(tmp_path / "a", first_stage=stored / "whole")
    [allowed] = run(tmp_path / "b", first_stage=stored / "whole", allow_missing=True)
    assert not [name for name in allowed.counts if name.endswith(":first_stage")]
    assert allowed.identity == plain.identity


def test_a_run_of_other_queries_is_refused_even_then(stored, tmp_path):
    (tmp_path / "other.run").write_text("nobody Q0 nothing 1 1.0 mine\n")
    with pytest.raises(DataError, match="none of the 24 queries"):
        run(tmp_path, first_stage=tmp_path / "other.run", allow_missing=True)


def test_a_task_that_is_lacking_is_found_before_anything_is_done(stored, tmp_path, monkeypatch):
    from toolbench_eval.rerankers.bounds import OracleReranker

    monkeypatch.setattr(OracleReranker, "rerank", lambda *values: pytest.fail("something was reranked"))
    with pytest.raises(UsageError, match=r"no run for 'sample/.*'; it has sample/trips"):
        run(tmp_path, task="sample", first_stage=stored / "whole")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_one_setting_that_serves_both_is_said_once_and_recorded(stored, tmp_path, caplog):
    file = find_result(stored / "whole")
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        results = run(tmp_path, first_stage=file, instruction="both")
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"the first stage was searched without instruction, '{TASK}' is reranked with"]
    assert len(results) == 2
    for result in results:
        first = result.model_setting["first_stage"]
        assert first["result_setting"]["instruction"] == "without"
        assert first["result"] == json.loads(file.read_text())["identity"]
