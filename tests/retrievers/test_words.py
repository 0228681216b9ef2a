"""Words and postings against Python's regular expressions and bm25s."""

import math
import re

import bm25s
import numpy as np
import pytest
from bm25s.stopwords import STOPWORDS_EN
from hypothesis import given
from hypothesis import strategies as st

import toolbench_eval.retrievers.words as module
from toolbench_eval.data.ids import string_array
from toolbench_eval.retrievers.bm25 import stopword_list
from toolbench_eval.retrievers.postings import lucene_postings
from toolbench_eval.retrievers.words import words

PATTERN = re.compile(r"(?u)\b\w\w+\b")
ODD = [
    "",
    "a",
    "a b",
    "ab",
    "Ünïcode ßtraße",
    "日本語 テキスト",
    "x²y ½ Ⅷ",
    "İstanbul",
    "snake_case __x",
    "a\u0301b",
    "😀 ok",
    "\ud800 lone",
]


def split(texts):
    found = words(texts)
    vocabulary = found.vocabulary.to_pylist()
    ends = np.cumsum(found.lengths)
    return [
        [vocabulary[at] for at in found.ids[end - length : end]]
        for end, length in zip(ends, found.lengths, strict=True)
    ]


def expected(texts):
    return [PATTERN.findall(text.lower()) for text in texts]


def test_odd_texts():
    texts = [text for text in ODD if "\ud800" not in text]
    assert split(texts) == expected(texts)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=40), max_size=8))
def test_any_texts(texts):
    assert split(texts) == expected(texts)


def test_blocks_do_not_change_what_is_found(monkeypatch):
    texts = [text for text in ODD if "\ud800" not in text] * 5
    whole = words(texts)
    monkeypatch.setattr(module, "BLOCK_BYTES", 7)
    pieces = words(texts)
    assert split(texts) == expected(texts)
    assert pieces.vocabulary.equals(whole.vocabulary)
    assert pieces.ids.tolist() == whole.ids.tolist()


def test_every_character_alone_and_in_a_word():
    """Of every character whether it is part of a word, and what it becomes in lower case."""
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    for start in range(0, len(characters), 50_000):
        texts = [f"x{one}y" for one in characters[start : start + 50_000]]
        assert split(["\n".join(texts)]) == expected(["\n".join(texts)])


def test_lower_case_leaves_nothing_to_change():
    """Else a block with capitals beyond ASCII would be put into lower case for ever."""
    whole = "".join(chr(point) for point in range(0x110000)).lower()
    assert whole.lower() == whole


def test_capital_sigma_depends_on_its_place_in_the_word():
    texts = ["ΟΔΟΣ", "Σ", "ΑΣ\nΣΑ", "οδόΣ Σοφία"]  # noqa: RUF001 - Greek letters, indeed
    assert split(texts) == expected(texts)


@pytest.mark.parametrize("text", ["Ärger ÄÖÜ", "Ünder ẞtraße", "İ Ä", "ΟΔΟΣ Ä", "\u212a2 Ä", "Ⅷ ÀÉ"])
def test_capitals_that_keep_their_size_and_others(text):
    assert split([text, "plain", text * 2]) == expected([text, "plain", text * 2])


def test_part_of_an_array():
    whole = string_array(["one two", "Größe ÄRA", "three"])
    assert split(whole.slice(1)) == [["größe", "ära"], ["three"]]


def test_no_texts_and_no_words():
    assert words([]).lengths.tolist() == []
    assert words(["", "!"]).lengths.tolist() == [0, 0]


def test_stop_words_are_those_of_bm25s():
    assert sorted(stopword_list("en")) == sorted(STOPWORDS_EN)
    found = words(["the cat and the dog", "the"], stopword_list("en"))
    assert [found.vocabulary[int(at)].as_py() for at in found.ids] == ["cat", "dog"]
    assert found.lengths.tolist() == [2, 0]


def test_postings_of_more_terms_and_documents_than_32_bits_number():
    texts = [f"w{at} w{at} w{at // 2}" for at in range(70_000)]
    order = np.arange(len(texts))[::-1]
    found = lucene_postings(words(texts), order, 1.5, 0.75)
    assert len(found.terms) * len(texts) > 2**32
    at = found.terms.to_pylist().index("w34999")
    begin, end = found.starts[at : at + 2]
    # Texts 34,999 (twice), 69,998 and 69,999 hold the word; in reverse order they are documents 35,000, 1 and 0.
    assert found.documents[begin:end].tolist() == [0, 1, 35_000]
    idf = math.log(1 + (70_000 - 3 + 0.5) / 3.5)
    assert found.scores[begin:end].tolist() == pytest.approx([idf / 2.5, idf / 2.5, idf * 2 / 3.5])


@pytest.mark.parametrize("seed", range(4))
def test_postings_equal_those_of_bm25s_to_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    vocabulary = [f"w{at}" for at in range(60)] + ["the", "none"]
    texts = [" ".join(rng.choice(vocabulary, rng.integers(0, 30))) for _ in range(80)]
    order = rng.permutation(len(texts))
    ours = lucene_postings(words(texts, STOPWORDS_EN), order, 1.2, 0.6)
    texts = [texts[at] for at in order]
    place_of = {word: at for at, word in enumerate(ours.terms.to_pylist())}
    theirs = bm25s.BM25(k1=1.2, b=0.6, method="lucene")
    theirs.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
    terms = {word: at for word, at in theirs.vocab_dict.items() if word}
    assert set(terms) == set(place_of)
    for word, at in terms.items():
        begin, end = theirs.scores["indptr"][at : at + 2]
        first, last = ours.starts[place_of[word]], ours.starts[place_of[word] + 1]
        assert ours.documents[first:last].tolist() == theirs.scores["indices"][begin:end].tolist()
        assert ours.scores[first:last].tobytes() == theirs.scores["data"][begin:end].tobytes()
