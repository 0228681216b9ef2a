"""A comparison in words and tables, before any format."""

from __future__ import annotations

from dataclasses import dataclass

from toolbench_eval.comparison.compare import Comparison, Line, Pair
from toolbench_eval.comparison.moved import Moved, Ranking

Row = dict[str, str]

TESTS = {
    "permutation": "sign-flip permutation test, {draws:,} flips, seed {seed}",
    "t": "paired t-test",
    "bootstrap": "paired bootstrap test, {draws:,} resamples, seed {seed}",
}

LEGEND = "Systems that share a letter are not separable; rank: the ranks that the tests leave open."


@dataclass(frozen=True)
class Table:
    """Rows with the same columns; all cells are text."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Excerpt:
    """A query that moved.

    Attributes:
        head: Task, query and scores.
        text: The query's text, empty where it is not at hand.
        rankings: The first documents of the best and of the worst system; `*` marks relevant ones.
    """

    head: str
    text: str
    rankings: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What every format shows.

    Attributes:
        title: One line.
        verdict: What the headline says.
        method: How it was tested.
        warnings: Objections that were overruled, and notes.
        tables: The headline first.
        excerpts: The queries that moved most.
    """

    title: str
    verdict: str
    method: str
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]
    excerpts: tuple[Excerpt, ...]


def report(comparison: Comparison) -> Report:
    """Put a comparison into words and tables."""
    line = comparison.first
    two = len(comparison.systems) == 2
    tables = [_two(comparison)] if two else [_standings(comparison), _pairs(comparison), _lines(comparison)]
    across = f", across '{comparison.across}'" if comparison.across else ""
    return Report(
        title=f"{comparison.measure} on {comparison.suite}, {line.name}{across}",
        verdict=_two_verdict(comparison) if two else _verdict(comparison),
        method=_method(comparison),
        warnings=tuple(warnings(comparison)),
        tables=tuple(tables),
        excerpts=tuple(_excerpt(comparison, moved) for moved in comparison.moved),
    )


def warnings(comparison: Comparison) -> list[str]:
    """Objections that were overruled, and notes."""
    forced = [f"NOT COMPARABLE, forced: {reason}" for reason in comparison.overruled]
    return [*forced, *(f"note: {note}" for note in comparison.notes)]


def p_text(p: float) -> str:
    """A p-value to four digits."""
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def _verdict(comparison: Comparison) -> str:
    line, labels = comparison.first, comparison.labels
    best = [label for label, group in zip(labels, line.groups, strict=True) if "a" in group]
    separable = sum(pair.significant for pair in line.pairs)
    leaders = f"{best[0]} leads" if len(best) == 1 else f"not separable at the top: {', '.join(best)}"
    return f"{leaders}; {separable} of {len(line.pairs)} pairs differ"


def _two_verdict(comparison: Comparison) -> str:
    pair = comparison.first.pairs[0]
    change = f"{pair.delta:+.4f} [{pair.low:+.4f}, {pair.high:+.4f}], p {p_text(pair.p_holm)}"
    if not pair.significant:
        return f"{pair.first} and {pair.second} are not separable: {change}"
    better, worse = (pair.first, pair.second) if pair.delta > 0 else (pair.second, pair.first)
    return f"{better} is better than {worse}: {change}"


def _method(comparison: Comparison) -> str:
    test = TESTS[comparison.test].format(draws=comparison.draws, seed=comparison.seed)
    pairs = len(comparison.first.pairs)
    corrected = f", Holm's correction over {pairs} pairs" if pairs > 1 else ""
    return f"{test} over {comparison.first.queries:,} queries{corrected}, alpha {comparison.alpha:g}"


def _interval(comparison: Comparison, pair: Pair) -> Row:
    return {f"{100 * (1 - comparison.alpha):g} % interval": f"[{pair.low:+.4f}, {pair.high:+.4f}]"}


def _test(comparison: Comparison, pair: Pair) -> Row:
    corrected = {"p (Holm)": p_text(pair.p_holm)} if len(comparison.first.pairs) > 1 else {}
    return {
        "delta": f"{pair.delta:+.4f}",
        **_interval(comparison, pair),
        "p": p_text(pair.p),
        **corrected,
        "d": "" if pair.effect is None else f"{pair.effect:+.2f}",
        "wins/ties/losses": f"{pair.wins}/{pair.ties}/{pair.losses}",
        "": "*" if pair.significant else "",
    }


def _two(comparison: Comparison) -> Table:
    rows = tuple(
        {**_name(line), **_values(comparison, line, letters=False), **_test(comparison, line.pairs[0])}
        for line in comparison.lines
    )
    first, second = comparison.labels
    return Table(f"{first} minus {second}; * marks differences with p at most {comparison.alpha:g}", rows)


def _standings(comparison: Comparison) -> Table:
    line = comparison.first
    order = sorted(range(len(comparison.systems)), key=lambda at: -line.values[at])
    rows = tuple(
        {
            "rank": "-".join(map(str, dict.fromkeys(line.ranks[at]))),
            "system": comparison.labels[at],
            comparison.measure: f"{line.values[at]:.4f}",
            "group": line.groups[at],
        }
        for at in order
    )
    return Table(f"{line.name}. {LEGEND}", rows)


def _pairs(comparison: Comparison) -> Table:
    rows = tuple(
        {"first": pair.first, "second": pair.second, **_test(comparison, pair)} for pair in comparison.first.pairs
    )
    return Table(f"Pairs, {comparison.first.name}: first minus second", rows)


def _lines(comparison: Comparison) -> Table:
    rows = tuple({**_name(line), **_values(comparison, line, letters=True)} for line in comparison.lines)
    return Table("Averages, categories and tasks, each with its own letters", rows)


def _name(line: Line) -> Row:
    return {"line": line.name, "queries": f"{line.queries}"}


def _values(comparison: Comparison, line: Line, *, letters: bool) -> Row:
    return {
        label: f"{value:.4f} {group}" if letters else f"{value:.4f}"
        for label, value, group in zip(comparison.labels, line.values, line.groups, strict=True)
    }


def _excerpt(comparison: Comparison, moved: Moved) -> Excerpt:
    scores = ", ".join(f"{label} {score:.4f}" for label, score in _extremes(comparison, moved))
    text = " ".join((moved.text or "").split())
    return Excerpt(f"{moved.task} {moved.query}: {scores}", text, tuple(map(_ranking, moved.rankings)))


def _extremes(comparison: Comparison, moved: Moved) -> list[tuple[str, float]]:
    """Two systems as they were given; of more the best and the worst."""
    named = list(zip(comparison.labels, moved.scores, strict=True))
    if len(named) == 2:
        return named
    return [max(named, key=lambda one: one[1]), min(named, key=lambda one: one[1])]


def _ranking(ranking: Ranking) -> str:
    top = (f"{'*' if (ranked.grade or 0) > 0 else ''}{ranked.document}" for ranked in ranking.top)
    return f"{ranking.system}: {' | '.join(top) or '(no ranking)'}"
