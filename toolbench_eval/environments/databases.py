"""SQL tables as an environment, after AgentBench's DBBench: an agent queries or changes them and commits an answer.

Each environment is a SQLite database of its own, in memory. DBBench ran on MySQL. As there, names and texts are
compared without case; unlike there, a number compared with a column of text is compared as text unless the statement
casts it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.environments.base import Arguments, Json, ToolResult, ToolSpec, answer
from toolbench_eval.environments.toolbox import Toolbox, ToolError
from toolbench_eval.errors import DataError

EXECUTE, COMMIT = "execute_sql", "commit_final_answer"

TOOLS = (
    ToolSpec(
        EXECUTE,
        "Run one SQL statement on the database. A query returns its columns and rows; a statement that changes rows "
        "returns how many it changed.",
        {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "One statement in SQLite's SQL."}},
            "required": ["query"],
            "additionalProperties": False,
        },
        mutating=True,
        source="databases",
    ),
    ToolSpec(
        COMMIT,
        "Give the final answer. After that, nothing else can be done.",
        {
            "type": "object",
            "properties": {
                "answers": {
                    "type": "array",
                    "items": {"type": ["string", "number", "boolean", "null"]},
                    "description": "The values that answer the question; empty where the task was to change rows.",
                }
            },
            "required": ["answers"],
            "additionalProperties": False,
        },
        mutating=True,
        source="databases",
    ),
)

_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_CREATE_VIEW,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_DROP_VIEW,
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_REINDEX,
}
"""Everything else is denied: other files (ATTACH, VACUUM INTO), settings (PRAGMA), temporary and virtual tables."""
_STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: Its name; any text.
        columns: Names of its columns.
        rows: Values of its rows.
        types: SQL types of the columns, empty for text.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Json, ...], ...]
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class SqlLimits:
    """Bounds of one statement.

    Attributes:
        seconds: Time.
        rows: Rows that a query returns; further ones are counted as `more`.
        bytes: Size of one value, and of the statement.
        pages: Size of the database in pages of 4 KiB.
    """

    seconds: float = 10.0
    rows: int = 1_000
    bytes: int = 1_000_000
    pages: int = 25_000


class SqlEnvironment:
    """Tables that can be queried and changed; `answer` is what was committed, None before.

    Names and texts are compared without case, as MySQL's default collation does. One statement a call; the database
    is not reachable from outside, and statements cannot reach files.
    """

    def __init__(self, tables: Sequence[Table], limits: SqlLimits | None = None) -> None:
        """Load the tables.

        Raises:
            DataError: A table cannot be made, or a row does not fit it.
        """
        self._tables, self._limits = tuple(tables), limits or SqlLimits()
        self._box = Toolbox(TOOLS)
        self._lock = threading.Lock()
        self.answer: list[Json] | None = None
        self._database = self._loaded()

    def tools(self) -> Sequence[ToolSpec]:
        """`execute_sql` and `commit_final_answer`."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Run a statement or commit an answer."""
        return self._box.call(name, arguments, self._run)

    def reset(self) -> None:
        """Load the tables as they were given."""
        self._database.interrupt()
        with self._lock:
            self._database.close()
            self.answer = None
            self._database = self._loaded()

    def snapshot(self) -> Json:
        """All tables and the answer: `{"tables": {name: {"columns": [...], "rows": [...]}}, "answer": ...}`.

        Rows are in the order of the table.
        """
        query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        with self._lock:
            tables = {name: self._content(name) for (name,) in self._database.execute(query).fetchall()}
        return {"tables": tables, "answer": self.answer}

    def _content(self, name: str) -> dict[str, Json]:
        found = self._database.execute(f"SELECT * FROM {_quoted(name)}")  # noqa: S608 - the name is quoted
        columns = [column[0] for column in found.description]
        return {"columns": columns, "rows": [list(map(_plain, row)) for row in found]}

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        if self.answer is not None:
            raise ToolError("the final answer is given already", "refused")
        if tool.name == COMMIT:
            self.answer = list(arguments["answers"])
            return answer("the answer is noted")
        with self._lock:
            return answer(self._executed(arguments["query"]))

    def _executed(self, query: str) -> Json:
        deadline = time.monotonic() + self._limits.seconds
        self._database.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            found = self._database.execute(query)
            if found.description is None:
                return {"changed": max(found.rowcount, 0)}
            rows = found.fetchmany(self._limits.rows + 1)
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            if time.monotonic() > deadline:
                raise ToolError(f"the statement took more than {self._limits.seconds:g} s", "timeout") from error
            raise ToolError(f"SQL error: {error}", "refused" if "authoriz" in str(error) else "tool_error") from error
        finally:
            self._database.set_progress_handler(None, 0)
        result = {"columns": [column[0] for column in found.description]}
        result["rows"] = [list(map(_plain, row)) for row in rows[: self._limits.rows]]
        return result | ({"more": True} if len(rows) > self._limits.rows else {})

    def _loaded(self) -> sqlite3.Connection:
        # Calls come from the threads of whoever puts bounds of time around them.
        database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            for table in self._tables:
                _create(database, table)
        except sqlite3.Error as error:
            raise DataError(f"the table '{table.name}' cannot be made: {error}") from error
        database.execute(f"PRAGMA max_page_count = {self._limits.pages}")
        for limit in (sqlite3.SQLITE_LIMIT_LENGTH, sqlite3.SQLITE_LIMIT_SQL_LENGTH):
            database.setlimit(limit, self._limits.bytes)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.set_authorizer(_authorize)
        return database


