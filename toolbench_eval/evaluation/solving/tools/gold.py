"""What scoring compares with where the source gives calls and no outcome: the outcome of the gold calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.task import ToolTask
from toolbench_eval.environments.base import Environment, ToolResult
from toolbench_eval.environments.databases import EXECUTE
from toolbench_eval.errors import DataError

Completed = Callable[[ToolProblem, Environment], Mapping[str, Any]]
"""Adds to a problem's `extra`, by means of its environment."""


def completed(task: ToolTask, scoring: str) -> tuple[ToolProblem, ...]:
    """The problems of a task with what their scoring compares with.

    Raises:
        DataError: A gold call fails, or its arguments are not given.
    """
    add = _ADDITIONS.get(scoring)
    if add is None:
        return task.problems
    found = []
    for problem in task.problems:
        environment = task.environment(problem)
        if environment is None:
            raise DataError(f"the scoring '{scoring}' needs an environment", file=task.row.task, field="environment")
        try:
            more = add(problem, environment)
        except DataError as error:
            where = f"{task.origin.location}, '{problem.id}'"
            raise DataError(error.message, file=where, field=error.field) from error
        found.append(replace(problem, extra={**problem.extra, **more}))
    return tuple(found)


def _state(problem: ToolProblem, environment: Environment) -> dict[str, Any]:
    """The state after the gold calls, unless the source gives it."""
    if "state" in problem.extra:
        return {}
    if not problem.gold_calls:
        raise DataError("there is neither a gold state nor a gold call", field="extra.state")
    for call in problem.gold_calls:
        if call.arguments is None:
            raise DataError(f"the gold call of {call.name} has no arguments, so it cannot be made", field="gold_calls")
        for _ in range(call.times):
            result = environment.call(call.name, call.arguments)
            if result.failed:
                raise DataError(f"the gold call of {call.name} fails: {result.text:.200}", field="gold_calls")
    return {"state": environment.snapshot()}


def _tables(problem: ToolProblem, environment: Environment) -> dict[str, Any]:
    """The tables after the gold statement, where the problem is a change."""
    statement = problem.extra.get("statement")
    if statement is None:
        return {}
    result = environment.call(EXECUTE, {"query": statement})
    if result.failed:  # some name their table without quotes, which SQLite needs where it begins with a digit
        name = str(problem.setup["table"]["table_name"])
        result = environment.call(EXECUTE, {"query": str(statement).replace(name, f'"{name}"')})
    if result.failed:
        raise DataError(f"the gold statement fails: {result.text:.200}", field="label")
    return {"tables": environment.snapshot()["tables"]}


def _result(problem: ToolProblem, environment: Environment) -> dict[str, Any]:
    """What the gold call gives."""
    call = problem.gold_calls[0]
    return {"result": api_result(call.arguments or {}, environment.call(call.name, call.arguments or {}))}


def api_result(arguments: Any, result: ToolResult) -> dict[str, Any]:
    """A result in API-Bank's form; the output is what an agent is shown, the exception the kind of error."""
    output = None if result.failed else result.text
    return {"input": arguments, "output": output, "exception": result.error}


_ADDITIONS: Mapping[str, Completed] = {"state": _state, "sql": _tables, "apibank": _result}
