r"""Splitting texts into words, many at a time: what `re.findall(r"(?u)\\b\\w\\w+\\b", text.lower())` finds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.ids import string_array

BLOCK_CHARACTERS = 1_000_000
"""Characters that are split together; a block takes some forty bytes for each."""

Ints = npt.NDArray[np.int64]

Encoded = tuple[pa.DictionaryArray, Ints]

THREADS = 2

_NONE: Ints = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Words:
    """The words of texts as positions in a vocabulary.

    Attributes:
        vocabulary: Distinct words in the order in which they first occur.
        ids: The word at each place of all texts one after the other.
        lengths: Number of words of each text.
    """

    vocabulary: pa.LargeStringArray
    ids: Ints
    lengths: Ints

    @property
    def rows(self) -> Ints:
        """The text that each word is in."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def without(self, stopwords: Iterable[str]) -> Words:
        """The words that are not stop words; the vocabulary stays as it is."""
        known = pc.is_in(self.vocabulary, value_set=pa.array(list(stopwords), pa.large_string()))
        kept = ~np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool)[self.ids]
        return Words(self.vocabulary, self.ids[kept], np.bincount(self.rows[kept], minlength=len(self.lengths)))


def words(texts: Iterable[str]) -> Words:
    """Words of two and more letters, digits or underscores, in lower case.

    Args:
        texts: Any texts.
    """
    positions: dict[str, int] = {}
    ids, lengths = [_NONE], [_NONE]
    for encoded, counts in _in_turn(_words_of_block, _blocks(texts)):
        known = [positions.setdefault(word, len(positions)) for word in encoded.dictionary.to_pylist()]
        ids.append(np.array(known, dtype=np.int64)[encoded.indices.to_numpy()])
        lengths.append(counts)
    return Words(string_array(positions), np.concatenate(ids), np.concatenate(lengths))


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for text in texts:
        block.append(text.lower())
        size += len(text)
        if size >= BLOCK_CHARACTERS:
            yield block
            block, size = [], 0
    if block:
        yield block


def _in_turn(work: Callable[[list[str]], Encoded], blocks: Iterator[list[str]]) -> Iterator[Encoded]:
    """Results in order, two blocks at a time: NumPy and Arrow work outside the interpreter's lock."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = deque(pool.submit(work, block) for block in islice(blocks, THREADS))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(work, block) for block in islice(blocks, 1))


def _words_of_block(texts: list[str]) -> Encoded:
    """All words of a block as a dictionary array, and how many each text has."""
    joined = "\n".join(texts)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    inside = _word_characters()[points]
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    single = ends - starts == 1
    inside[starts[single]] = False
    starts, ends = starts[~single], ends[~single]
    first = np.cumsum([0, *(len(text) + 1 for text in texts)])
    found = _substrings(joined, points, inside, starts, ends)
    return found.dictionary_encode(), np.diff(np.searchsorted(starts, first))


def _substrings(
    text: str, points: npt.NDArray[np.uint32], inside: npt.NDArray[np.bool_], starts: Ints, ends: Ints
) -> pa.LargeStringArray:
    """The stretches of a text between character positions as Arrow strings; `inside` is true just there."""
    raw = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    lengths = ends - starts
    if len(raw) > len(points):
        wide = np.flatnonzero(points >= 0x80)
        extra = 1 + (points[wide] >= 0x800).astype(np.int64) + (points[wide] >= 0x10000)
        before = np.concatenate([[0], np.cumsum(extra)])
        lengths = lengths + before[np.searchsorted(wide, ends)] - before[np.searchsorted(wide, starts)]
        inside = np.insert(inside, np.repeat(wide, extra), np.repeat(inside[wide], extra))
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return pa.LargeStringArray.from_buffers(len(starts), pa.py_buffer(bounds), pa.py_buffer(raw[inside]))


@cache
def _word_characters() -> npt.NDArray[np.bool_]:
    r"""For each code point whether `\\w` matches it: letters, digits, numbers and the underscore."""
    return np.array([chr(point).isalnum() or point == ord("_") for point in range(0x110000)], dtype=bool)
