"""A whole run: what comes out, and what it does not depend on."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.command import ROOT

import toolbench_eval
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.results.schema import Result
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.bm25 import BM25


class Counted(BM25):
    """BM25 that notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.indexed: list[int] = []
        self.asked: list[str] = []

    def index(self, corpus: Corpus) -> None:
        self.indexed.append(len(corpus))
        super().index(corpus)

    def search(self, queries: Queries, k: int) -> Run:
        self.asked += queries.texts.to_pylist()
        return super().search(queries, k)


def counted(out: Path, **options: object) -> tuple[Counted, list[Result]]:
    model = Counted()
    tasks = ["sample/trips", "sample/office", "sample/tabtext"]
    return model, toolbench_eval.evaluate(tasks, toolbench_eval.as_model("counted", model), out=out, **options)  # type: ignore[arg-type]


def test_a_shared_corpus_is_indexed_once_for_all_tasks_and_settings(tmp_path: Path) -> None:
    model, results = counted(tmp_path)
    assert model.indexed == [405]
    assert [result.task_setting["instruction"] for result in results] == ["without", "with"]
    # Equal texts are searched once: without instructions, two queries of `office` are one.
    assert len(model.asked) == 2 * (24 + 20 + 22) - 1


def test_with_scope_category_each_category_is_indexed_once(tmp_path: Path) -> None:
    model, results = counted(tmp_path, switches={"scope": "category"})
    assert sorted(model.indexed) == [88, 92, 225]
    assert {result.task_setting["scope"] for result in results} == {"category"}


def test_results_depend_on_settings_and_not_on_what_else_is_run(tmp_path: Path) -> None:
    both = counted(tmp_path / "a")[1]
    alone = counted(tmp_path / "b", instruction="with")[1]
    assert [result.identity for result in alone] == [both[1].identity]


def test_limit_asks_the_first_queries_and_is_partial(tmp_path: Path) -> None:
    model, results = counted(tmp_path, limit=2, instruction="without")
    assert len(model.asked) == 6
    assert results[0].partial
    assert results[0].counts["sample/trips"].model_dump() == {"expected": 24, "found": 2}
    assert results[0].task_setting["limit"] == 2


def test_depth_limits_the_ranking(tmp_path: Path) -> None:
    deep, shallow = (
        toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path, k=k, instruction="with", metrics=["NumRet"])[0]
        for k in (100, 5)
    )
    assert deep.tasks["sample/trips"].scores["NumRet"] == 2400
    assert shallow.tasks["sample/trips"].scores["NumRet"] == 120
    assert shallow.tasks["sample/trips"].scores["nDCG@5"] == deep.tasks["sample/trips"].scores["nDCG@5"]


def own_copy(folder: Path, *, backwards: bool) -> Path:
    """The sample suite in a user's folder, its documents in the order of the files or the other way round."""
    shutil.copytree(ROOT / "tasks/sample", folder / "sample")
    shutil.copytree(ROOT / "corpora", folder / "corpora")
    if backwards:
        for path in (folder / "corpora/sample").glob("*.jsonl"):
            path.write_text("".join(reversed(path.read_text(encoding="utf-8").splitlines(keepends=True))))
    return folder


@pytest.mark.parametrize("model", ["bm25", "tfidf", "random", "bm25+tfidf"])
def test_the_order_of_the_corpus_is_no_part_of_a_result(tmp_path: Path, model: str) -> None:
    shipped, same, backwards = (
        toolbench_eval.evaluate("sample:web", model, out=tmp_path / name, tasks_dir=folder, instruction="with")[0]
        for name, folder in (
            ("a", None),
            ("b", own_copy(tmp_path / "own", backwards=False)),
            ("c", own_copy(tmp_path / "own-backwards", backwards=True)),
        )
    )
    assert shipped.identity == same.identity == backwards.identity
    assert shipped.execution.files == backwards.execution.files


def test_what_only_execution_records_is_no_part_of_the_identity(tmp_path: Path) -> None:
    runtimes = (Runtime(), Runtime(device="cpu", batch_tokens=7, offline=True))
    results = [
        toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path / str(at), instruction="with", runtime=runtime)[0]
        for at, runtime in enumerate(runtimes)
    ]
    assert results[0].identity == results[1].identity


def test_bounds_bound(tmp_path: Path) -> None:
    values = {
        name: toolbench_eval.evaluate("sample", name, out=tmp_path, instruction="with")[0].headline.value
        for name in ("random", "bm25", "oracle")
    }
    assert 0 <= values["random"] < 0.2 < values["bm25"] < 0.99 < values["oracle"] <= 1


def test_instructions_that_are_not_there_cannot_be_asked_for(tmp_path: Path) -> None:
    folder = own_copy(tmp_path / "own", backwards=False)
    suite = folder / "sample/suite.toml"
    suite.write_text(suite.read_text().replace("[files]", '[columns]\ninstruction = "none"\n\n[files]'))
    with pytest.raises(UsageError, match="no instructions"):
        toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path, tasks_dir=folder, instruction="with")
    results = toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path, tasks_dir=folder)
    assert [result.task_setting["instruction"] for result in results] == ["without"]


class Faulty(BM25):
    """BM25 whose first ranking has a fault."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def search(self, queries: Queries, k: int) -> Run:
        run = super().search(queries, k)
        if self.fault == "nan":
            run.scores[0, 0] = np.nan
        if self.fault == "twice":
            run.documents[0, 1] = run.documents[0, 0]
        return run


@pytest.mark.parametrize(("fault", "message"), [("nan", "is NaN"), ("twice", "twice")])
def test_a_ranking_that_is_none_is_refused_and_leaves_nothing(tmp_path: Path, fault: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        toolbench_eval.evaluate("sample/trips", toolbench_eval.as_model("faulty", Faulty(fault)), out=tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


class Forgetful(BM25):
    """BM25 that answers backwards, and not every query."""

    def search(self, queries: Queries, k: int) -> Run:
        run = super().search(queries, k)
        order = np.arange(len(run))[:0:-1]
        return replace(
            run, query_ids=run.query_ids.take(order), documents=run.documents[order], scores=run.scores[order]
        )


def test_queries_without_an_answer_count_as_failed(tmp_path: Path) -> None:
    from toolbench_eval.results.rescore import rescore

    model = toolbench_eval.as_model("forgetful", Forgetful())
    result = toolbench_eval.evaluate("sample/trips", model, out=tmp_path, instruction="with")[0]
    whole = toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path, instruction="with")[0]
    assert (result.tasks["sample/trips"].failed, result.tasks["sample/trips"].queries) == (1, 24)
    assert 0 < result.headline.value < whole.headline.value
    assert rescore(next((tmp_path / "sample/forgetful").rglob("result.json"))) == result
