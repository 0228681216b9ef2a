"""Runs that models of others return."""

from __future__ import annotations

import numpy as np
import pytest

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.evaluation.answer import answer
from toolbench_eval.ranking.run import Run

CORPUS = Corpus(string_array(["a", "b", "c"]), string_array(["", "", ""]))
QUERIES = Queries.of(["q1", "q2", "q3"], ["", "", ""])


def run(query_ids: list[str], doc_ids: list[str], documents: list[list[int]]) -> Run:
    rows = np.array(documents, np.int32).reshape(len(documents), -1)
    scores = np.where(rows < 0, -np.inf, -np.arange(rows.shape[1], dtype=np.float32)).astype(np.float32)
    return Run(string_array(query_ids), string_array(doc_ids), rows, scores)


def ranked(found: Run) -> list[list[str]]:
    return [[str(found.doc_ids[int(at)]) for at in row if at >= 0] for row in found.documents]


def test_a_run_as_it_should_be_is_left_alone() -> None:
    good = run(["q1", "q2", "q3"], ["a", "b", "c"], [[0, 1], [2, -1], [-1, -1]])
    assert answer(good, QUERIES, CORPUS, "m") is good


def test_queries_come_in_the_order_they_were_asked_and_none_is_left_out() -> None:
    found = answer(run(["q3", "q1"], ["c", "a"], [[0, 1], [1, -1]]), QUERIES, CORPUS, "m")
    assert found.query_ids.to_pylist() == ["q1", "q2", "q3"]
    assert ranked(found) == [["a"], [], ["c", "a"]]
    assert found.scores.tolist() == [[0.0, -np.inf], [-np.inf, -np.inf], [0.0, -1.0]]
    assert found.lengths.tolist() == [1, 0, 2]
    assert (found.documents.dtype, found.scores.dtype) == (np.int32, np.float32)


def test_a_vocabulary_may_be_larger_than_what_is_ranked() -> None:
    assert ranked(answer(run(["q1"], ["a", "z"], [[0]]), QUERIES, CORPUS, "m")) == [["a"], [], []]


def test_no_answer_at_all_is_an_empty_ranking() -> None:
    empty = Run(string_array([]), string_array([]), np.empty((0, 0), np.int32), np.empty((0, 0), np.float32))
    with_rows = Run(string_array(["q2"]), string_array([]), np.empty((1, 0), np.int32), np.empty((1, 0), np.float32))
    for none in (empty, with_rows):
        assert ranked(answer(none, QUERIES, CORPUS, "m")) == [[], [], []]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "returned NoneType"),
        (run(["q1"], ["a"], [[0]]).documents, "returned ndarray"),
        (run(["q1"], ["a", "z"], [[0, 1]]), "document 'z'"),
        (run(["q9"], ["a"], [[0]]), "query 'q9'"),
        (run(["q1"], ["a"], [[7]]), "points outside"),
        (run(["q1"], ["a"], [[-2]]), "points outside"),
        (run(["q1", "q2"], ["a"], [[0]]), "has 2 queries, but the shapes"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_model_s_name(wrong: Run, message: str) -> None:
    with pytest.raises(DataError, match=message) as found:
        answer(wrong, QUERIES, CORPUS, "mine")
    assert "mine" in str(found.value) or message.startswith("returned")
