"""One agent with several retrievers: what better retrieval is worth in answers.

The question of ToolRet (Shi et al. 2025, downstream experiments) and of GenGround (Shi et al. 2024, retriever swap).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.pipeline import solve
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import Result


@dataclass(frozen=True)
class Value:
    """An average with its 95 % interval (percentile bootstrap over samples)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Point:
    """One retriever: how well it retrieves for the agent, and how well the agent answers with it."""

    model: str
    retrieval: Value
    answer: Value
    samples: int
    failed: int
    identity: str


@dataclass(frozen=True)
class Curve:
    """The points of one agent on one suite, from the worst retrieval to the best.

    Attributes:
        system: Agent and language model.
        suite: Suite.
        x: Measure of retrieval.
        y: Measure of answers.
        aggregate: Which average.
        points: One for each retriever.
        rank_correlation: Spearman's, None for less than three retrievers or where one measure never changes.
    """

    system: str
    suite: str
    x: str
    y: str
    aggregate: str
    points: tuple[Point, ...]
    rank_correlation: float | None


def evaluate_curve(
    request: AgentRequest, models: Sequence[str], x: str, y: str | None, registry: Registry, reporter: Reporter
) -> Curve:
    """Evaluate an agent with one retriever after the other; what is there already is not run again.

    Args:
        request: What is asked for; its `model` is not looked at.
        models: Names of retrievers.
        x: Measure of retrieval.
        y: Measure of answers, None for the suite's headline.
        registry: Where names are looked up.
        reporter: Who is told of progress.

    Raises:
        UsageError: There are fewer than two retrievers, or several suites.
        UnknownNameError: The results have no such measure.
        EvalHarnessError: See `toolbench_eval.errors`.
    """
    if len(dict.fromkeys(models)) < 2:
        raise UsageError("a curve needs at least two retrievers: --model bm25 --model random")
    made: list[Result] = []
    for model in dict.fromkeys(models):
        results = solve(replace(request, model=model), registry, reporter)
        if len(results) != 1:
            raise UsageError("a curve is drawn for one suite at a time")
        made += results
    return _curve(made, x, y)


def _curve(results: Sequence[Result], x: str, y: str | None) -> Curve:
    first = results[0]
    y = y or first.headline.metric
    aggregate = first.headline.aggregate
    for name in (x, y):
        if any(name not in result.aggregates[aggregate] for result in results):
            raise UnknownNameError("measure of these results", name, first.aggregates[aggregate])
    points = [_point(result, x, y) for result in results]
    points.sort(key=lambda point: point.retrieval.value)
    system = f"{first.agent} · {first.llm}"
    return Curve(system, first.suite, x, y, aggregate, tuple(points), _rank_correlation(points))


def _point(result: Result, x: str, y: str) -> Point:
    averages = result.aggregates[result.headline.aggregate]
    retrieval, answer = (Value(averages[name], *result.intervals[name]) for name in (x, y))
    samples = sum(task.queries for task in result.tasks.values())
    failed = sum(task.failed for task in result.tasks.values())
    return Point(result.model, retrieval, answer, samples, failed, result.identity)


def _rank_correlation(points: Sequence[Point]) -> float | None:
    """Spearman's rank correlation with mean ranks for ties."""
    from scipy.stats import spearmanr

    xs, ys = [point.retrieval.value for point in points], [point.answer.value for point in points]
    if len(points) < 3 or len(set(xs)) == 1 or len(set(ys)) == 1:
        return None
    return float(spearmanr(xs, ys).statistic)
