"""Scripts for `--llm scripted/support.voices:...`: agents' models that speak at random, each call anew."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence

from toolbench_eval.llms.base import Message

_COUNT = itertools.count()


def selector(messages: Sequence[Message]) -> str:
    """Two of three passages; now and then one, or none."""
    draw = random.Random(next(_COUNT))
    return " > ".join(f"[{number}]" for number in draw.sample((1, 2, 3), draw.choice((2, 2, 2, 2, 1)))) * (
        draw.random() < 0.9
    )


def searcher(messages: Sequence[Message]) -> str:
    """One search, then an answer; by the prompt alone."""
    if "The search is over" in messages[-1].text:
        return "Grayle"
    return "<THINK> the engineer" if len(messages) == 1 else "<RECORD> found\n<FINAL>"


def slow_searcher(messages: Sequence[Message]) -> str:
    """The same, so slowly that a kill finds it at work."""
    time.sleep(0.05)
    return searcher(messages)
