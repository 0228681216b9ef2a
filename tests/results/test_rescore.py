"""Scoring a stored run again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command import ROOT, environment, evalharness

import toolbench_eval
from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError, UnknownNameError
from toolbench_eval.results.rescore import rescore
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import find_result, read_result

MEASURES = "nDCG@10 AP RR@3 R@100 GMAP NumRet ERR@20 Judged@10 IPrec@0.5 SetF RBP infAP Bpref"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result file; the folder's name is one that Parquet readers like to take for a column."""
    out = tmp_path_factory.mktemp("stored") / "query=3"
    toolbench_eval.evaluate("sample", "bm25", out=out, instruction="with", metrics=[MEASURES])
    return find_result(out)


@pytest.fixture
def copy(stored: Path, tmp_path: Path) -> Path:
    """A result file that a test may damage."""
    return Path(shutil.copytree(stored.parent, tmp_path / "copy")) / "result.json"


def test_the_same_measures_give_the_same_result(stored: Path) -> None:
    assert rescore(stored) == read_result(stored)


def test_other_measures_are_what_a_run_with_them_gives(stored: Path, tmp_path: Path) -> None:
    fresh = toolbench_eval.evaluate("sample", "bm25", out=tmp_path, instruction="with", metrics=["Success@3 GMAP"])[0]
    scored = rescore(stored, ["Success@3", "GMAP nDCG@10"])
    assert list(scored.tasks["sample/trips"].scores) == ["Success@3", "GMAP", "nDCG@10"]
    for name, task in scored.tasks.items():
        assert task.scores == {measure: fresh.tasks[name].scores[measure] for measure in task.scores}
    for name in ("category_macro", "subset_macro", "micro"):
        assert scored.aggregates[name] == {m: fresh.aggregates[name][m] for m in scored.aggregates[name]}
    assert scored.headline == fresh.headline
    assert scored.identity != read_result(stored).identity


def test_without_the_old_headline_the_first_measure_leads(stored: Path) -> None:
    headline = rescore(stored, ["GMAP", "AP"]).headline
    assert (headline.metric, headline.aggregate) == ("GMAP", "category_macro")
    assert headline.ci95[0] < headline.value < headline.ci95[1]


def test_an_unknown_measure_is_refused(stored: Path) -> None:
    with pytest.raises(UnknownNameError, match="nDGC"):
        rescore(stored, ["nDGC@10"])


def test_neither_model_nor_data_nor_network_are_needed(tmp_path: Path) -> None:
    """The suite is a user's own; before scoring again, it is gone."""
    mine = tmp_path / "mine"
    shutil.copytree(ROOT / "tasks/sample", mine / "own")
    shutil.copytree(ROOT / "corpora", mine / "corpora")
    suite = mine / "own/suite.toml"
    suite.write_text(suite.read_text().replace('name = "sample"', 'name = "own"'))
    env = environment(HF_HOME=str(tmp_path / "hf"))
    arguments = ("run", "--task", "own/trips", "--model", "bm25", "--tasks-dir", "mine", "--instruction", "with")
    done = evalharness(*arguments, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(mine)
    offline = {**env, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    again = evalharness("rescore", "results", "--json", cwd=tmp_path, env=offline)
    assert again.returncode == 0, again.stderr
    scored = Result.model_validate_json(again.stdout)
    assert scored == read_result(find_result(tmp_path / "results"))


# damage ---------------------------------------------------------------------------------------


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def swap_scores(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    scores = table["score"].to_numpy().copy()
    scores[0] += 1
    pq.write_table(table.set_column(2, "score", pa.array(scores)), path)


def other_types(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    pq.write_table(table.set_column(0, table.column_names[0], pa.array([None] * len(table), pa.int32())), path)


def no_columns(path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), path)


def reordered(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    pq.write_table(table.take(list(range(len(table)))[::-1]), path)


def outside(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    documents = table["document"].to_numpy().copy()
    documents[3] = 10_000
    pq.write_table(table.set_column(1, "document", pa.array(documents)), path)


def regraded(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    pq.write_table(table.set_column(2, "grade", pa.array([2] * len(table), pa.int32())), path)


@pytest.mark.parametrize(
    ("kind", "damage", "error"),
    [
        ("runs", Path.unlink, MissingDataError),
        ("runs", truncate, DataError),
        ("runs", swap_scores, DataError),
        ("runs", other_types, DataError),
        ("runs", no_columns, DataError),
        ("runs", reordered, DataError),
        ("runs", outside, DataError),
        ("qrels", Path.unlink, MissingDataError),
        ("qrels", truncate, DataError),
        ("qrels", regraded, DataError),
        ("qrels", other_types, DataError),
    ],
)
def test_a_file_that_is_not_the_result_s_own_is_named(
    copy: Path, kind: str, damage: Callable[[Path], None], error: type[EvalHarnessError]
) -> None:
    damaged = copy.parent / kind / "tunes.parquet"
    damage(damaged)
    with pytest.raises(error) as found:
        rescore(copy)
    assert str(damaged) in str(found.value)
    assert type(found.value) is error


def test_the_run_of_another_task_is_refused(copy: Path) -> None:
    runs = copy.parent / "runs"
    shutil.copy(runs / "trips.parquet", runs / "tunes.parquet")
    with pytest.raises(DataError, match=r"tunes\.parquet"):
        rescore(copy)


def test_other_documents_are_refused(copy: Path) -> None:
    path = next((copy.parent / "documents").iterdir())
    ids = pq.ParquetFile(path).read()["document_id"].to_pylist()
    pq.write_table(pa.table({"document_id": ids[::-1]}), path)
    with pytest.raises(DataError, match=f"documents/{path.name}"):
        rescore(copy)


def test_the_command_line_refuses_with_exit_code_2(copy: Path) -> None:
    truncate(copy.parent / "runs/tunes.parquet")
    done = evalharness("rescore", str(copy), cwd=copy.parent)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {copy.parent}/runs/tunes.parquet: not a Parquet file")
