"""Corpora that are loaded when they are needed, and let go when memory gets short."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from toolbench_eval.data.corpus import Corpus

SHELF_BYTES = 2 * 2**30


@dataclass
class Shelf:
    """The corpora that were used last, up to a number of bytes; the newest always stays. Threads may share it.

    Attributes:
        limit: Bytes of text that may be kept.
    """

    limit: int = SHELF_BYTES
    _kept: OrderedDict[str, Corpus] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def get(self, key: str, load: Callable[[], Corpus]) -> Corpus:
        """The corpus of a key, loaded if it is not at hand."""
        corpus = self._kept.get(key)
        if corpus is None:
            corpus = load()
        with self._lock:
            self._kept[key] = corpus
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > self.limit:
                self._kept.popitem(last=False)
        return corpus


@dataclass(eq=False)
class CorpusHandle:
    """A corpus that can be had again at any time.

    Attributes:
        key: Name on the shelf.
        load: Reads it.
        shelf: Where it is kept.
    """

    key: str
    load: Callable[[], Corpus]
    shelf: Shelf
    _fingerprint: str | None = None
    _order: str | None = None
    _length: int | None = None

    @property
    def corpus(self) -> Corpus:
        """The documents."""
        return self.shelf.get(self.key, self.load)

    def read(self) -> Corpus:
        """The documents; fingerprint, order and length are noted, so that they need no second reading."""
        corpus = self.corpus
        self._fingerprint, self._order, self._length = corpus.fingerprint, corpus.order, len(corpus)
        return corpus

    @property
    def fingerprint(self) -> str:
        """The corpus's content fingerprint, computed once."""
        return self._fingerprint or self.read().fingerprint

    @property
    def order(self) -> str:
        """Digest of the order of the documents, computed once."""
        return self._order or self.read().order

    def __len__(self) -> int:
        return len(self.read()) if self._length is None else self._length

    def part(self, name: str, choose: Callable[[Corpus], Corpus]) -> CorpusHandle:
        """A handle of some of the documents."""
        return CorpusHandle(f"{self.key}#{name}", lambda: choose(self.corpus), self.shelf)


def _size(corpus: Corpus) -> int:
    return int(corpus.texts.nbytes + corpus.ids.nbytes)
