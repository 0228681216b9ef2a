r"""Splitting texts into words, many at a time: what `re.findall(r"(?u)\\b\\w\\w+\\b", text.lower())` finds.

No Python string is made of a text or a word: about a megabyte of UTF-8 at a time is looked at as an array of bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.ids import string_array

BLOCK_BYTES = 2**20
"""UTF-8 that is split together; a block takes some twenty bytes for each."""

THREADS = 2

Ints = npt.NDArray[np.int64]

Encoded = tuple[pa.DictionaryArray, Ints]

_BEYOND_ASCII = range(0x80, 0x100)
_IN_WORDS = bytes(byte in _BEYOND_ASCII or chr(byte).isalnum() or chr(byte) == "_" for byte in range(0x100))
"""For each byte whether it is part of a word, where `_spaced` left only words beyond ASCII."""
_BETWEEN_WORDS = bytes(byte for byte in range(0x100) if not _IN_WORDS[byte])
_IN_LOWER_CASE = bytes(range(0x100)).lower()


@dataclass(frozen=True, eq=False)
class Words:
    """The words of texts as positions in a vocabulary.

    Attributes:
        vocabulary: Distinct words.
        ids: int32, the word at each place of all texts one after the other.
        lengths: Number of words of each text.
    """

    vocabulary: pa.LargeStringArray
    ids: npt.NDArray[np.int32]
    lengths: Ints


def words(texts: Iterable[str] | pa.LargeStringArray, stopwords: Sequence[str] = ()) -> Words:
    """Words of two and more letters, digits or underscores, in lower case.

    Args:
        texts: Any texts.
        stopwords: Words that are left out.
    """
    split = partial(_words_of_block, left_out=string_array(stopwords))
    found, lengths = [string_array([]).dictionary_encode()], [np.empty(0, dtype=np.int64)]
    for encoded, counts in _in_turn(split, _blocks(string_array(texts))):
        found.append(encoded)
        lengths.append(counts)
    whole = pa.chunked_array(found).unify_dictionaries()
    ids = np.concatenate([chunk.indices.to_numpy() for chunk in whole.chunks])
    return Words(whole.chunk(0).dictionary, ids, np.concatenate(lengths))


def _blocks(texts: pa.LargeStringArray) -> list[pa.LargeStringArray]:
    """The texts in pieces of about as many bytes."""
    ends = np.cumsum(pc.binary_length(texts).to_numpy())
    marks = np.arange(BLOCK_BYTES, ends[-1] if len(ends) else 0, BLOCK_BYTES)
    bounds = np.unique([0, *np.searchsorted(ends, marks), len(texts)]).tolist()
    return [texts.slice(start, stop - start) for start, stop in pairwise(bounds)]


def _in_turn(
    work: Callable[[pa.LargeStringArray], Encoded], blocks: Sequence[pa.LargeStringArray]
) -> Iterator[Encoded]:
    """Results in order, two blocks at a time: NumPy and Arrow work outside the interpreter's lock."""
    if len(blocks) == 1:
        yield work(blocks[0])
        return
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(work, blocks)


def _words_of_block(texts: pa.LargeStringArray, left_out: pa.LargeStringArray) -> Encoded:
    """The words of a block as a dictionary array, and how many each text has."""
    raw = _joined(texts)
    if not raw.isascii():
        wide = np.flatnonzero(np.frombuffer(raw, dtype=np.int8) < 0)
        beyond = np.frombuffer(raw, dtype=np.uint8)[wide].tobytes().decode()
        lowered = _lowered(beyond)
        if lowered is None:
            return _words_of_block(string_array([text.lower() for text in texts.to_pylist()]), left_out)
        raw = _spaced(raw, wide, lowered)
    inside = np.frombuffer(raw.translate(_IN_WORDS), dtype=bool)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    bounds = np.zeros(len(starts) + 1, dtype=np.int64)
    np.cumsum(ends - starts, out=bounds[1:])
    letters = raw.translate(_IN_LOWER_CASE, _BETWEEN_WORDS)
    found = pa.LargeStringArray.from_buffers(len(starts), pa.py_buffer(bounds), pa.py_buffer(letters))
    first = np.cumsum([0, *(pc.binary_length(texts).to_numpy() + 1)])
    return _without(found.dictionary_encode(), left_out, np.searchsorted(starts, first))


def _joined(texts: pa.LargeStringArray) -> bytes:
    """The UTF-8 of texts with line feeds between."""
    whole = pa.LargeListArray.from_arrays(pa.array([0, len(texts)], pa.int64()), texts)
    joined: bytes = pc.binary_join(whole, pa.scalar("\n", pa.large_string()))[0].as_buffer().to_pybytes()
    return joined


def _lowered(beyond: str) -> str | None:
    """Characters in lower case; None where one takes other bytes then, or depends on its neighbours as sigma does."""
    capitals = {one for one in set(beyond) if one.lower() != one}
    if "\N{GREEK CAPITAL LETTER SIGMA}" in capitals:
        return None
    same_size = all(len(one.encode()) == len(one.lower().encode()) for one in capitals)
    return beyond.lower() if same_size else None


def _spaced(raw: bytes, wide: Ints, beyond: str) -> bytes:
    """UTF-8 with spaces instead of what is beyond ASCII and no letter, digit or number.

    Args:
        raw: UTF-8.
        wide: Places of the bytes beyond ASCII.
        beyond: The characters that these bytes become, of the same sizes.
    """
    others = [ord(one) for one in set(beyond) if not one.isalnum()]
    points = np.frombuffer(beyond.encode("utf-32-le"), dtype=np.uint32)
    sizes = 2 + (points >= 0x800).astype(np.int64) + (points >= 0x10000)
    spaced = np.array(np.frombuffer(raw, dtype=np.uint8))
    spaced[wide] = np.frombuffer(beyond.encode(), dtype=np.uint8)
    spaced[wide[np.repeat(np.isin(points, others), sizes)]] = ord(" ")
    return spaced.tobytes()


def _without(found: pa.DictionaryArray, left_out: pa.LargeStringArray, before: Ints) -> Encoded:
    """Words without stop words and single characters, and how many each text has.

    Args:
        found: All words.
        left_out: The stop words.
        before: Number of words before each text, and of all.
    """
    single = pc.equal(pc.utf8_length(found.dictionary), 1)
    wanted = pc.invert(pc.or_(single, pc.is_in(found.dictionary, left_out)))
    kept, ids = wanted.to_numpy(zero_copy_only=False), found.indices.to_numpy()
    places = np.flatnonzero(kept.take(ids))
    renumbered = (np.cumsum(kept, dtype=np.int32) - 1).take(ids.take(places))
    encoded = pa.DictionaryArray.from_arrays(pa.array(renumbered), found.dictionary.filter(wanted))
    return encoded, np.diff(np.searchsorted(places, before))
