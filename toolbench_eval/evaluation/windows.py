"""Windows of list-wise rerankers that were given up: nobody shall take a first stage for a reranked run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from toolbench_eval.errors import EndpointError
from toolbench_eval.evaluation.plan import Plan
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.spending import Spending


def kept(
    plans: Sequence[Plan], spending: Spending, resumed: Collection[str], model: str, reporter: Reporter
) -> Iterator[Plan]:
    """The plans whose results are worth keeping, with a warning where windows were given up.

    Args:
        plans: Plans whose tasks are all done.
        spending: What the model used for each.
        resumed: Instruction settings of which another process did some tasks: nobody knows of its windows.
        model: The model's name.
        reporter: Is told of windows that were given up.

    Raises:
        EndpointError: No window of a plan was reordered; said after the other plans, and what was made is deleted, so
            that the same command says so again.
    """
    fresh = [plan for plan in plans if plan.instruction not in resumed]
    useless = {plan.instruction: plan for plan in fresh if _all(*_windows(plan, spending))}
    for plan in plans:
        windows, lost = _windows(plan, spending)
        if plan.instruction in useless:
            plan.workplace.discard()
            continue
        if lost:
            where = f"{plan.selection.suite.name}, {plan.instruction} instruction"
            reporter.warn(
                f"{where}: {lost} of {windows} windows were given up: their documents keep the first stage's order"
            )
        yield plan
    if useless:
        number = sum(_windows(plan, spending)[0] for plan in useless.values())
        raise EndpointError(
            f"'{model}' reordered nothing: no answer named a candidate in any of {number} windows, so there is no "
            "result. Look at what the model answers, or at its endpoint"
        )


def _all(windows: int, lost: int) -> bool:
    return 0 < windows == lost


def _windows(plan: Plan, spending: Spending) -> tuple[int, int]:
    """Windows that were asked about, and those of them that were given up."""
    cost = spending.of(plan)
    return int(cost.get("windows", 0)), int(cost.get("windows_given_up", 0))
