"""What stands around a retriever: equal texts once, labels shown to bounds only, MAIR's small-corpus fault."""

import numpy as np
import pytest

from toolbench_eval.cards import Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import Run
from toolbench_eval.retrievers.bm25 import BM25
from toolbench_eval.retrievers.model import TemplatedModel, last_document_last
from toolbench_eval.switches import ModelSwitches

CORPUS = Corpus.of(["a", "b", "c"], ["red apple", "green pear", "blue plum"])


class Recording(BM25):
    def search(self, queries, k):
        self.asked = queries.texts.to_pylist()
        return super().search(queries, k)


def model(retriever, **switches):
    return TemplatedModel("m", None, lambda: retriever, Templates(), ModelSwitches(**switches))


def test_equal_texts_are_searched_once_and_answered_each():
    retriever = Recording()
    made = model(retriever)
    made.index(CORPUS)
    run = made.search(Queries.of(["1", "2", "3"], ["pear", "plum", "pear"]), 3)
    assert retriever.asked == ["pear", "plum"]
    assert run.query_ids.to_pylist() == ["1", "2", "3"]
    assert run.documents[:, 0].tolist() == [1, 2, 1]


def test_the_retriever_is_loaded_when_it_is_first_used():
    loaded = []
    made = TemplatedModel("m", None, lambda: loaded.append(1) or BM25())
    assert made.setting["templates"]["without_instruction"] == "{query}"
    assert loaded == []
    made.index(CORPUS)
    made.index(CORPUS)
    assert loaded == [1]


def test_reference_pushes_the_last_document_to_the_end():
    ids = string_array(["x", "y", "z"])
    run = Run(
        string_array(["q", "r"]),
        ids,
        np.array([[2, 0, 1], [1, 2, 0]], np.int32),
        np.array([[3, 2, 1], [3, 2, 1]], np.float32),
    )
    changed = last_document_last(run)
    lowest = float(np.finfo(np.float32).min)
    assert changed.documents.tolist() == [[0, 1, 2], [1, 0, 2]]
    assert changed.scores.tolist() == [[2, 1, lowest], [3, 1, lowest]]


def corpus_of(n):
    """Documents of one word each; the query `last` finds the last one only."""
    return Corpus.of([f"d{at:03}" for at in range(n)], [*(f"word{at}" for at in range(n - 1)), "last"])


@pytest.mark.parametrize(("size", "k", "pushed"), [(22, 5, True), (22, 22, True), (99, 100, True), (100, 5, False)])
def test_reference_asks_for_100_documents_whatever_the_depth(size, k, pushed):
    queries = Queries.of(["1"], ["last"])
    reference, clamped = model(BM25(), small_corpora="reference"), model(BM25())
    for made in (reference, clamped):
        made.index(corpus_of(size))
    assert clamped.search(queries, k).documents[0, 0] == size - 1
    found = reference.search(queries, k).documents[0].tolist()
    assert len(found) == min(size, k)
    assert (found[0] != size - 1) == pushed
    if pushed:
        assert (size - 1 in found) == (k >= size)


def test_a_run_deeper_than_a_corpus_of_100_is_none_of_the_reference():
    made = model(BM25(), small_corpora="reference")
    made.index(corpus_of(120))
    assert made.search(Queries.of(["1"], ["last"]), 500).documents[0, 0] == 119
