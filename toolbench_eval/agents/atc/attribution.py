"""Which tool is blamed: names of tools in what a model wrote.

Source: Shi et al. 2024 (arXiv 2405.16533), attributable reflection. Its code takes every candidate whose name is a
substring of the reply, so that `GET_movie` is blamed with `GET_movie_credits`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from toolbench_eval.agents.shared.programs import without_thought

BlameRule = Literal["exact", "substring"]
"""How a blame is read. `exact`: the whole name behind `Tool:`, or else the only one in the reply. `substring`: every
name that is a part of the reply, as in ATC's code."""

_MARK = re.compile(r"^\W*tool\W*:(.*)$", re.IGNORECASE | re.MULTILINE)


def names_in(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names that stand in a text as whole words, each once, by first place; longer names go before shorter ones."""
    if not names:
        return ()
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    found = re.findall(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", text)
    return tuple(dict.fromkeys(found))


def blamed_tools(reply: str, names: Sequence[str], rule: BlameRule = "exact") -> tuple[str, ...]:
    """The tools that a reply blames; none where it names none of these, or several without saying which.

    Args:
        reply: What the reviewer wrote.
        names: Candidates.
        rule: How it is read.
    """
    text = without_thought(reply)
    if rule == "substring":
        return tuple(name for name in names if name in text)
    marked = _MARK.findall(text)
    if marked:
        return names_in(marked[-1], names)[:1]
    found = names_in(text, names)
    return found if len(found) == 1 else ()
