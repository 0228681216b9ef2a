"""Corpora and queries: identity, tie order, parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import duplicates, positions_of, string_array, tie_order
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), min_size=1, unique=True)


def test_tie_order_is_descending_by_bytes():
    """As trec_eval: `b` before `a`, `9` before `10`, `a` before `B`, and bytes beyond ASCII before all."""
    corpus = Corpus.of(["a", "B", "10", "9", "b", "é", "z", "🙂", "Ω"], ["x"] * 9)
    assert [corpus.ids[at].as_py() for at in corpus.tie_order] == ["🙂", "Ω", "é", "z", "b", "a", "B", "9", "10"]


@given(IDS)
def test_tie_order_against_sorted_bytes(ids):
    ordered = [ids[at] for at in tie_order(string_array(ids))]
    assert ordered == sorted(ids, key=lambda name: name.encode(), reverse=True)


def test_stable_ties_keep_the_order():
    corpus = Corpus(string_array(["a", "c", "b"]), string_array(["x"] * 3), ties="stable")
    assert corpus.tie_order.tolist() == [0, 1, 2]


def test_fingerprint_is_of_ids_and_texts_alone():
    one = Corpus.of(["a", "b"], ["x", "y"])
    assert one.fingerprint == Corpus.of(["b", "a"], ["y", "x"]).fingerprint
    grouped = Corpus(one.ids, one.texts, string_array(["g", "h"]), ties="stable")
    assert one.fingerprint == grouped.fingerprint
    assert one.fingerprint != Corpus.of(["a", "b"], ["y", "x"]).fingerprint


def test_parts():
    corpus = Corpus(string_array("abcd"), string_array("wxyz"), string_array(["p", "q", "p", "q"]), ties="stable")
    part = corpus.only_group("q")
    assert (part.ids.to_pylist(), part.texts.to_pylist(), part.ties) == (["b", "d"], ["x", "z"], "stable")
    assert part.groups.to_pylist() == ["q", "q"]
    with pytest.raises(UsageError, match="no part 'r' to search in; its parts are p, q"):
        corpus.only_group("r")
    with pytest.raises(UsageError, match="it is not in parts"):
        Corpus.of("ab", "xy").only_group("q")


def test_take_keeps_the_order_asked_for():
    corpus = Corpus.of("abc", "xyz").take(np.array([2, 0]))
    assert (corpus.ids.to_pylist(), corpus.texts.to_pylist(), len(corpus)) == (["c", "a"], ["z", "x"], 2)


def test_queries():
    queries = Queries.of(["q1", "q2", "q3"], ["a", "", "c"], ["i", None, "k"])
    assert queries.head(2).instructions.to_pylist() == ["i", None]
    assert len(queries.head(99)) == 3
    assert queries.take(np.array([2, 0])).ids.to_pylist() == ["q3", "q1"]
    bare = Queries.of(["q1", "q2", "q3"], ["a", "", "c"])
    assert bare.head(1).instructions is None
    assert bare.fingerprint != queries.fingerprint
    assert bare.fingerprint == Queries.of(["q1", "q2", "q3"], ["a", "", "c"], [None] * 3).fingerprint
    assert queries.fingerprint != Queries.of(["q1", "q2", "q3"], ["a", "", "c"], ["i", "", "k"]).fingerprint


@given(st.lists(st.sampled_from("abc")))
def test_duplicates_are_all_but_the_first(ids):
    expected = [at for at, name in enumerate(ids) if name in ids[:at]]
    assert duplicates(string_array(ids)).tolist() == expected


def test_positions():
    vocabulary = string_array(["b", "a", "c"])
    assert positions_of(string_array(["c", "z", "a"]), vocabulary).tolist() == [2, -1, 1]
    assert positions_of(vocabulary, vocabulary).tolist() == [0, 1, 2]
