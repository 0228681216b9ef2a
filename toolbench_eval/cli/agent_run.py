"""`evalharness run --agent`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolbench_eval.errors import UsageError

if TYPE_CHECKING:
    from toolbench_eval.evaluation.solving.request import AgentRequest
    from toolbench_eval.registry import Registry


def read_roles(given: list[str]) -> dict[str, str]:
    """`L` and `ROLE=L` of the command line as language models by role.

    Raises:
        UsageError: A role is named twice, or none is left for the main one.
    """
    roles: dict[str, str] = {}
    for text in given:
        role, equals, name = text.partition("=")
        role, name = (role, name) if equals and "/" not in role else ("main", text)
        if role in roles:
            raise UsageError(f"--llm names two models for the role '{role}': {roles[role]} and {name}")
        roles[role] = name
    if roles and "main" not in roles:
        raise UsageError(
            "--llm names models for single roles only: name one for all others, too, e.g. --llm openai/<model>"
        )
    return roles


def execute(request: AgentRequest, registry: Registry, *, as_json: bool, dry_run: bool) -> None:
    """Run, or show the plan."""
    from toolbench_eval.cli.output import TerminalReporter, print_json, print_table
    from toolbench_eval.cli.summary import print_summary
    from toolbench_eval.evaluation.solving.pipeline import TooManyFailuresError, solve
    from toolbench_eval.evaluation.solving.preview import preview

    reporter = TerminalReporter()
    if dry_run:
        rows = preview(request, registry, reporter)
        return print_json({"plan": rows}) if as_json else print_table(rows)
    failure = None
    try:
        results = solve(request, registry, reporter)
    except TooManyFailuresError as error:
        results, failure = error.results, error
    if as_json:
        print_json({"schema_version": 1, "results": [result.model_dump(mode="json") for result in results]})
    else:
        print_summary(results)
    if failure is not None:
        raise failure
    return None
