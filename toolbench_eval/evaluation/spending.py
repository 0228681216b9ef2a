"""What a model used, told apart by the result it was used for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from toolbench_eval.evaluation.plan import Plan
from toolbench_eval.retrievers.cost import Cost, added, cost_of, since
from toolbench_eval.retrievers.model import Model


class Spending:
    """Costs of the results of one suite and model. What several of them need, an index, counts where it was made."""

    def __init__(self, model: Model) -> None:
        """Name the model; nothing is spent yet."""
        self._model = model
        self._of: dict[str, Cost] = {}

    @contextmanager
    def for_plan(self, plan: Plan) -> Iterator[None]:
        """Count what the block uses for a plan."""
        before = cost_of(self._model)
        try:
            yield
        finally:
            used = since(before, cost_of(self._model))
            self._of[plan.instruction] = added([self._of.get(plan.instruction, {}), used])

    def of(self, plan: Plan) -> Cost:
        """What was used for a plan by this process."""
        return self._of.get(plan.instruction, {})
