"""Tools as models are offered them natively: under names that every provider takes, called under their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.moves import Move
from toolbench_eval.agents.shared.tool_moves import arguments_of
from toolbench_eval.agents.shared.tool_prompting import cut_result
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.llms.base import Message, NativeCall, OfferedTool

LONGEST = 64
"""Characters of a name."""
NOTHING = "(nothing)"
"""Stands for an empty text: some endpoints refuse an empty turn."""

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]")


def native_names(names: Iterable[str]) -> dict[str, str]:
    """The name that every provider takes -> the tool's own name.

    Letters, digits, `_` and `-`, at most 64, no digit or `-` in front; any other character is an underscore, as BFCL
    does with dots. Names that are so already stay; of others that come out alike, the later ones get a number.
    """
    own = list(dict.fromkeys(names))
    found = {name: name for name in own if _allowed(name) == name}
    for name in own:
        if name not in found:
            found[next(one for one in _spellings(_allowed(name)) if one not in found)] = name
    return found


def _allowed(name: str) -> str:
    plain = _NOT_ALLOWED.sub("_", name)
    return (plain if plain[:1].isalpha() or plain[:1] == "_" else f"_{plain}")[:LONGEST]


def _spellings(name: str) -> Iterable[str]:
    yield name
    for number in count(2):
        end = f"_{number}"
        yield name[: LONGEST - len(end)] + end


@dataclass(frozen=True)
class NativeTools:
    """The tools of a session, offered and called natively.

    Attributes:
        session: Where they are.
        offered: As a request offers them.
        names: Offered name -> own name.
        characters: Most characters of an answer that are shown.
    """

    session: Session
    offered: tuple[OfferedTool, ...]
    names: Mapping[str, str]
    characters: int

    @classmethod
    def of(cls, session: Session, characters: int) -> NativeTools:
        """All tools of a session."""
        specs = {spec.name: spec for spec in session.tools()}
        names = native_names(specs)
        offered = {own: _offered(name, specs[own]) for name, own in names.items()}
        return cls(session, tuple(offered[own] for own in specs), names, characters)

    def answer(self, calls: Sequence[NativeCall]) -> list[Message]:
        """Make calls one after the other; a turn for each says what came of it, as a real service would."""
        return [Message("tool", self._answer(call), answers=call) for call in calls]

    def _answer(self, call: NativeCall) -> str:
        name = self.names.get(call.name, call.name)
        result = self.session.call(name, arguments_of(Move("", name, call.arguments)))
        return cut_result(self.session, name, result, self.characters) or NOTHING


def _offered(name: str, spec: ToolSpec) -> OfferedTool:
    return OfferedTool(name, spec.description, {"type": "object", "properties": {}, **spec.parameters})
