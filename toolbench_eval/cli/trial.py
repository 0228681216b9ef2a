"""Printing what `evalharness models check` found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from toolbench_eval.evaluation.trial import MEASURE, Trial

SHOWN = 200
"""Characters of a text."""
TEXTS = {"query": "query", "query_with_instruction": "with instruction", "document": "document"}


def print_trial(trial: Trial) -> None:
    """What was found, a line each; findings last."""
    sys.stdout.writelines(f"{line}\n" for line in _lines(trial))


def _lines(trial: Trial) -> Iterator[str]:
    yield _line("model", trial.model)
    for note in trial.notes:
        yield _line("note", note)
    for part in trial.parts:
        yield from _part(part)
    if trial.seconds_to_load is not None:
        yield _line("loading", f"{trial.seconds_to_load:.2f} s")
    if trial.documents_per_second is not None and trial.queries_per_second is not None:
        speed = f"{_number(trial.documents_per_second)} documents/s, {_number(trial.queries_per_second)} queries/s"
        yield _line("speed", speed)
    if trial.scores:
        scores, sizes = trial.scores, f"{trial.queries} queries, {trial.documents} documents"
        bounds = f"chance {scores['random']:.3f}, ceiling {scores['oracle']:.3f}; {sizes}"
        yield _line(MEASURE, f"{scores['model']:.3f} ({bounds})")
    if trial.equal_texts is not None:
        difference = trial.equal_texts
        yield _line("equal texts", f"scores differ by {difference:.3g}" if difference else "equal scores")
    if trial.batch_noise is not None:
        yield _line("batch noise", f"{trial.batch_noise:.2g} of a query's range of scores")
    for warning in trial.warnings:
        yield _line("warning", warning)
    for finding in trial.findings:
        yield _line("wrong", finding)
    yield _line("verdict", "usable" if trial.usable else "not usable")


def _part(part: dict[str, Any]) -> Iterator[str]:
    yield _line("part", part["name"])
    for name, value in part.items():
        if name not in TEXTS and name != "name" and value not in (None, {}, []):
            yield _line(f"  {name}", _flat(value))
    for name, title in TEXTS.items():
        text = part[name]
        yield _line(f"  {title}", repr(text[:SHOWN])[1:-1] + (" ..." if len(text) > SHOWN else ""))


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={inner!r}" for key, inner in value.items())
    return str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _line(title: str, text: str) -> str:
    return f"{title:<20} {text}"
