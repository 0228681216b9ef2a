"""The three rules of order, against plain Python and against pytrec_eval."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.ids import string_array
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.order import order, truncate
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

IDS = ["10", "9", "a", "B", "b", "é", "z", "ä", "aa", "\U0001d4b3"]
NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-9, -1.0, float("inf"), float("-inf"), 1e-45, -1e-45, 3e38]),
    st.floats(width=32, allow_nan=False),
)


@st.composite
def rankings(draw):
    return draw(
        st.lists(st.dictionaries(st.sampled_from(range(len(IDS))), NUMBERS, max_size=len(IDS)), min_size=1, max_size=4)
    )


def run_of(rows) -> Run:
    depth = max(len(row) for row in rows)
    documents = np.full((len(rows), depth), NO_DOCUMENT, dtype=np.int32)
    scores = np.full((len(rows), depth), -np.inf, dtype=np.float32)
    for at, row in enumerate(rows):
        documents[at, : len(row)] = list(row)
        scores[at, : len(row)] = list(row.values())
    return Run(string_array(f"q{at}" for at in range(len(rows))), string_array(IDS), documents, scores)


def listed(run: Run) -> list[list[tuple[int, float]]]:
    return [
        [(int(doc), float(score)) for doc, score in zip(docs, scores, strict=True) if doc != NO_DOCUMENT]
        for docs, scores in zip(run.documents, run.scores, strict=True)
    ]


@given(rankings())
def test_trec_order_is_score_then_id_both_falling(rows):
    by_id = [sorted(row.items(), key=lambda pair: IDS[pair[0]].encode(), reverse=True) for row in rows]
    expected = [
        [(doc, float(np.float32(score))) for doc, score in sorted(row, key=lambda pair: -np.float32(pair[1]))]
        for row in by_id
    ]
    ordered = order(run_of(rows))
    assert listed(ordered) == expected
    assert ((ordered.documents != NO_DOCUMENT)[:, :-1] | (ordered.documents == NO_DOCUMENT)[:, 1:]).all()


@given(rankings())
def test_stable_order_keeps_ties_as_they_were(rows):
    expected = [
        [(doc, float(np.float32(score))) for doc, score in sorted(row.items(), key=lambda pair: -np.float32(pair[1]))]
        for row in rows
    ]
    assert listed(order(run_of(rows), "stable")) == expected


@given(rankings())
def test_by_rank_changes_nothing(rows):
    run = run_of(rows)
    assert order(run, "by-rank") is run


@given(rankings())
def test_ordering_twice_changes_nothing(rows):
    once = order(run_of(rows))
    assert listed(order(once)) == listed(once)


@given(st.permutations(IDS[:8]), st.lists(st.sampled_from([0.0, 1.0, 1.0 + 1e-10, 2.5]), min_size=8, max_size=8))
def test_pytrec_eval_ranks_the_same(ids, scores):
    """Its reciprocal rank, with one document relevant at a time, gives away the rank of each."""
    run = dict(zip(ids, scores, strict=True))
    ordered = order(run_of([{IDS.index(doc): score for doc, score in run.items()}]))
    ours = [IDS[doc] for doc, _ in listed(ordered)[0]]
    for doc in ids:
        theirs = pytrec_eval.RelevanceEvaluator({"q": {doc: 1}}, {"recip_rank"}).evaluate({"q": run})
        assert theirs["q"]["recip_rank"] == pytest.approx(1 / (ours.index(doc) + 1))


def test_examples_of_the_tie_rule():
    run = run_of([{IDS.index(doc): 1.0 for doc in ("10", "9", "a", "B", "b")}])
    assert [IDS[doc] for doc, _ in listed(order(run))[0]] == ["b", "a", "B", "9", "10"]


def test_nan_is_refused_by_name():
    run = run_of([{0: 1.0}, {2: 1.0, 3: float("nan")}])
    for ties in ("trec", "stable"):
        with pytest.raises(DataError, match="score of document 'B' for query 'q1' is NaN"):
            order(run, ties)


def test_unknown_rule():
    with pytest.raises(UsageError, match=r"unknown tie rule 'random'. Known: trec, by-rank, stable."):
        order(run_of([{0: 1.0}]), "random")


def test_truncate():
    run = truncate(run_of([{0: 3.0, 1: 2.0, 2: 1.0}, {3: 1.0}]), 2)
    assert listed(run) == [[(0, 3.0), (1, 2.0)], [(3, 1.0)]]


def test_a_run_without_documents():
    run = Run(string_array(["q"]), string_array([]), np.zeros((1, 0), np.int32), np.zeros((1, 0), np.float32))
    assert order(run).documents.shape == (1, 0)
