"""Judges for tests: scripts that always say the same."""

from __future__ import annotations

import json
from collections.abc import Sequence

from toolbench_eval.llms.base import Message


def solved(messages: Sequence[Message]) -> str:
    return "Solved."


def unsure(messages: Sequence[Message]) -> str:
    return "Unsure, I think."


def unsolvable(messages: Sequence[Message]) -> str:
    """Unsolved, and nobody could."""
    return "unsolvable" if "One word, solvable" in messages[-1].text else "It is UNSOLVED"


def mute(messages: Sequence[Message]) -> str:
    return "As an assistant, I would rather not say."


def marks(messages: Sequence[Message]) -> str:
    """Solved, and 10 for every criterion but the last."""
    text = messages[-1].text
    names = [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]
    return json.dumps(dict.fromkeys(names[:-1], 10)) if "One JSON object" in text else "solved"
