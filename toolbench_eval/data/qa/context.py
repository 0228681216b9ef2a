"""The passages that come with a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolbench_eval.data.passages import Passage


@dataclass(frozen=True)
class Paragraph:
    """A passage of a record.

    Attributes:
        title: Title, empty where there is none.
        text: The text without the title.
        gold: Whether it holds evidence.
        sentences: The text in sentences, None where the source does not split it.
    """

    title: str
    text: str
    gold: bool = False
    sentences: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Context:
    """The passages of a record under ids that hold within the record: their numbers from 0.

    Attributes:
        passages: In the order of the record.
        gold: Ids of the gold ones.
        sentences: Sentences by passage id, where the source splits them.
    """

    passages: tuple[Passage, ...]
    gold: tuple[str, ...]
    sentences: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, paragraphs: Iterable[Paragraph]) -> Context:
        """The context of these paragraphs."""
        numbered = [(str(at), one) for at, one in enumerate(paragraphs)]
        return cls(
            tuple(Passage(name, one.title, one.text) for name, one in numbered),
            tuple(name for name, one in numbered if one.gold),
            {name: one.sentences for name, one in numbered if one.sentences is not None},
        )


def titles_of(paragraphs: Iterable[Paragraph]) -> tuple[str, ...]:
    """The titles of the gold ones, each once; passages without a title have none."""
    return tuple(dict.fromkeys(one.title for one in paragraphs if one.gold and one.title))


def untitled(texts: Iterable[str], *, gold: bool = False) -> list[Paragraph]:
    """Texts without titles as paragraphs."""
    return [Paragraph("", text, gold) for text in texts]
