"""Where records and what belongs to them are found."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.data.sources import Access
from toolbench_eval.data.tools.json_files import bare_name, beside, read_json
from toolbench_eval.data.tools.load import load_problems
from toolbench_eval.declarations import read_suite
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.suites import Suite, ToolRow

SUITE = """
name = "tiny"
version = "1"
kind = "tool-use"
metrics = ["success"]
unit = "task"
[headline]
metric = "success"
aggregate = "task_macro"
"""


def suite_in(folder: Path, **columns: str) -> tuple[Suite, ToolRow]:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in {"task": "one", **columns}.items())
    (folder / "suite.toml").write_text(f"{SUITE}\n[[tasks]]\n{lines}", encoding="utf-8")
    suite = read_suite(folder / "suite.toml")
    (row,) = suite.rows
    assert isinstance(row, ToolRow)
    return suite, row


def lines_in(path: Path, records: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(record) + "\n" for record in records)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


PROBLEMS = [{"id": "a", "text": "A", "category": "x"}, {"id": "b", "text": "B", "category": "y"}]


def test_records_beside_the_suite(tmp_path: Path):
    lines_in(tmp_path / "p.jsonl", PROBLEMS)
    suite, row = suite_in(tmp_path, file="p.jsonl", scoring="judge")
    task = load_problems(suite, row, Access(offline=True))
    assert [problem.id for problem in task.problems] == ["a", "b"]
    assert (task.origin.kind, task.environment(task.problems[0]), task.pool) == ("files", None, {})


def test_a_subset_and_a_limit(tmp_path: Path):
    lines_in(tmp_path / "p.jsonl", PROBLEMS)
    suite, row = suite_in(tmp_path, file="p.jsonl", subset="y")
    assert [problem.id for problem in load_problems(suite, row, Access()).problems] == ["b"]
    suite, row = suite_in(tmp_path, file="p.jsonl")
    task = load_problems(suite, row, Access(), limit=1)
    assert ([one.id for one in task.problems], [one.id for one in task.beyond]) == (["a"], ["b"])
    suite, row = suite_in(tmp_path, file="p.jsonl", subset="z")
    with pytest.raises(DataError, match="no record of the category 'z'"):
        load_problems(suite, row, Access())


def test_ids_stand_once(tmp_path: Path):
    lines_in(tmp_path / "p.jsonl", [PROBLEMS[0], PROBLEMS[0]])
    suite, row = suite_in(tmp_path, file="p.jsonl")
    with pytest.raises(DataError, match="stands twice") as found:
        load_problems(suite, row, Access())
    assert (found.value.row, found.value.field) == (2, "id")


def test_a_folder_as_source_is_searched_by_the_names_of_the_row(tmp_path: Path):
    data = tmp_path / "data"
    lines_in(data / "sets" / "second.jsonl.gz", PROBLEMS)
    suite, row = suite_in(tmp_path, source="first.jsonl sets/second.jsonl")
    assert len(load_problems(suite, row, Access(), source=data).problems) == 2
    assert len(load_problems(suite, row, Access(), source=data / "sets" / "second.jsonl.gz").problems) == 2
    with pytest.raises(MissingDataError, match=r"no first\.jsonl and no sets/second\.jsonl"):
        load_problems(suite, row, Access(), source=tmp_path)
    with pytest.raises(MissingDataError, match="--source"):
        load_problems(suite, row, Access())


def test_companions_are_found_beside_and_above(tmp_path: Path):
    records = lines_in(tmp_path / "sets" / "p.jsonl.gz", PROBLEMS)
    assert bare_name(records) == "p.jsonl"
    for name in ("sets/gold/p.jsonl", "tools.json.gz"):
        lines_in(tmp_path / name, [{"id": name}])
    assert beside(records, "gold/{file}") == tmp_path / "sets" / "gold" / "p.jsonl"
    assert beside(records, "tools.json") == tmp_path / "tools.json.gz"
    assert read_json(tmp_path / "tools.json.gz") == {"id": "tools.json.gz"}
    with pytest.raises(MissingDataError, match=r"'other\.json'"):
        beside(records, "other.json")


TOOLS = {
    "servers": [{"url": "https://x.example"}],
    "endpoints": [{"name": "GET_a", "method": "GET", "url": "/a", "response": {"v": 1}}],
}


def test_a_corpus_goes_before_the_tools_beside(tmp_path: Path):
    records = [{"query": "q", "api_list": ["GET_a"], "solution": ["GET_a"], "dataset": "d", "qid": "1"}]
    lines_in(tmp_path / "p.jsonl", records)
    suite, row = suite_in(tmp_path, file="p.jsonl", format="autotools", tools="t.json", environment="examples")
    with pytest.raises(MissingDataError, match=r"t\.json"):
        load_problems(suite, row, Access())
    other = tmp_path / "elsewhere.json"
    other.write_text(json.dumps(TOOLS), encoding="utf-8")
    task = load_problems(suite, row, Access(), tools=other)
    environment = task.environment(task.problems[0])
    assert environment is not None and [tool.name for tool in environment.tools()] == ["GET_a"]
    result = environment.call("GET_a", {})
    assert (result.value, result.source) == ({"v": 1}, "simulated")
    assert "no true answers" in task.notes[0] or "not true answers" in task.notes[0]
    other.write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match="must be an object"):
        load_problems(suite, row, Access(), tools=other).environment(task.problems[0])


def test_fingerprints_change_with_gold_and_with_tools(tmp_path: Path):
    prints = []
    for answer, price in (("1", 1), ("2", 1), ("1", 2)):
        lines_in(tmp_path / "p.jsonl", [{"text": "t", "answer": answer, "setup": {"prices": {"pen": price}}}])
        suite, row = suite_in(tmp_path, file="p.jsonl", environment="support.tool_shop:shop")
        task = load_problems(suite, row, Access())
        prints.append((task.fingerprint, task.tools_fingerprint))
    assert len({one for one, _ in prints}) == 3  # what a problem starts from is part of it
    suite, row = suite_in(tmp_path, file="p.jsonl", environment="calculator")
    assert load_problems(suite, row, Access()).tools_fingerprint != prints[0][1]
