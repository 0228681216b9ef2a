"""The two normalisers, and golds of which they leave nothing."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.metrics.answers.normalise import empty_golds, normalise, tokens


@pytest.mark.parametrize(
    ("text", "squad", "space"),
    [
        ("U.S.", "us", "u s"),
        ("Jean-Luc", "jeanluc", "jean luc"),
        ("2,000", "2000", "2 000"),
        ("  The  CAT,\n(a dog) ", "cat dog", "cat dog"),
        ("theatre, another, Ana", "theatre another ana", "theatre another ana"),
        ("O'Brien's", "obriens", "o brien s"),
        ("a.m.", "am", "m"),  # only with a space does the article appear
        ("É \u2013 “x”", "é \u2013 “x”", "é \u2013 “x”"),  # beyond ASCII nothing is touched but case
        ("", "", ""),
    ],
)
def test_literals(text, squad, space):
    assert normalise(text, "squad") == squad
    assert normalise(text, "space") == space
    assert tokens(text, "space") == space.split()


def test_articles_can_stay():
    assert normalise("The A-Team, an end", keep_articles=True) == "the ateam an end"


def test_golds_that_normalise_to_nothing():
    assert empty_golds(["A", "The The", "!!!", "Theo", "a b"]) == ("A", "The The", "!!!")
    assert empty_golds(["a-an"], "squad") == ()
    assert empty_golds(["a-an"], "space") == ("a-an",)


@settings(deadline=None)
@given(st.text())
def test_squad_by_characters(text):
    kept = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    assert [word for word in kept.split() if word.isalnum() and word not in {"a", "an", "the"}] == [
        word for word in tokens(text, "squad") if word in kept.split() and word.isalnum()
    ]
    assert not set(string.punctuation) & set(normalise(text, "squad"))


@settings(deadline=None)
@given(st.text(alphabet="ab .,-tThe"), st.sampled_from(["squad", "space"]))
def test_normalising_again_changes_nothing_but_new_articles(text, normaliser):
    once = normalise(text, normaliser)
    assert normalise(once, normaliser) == once
