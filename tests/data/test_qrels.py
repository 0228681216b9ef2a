"""Judgments as arrays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels

NAMES = st.text("abü1", min_size=1, max_size=3)
JUDGMENTS = st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(-2, 5), min_size=1), min_size=1)


def as_dict(qrels: Qrels) -> dict[str, dict[str, int]]:
    documents = qrels.doc_ids.to_pylist()
    found: dict[str, dict[str, int]] = {}
    for row, query in enumerate(qrels.query_ids.to_pylist()):
        places = range(qrels.indptr[row], qrels.indptr[row + 1])
        found[query] = {documents[qrels.documents[at]]: int(qrels.grades[at]) for at in places}
    return found


@given(JUDGMENTS)
def test_dictionaries_come_back(judgments):
    qrels = Qrels.of(judgments)
    assert as_dict(qrels) == judgments
    assert qrels.lengths.tolist() == [len(row) for row in judgments.values()]
    assert qrels.rows.tolist() == [row for row, labels in enumerate(judgments.values()) for _ in labels]
    assert (qrels.documents.dtype, qrels.grades.dtype, qrels.indptr.dtype) == ("int32", "int32", "int64")


@given(JUDGMENTS, st.integers(0, 4))
def test_head_keeps_the_first_queries(judgments, n):
    assert as_dict(Qrels.of(judgments).head(n)) == dict(list(judgments.items())[:n])


@given(JUDGMENTS)
def test_fingerprint_does_not_see_order_or_vocabulary(judgments):
    turned = {query: dict(reversed(labels.items())) for query, labels in reversed(judgments.items())}
    assert Qrels.of(turned).fingerprint == Qrels.of(judgments).fingerprint


def test_fingerprint_sees_each_part():
    def one(query: str = "q", document: str = "d", grade: int = 1) -> str:
        return Qrels.of({query: {document: grade}}).fingerprint

    assert len({one(), one(query="r"), one(document="e"), one(grade=2)}) == 4


def test_a_vocabulary_may_hold_more_than_is_judged():
    qrels = Qrels.from_lengths(string_array(["q", "r"]), string_array(["a", "b", "c"]), [2, 0], [2, 0], [1, 3])
    assert as_dict(qrels) == {"q": {"c": 1, "a": 3}, "r": {}}
    assert qrels.fingerprint == Qrels.of({"q": {"a": 3, "c": 1}}).fingerprint
