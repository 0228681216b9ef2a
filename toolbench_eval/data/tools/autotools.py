"""AutoTools-Eval, ToolFlow's public examples, and RestBench in the same layout (Shi et al., arXiv 2405.16533)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.plain import gold_call


def autotools(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `query`, `solution` (names, or names with numbers of calls), `api_list`, `dataset`, `qid`.

    `qid` counts within a domain, so the id is `dataset/qid`. The candidates are a list of names, a list of objects
    with `api_name`, or an object of addresses by name.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    domain = record.text("dataset")
    solution = record.items("solution")
    yield ToolProblem(
        id=f"{domain}/{record.text('qid')}",
        text=record.text("query"),
        candidates=candidates(record),
        gold_calls=tuple(gold_call(value, record, at, "solution") for at, value in enumerate(solution)),
        category=domain,
    )


def candidates(record: Record) -> tuple[str, ...]:
    """Names of the candidates in any of the three shapes, each once.

    Raises:
        DataError: It is none of the three.
    """
    listed = record.decoded("api_list")
    if isinstance(listed, Mapping):
        return tuple(listed)
    return tuple(dict.fromkeys(_name(value, record, at) for at, value in enumerate(record.items("api_list"))))


def _name(value: Any, record: Record, at: int) -> str:
    if isinstance(value, Mapping):
        value = value.get("api_name")
    if not isinstance(value, str) or not value.strip():
        raise record.fault(f"must be a name or an object with 'api_name', found {described(value)}", f"api_list[{at}]")
    return value.strip()
