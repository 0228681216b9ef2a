"""A data set of runs as first stage, in the layout of MAIR's: stored order, several splits, nulls, faults."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command import evalharness

from toolbench_eval import evaluate
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.results.rescore import stored_run
from toolbench_eval.results.store import find_result
from toolbench_eval.retrievers.hub_run import HubRunModel
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.stored import TrecRunModel, first_stage_model

REPO = "own/Results-of-one"
CORPUS = Corpus.of(["d0", "d1", "d2", "d3"], ["red", "green", "blue", "white"])
ONE = Queries.of(["1", "2"], ["red", "green"])
MANY = Queries.of(["a__x_1/1", "a__x_1/2", "b__y_2/1"], ["red", "green", "blue"])
RUNS = {
    "One/queries": {"1": {"d2": 0.1, "d0": 0.9, "d1": 0.5}, "2": {"d1": 3}},
    "Many/a__x_1_queries": {"1": {"d0": 0.2, "d3": 0.1}, "2": {"d3": 0.7}},
    "Many/b__y_2_queries": {"1": {"d1": 0.4}},
    "One-more/queries": {"1": {"d3": 1.0}},
}
"""Stored order is not the order of the scores."""


def entry(results: dict) -> dict:
    return {"task": "T", "split": "s", "eval_results": {"NDCG@10": 0.3}, "size": len(results), "results": results}


def as_one_line(folder: Path) -> None:
    """As a script leaves it that dumps its dictionary: each column a list of entries."""
    (folder / "all.json").write_text(json.dumps({name: [entry(one)] for name, one in RUNS.items()}))


def as_rows(folder: Path) -> None:
    """Entries themselves, the last row counts."""
    old = {name: entry({"9": {"d0": 1.0}}) for name in RUNS}
    new = {name: entry(one) for name, one in RUNS.items()}
    (folder / "train.jsonl").write_text(f"{json.dumps(old)}\n{json.dumps(new)}\n")


def as_parquet(folder: Path) -> None:
    """With the types that the hub infers: every query has every document of its column, most of them null."""
    row = {name: entry(one) for name, one in RUNS.items()}
    table = pa.Table.from_pylist([row])
    pq.write_table(table, folder / "train-00000-of-00001.parquet")


def as_parquet_with_nulls(folder: Path) -> None:
    documents = ["d2", "d0", "d3", "d1"]
    row = {
        name: entry({query: {one: found.get(one) for one in documents} for query, found in results.items()})
        for name, results in RUNS.items()
    }
    pq.write_table(pa.Table.from_pylist([row]), folder / "train-00000-of-00001.parquet")


def mirror(root: Path, write=as_one_line) -> Access:
    folder = root / "mirror" / REPO
    folder.mkdir(parents=True)
    write(folder)
    return Access(mirror=root / "mirror", offline=True)


def announced(model, task: str, queries: Queries):
    model.index(CORPUS)
    model.announce(f"mair/{task}", queries, CORPUS.fingerprint, "with")
    return model


def ranked(run) -> list[list[str]]:
    ids = run.doc_ids.to_pylist()
    return [[ids[at] for at in row if at >= 0] for row in run.documents.tolist()]


@pytest.mark.parametrize("write", [as_one_line, as_rows, as_parquet])
def test_the_stored_order_is_the_ranking(tmp_path, write):
    model = first_stage_model(Path(REPO), suite="mair", access=mirror(tmp_path, write))
    assert isinstance(model, HubRunModel)
    run = announced(model, "One", ONE).search(ONE, 100)
    assert ranked(run) == [["d2", "d0", "d1"], ["d1"]]
    assert run.scores[0].tolist() == [3.0, 2.0, 1.0]
    assert ranked(model.search(ONE, 2)) == [["d2", "d0"], ["d1"]]


def test_nulls_are_other_queries_documents(tmp_path):
    model = HubRunModel(REPO, mirror(tmp_path, as_parquet_with_nulls))
    assert ranked(announced(model, "One", ONE).search(ONE, 100)) == [["d2", "d0", "d1"], ["d1"]]


def test_each_split_has_its_own_queries(tmp_path):
    model = announced(HubRunModel(REPO, mirror(tmp_path)), "Many", MANY)
    turned = MANY.take([2, 0, 1])
    assert ranked(model.search(turned, 100)) == [["d1"], ["d0", "d3"], ["d3"]]


def test_what_is_recorded(tmp_path):
    model = load_model("rankgpt:scripted", first_stage=HubRunModel(REPO, mirror(tmp_path)))
    assert model.name == "Results-of-one>rankgpt:scripted"
    first = model.setting["first_stage"]
    assert first["dataset"] == REPO
    assert len(first["content"]) == 64
    other = HubRunModel(REPO, mirror(tmp_path / "other", as_rows)).setting
    assert other["content"] != first["content"]


def test_missing_queries_must_be_allowed(tmp_path):
    more = Queries.of(["2", "7"], ["green", "white"])
    with pytest.raises(DataError, match="lacks query '7'"):
        announced(HubRunModel(REPO, mirror(tmp_path)), "One", more)
    allowing = HubRunModel(REPO, mirror(tmp_path / "again"), allow_missing=True)
    assert allowing.announce("mair/One", more, CORPUS.fingerprint, "with") == 1
    assert ranked(allowing.search(more, 100)) == [["d1"], []]


def test_other_tasks_queries_and_documents_are_refused(tmp_path):
    model = HubRunModel(REPO, mirror(tmp_path))
    with pytest.raises(UsageError, match="no run for 'Two'; it has One, Many, One-more"):
        announced(model, "Two", ONE)
    with pytest.raises(DataError, match="none of the 1 queries"):
        announced(model, "One", Queries.of(["z"], ["z"]))
    with pytest.raises(UsageError, match="which task comes next"):
        HubRunModel(REPO, mirror(tmp_path / "b")).search(ONE, 5)
    pipeline = load_model("rankgpt:scripted", first_stage=HubRunModel(REPO, mirror(tmp_path / "c")))
    pipeline.index(Corpus.of(["d0"], ["red"]))
    pipeline.announce("mair/One", ONE, "", "with")
    with pytest.raises(DataError, match=r"'d2'.*which the corpus lacks"):
        pipeline.search(ONE, 5)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("text", "must hold an object with the key 'results'"),
        ({"eval_results": {}}, "must hold an object with the key 'results'"),
        ([], "must hold an object with the key 'results'"),
        ({"results": {"1": ["d0", "d1"]}}, "query '1' must have an object"),
        ({"results": {"1": {"d0": "high"}}}, "query '1', document 'd0': 'high' is no score"),
        ({"results": {"1": {"d0": True}}}, "True is no score"),
        (None, "must hold an object"),
    ],
)
def test_what_is_no_run_is_refused_where_it_stands(tmp_path, cell, message):
    def write(folder: Path) -> None:
        (folder / "train.jsonl").write_text(json.dumps({"One/queries": cell, "n": 1}))

    with pytest.raises(DataError, match=message) as found:
        announced(HubRunModel(REPO, mirror(tmp_path, write)), "One", ONE)
    assert "One/queries" in str(found.value)


def test_two_splits_are_refused(tmp_path):
    def write(folder: Path) -> None:
        for name in ("one", "two"):
            (folder / f"{name}.jsonl").write_text("{}\n")

    with pytest.raises(MissingDataError, match="found default/one, default/two"):
        _ = HubRunModel(REPO, mirror(tmp_path, write)).setting


def test_a_name_that_is_nowhere_says_so_twice(tmp_path):
    access = Access(mirror=tmp_path, offline=True)
    with pytest.raises(MissingDataError, match=r"no such file or folder here.*'results/bm24' is not at hand"):
        _ = first_stage_model(Path("results/bm24"), access=access).setting


@pytest.mark.parametrize("place", ["a/b/c", "./b", "../b", "~/b", "name", "folder/mine.run.gz", "folder/result.json"])
def test_other_names_are_places_on_the_disk(place):
    with pytest.raises(MissingDataError, match="no such"):
        first_stage_model(Path(place))


def test_what_is_on_the_disk_comes_first(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    (tmp_path / REPO).write_text("1 Q0 d0 1 0.5 x\n")
    monkeypatch.chdir(tmp_path)
    assert isinstance(first_stage_model(Path(REPO)), TrecRunModel)


SUITE = """
name = "mine"
version = "1"
metrics = ["nDCG@10"]
instruction = "both"
tasks = [{ task = "One" }, { task = "Many" }]
[hub]
repo = "own/queries"
config = "{task}"
split = "*queries"
[hub.documents]
repo = "own/docs"
[columns]
id = "qid"
grade = "score"
[document_columns]
text = "doc"
"""


def test_the_whole_way(tmp_path):
    access = mirror(tmp_path)
    (tmp_path / "suite.toml").write_text(SUITE)
    for column, results in RUNS.items():
        task, _, split = column.partition("/")
        labels = [{"id": "d1", "score": 1}]
        asked = [{"qid": q, "query": "red", "instruction": "find", "labels": labels} for q in results]
        found = [{"id": f"d{at}", "doc": text} for at, text in enumerate(CORPUS.texts.to_pylist())]
        for kind, rows in (("queries", asked), ("docs", found)):
            path = tmp_path / "mirror" / "own" / kind / task / f"{split.removesuffix('queries')}{kind}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(map(json.dumps, rows)))
    results = evaluate(
        "mine",
        "rankgpt:scripted",
        first_stage=REPO,
        data=access.mirror,
        offline=True,
        tasks_dir=tmp_path,
        out=tmp_path / "out",
    )
    assert [result.model_setting["first_stage"]["dataset"] for result in results] == [REPO, REPO]
    path = find_result(tmp_path / "out", instruction="with")
    run, _ = stored_run(results[1].tasks["mine/One"], path.parent)
    assert [set(row) for row in ranked(run)] == [set(RUNS["One/queries"]["1"]), {"d1"}]
    run, _ = stored_run(results[1].tasks["mine/Many"], path.parent)
    assert [set(row) for row in ranked(run)] == [{"d0", "d3"}, {"d3"}, {"d1"}]
    told = ("--data", "mirror", "--offline", "--tasks-dir", ".", "--out", "cli", "--model", "rankgpt:scripted")
    done = evalharness("run", "--task", "mine/One", "--first-stage", REPO, *told, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = evalharness("run", "--task", "mine/One", "--first-stage", "own/other", *told, cwd=tmp_path)
    assert done.returncode == 2
    assert "no such file or folder here" in done.stderr
