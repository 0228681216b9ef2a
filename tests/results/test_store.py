"""Finding and reading results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import toolbench_eval
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.results.store import distinct_slug, find_result, read_result, slug


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stored")
    toolbench_eval.evaluate(["sample/trips", "sample/tunes"], "bm25", out=out)
    return out


@pytest.fixture
def copy(stored: Path, tmp_path: Path) -> Path:
    """A result file that a test may damage."""
    folder = find_result(stored, instruction="with").parent
    return Path(shutil.copytree(folder, tmp_path / "copy")) / "result.json"


def test_a_folder_with_two_results_lists_both(stored: Path) -> None:
    with pytest.raises(UsageError, match="holds 2 results") as found:
        find_result(stored)
    paths = sorted(str(path) for path in stored.rglob("result.json"))
    assert str(found.value).splitlines()[1:] == [f"  {path}" for path in paths]


def test_a_folder_is_narrowed_by_setting_suite_and_task(stored: Path) -> None:
    with_ = find_result(stored, instruction="with")
    assert with_.parent.name.startswith("with-")
    assert find_result(stored, task="sample", instruction="with") == with_
    assert find_result(stored, task="sample/tunes", instruction="with") == with_
    assert find_result(with_) == with_
    assert find_result(with_.parent) == with_


def test_what_does_not_fit_is_told_apart_from_what_is_not_there(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"fits --task sample/office --instruction with:\n.*result\.json"):
        find_result(stored, task="sample/office", instruction="with")
    with pytest.raises(MissingDataError, match="no finished result"):
        find_result(tmp_path)
    with pytest.raises(MissingDataError, match="no such result file or folder"):
        find_result(tmp_path / "nowhere")


def test_unfinished_work_is_no_result(copy: Path) -> None:
    unfinished = copy.parent.rename(copy.parent.with_name("one.partial"))
    with pytest.raises(MissingDataError, match="no finished result"):
        find_result(unfinished.parent)
    assert find_result(unfinished) == unfinished / "result.json"


def test_a_result_edited_by_hand_is_refused(copy: Path) -> None:
    values = json.loads(copy.read_text())
    values["headline"]["value"] += 0.01
    copy.write_text(json.dumps(values))
    with pytest.raises(DataError, match="changed by hand") as found:
        read_result(copy)
    assert found.value.file == copy


def test_execution_may_change(copy: Path) -> None:
    values = json.loads(copy.read_text())
    values["execution"]["created"] = "another day"
    copy.write_text(json.dumps(values))
    assert read_result(copy).execution.created == "another day"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("[1]", "not a result"),
        ("{}", "field 'suite': not a result: Field required"),
        ('{"suite": "x", "later": 1}', "not a result"),
    ],
)
def test_what_is_no_result_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as found:
        read_result(path)
    assert str(path) in str(found.value)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not JSON"):
        read_result(path)


def test_results_of_an_earlier_schema_keep_their_identity(copy: Path) -> None:
    """A field that is added later has a default; it must not make older results look forged."""
    from toolbench_eval.results.schema import identity_of

    values = json.loads(copy.read_text())
    for task in values["tasks"].values():
        del task["subtasks"]
    values["identity"] = identity_of(values)
    copy.write_text(json.dumps(values))
    assert read_result(copy).tasks["sample/trips"].subtasks == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bm25", "bm25"),
        ("BAAI/bge-base-en-v1.5", "BAAI_bge-base-en-v1.5"),
        ("bm25>reranker", "bm25_reranker"),
        ("../..", "_"),
        ("x" * 300, "x" * 80),
    ],
)
def test_names_as_parts_of_paths(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_distinct_names_stay_distinct() -> None:
    assert distinct_slug("apibank") == "apibank"
    assert distinct_slug("a b") != distinct_slug("a_b") == "a_b"
