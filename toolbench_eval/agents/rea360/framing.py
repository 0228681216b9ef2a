"""Material in the prompts of a crew: in blocks that no text in them can close or forge."""

from __future__ import annotations

import re
from typing import Literal

Frame = Literal["task", "work", "feedback", "experience", "history"]
_TAG = re.compile(r"<(\s*/?\s*(?:task|work|feedback|experience|history)\b[^>]*)>", re.IGNORECASE)


def framed(frame: Frame, text: str) -> str:
    """A text as a block; tags of blocks in it lose their brackets."""
    harmless = _TAG.sub(r"(\1)", text)
    return f"<{frame}>\n{harmless}\n</{frame}>"
