"""Values for the arguments of tools: what a request says by itself, and what is in the results of earlier calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolbench_eval.environments.base import json_or_text
from toolbench_eval.llms.scripts.tools.words import Vocabulary, stem, stems, words

Kind = Literal["id", "date", "time", "number", "choice", "truth", "text"]
_SCALAR = (str, int, float)

_ID = re.compile(r"\b[A-Za-z]{1,4}[-_]?\d+(?:[-_/]\w+)*\b")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_TIME = re.compile(r"\b\d{1,2}:\d\d\b")
_NUMBER = re.compile(r"(?<![\w:.-])\d+(?:\.\d+)?(?![\w:-])")
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<!\w)'([^']+)'(?!\w)")
_CAPITAL = r"[A-Z][\w&'-]*"
_NAME = re.compile(rf"{_CAPITAL}(?: (?:of |the |by |and |& )?{_CAPITAL})*")
_NUMBERS = {
    word: at
    for at, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"))
}
_PLACES = frozenset(("street", "square", "road", "lane", "avenue", "hill", "place", "park", "quay", "bridge", "way"))
_PLACE_WORDS = frozenset(stem(word) for word in ("street", "place", "city", "town", "location", "address", "country"))
_SEARCH_WORDS = frozenset(
    stem(word) for word in ("word", "words", "query", "keyword", "title", "text", "term", "thing")
)
_MOST: Mapping[str, tuple[bool, str]] = {
    "cheapest": (False, "price"),
    "dearest": (True, "price"),
    "oldest": (False, "year date born"),
    "earliest": (False, "time start date"),
    "newest": (True, "year date"),
    "latest": (True, "date time start year"),
    "youngest": (True, "year born"),
    "largest": (True, "size seats"),
    "smallest": (False, "size seats"),
    "longest": (True, "length duration"),
    "shortest": (False, "length duration"),
    "highest": (True, "rating score height"),
}
"""What a superlative looks for: whether the most, and of what."""


@dataclass(frozen=True)
class Field:
    """One value in the result of a call.

    Attributes:
        key: Its name; that of the list for an entry of a list of plain values.
        value: The value.
        record: The object that it stands in.
        call: Number of the call, from 0.
        position: Place in its list, 0 elsewhere.
    """

    key: str
    value: Any
    record: Mapping[str, Any]
    call: int
    position: int = 0


def fields(result: str, call: int) -> Iterator[Field]:
    """The plain values in a result, in order; a result that is no JSON has none."""
    yield from _walk("", json_or_text(result), {}, call)


def _walk(key: str, value: Any, record: Mapping[str, Any], call: int, position: int = 0) -> Iterator[Field]:
    if isinstance(value, Mapping):
        for name, inside in value.items():
            yield from _walk(str(name), inside, value, call)
    elif isinstance(value, list):
        for at, inside in enumerate(value):
            yield from _walk(key, inside, record, call, at)
    elif key and isinstance(value, _SCALAR) and not isinstance(value, bool):
        yield Field(key, value, record, call, position)


def type_of(schema: Mapping[str, Any]) -> str:
    """The JSON type of a parameter: of several the first that is not null, empty where the schema has none."""
    given = schema.get("type")
    several = given if isinstance(given, list) else [given]
    return next((one for one in several if isinstance(one, str) and one != "null"), "")


def kind_of(name: str, schema: Mapping[str, Any]) -> Kind:
    """What kind of value a parameter takes."""
    said, described = words(name), str(schema.get("description", ""))
    if schema.get("enum"):
        return "choice"
    if type_of(schema) == "boolean":
        return "truth"
    if type_of(schema) in {"integer", "number"}:
        return "id" if said[-1:] == ["id"] else "number"
    signs: tuple[tuple[Kind, bool], ...] = (
        ("id", said[-1:] in (["id"], ["number"], ["code"]) or bool(re.search(r"\b[Ii]d of\b", described))),
        ("date", "YYYY" in described or schema.get("format") == "date" or "date" in said),
        ("time", "HH:MM" in described or bool({"time", "hour"} & set(said))),
    )
    return next((kind for kind, found in signs if found), "text")


@dataclass(frozen=True)
class Spoken:
    """What a request says by itself, each in the order in which it stands there."""

    text: str
    ids: tuple[str, ...]
    dates: tuple[str, ...]
    times: tuple[str, ...]
    numbers: tuple[tuple[int | float, str], ...]
    quoted: tuple[str, ...]
    names: tuple[str, ...]


def spoken_values(text: str) -> Spoken:
    """Ids, dates, times, numbers with the word behind them, quotations and names in a text."""
    quoted = tuple(one or other for one, other in _QUOTED.findall(text))
    bare = _QUOTED.sub(" ", text)
    numbers = [(_as_number(found[0]), next(iter(words(bare[found.end() :])), "")) for found in _NUMBER.finditer(bare)]
    spelled = [
        (_NUMBERS[one], other) for one, other in zip(words(bare), words(bare)[1:], strict=False) if one in _NUMBERS
    ]
    return Spoken(
        text,
        tuple(_ID.findall(bare)),
        tuple(_DATE.findall(bare)),
        tuple(_TIME.findall(bare)),
        tuple(numbers or spelled),
        quoted,
        tuple(_names(bare)),
    )


def _as_number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _names(text: str) -> Iterator[str]:
    for found in _NAME.finditer(text):
        name = found[0].removesuffix("'s")
        begins = found.start() == 0 or text[: found.start()].rstrip()[-1:] in {".", "!", "?"}
        name = name.partition(" ")[2] if begins else name
        # What opens a sentence may have its capital from there alone.
        name = name.removeprefix("the ").removeprefix("by ").removeprefix("of ")
        if name:
            yield name


def texts_for(name: str, schema: Mapping[str, Any], said: Spoken, vocabulary: Vocabulary) -> list[str]:
    """Texts of a request that a parameter may take, the likeliest first."""
    about = set(stems(f"{name} {schema.get('description', '')}"))
    places = [one for one in said.names if words(one) and words(one)[-1] in _PLACES]
    others = [one for one in said.names if one not in places]
    if about & _PLACE_WORDS:
        return places
    phrase = unexplained(said.text, vocabulary)
    found = [*said.quoted, *phrase, *others] if about & _SEARCH_WORDS else [*others, *said.quoted, *phrase]
    return list(dict.fromkeys(found))


def unexplained(text: str, vocabulary: Vocabulary) -> list[str]:
    """The runs of words that no tool speaks of, in small letters: what is searched for; the longest first."""
    runs: list[list[str]] = [[]]
    for token in re.findall(r"[\w'’-]+|[^\w\s]", _QUOTED.sub(" ; ", text)):  # noqa: RUF001 - as above
        meant = stems(token)
        if token.islower() and meant and token not in _MOST and not any(vocabulary.explains(one) for one in meant):
            runs[-1].append(token)
        elif runs[-1]:
            runs.append([])
    return sorted((" ".join(run) for run in runs if run), key=lambda run: -len(run.split()))


def overlap(record: Mapping[str, Any], text: str) -> float:
    """How much of a text a record speaks of: whole values that it names count most."""
    low, asked = f" {' '.join(words(text))} ", set(stems(text))
    score = 0.0
    for value in record.values():
        if isinstance(value, str | int | float) and (said := words(str(value))):
            score += 3.0 * len(said) if f" {' '.join(said)} " in low else len(asked & set(stems(str(value))))
    return score


def superlative(records: Sequence[Mapping[str, Any]], text: str) -> Mapping[str, Any] | None:
    """The record that a superlative of a text picks, None where it has none or the records have nothing of the kind."""
    for word in words(text):
        most, of = _MOST.get(word, (False, ""))
        for wanted in stems(of):
            rated = [
                (value, at)
                for at, record in enumerate(records)
                for key, value in record.items()
                if wanted in stems(key) and isinstance(value, int | float | str) and not isinstance(value, bool)
            ]
            if rated and len({type(value) for value, _ in rated}) == 1:
                pick = max if most else min
                return records[pick(rated, key=lambda one: one[0])[1]]
    return None
