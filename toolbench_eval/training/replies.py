"""What models write where data is made: an object with texts and lists, read as far as it can be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES
from toolbench_eval.agents.shared.parsing import spoken
from toolbench_eval.llms.base import GREEDY, Message, Sampling

_T = TypeVar("_T")
_DECODER = json.JSONDecoder()
_TRIES = 5
"""Opening braces that are tried."""


def object_in(reply: str) -> Mapping[str, Any]:
    """The first JSON object of a reply, what stands between thinking tags aside; empty where there is none."""
    text = spoken(reply)
    at = text.find("{")
    for _ in range(_TRIES):
        if at < 0:
            break
        try:
            found, _ = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        return {str(key): value for key, value in found.items()}
    return {}


def text_of(values: Mapping[str, Any], key: str) -> str:
    """A text or a number of an object on one line; empty where there is none."""
    value = values.get(key)
    return one_line(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def texts_of(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The texts and numbers of a list in an object; those of a single text where it is none."""
    value = values.get(key)
    items = value if isinstance(value, list) else [value]
    return tuple(filter(None, (text_of({key: item}, key) for item in items)))


def ask_role(
    session: Session,
    role: str,
    action: str,
    messages: Sequence[Message],
    read: Callable[[str], _T | None],
    *,
    reminder: str,
    sampling: Sampling = GREEDY,
    retries: int = RETRIES,
) -> tuple[_T | None, str]:
    """Ask a role's model until its reply can be read (as `agents.asking.ask_until_read`, which asks the main one).

    Returns:
        The value, None if no reply could be read, and the last reply.
    """
    asked, reply = list(messages), ""
    for attempt in range(retries + 1):
        reply = session.ask(action if attempt == 0 else "retry", asked, sampling, role=role, attempt=attempt).text
        value = read(reply)
        if value is not None:
            return value, reply
        asked = [*messages, Message("assistant", reply.strip() or "(nothing)"), Message("user", reminder)]
    return None, reply
