"""Measures of an agent's samples, of answers and of tool use: each has one value a sample, and all are averaged."""

from __future__ import annotations

from toolbench_eval.metrics.answers import registry as answers
from toolbench_eval.metrics.tools import registry as tools


def of_samples(name: str) -> bool:
    """Whether a name is that of a measure of samples; the others are measures of rankings."""
    return answers.known(name) or name in tools.MEASURES
