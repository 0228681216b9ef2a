"""What a reader of a study should know: settings that had no effect, live tools, missing recordings, failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from toolbench_eval.study.grid import Grid

TEMPERATURE = "temperature"


def notes_of(grid: Grid, factors: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """All notes."""
    yield from _on_temperature(grid, factors.get(TEMPERATURE, ()))
    yield from _on_repeats(grid)
    yield from _on_calls(grid)
    yield from _on_failures(grid)


def _on_temperature(grid: Grid, levels: Sequence[str]) -> Iterator[str]:
    """Replies that do not change with the temperature, or with the seed where they should."""
    replies = {level: [_replies(grid, at) for at in grid.conditions_of(TEMPERATURE, level)] for level in levels}
    warm = [level for level in levels if _number(level) > 0]
    fixed = [level for level in warm if all(map(_same, replies[level]))] if len(grid.seeds) > 1 else []
    if fixed:
        listed = ", ".join(fixed)
        yield f"replies at temperature {listed} are identical for all seeds: the model draws nothing, or no seed counts"
    if warm and all(replies[level] == replies[levels[0]] for level in levels):
        listed = ", ".join(levels)
        yield f"replies are identical at all temperatures ({listed}): the model seems to ignore the temperature"


def _on_repeats(grid: Grid) -> Iterator[str]:
    if len(grid.seeds) < 2:
        yield "each condition was run once: the run spread was not measured (--repeats 3 measures it)"
    elif all(_same(_replies(grid, at)) for at in range(len(grid.seen))):
        yield "repeats gave identical replies under every condition: the run spread is 0"


def _on_calls(grid: Grid) -> Iterator[str]:
    sources = Counter[str]()
    for runs in grid.seen:
        for run in runs:
            for one in run:
                sources.update(one.sources)
    if sources["live"]:
        yield f"{sources['live']} calls were answered by live services, which may change between conditions"
    if sources["miss"]:
        yield f"{sources['miss']} calls had no recorded reply"


def _on_failures(grid: Grid) -> Iterator[str]:
    for condition, runs in zip(grid.design.conditions, grid.seen, strict=True):
        stops = Counter(one.stop_reason for run in runs for one in run)
        for reason in ("error", "budget"):
            if stops[reason]:
                yield f"{condition.label}: {stops[reason]} of {sum(stops.values())} runs of samples ended by {reason}"


def _replies(grid: Grid, condition: int) -> list[list[str]]:
    """What the models wrote under a condition, by seed and sample."""
    return [[one.replies for one in run] for run in grid.seen[condition]]


def _same(runs: Sequence[Sequence[str]]) -> bool:
    return all(run == runs[0] for run in runs)


def _number(level: str) -> float:
    try:
        return float(level)
    except ValueError:
        return 0.0
