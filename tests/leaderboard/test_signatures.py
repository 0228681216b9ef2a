"""Shapes of runs that are worth a word."""

from __future__ import annotations

import numpy as np
import pytest

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.leaderboard.signatures import Shape, shape_of, suspicions
from toolbench_eval.metrics.align import align
from toolbench_eval.ranking.run import Run

DOCUMENTS = "abcde"
QRELS = Qrels.of({"q": {"a": 2, "b": 1, "c": 0}})


def shape(ranking: str, scores: list[float]) -> Shape:
    documents = np.array([[DOCUMENTS.index(name) for name in ranking]], dtype=np.int32)
    run = Run(string_array(["q"]), string_array(DOCUMENTS), documents, np.array([scores], dtype=np.float32))
    return shape_of(run, align(run, QRELS)[1])


@pytest.mark.parametrize(
    ("ranking", "scores", "expected"),
    [
        ("abde", [2, 1, 0, 0], Shape(1, 1, 1, 0)),  # as the oracle does it
        ("abde", [4, 3, 2, 1], Shape(1, 1, 0, 0)),  # as good, with scores of its own
        ("bade", [2, 1, 0, 0], Shape(1, 0, 0, 0)),  # grades in the wrong order
        ("adbe", [2, 1, 1, 0], Shape(1, 0, 0, 0)),  # another document in between
        ("ade", [2, 1, 0], Shape(1, 0, 0, 0)),  # one is missing
        ("abc", [3, 2, 1], Shape(1, 1, 1, 1)),  # judged documents and nothing else
        ("cba", [3, 2, 1], Shape(1, 0, 0, 1)),
        ("a", [1], Shape(1, 1, 1, 1)),  # one place, and the best document in it
    ],
)
def test_shapes(ranking, scores, expected):
    assert shape(ranking, scores) == expected


def test_a_query_without_a_ranking_has_no_shape():
    run = Run(string_array(["q"]), string_array(DOCUMENTS), np.full((1, 2), -1, np.int32), np.full((1, 2), -np.inf))
    assert shape_of(run, align(run, QRELS)[1]) == Shape(1, 0, 0, 0)


def test_shapes_add_up_over_tasks():
    parts = [Shape(50, 50, 50, 0), Shape(50, 46, 40, 0)]
    (text,) = suspicions(parts)
    assert text.startswith("96 of 100 queries rank all relevant documents first, by grade: so does an oracle")
    assert list(suspicions([Shape(100, 94, 94, 94)])) == []
    (text,) = suspicions([Shape(100, 0, 0, 95)])
    assert "95 of 100 queries hold judged documents only" in text


def test_few_queries_may_be_chance():
    assert list(suspicions([Shape(19, 19, 19, 19)])) == []
    assert list(suspicions([])) == []
