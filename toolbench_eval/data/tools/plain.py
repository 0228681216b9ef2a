"""Problems as `ToolProblem` has them: one's own tasks, and the sample that ships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolbench_eval.data.qa.plain import answer_type
from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions

ANSWERS = ("answers", "answer")


def plain(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `text`, and whatever else of a problem is known (see `tasks/README.md`).

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    kind = answer_type(record) if record.has("answer_type") or record.is_boolean(*ANSWERS) else "text"
    yield ToolProblem(
        id=record.maybe("id") or str(record.row),
        text=record.text("text", "query"),
        answers=record.answers(*ANSWERS),
        answer_type=kind,
        candidates=record.texts("candidates", required=False),
        gold_calls=tuple(gold_call(value, record, at) for at, value in enumerate(_calls(record))),
        setup=_object(record, "setup"),
        category=record.maybe("category"),
        extra=_object(record, "extra"),
    )


def gold_call(value: Any, record: Record, at: int, field: str = "gold_calls") -> GoldCall:
    """A gold call: a name, a list of name and number of times, or an object.

    Raises:
        DataError: It is none of these.
    """
    if isinstance(value, str) and value.strip():
        return GoldCall(value.strip())
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and _is_count(value[1]):
        return GoldCall(value[0].strip(), times=value[1])
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        arguments, times = value.get("arguments"), value.get("times", 1)
        if (arguments is None or isinstance(arguments, Mapping)) and _is_count(times):
            return GoldCall(value["name"], arguments, times)
    message = "must be a name, [name, times] or an object with 'name', 'arguments' and 'times'"
    raise record.fault(f"{message}; found {described(value)}", f"{field}[{at}]")


def _calls(record: Record) -> list[Any]:
    return record.items("gold_calls", required=False)


def _object(record: Record, name: str) -> Mapping[str, Any]:
    return record.object(name).values if record.has(name) else {}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
