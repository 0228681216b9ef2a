"""Filling the arguments of a tool from a request and from the results of earlier calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolbench_eval.llms.scripts.tools.values import (
    Field,
    Kind,
    Spoken,
    kind_of,
    overlap,
    spoken_values,
    superlative,
    texts_for,
    type_of,
)
from toolbench_eval.llms.scripts.tools.words import View, Vocabulary, stem, stems, words

MOST = 6
"""Values of one argument that are tried."""

_EVERYWHERE = ("name", "title", "text", "description")
"""Names of values that say nothing of what they are the names of."""
_LINK = re.compile(r"\b(\w+),? (?:which )?(?:is|means) (?:the |an? )?(\w+)", re.IGNORECASE)
_SHAPES: Mapping[Kind, str] = {"date": r"\d{4}-\d\d-\d\d", "time": r"\d{1,2}:\d\d", "number": r"-?\d+(?:\.\d+)?"}


class Filler:
    """Knows the request and what the descriptions of the tools say of names."""

    def __init__(self, request: str, vocabulary: Vocabulary, tools: Sequence[View]) -> None:
        """Read the descriptions.

        Args:
            request: The whole request.
            vocabulary: Words of the tools.
            tools: The tools.
        """
        self.request, self.vocabulary = request, vocabulary
        names = {name for tool in tools for name in properties(tool)}
        self.links = {
            key: name
            for tool in tools
            for key, name in _LINK.findall(tool.description)
            if name in names and key != name
        }
        """Names of values that descriptions call by the name of an argument: `owner_id`, which is the `person_id`."""

    def arguments(self, tool: View, clause: str, found: Sequence[Field]) -> Iterator[dict[str, Any]]:
        """Arguments for a tool, the likeliest first; none where a required one is missing."""
        candidates = {name: self.values(tool, name, clause, found) for name in properties(tool)}
        optional = [name for name in candidates if name not in required(tool)]
        for name in optional:
            candidates[name] = self._sure(tool, name, candidates[name], clause)
        if not all(candidates[name] for name in required(tool)):
            return
        chosen = {name: values for name, values in candidates.items() if values}
        first = {name: values[0] for name, values in chosen.items()}
        yield first
        for name, values in chosen.items():
            for value in values[1:]:
                yield {**first, name: value}

    def unfilled(self, tool: View, clause: str, found: Sequence[Field]) -> list[str]:
        """Required arguments that nothing is known for."""
        return [name for name in required(tool) if not self.values(tool, name, clause, found)]

    def lacking(self, tool: View, clause: str, found: Sequence[Field]) -> list[str]:
        """Required arguments that another tool may have a value for; where none is missing, ids, which may be wrong."""
        ids = [name for name in required(tool) if kind_of(name, properties(tool)[name]) == "id"]
        return self.unfilled(tool, clause, found) or ids

    def values(self, tool: View, name: str, clause: str, found: Sequence[Field]) -> list[Any]:
        """Values for one argument, the likeliest first: from the clause, from results, from the whole request."""
        schema = properties(tool)[name]
        kind = kind_of(name, schema)
        here, anywhere = spoken_values(clause), spoken_values(self.request)
        told = self._told(kind, name, schema, here)
        known = [] if kind == "choice" else self._known(kind, name, schema, clause, found)
        if kind == "text" and known and known[0][0] >= 3 and name not in _EVERYWHERE:
            told = []
        ordered = [*told, *(value for _, value in known)] or self._told(kind, name, schema, anywhere)
        unique = list(dict.fromkeys(ordered))
        turn = [one for one, other in properties(tool).items() if _like(kind, schema, kind_of(one, other), other)]
        at = turn.index(name) % len(unique) if unique and name in turn else 0
        return [*unique[at:], *unique[:at]][:MOST]

    def _told(self, kind: Kind, name: str, schema: Mapping[str, Any], said: Spoken) -> list[Any]:
        """What the words of a request give."""
        if kind == "choice":
            spoken = stems(said.text)
            options = [
                (spoken.index(stem(str(one).lower())), one)
                for one in schema["enum"]
                if stem(str(one).lower()) in spoken
            ]
            return [one for _, one in sorted(options, key=lambda option: option[0])]
        if kind == "number":
            about = set(stems(f"{name} {schema.get('description', '')}"))
            ranked = sorted(said.numbers, key=lambda number: stem(number[1]) not in about)
            return [int(one) if type_of(schema) == "integer" else one for one, _ in ranked]
        if kind == "text":
            return texts_for(name, schema, said, self.vocabulary)
        listed: Mapping[Kind, tuple[str, ...]] = {"id": said.ids, "date": said.dates, "time": said.times}
        return list(listed.get(kind, ()))

    def _known(
        self, kind: Kind, name: str, schema: Mapping[str, Any], clause: str, found: Sequence[Field]
    ) -> list[tuple[float, Any]]:
        """What earlier results give, each with what speaks for its name."""
        about = set(stems(f"{name} {schema.get('description', '')}"))
        scored = []
        fitting = [(match, one) for one in found if (match := self._match(kind, name, about, one, clause)) > 0]
        best = superlative(list({id(one.record): one.record for _, one in fitting}.values()), clause)
        for match, one in fitting:
            score = match + overlap(one.record, clause) / 2 + (4.0 if one.record is best else 0.0)
            scored.append((score + 0.2 * one.call - 0.05 * one.position, match, one.value))
        return [(match, value) for _, match, value in sorted(scored, key=lambda one: -one[0])]

    def _match(self, kind: Kind, name: str, about: set[str], field: Field, clause: str) -> float:
        """How well a value's name fits an argument, 0 where it does not."""
        shape = _SHAPES.get(kind)
        if shape and not re.fullmatch(shape, str(field.value)):
            return 0.0
        if field.key == name:
            return 3.0
        if self.links.get(field.key) == name:
            return 5.0 if role(field.key) & set(stems(clause)) else 0.0
        if name.endswith(f"_{field.key}") or (kind == "id" and field.key == "id"):
            return 2.0
        keys = set(stems(field.key))
        if kind == "id":
            return 1.5 if role(name) and role(name) <= role(field.key) else 0.0
        return 1.5 if keys and keys <= about and field.key not in _EVERYWHERE else 0.0

    def _sure(self, tool: View, name: str, values: Sequence[Any], clause: str) -> list[Any]:
        """Of the values of an argument that may be left out, those that the clause clearly means."""
        schema = properties(tool)[name]
        kind = kind_of(name, schema)
        if kind == "choice":
            return list(values)
        if kind == "number":
            about = set(stems(f"{name} {schema.get('description', '')}"))
            said = {value for value, behind in spoken_values(clause).numbers if stem(behind) in about}
            return [value for value in values if value in said]
        return []


def properties(tool: View) -> Mapping[str, Mapping[str, Any]]:
    """Schemas of a tool's arguments by name."""
    found: Mapping[str, Mapping[str, Any]] = tool.parameters.get("properties", {})
    return found


def required(tool: View) -> list[str]:
    """Names of the arguments that a call must have."""
    return [name for name in tool.parameters.get("required", ()) if name in properties(tool)]


def role(key: str) -> set[str]:
    """What a name such as `owner_id` says beside being an id."""
    return {stem(word) for word in words(key) if word not in {"id", "ids", "number", "code"}}


def _like(kind: Kind, schema: Mapping[str, Any], other_kind: Kind, other: Mapping[str, Any]) -> bool:
    """Whether two arguments take values of the same stock: the first gets the first value, the second the second."""
    return kind == other_kind and kind in {"choice", "date", "time"} and schema.get("enum") == other.get("enum")
