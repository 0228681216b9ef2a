"""The steps of ReAct as text: a thought, and an action such as `Search[query]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from toolbench_eval.agents.shared.parsing import cut_at, spoken

STOP = "\nObservation"
"""Where the model's word ends: what an action brings is not its to write."""

_NAME = r"(?P<name>\w[\w./-]*)"
_ACTION = rf"action\s*\d*\s*:\s*{_NAME}[ \t]*(?P<rest>[\[(:].*|$)"
_FORMS = (
    re.compile(rf"^[ \t]*{_ACTION}", re.IGNORECASE | re.MULTILINE),
    re.compile(rf"\b{_ACTION}", re.IGNORECASE | re.MULTILINE),
    re.compile(rf"^[ \t]*{_NAME}[ \t]*(?P<rest>\[.*)", re.MULTILINE),
)
"""Where an action stands, the likeliest first: in a line of its own, behind a thought, without its label."""
_THOUGHT = re.compile(r"^\s*thought\s*\d*\s*:\s*", re.IGNORECASE)
_CLOSING = {"[": "]", "(": ")"}


@dataclass(frozen=True)
class Move:
    """What the model chose to do.

    Attributes:
        thought: Why, in its words; may be empty.
        name: The action, as it wrote it.
        argument: What stands in the brackets: a query, an answer; JSON for a tool.
    """

    thought: str
    name: str
    argument: str

    @property
    def text(self) -> str:
        """As the model was asked to write it."""
        return f"Thought: {self.thought}\nAction: {self.name}[{self.argument}]"


def read_move(reply: str, names: Sequence[str]) -> Move | None:
    """The first action of a reply, None where there is none.

    Args:
        reply: What the model wrote.
        names: Actions that are known without the label `Action:` in front of them.
    """
    text = cut_at(spoken(reply), STOP)
    known = {name.casefold() for name in names}
    for form in _FORMS:
        for found in form.finditer(text):
            if form is not _FORMS[-1] or found["name"].casefold() in known:
                thought = " ".join(_THOUGHT.sub("", text[: found.start()]).split())
                return Move(thought, found["name"], _inside(found["rest"]))
    return None


def _inside(rest: str) -> str:
    """What a bracket holds; to the end of the line where it does not close, or where a colon stands for it."""
    opening, text = rest[:1], rest[1:].strip()
    closing, depth = _CLOSING.get(opening), 1
    for at, character in enumerate(text):
        depth += (character == opening) - (character == closing)
        if depth == 0:
            return text[:at].strip()
    return text
