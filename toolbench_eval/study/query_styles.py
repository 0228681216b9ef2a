"""The style of the request: templates of our own, and paraphrases that were stored once and are used again."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.study.entities import lost
from toolbench_eval.study.misspelling import misspelt

_TERSE = (
    "a an the is are was were be been being do does did has have had please could would can will you me i my our we "
    "of that this there"
)
TERSE = frozenset(_TERSE.split())
"""Words that a terse request goes without; those that ask, limit or deny stay."""

TYPO_RATE = 0.15
"""Share of the words of at least four small letters that are misspelt, at least one."""

IRRELEVANT = (
    "By the way, the coffee machine in our kitchen has been making a strange noise all morning.",
    "My neighbour has just painted the fence, and it looks quite nice.",
    "I am writing this from a train, so the connection may be slow.",
    "We had soup for lunch, which was a little too salty.",
    "It has been rather windy here, and the cat refuses to leave the sofa.",
)

_PIECE = re.compile(r"\"[^\"]*\"|\u201c[^\u201d]*\u201d|[\w'\u2019-]+\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True)
class QueryStyle:
    """Every request is worded in this style; names, quotations and numbers stay (`entities.lost`).

    Attributes:
        style: One of `STYLES`.
        seed: For styles that draw: which words are misspelt, which sentence is added.
    """

    style: str
    seed: int = 0

    @property
    def setting(self) -> Mapping[str, Any]:
        """Style and seed."""
        return {"factor": "query-style", "level": self.style, "seed": self.seed}

    def sample(self, sample: Sample) -> Sample:
        """The sample, reworded.

        Raises:
            DataError: The style would lose a part of the request.
        """
        draw = random.Random(f"{self.seed}/{self.style}/{sample.id}")  # noqa: S311 - drawn to be drawn again
        return _kept(sample, STYLES[self.style](sample.text, draw), f"the style '{self.style}'")


@dataclass(frozen=True)
class Paraphrase:
    """Every request is worded as a file says.

    Attributes:
        style: Name of the style in the file.
        texts: Request by id of the sample.
        file: The file, for errors.
    """

    style: str
    texts: Mapping[str, str] = field(repr=False)
    file: Path

    @property
    def setting(self) -> Mapping[str, Any]:
        """Style, and the digest of its texts."""
        digest = hashlib.sha256(json.dumps(self.texts, sort_keys=True).encode()).hexdigest()[:16]
        return {"factor": "query-style", "level": self.style, "paraphrases": digest}

    def sample(self, sample: Sample) -> Sample:
        """The sample, reworded.

        Raises:
            DataError: The file has no text for it, or one that says something else.
        """
        if sample.id not in self.texts:
            raise DataError(f"no paraphrase of '{sample.id}' in the style '{self.style}'", file=self.file)
        return _kept(sample, self.texts[sample.id], f"the paraphrase in the style '{self.style}'", self.file)


def read_paraphrases(path: Path) -> dict[str, Paraphrase]:
    """The paraphrases of a file of JSON lines with `id`, `style` and `text`, by style.

    Raises:
        MissingDataError: There is no such file.
        DataError: A line is something else, or stands twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise MissingDataError("there is no such file of paraphrases", file=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", file=path) from None
    texts: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines, start=1):
        name, style, text = _paraphrase(line, path, number)
        if name in texts.setdefault(style, {}):
            raise DataError(f"'{name}' stands twice in the style '{style}'", file=path, row=number)
        texts[style][name] = text
    return {style: Paraphrase(style, by_id, path) for style, by_id in texts.items()}


def _paraphrase(line: str, path: Path, number: int) -> tuple[str, str, str]:
    try:
        values = json.loads(line)
        found = values["id"], values["style"], values["text"]
    except (ValueError, KeyError, TypeError):
        raise DataError("a paraphrase is a JSON object with id, style and text", file=path, row=number) from None
    if not all(isinstance(value, str) and value.strip() for value in found):
        raise DataError("id, style and text are texts that are not empty", file=path, row=number)
    return found


def _kept(sample: Sample, text: str, what: str, file: Path | None = None) -> Sample:
    if missing := lost(sample.text, text):
        raise DataError(f"{what} changes what '{sample.id}' asks: it must keep {', '.join(missing)}", file=file)
    return replace(sample, text=text)


def _terse(text: str, draw: random.Random) -> str:
    pieces = [piece for piece in _PIECE.findall(text) if piece.strip().casefold() not in TERSE]
    short = "".join(pieces).strip().rstrip("?.!").rstrip()
    return short or text


def _polite(text: str, draw: random.Random) -> str:
    return (
        "Hello! I hope you are having a pleasant day. I have been meaning to ask somebody about this for quite some "
        "time, and I would be very grateful if you could help me with it, whenever it suits you. It is this: "
        f"{text} Thank you very much in advance for your patience and for all the trouble you take; it is truly kind."
    )


def _imperative(text: str, draw: random.Random) -> str:
    return f"Take care of this now and give me the result: {text}"


def _with_typos(text: str, draw: random.Random) -> str:
    return misspelt(text, draw, TYPO_RATE)


def _with_irrelevant(text: str, draw: random.Random) -> str:
    sentence = draw.choice(IRRELEVANT)
    return f"{sentence} {text}" if draw.random() < 0.5 else f"{text} {sentence}"


STYLES: Mapping[str, Callable[[str, random.Random], str]] = {
    "terse": _terse,
    "polite": _polite,
    "imperative": _imperative,
    "typos": _with_typos,
    "irrelevant": _with_irrelevant,
}
"""The styles that need no file."""

SEEDED = frozenset({"typos", "irrelevant"})
"""Those that draw."""
