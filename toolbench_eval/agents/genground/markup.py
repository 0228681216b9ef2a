"""Tags and objects in what a model wrote: read as far as they can be, never an error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_NOT_A_LETTER = re.compile(r"[^a-z]")
_DECODER = json.JSONDecoder()
_TRIES = 5
"""Opening braces that are tried, so that a reply full of them costs no time."""


def spans(text: str, tag: str, *others: str) -> list[str]:
    """What stands between `<tag>` and `</tag>`, in any case, without outer white space.

    A span that is not closed, as at the token limit, ends before the next of these tags that opens (`tag` and
    `others`), or at the end of the text.
    """
    opens = "|".join(re.escape(name) for name in (tag, *others))
    end = re.compile(rf"<\s*/\s*{re.escape(tag)}\s*>|<\s*(?:{opens})\s*>", re.IGNORECASE)
    opened = re.split(rf"<\s*{re.escape(tag)}\s*>", text, flags=re.IGNORECASE)[1:]
    return [end.split(part, maxsplit=1)[0].strip() for part in opened]


def json_object(text: str) -> Mapping[str, str]:
    """The first JSON object in a text: its texts and numbers by key, keys in lower case and letters only.

    Returns:
        An empty mapping where there is no object.
    """
    at = text.find("{")
    for _ in range(_TRIES):
        if at < 0:
            break
        try:
            found, _end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        return {_NOT_A_LETTER.sub("", key.lower()): _plain(value) for key, value in found.items()}
    return {}


def one_line(text: str) -> str:
    """The text with its white space folded, so that no line of it can pass for a line of the prompt."""
    return " ".join(text.split())


def _plain(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""