def dbbench_environment(record: Mapping[str, Any], limits: SqlLimits | None = None) -> SqlEnvironment:
    """The environment of a DBBench record: `table{table_name, table_info{columns[{name, type}], rows}}`.

    Raises:
        DataError: The record holds no such table.
    """
    try:
        given = record["table"]
        columns = given["table_info"]["columns"]
        table = Table(
            given["table_name"],
            tuple(column["name"] for column in columns),
            tuple(tuple(row) for row in given["table_info"]["rows"]),
            tuple(column.get("type", "") for column in columns),
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"not a DBBench table: {error!r}", field="table") from error
    return SqlEnvironment([table], limits)


def same_tables(left: Json, right: Json) -> bool:
    """Whether two snapshots hold the same tables: names, columns in order, and rows in any order.

    Values are compared as text, as DBBench's columns are; its published hashes are MySQL's and cannot be made
    elsewhere.
    """
    return _comparable(left["tables"]) == _comparable(right["tables"])


def _comparable(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.lower(): (
            tuple(column.lower() for column in table["columns"]),
            Counter(tuple(None if value is None else _text(value) for value in row) for row in table["rows"]),
        )
        for name, table in tables.items()
    }


def _text(value: Json) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _create(database: sqlite3.Connection, table: Table) -> None:
    types = table.types or ("",) * len(table.columns)
    columns = [f"{_quoted(name)} {_type(kind)} COLLATE NOCASE" for name, kind in zip(table.columns, types, strict=True)]
    database.execute(f"CREATE TABLE {_quoted(table.name)} ({', '.join(columns)})")
    marks = ", ".join("?" * len(table.columns))
    database.executemany(f"INSERT INTO {_quoted(table.name)} VALUES ({marks})", table.rows)  # noqa: S608


def _type(kind: str) -> str:
    """The type as SQL; what is no plain type name is text."""
    plain = kind.replace("(", "").replace(")", "").replace(",", "").replace(" ", "")
    return kind if plain.isalnum() else "TEXT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: Any) -> Json:
    return value.hex() if isinstance(value, bytes) else value


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    loads = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
    return sqlite3.SQLITE_OK if action in _ALLOWED and not loads else sqlite3.SQLITE_DENY
