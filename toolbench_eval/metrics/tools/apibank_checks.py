"""How API-Bank's APIs check a call: most want everything equal, some allow other words, some look at the result only.

Source: `check_api_call_correctness` of the classes in `apis/` of AlibabaResearch/DAMO-ConvAI, api-bank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolbench_eval.metrics.tools.apibank import Result

WORDED = ("content", "meeting_topic")
"""Arguments of which more than half of the words must be the same."""
LEAST = 0.5
RESULT_ONLY = {"ToolSearcher", "Wiki", "SearchEngine"}
"""APIs of which only the output is compared."""
TOKEN_FREE = ("Agenda", "Reminder")
"""APIs of these names do not compare the token: a wrong one shows in the output."""


def passes(name: str, result: Result, gold: Result) -> bool:
    """Whether the result of a call passes the check of its API.

    Args:
        name: The API.
        result: What came of the call: `input`, `output` and `exception`.
        gold: What came of the gold call.
    """
    if result.get("output") != gold.get("output") or result.get("exception") != gold.get("exception"):
        return False
    return name in RESULT_ONLY or same_arguments(name, result.get("input") or {}, gold.get("input") or {})


def same_arguments(name: str, given: Mapping[str, Any], gold: Mapping[str, Any]) -> bool:
    """Whether the arguments of a call are those of the gold call, as its API compares them."""
    dropped = {"token"} if name.endswith(TOKEN_FREE) else set()
    left, right = ({key: value for key, value in one.items() if key not in dropped} for one in (given, gold))
    return left.keys() == right.keys() and all(_same(key, value, right[key]) for key, value in left.items())


def _same(key: str, value: Any, gold: Any) -> bool:
    if key in WORDED:
        return overlap(str(value), str(gold)) > LEAST
    if key == "formula":
        return str(value).replace(" ", "") == str(gold).replace(" ", "")
    return _text(value) == _text(gold)


def overlap(left: str, right: str) -> float:
    """Words that two texts share over all of their words, case ignored."""
    first, second = set(left.lower().split()), set(right.lower().split())
    return len(first & second) / len(first | second) if first | second else 1.0


def _text(value: Any) -> str:
    """Models write numbers as text and the reverse; as text, both are the same."""
    return str(value).strip()
