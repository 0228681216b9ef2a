"""Laying a run beside judgments: ranks, missing queries, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError
from toolbench_eval.metrics.align import _ranks_by_comparing, _ranks_by_searching, align
from toolbench_eval.metrics.judged import NO_RESULT, UNJUDGED
from toolbench_eval.ranking.run import Run


@st.composite
def searches(draw):
    """Rows of different documents that end in -1, and pairs (row, document), all different, in any order."""
    depth, vocabulary = draw(st.integers(1, 6)), draw(st.integers(6, 9))
    rows = draw(st.lists(st.tuples(st.permutations(range(vocabulary)), st.integers(0, depth)), min_size=1, max_size=6))
    ranked = np.full((len(rows), depth), -1, dtype=np.int32)
    for row, (documents, length) in enumerate(rows):
        ranked[row, :length] = documents[:length]
    pairs = draw(st.sets(st.tuples(st.integers(0, len(rows) - 1), st.integers(0, vocabulary - 1)), min_size=1))
    return ranked, draw(st.permutations(sorted(pairs)))


@example((np.array([[-1], [1]], dtype=np.int32), [(0, 4)]))  # row 0, document 4 is not row 1, document 1
@given(searches())
def test_both_ways_to_find_ranks_agree(search):
    ranked, pairs = search
    rows, documents = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    expected = [[*ranked[row].tolist(), doc].index(doc) + 1 for row, doc in pairs]
    expected = [rank if rank <= ranked.shape[1] else 0 for rank in expected]
    assert _ranks_by_comparing(ranked, rows, documents).tolist() == expected
    assert _ranks_by_searching(ranked, rows, documents).tolist() == expected


@pytest.mark.parametrize("seed", range(10))
def test_matrix_holds_the_grade_of_every_document(seed, make_case, make_run):
    case = make_case(seed)
    run = make_run(case.run)
    rows = {query: row for row, query in enumerate(run.query_ids.to_pylist())}
    query_ids, judged = align(run, Qrels.of(case.qrels))
    for query, grades in zip(query_ids.to_pylist(), judged.matrix().tolist(), strict=True):
        documents = run.documents[rows[query]] if query in rows else []
        ranked = [run.doc_ids[int(doc)].as_py() for doc in documents if doc >= 0]
        expected = [case.qrels[query].get(doc, UNJUDGED) for doc in ranked]
        assert grades == expected + [NO_RESULT] * (len(grades) - len(expected))


def test_many_judgments_and_few_give_the_same(make_run):
    """More than 8 judgments a query go the other way; both see the same ranks."""
    run = make_run({"q": {f"d{n:02}": float(-n) for n in range(20)}, "p": {"d07": 1.0}})
    few = Qrels.of({"q": {"d03": 1, "d19": 2}, "p": {"x": 1}})
    many = Qrels.of({"q": {f"d{n:02}": n % 3 for n in range(40)}, "p": {"d07": 1}})
    _, judged = align(run, few)
    assert judged.hits.ranks.tolist() == [4, 20]
    _, judged = align(run, many)
    assert judged.hits.ranks.tolist() == [*range(1, 21), 1]
    assert judged.hits.grades.tolist() == [n % 3 for n in range(20)] + [1]


def test_a_shared_vocabulary_is_not_looked_up_by_name():
    ids = string_array(["a", "b", "c"])
    run = Run(string_array(["q"]), ids, np.array([[2, 0]], np.int32), np.array([[2.0, 1.0]], np.float32))
    qrels = Qrels.from_lengths(string_array(["q"]), ids, [2], [0, 1], [1, 1])
    _, judged = align(run, qrels)
    assert judged.ranks.tolist() == [2, 0]


def test_missing_queries(make_run):
    run = make_run({"b": {"x": 1.0}, "not judged": {"x": 1.0}, "empty": {}})
    qrels = Qrels.of({"a": {"x": 1}, "b": {"x": 1}, "empty": {"x": 1}})
    ids, judged = align(run, qrels, "zero")
    assert ids.to_pylist() == ["a", "b", "empty"]
    assert (judged.lengths.tolist(), judged.ranks.tolist()) == ([0, 1, 0], [0, 1, 0])
    ids, judged = align(run, qrels, "drop")
    assert ids.to_pylist() == ["b", "empty"]
    assert (judged.lengths.tolist(), judged.ranks.tolist()) == ([1, 0], [1, 0])


def test_a_run_without_queries_found_nothing(make_run):
    ids, judged = align(make_run({}), Qrels.of({"a": {"x": 1}}))
    assert (ids.to_pylist(), judged.lengths.tolist()) == (["a"], [0])


def run_with(documents, scores, query_ids=("q", "p")):
    ids = string_array(["a", "b", "c"])
    return Run(string_array(query_ids), ids, np.array(documents, np.int32), np.array(scores, np.float32))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (run_with([[0, 1], [1, 1]], [[2, 1], [2, 1]]), "query 'p' ranks document 'b' twice"),
        (run_with([[0, 1], [1, 2]], [[2, 1], [2, np.nan]]), "score of document 'c' for query 'p' is NaN"),
        (run_with([[0, 1], [-1, 2]], [[2, 1], [-np.inf, 1]]), "ranking of query 'p' has a gap at rank 1"),
        (run_with([[0, 1], [1, 2]], [[2, 1], [2, 1]], ("q", "q")), "the run has query 'q' twice"),
        (run_with([[0, 1], [1, 2]], [[2, 1], [2, 1]], ("x", "y")), "no query of the run is judged: the run has 'x'"),
    ],
)
def test_faulty_runs_are_refused_by_name(run, message):
    with pytest.raises(DataError, match=message):
        align(run, Qrels.of({"q": {"a": 1}, "p": {"b": 1}}))


def test_nan_beside_no_document_is_no_fault():
    run = run_with([[0, 1], [1, -1]], [[2, 1], [2, np.nan]])
    assert align(run, Qrels.of({"q": {"a": 1}}))[1].lengths.tolist() == [2]


def qrels_with(lengths, documents, query_ids=("q", "p")):
    return Qrels.from_lengths(
        string_array(query_ids), string_array(["a", "b", "c"]), lengths, documents, [1] * len(documents)
    )


@pytest.mark.parametrize(
    ("qrels", "message"),
    [
        (qrels_with([2, 0], [0, 1]), "query 'p' has no judgments"),
        (qrels_with([1, 2], [0, 2, 2]), "query 'p' judges document 'c' twice"),
        (qrels_with([1, 1], [0, 2], ("q", "q")), "the qrels have query 'q' twice"),
    ],
)
def test_faulty_qrels_are_refused_by_name(qrels, message):
    with pytest.raises(DataError, match=message):
        align(run_with([[0, 1], [1, 2]], [[2, 1], [2, 1]]), qrels)
