"""Passages: what an agent is shown, and corpora whose documents have a title of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.fingerprint import fingerprint_rows
from toolbench_eval.data.ids import positions_of, string_array


@dataclass(frozen=True)
class Passage:
    """A piece of text with a title.

    Attributes:
        id: Id in its corpus.
        title: Title, empty where there is none.
        text: The text without the title.
    """

    id: str
    title: str
    text: str

    @property
    def contents(self) -> str:
        """Title and text as one: what is searched, and what gold passages are compared by."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, eq=False)
class Passages:
    """A corpus of passages by position.

    Attributes:
        ids: Passage ids, length n, unique.
        titles: Titles, length n.
        texts: Texts without their titles, length n.
    """

    ids: pa.LargeStringArray
    titles: pa.LargeStringArray
    texts: pa.LargeStringArray

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> Passages:
        """A corpus of these passages; of several with one id the first is kept."""
        distinct: dict[str, Passage] = {}
        for passage in passages:
            distinct.setdefault(passage.id, passage)
        columns = [(one.id, one.title, one.text) for one in distinct.values()]
        ids, titles, texts = zip(*columns, strict=True) if columns else ((), (), ())
        return cls(string_array(ids), string_array(titles), string_array(texts))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, position: int) -> Passage:
        at = int(position)
        return Passage(self.ids[at].as_py(), self.titles[at].as_py(), self.texts[at].as_py())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content, whatever its order."""
        return fingerprint_rows(self.ids, self.titles, self.texts)

    @cached_property
    def corpus(self) -> Corpus:
        """What retrievers index: title, newline, text; the text alone where there is no title."""
        kind = pa.large_string()
        joined = pc.binary_join_element_wise(self.titles, self.texts, pa.scalar("\n", kind))
        return Corpus(self.ids, pc.if_else(pc.equal(self.titles, ""), self.texts, joined).cast(kind))

    def find(self, ids: Iterable[str]) -> list[Passage]:
        """The passages of these ids, in this order; unknown ids are left out."""
        at = positions_of(string_array(ids), self.ids)
        return [self[position] for position in at[at >= 0]]

    def take(self, positions: Iterable[int]) -> Passages:
        """The passages at these positions, in this order."""
        at = pa.array(np.fromiter(positions, dtype=np.int64))
        return Passages(self.ids.take(at), self.titles.take(at), self.texts.take(at))
