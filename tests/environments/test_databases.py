"""SQL tables: what a statement can do, and what it cannot reach."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.environments.databases import (
    SqlEnvironment,
    SqlLimits,
    Table,
    dbbench_environment,
    same_tables,
)
from toolbench_eval.environments.guarded import CallLimits, Guarded
from toolbench_eval.errors import DataError

RIVERS = Table('Rivers "of" Europe', ("Name", "Length in km"), (("Rhine", "1233"), ("Danube", "2850"), ("Elbe", None)))
ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"


@pytest.fixture
def rivers() -> SqlEnvironment:
    return SqlEnvironment([RIVERS], SqlLimits(seconds=0.2, rows=2))


def run(environment: SqlEnvironment, query: str) -> Any:
    return environment.call("execute_sql", {"query": query})


def test_a_query_gives_columns_and_rows(rivers: SqlEnvironment) -> None:
    result = run(rivers, 'SELECT "Length in km" AS km FROM "Rivers ""of"" Europe" WHERE Name = \'RHINE\'')
    assert result.value == {"columns": ["km"], "rows": [["1233"]]}


def test_names_may_be_quoted_as_in_mysql(rivers: SqlEnvironment) -> None:
    result = run(rivers, 'SELECT COUNT(*) FROM `Rivers "of" Europe` WHERE `Length in km` IS NULL')
    assert result.value["rows"] == [[1]]


def test_more_rows_than_are_shown_are_announced(rivers: SqlEnvironment) -> None:
    value = run(rivers, 'SELECT Name FROM `rivers "of" europe`').value
    assert (value["rows"], value["more"]) == ([["Rhine"], ["Danube"]], True)


def test_changes_are_counted_shown_and_undone(rivers: SqlEnvironment) -> None:
    before = rivers.snapshot()
    assert run(rivers, "UPDATE `Rivers \"of\" Europe` SET Name = 'x' WHERE Name LIKE '%e%'").value == {"changed": 3}
    assert run(rivers, "CREATE TABLE more (a)").value == {"changed": 0}
    after = rivers.snapshot()
    assert list(after["tables"]) == ['Rivers "of" Europe', "more"]
    assert [row[0] for row in after["tables"]['Rivers "of" Europe']["rows"]] == ["x", "x", "x"]
    assert not same_tables(before, after)
    rivers.reset()
    assert rivers.snapshot() == before


@pytest.mark.parametrize(
    ("query", "kind", "told"),
    [
        ("SELEC 1", "tool_error", "syntax error"),
        ("SELECT * FROM absent", "tool_error", "no such table"),
        ("SELECT 1; SELECT 2", "tool_error", "one statement"),
        (f"{ENDLESS} SELECT COUNT(*) FROM c", "timeout", "more than 0.2 s"),
        ("SELECT zeroblob(1000000000)", "tool_error", "too big"),
        ("SELECT hex(randomblob(900000))", "tool_error", "too big"),
        (f"SELECT '{'x' * 2_000_000}'", "tool_error", "too"),
        ("PRAGMA journal_mode = DELETE", "refused", "not authorized"),
        ("SELECT * FROM pragma_database_list", "refused", "not authorized"),
        ("SELECT load_extension('x')", "refused", "not authorized"),
        ("CREATE VIRTUAL TABLE v USING fts5(x)", "refused", "not authorized"),
        ("CREATE TRIGGER t AFTER INSERT ON more BEGIN SELECT 1; END", "tool_error", "no such table"),
        ("CREATE TEMP TABLE t (a)", "refused", "not authorized"),
        ("SELECT readfile('/etc/passwd')", "tool_error", "no such function"),
    ],
)
def test_what_fails_or_is_refused_says_so(rivers: SqlEnvironment, query: str, kind: str, told: str) -> None:
    before = rivers.snapshot()
    result = run(rivers, query)
    assert (result.status, result.error) == ("error", kind)
    assert told in result.text
    assert rivers.snapshot() == before


def test_no_statement_reaches_a_file(rivers: SqlEnvironment, tmp_path: Path) -> None:
    secret = tmp_path / "secret.db"
    secret.write_text("secret")
    for query in (
        f"ATTACH '{secret}' AS other",
        f"VACUUM INTO '{tmp_path / 'new'}'",
        f"ATTACH 'file:{tmp_path / 'new'}?mode=rwc' AS other",
    ):
        assert run(rivers, query).error == "refused"
    assert list(tmp_path.iterdir()) == [secret]
    assert secret.read_text() == "secret"


def test_a_database_cannot_grow_without_end() -> None:
    small = SqlEnvironment([RIVERS], SqlLimits(pages=100))
    result = run(small, f"CREATE TABLE big AS {ENDLESS} SELECT n, hex(randomblob(500)) FROM c")
    assert (result.error, "full" in result.text) == ("tool_error", True)


def test_an_answer_is_kept_and_final(rivers: SqlEnvironment) -> None:
    assert rivers.answer is None
    assert rivers.call("commit_final_answer", {"answers": "Rhine"}).error == "invalid_arguments"
    assert rivers.call("commit_final_answer", '{"answers": ["Rhine", 1, null]}').status == "ok"
    assert (rivers.answer, rivers.snapshot()["answer"]) == (["Rhine", 1, None], ["Rhine", 1, None])
    assert run(rivers, "SELECT 1").error == "refused"
    assert rivers.call("commit_final_answer", {"answers": []}).error == "refused"
    rivers.reset()
    assert (rivers.answer, run(rivers, "SELECT 1").status) == (None, "ok")


def test_calls_may_come_from_other_threads(rivers: SqlEnvironment) -> None:
    guarded = Guarded(rivers, CallLimits(seconds=10))
    assert guarded.call("execute_sql", {"query": "SELECT 1"}).value["rows"] == [[1]]
    threads = [threading.Thread(target=run, args=(rivers, f"CREATE TABLE t{n} (a)")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rivers.snapshot()["tables"]) == 9


def tables(*rows: tuple[Any, ...], name: str = "t") -> dict[str, Any]:
    return {"tables": {name: {"columns": ["a", "b"], "rows": [list(row) for row in rows]}}}


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (tables(("1", "x"), ("2", "y")), tables(("2", "y"), ("1", "x")), True),
        (tables(("1", "x")), tables((1, "x")), True),
        (tables(("1", "x")), tables((1.0, "x")), True),
        (tables(("1", "x")), tables(("1", "x"), name="T"), True),
        (tables(("1", "x")), tables(("1", "x"), ("1", "x")), False),
        (tables(("1", "x")), tables(("1", "X")), False),
        (tables(("1", None)), tables(("1", "None")), False),
        (tables(("1", "x")), tables(("1", "x"), name="u"), False),
    ],
)
def test_tables_are_compared_as_bags_of_rows(left: Any, right: Any, same: bool) -> None:
    assert same_tables(left, right) is same


def record(**table: Any) -> dict[str, Any]:
    columns = [
        {"name": "n", "type": "INT"},
        {"name": "odd name", "type": "DECIMAL(6,3)"},
        {"name": "x", "type": "no; type"},
    ]
    info = {"columns": columns, "rows": [["7", "1.5", "a"]]}
    return {"table": {"table_name": "t", "table_info": info} | table}


def test_a_dbbench_record_becomes_an_environment() -> None:
    environment = dbbench_environment(record())
    assert run(environment, "SELECT n + 1, `odd name` * 2, x FROM t").value["rows"] == [[8, 3.0, "a"]]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"table": None},
        record(table_info={"columns": [{"name": "a"}, {"name": "A"}], "rows": []}),
        record(table_info={"columns": [{"name": "a"}], "rows": [["1", "2"]]}),
    ],
)
def test_a_record_without_a_table_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        dbbench_environment(given)
