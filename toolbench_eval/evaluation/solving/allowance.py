"""The bounds of a whole run, and giving up on an endpoint that answers nobody."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from toolbench_eval.agents.session import BudgetError
from toolbench_eval.errors import EndpointError
from toolbench_eval.llms.base import Usage


@dataclass
class RunAllowance:
    """Counts what all samples use; safe for threads.

    Attributes:
        tokens: Tokens of the whole run, None for no bound.
        dollars: Cost of the whole run, None for no bound.
        patience: Samples in a row that may fail at the endpoint before no further one is tried.
    """

    tokens: int | None = None
    dollars: float | None = None
    patience: int = 16
    used_tokens: int = 0
    used_dollars: float = 0.0
    _failures: int = 0
    _last: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Refuse a further call.

        Raises:
            BudgetError: The run's tokens or money are used up.
            EndpointError: The endpoint failed too many samples in a row.
        """
        for what, bound, used in (
            ("tokens", self.tokens, self.used_tokens),
            ("dollars", self.dollars, self.used_dollars),
        ):
            if bound is not None and used >= bound:
                raise BudgetError(f"the run's limit of {bound:g} {what} is reached ({used:.6g} used)")
        if self._failures >= self.patience:
            raise EndpointError(
                f"not asked: the endpoint failed {self._failures} samples in a row; the last: {self._last}"
            )

    def used(self, usage: Usage, dollars: float) -> None:
        """Count a call that was answered."""
        with self._lock:
            self.used_tokens += usage.input_tokens + usage.output_tokens
            self.used_dollars += dollars
            self._failures = 0

    def endpoint_failed(self, error: EndpointError) -> None:
        """Count a sample that ended because the endpoint did not answer."""
        with self._lock:
            self._failures += 1
            if not str(error).startswith("not asked"):
                self._last = str(error)
