"""Passages in a prompt: quoted in a block that no passage can close or forge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from toolbench_eval.agents.shared.prompting import numbered
from toolbench_eval.data.passages import Passage

NOTHING = "(no passage was found)"
_TAG = re.compile(r"<(\s*/?\s*passages\b[^>]*)>", re.IGNORECASE)


def quoted(passages: Sequence[Passage]) -> str:
    """The block; it says so where there is no passage.

    Line breaks in titles and texts become blanks, so that only the block's own numbering begins a line.
    """
    plain = [replace(passage, title=" ".join(passage.title.split())) for passage in passages]
    return block(numbered(plain) or NOTHING)


def block(text: str) -> str:
    """Any text of passages as a block."""
    harmless = _TAG.sub(r"(\1)", text)
    return f"<passages>\n{harmless}\n</passages>"
