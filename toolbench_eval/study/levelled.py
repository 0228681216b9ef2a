"""What a study says of one level of a factor, or of its base condition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from toolbench_eval.metrics.segments import Floats
from toolbench_eval.metrics.tools.stability import (
    first_position_bias,
    flips,
    mcnemar,
    pass_hat_k,
    run_spread,
    trajectory_consistency,
)
from toolbench_eval.metrics.tools.usage import Usage, ending_shares, total
from toolbench_eval.study.grid import Grid
from toolbench_eval.study.intervals import Estimate, Redrawn, tidy
from toolbench_eval.study.observed import Observed


@dataclass(frozen=True)
class LevelStats:
    """A level.

    Attributes:
        level: Its name.
        success: Mean outcome.
        delta: The same less that of the base level; None of the base level itself.
        flips_up: Share of samples and repeats whose outcome rose above the base's; None where there are no pairs.
        flips_down: Share that fell below it.
        mcnemar_p: Exact test of solved against not solved; None unless each sample was run once.
        spread: Standard deviation of the mean outcome over repeats; None for a single one.
        pass_hat: pass^k for each k up to the number of repeats, of samples that count as solved (outcome 1).
        consistency: Likeness of the calls of repeats; None for a single one.
        rates: Rates of wrong calls, over all calls.
        first_position_bias: Share of first calls that hit the tool listed first, beyond chance.
        endings: Share of each reason to stop.
        failed: Share of runs without an answer.
        tools_on_offer: Mean number of tools.
        cost: Tokens and calls of a sample.
        cost_per_success: The same over solved samples; None for what was spent where none was solved.
        calls: Number of tool calls.
        sources: Who answered them.
    """

    level: str
    success: Estimate
    delta: Estimate | None
    flips_up: float | None
    flips_down: float | None
    mcnemar_p: float | None
    spread: float | None
    pass_hat: tuple[float, ...]
    consistency: float | None
    rates: dict[str, float]
    first_position_bias: float
    endings: dict[str, float]
    failed: float
    tools_on_offer: float
    cost: dict[str, float]
    cost_per_success: dict[str, float | None]
    calls: int
    sources: dict[str, int]


def level_stats(
    grid: Grid, level: str, at: int, conditions: Sequence[int], redrawn: Redrawn, matched: Floats | None
) -> LevelStats:
    """What is to be said of a level.

    Args:
        grid: All outcomes.
        level: Its name.
        at: Its position among the levels.
        conditions: The conditions that speak for it.
        redrawn: All levels of the factor on redrawn samples; the base level is the first.
        matched: Outcomes that differ in nothing but the level, shape (samples, cells, levels); None where none do.
    """
    seen = [one for condition in conditions for run in grid.seen[condition] for one in run]
    values = grid.values[:, conditions]
    moved = None if matched is None or at == 0 else flips(matched[..., 0].ravel(), matched[..., at].ravel())
    tested = None if matched is None or at == 0 or matched.shape[1] > 1 or not _binary(matched) else matched[:, 0]
    solved = int((values == 1).sum())
    cost = total(one.cost for one in seen)
    sources = [source for one in seen for source in chain.from_iterable([name] * n for name, n in one.sources.items())]
    usage = sum((one.usage for one in seen), Usage())
    return LevelStats(
        level=level,
        success=redrawn.mean(at),
        delta=None if at == 0 else redrawn.difference(at),
        flips_up=None if moved is None else moved.up,
        flips_down=None if moved is None else moved.down,
        mcnemar_p=None if tested is None else mcnemar(tested[:, 0], tested[:, at]).p,
        spread=spread_of(values),
        pass_hat=_pass_hat(values),
        consistency=_consistency(grid, conditions),
        rates=usage.rates(),
        first_position_bias=first_position_bias([one.first_call for one in seen], [one.offered for one in seen]),
        endings=ending_shares([one.stop_reason for one in seen]),
        failed=sum(one.failed for one in seen) / len(seen),
        tools_on_offer=sum(len(one.offered) for one in seen) / len(seen),
        cost=_finite(cost.per(len(seen))),  # type: ignore[arg-type]  # nothing is infinite over samples
        cost_per_success=_finite(cost.per(solved)),
        calls=usage.calls,
        sources={name: sources.count(name) for name in sorted(set(sources))},
    )


def spread_of(values: Floats) -> float | None:
    """Run spread, pooled over conditions; outcomes of shape (samples, conditions, seeds), None for a single seed."""
    if values.shape[2] < 2:
        return None
    variances = [run_spread(values[:, at]) ** 2 for at in range(values.shape[1])]
    return tidy(math.sqrt(sum(variances) / len(variances)))


def _pass_hat(values: Floats) -> tuple[float, ...]:
    """pass^k; under several conditions each sample and condition counts as a task."""
    repeats = values.shape[2]
    successes = (values == 1).sum(axis=2).ravel().tolist()
    return tuple(pass_hat_k(successes, repeats, k) for k in range(1, repeats + 1))


def _consistency(grid: Grid, conditions: Sequence[int]) -> float | None:
    if len(grid.seeds) < 2:
        return None
    return consistency([run for condition in conditions for run in zip(*grid.seen[condition], strict=True)])


def consistency(groups: Sequence[Sequence[Observed]]) -> float:
    """Mean trajectory consistency of groups of runs of one sample."""
    return sum(trajectory_consistency([one.path for one in group]) for group in groups) / len(groups)


def _binary(values: Floats) -> bool:
    return bool(np.isin(values, (0, 1)).all())


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items() if name != "seconds"}
