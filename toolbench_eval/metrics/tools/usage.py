"""How an agent uses its tools: rates over recorded calls, and what they cost.

Definitions: the harness's own (stability study, section 5). A rate without anything to count is 0. Rates of several
runs are those of the added counts, not means of rates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from toolbench_eval.metrics.tools.calls import Call, Tool, violations


@dataclass(frozen=True)
class Executed:
    """A call and how it ended.

    Attributes:
        call: What was called.
        failed: Whether its result is an error.
        parsed: Whether its arguments could be read at all.
    """

    call: Call
    failed: bool = False
    parsed: bool = True


@dataclass(frozen=True)
class Usage:
    """Counts of calls; they add up over runs.

    Attributes:
        calls: All calls.
        hallucinated: Calls of a name that is not exactly one on offer.
        incorrect: Calls of tools on offer that are not relevant.
        invalid: Calls of tools on offer whose arguments break their schema.
        failed: Valid calls whose result is an error.
        wasted: Exact repeats of an earlier call of the same run.
        runs: Number of runs.
        hallucinating: Runs with a hallucinated call.
    """

    calls: int = 0
    hallucinated: int = 0
    incorrect: int = 0
    invalid: int = 0
    failed: int = 0
    wasted: int = 0
    runs: int = 0
    hallucinating: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def rates(self) -> dict[str, float]:
        """Rates by name, each in [0, 1]."""
        offered = self.calls - self.hallucinated
        return {
            "hallucinated_tool_rate": _share(self.hallucinated, self.calls),
            "hallucinating_run_rate": _share(self.hallucinating, self.runs),
            "incorrect_tool_rate": _share(self.incorrect, self.calls),
            "invalid_argument_rate": _share(self.invalid, offered),
            "execution_error_rate": _share(self.failed, offered - self.invalid),
            "wasted_call_rate": _share(self.wasted, self.calls),
        }


def usage(run: Sequence[Executed], offered: Mapping[str, Tool], relevant: Collection[str] | None = None) -> Usage:
    """Counts of one run.

    Args:
        run: Its calls in order.
        offered: The tools on offer, by name.
        relevant: Names of the relevant ones; None if that is not known, then no call is incorrect.
    """
    known = [done for done in run if done.call.name in offered]
    valid = [done for done in known if done.parsed and not violations(done.call, offered[done.call.name])]
    return Usage(
        calls=len(run),
        hallucinated=len(run) - len(known),
        incorrect=0 if relevant is None else sum(done.call.name not in relevant for done in known),
        invalid=len(known) - len(valid),
        failed=sum(done.failed for done in valid),
        wasted=sum(_repeats([done.call for done in run])),
        runs=1,
        hallucinating=int(len(known) < len(run)),
    )


def is_hallucinated_released(name: str, offered: Iterable[str]) -> bool:
    """Whether ToolBench's environment takes a name for unknown: only if no name on offer ends with it.

    An empty or a partial name passes there; `usage` asks for the exact name.
    """
    return not any(other.endswith(name) for other in offered)


@dataclass(frozen=True)
class Cost:
    """What was spent; it adds up over events.

    Attributes:
        prompt_tokens: Tokens read by models.
        completion_tokens: Tokens written.
        model_calls: Requests to models, failed ones too.
        tool_calls: Calls of tools.
        seconds: Time spent in both.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def per(self, number: int) -> dict[str, float]:
        """Each amount over a number of tasks or of successes; infinite over none, but nothing over nothing is 0."""
        names = Cost.__dataclass_fields__
        amounts = zip(names, astuple(self), strict=True)
        return {name: amount / number if number else (float("inf") if amount else 0.0) for name, amount in amounts}


def total(costs: Iterable[Cost]) -> Cost:
    """The sum of costs."""
    return sum(costs, Cost())


def ending_shares(endings: Sequence[str]) -> dict[str, float]:
    """Share of each way in which runs ended (``finished``, ``gave_up``, ``limit``, ``crashed`` ...)."""
    return {ending: endings.count(ending) / len(endings) for ending in sorted(set(endings))}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _repeats(calls: Sequence[Call]) -> list[bool]:
    """Whether each call repeats an earlier one, names and arguments alike."""
    seen: set[Any] = set()
    found = []
    for call in calls:
        key = (call.name, _frozen(call.arguments))
        found.append(key in seen)
        seen.add(key)
    return found


def _frozen(value: Any) -> Any:
    """A hashable form in which values of different JSON types differ, and orders of keys do not."""
    if isinstance(value, Mapping):
        return ("object", frozenset((str(key), _frozen(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return ("array", tuple(_frozen(item) for item in value))
    return (type(value).__name__, value if isinstance(value, str | int | float | None) else repr(value))
