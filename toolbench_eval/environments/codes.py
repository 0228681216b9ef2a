"""ToolBench's observation codes: a number for what came of a call."""

from __future__ import annotations

from toolbench_eval.environments.base import ErrorKind, ToolResult

GIVEN_ANSWER, GIVEN_UP = 3, 4
"""Codes of the call that ends a run; agents give them, no tool does."""

_CODES: dict[ErrorKind, int] = {
    "unknown_tool": 1,
    "malformed_arguments": 2,
    "invalid_arguments": 2,
    "timeout": 5,
    "unavailable": 6,
    "unauthorized": 8,
    "rate_limited": 9,
    "call_limit": 10,
    "tool_error": 11,
    "refused": 12,
    "miss": 12,
    "too_large": 0,
}
_KINDS: dict[int, ErrorKind] = {
    1: "unknown_tool",
    2: "malformed_arguments",
    5: "timeout",
    6: "unavailable",
    7: "unauthorized",
    8: "unauthorized",
    9: "rate_limited",
    10: "rate_limited",
    11: "tool_error",
    12: "unavailable",
}


def observation_code(result: ToolResult) -> int:
    """ToolBench's code of a result.

    0 fine, 1 no such function, 2 bad input, 5 time-out, 6 not working, 8 unauthorised, 9 too many requests, 10 limit,
    11 the message holds an error, 12 the request failed. A cut answer is fine, as ToolBench cuts all of them. Its code
    7 (not subscribed) never comes back: ToolBench's comment and its mapping have 7 and 8 swapped, and no reply tells
    them apart.
    """
    return 0 if result.error is None else _CODES[result.error]


def kind_of_code(code: int) -> ErrorKind | None:
    """The kind of error that one of ToolBench's codes stands for, None for an answer."""
    return _KINDS.get(code)
