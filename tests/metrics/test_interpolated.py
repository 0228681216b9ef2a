"""Interpolated precision, where trec_eval changed its rule."""

from __future__ import annotations

import pytest
import pytrec_eval

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.metrics.score import score_run

LEVELS = [level / 10 for level in range(11)]


def by_definition(ranked: list[str], relevant: set[str], recall: float) -> float:
    """Highest precision at a relevant document with which the number that the recall asks for is reached."""
    needed = int(recall * len(relevant) + 0.5)
    found, best = 0, 0.0
    for rank, doc in enumerate(ranked, start=1):
        if doc in relevant:
            found += 1
            if found >= needed:
                best = max(best, found / rank)
    return best


@pytest.mark.parametrize("seed", range(10))
def test_equals_the_definition(seed, make_case, make_run):
    case = make_case(seed)
    run = make_run(case.run)
    rows = {query: row for row, query in enumerate(run.query_ids.to_pylist())}
    scores = score_run(run, Qrels.of(case.qrels), [*(f"IPrec@{level}" for level in LEVELS), "11pt_avg"], missing="drop")
    for at, query in enumerate(scores.query_ids.to_pylist()):
        ranked = [run.doc_ids[int(doc)].as_py() for doc in run.documents[rows[query]] if doc >= 0]
        relevant = {doc for doc, grade in case.qrels[query].items() if grade > 0}
        expected = [by_definition(ranked, relevant, level) for level in LEVELS]
        assert [scores.of(f"IPrec@{level}")[at] for level in LEVELS] == pytest.approx(expected, abs=1e-12)
        assert scores.values["IPrec11"][at] == pytest.approx(sum(expected) / 11, abs=1e-12)


@pytest.mark.parametrize("relevant", [1, 2, 3, 7, 10, 11])
def test_where_both_rules_ask_for_the_same_document_pytrec_eval_agrees(relevant, make_run):
    run = {"q": {f"{number:02}": -float(number) for number in range(30)}}
    qrels = {"q": {f"{number:02}": 1 for number in range(1, 2 * relevant + 1, 2)}}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {"iprec_at_recall"}).evaluate(run)["q"]
    scores = score_run(make_run(run), Qrels.of(qrels), [f"IPrec@{level}" for level in LEVELS])
    agreeing = [level for level in LEVELS if int(level * relevant + 0.9) == int(level * relevant + 0.5)]
    assert agreeing
    for level in agreeing:
        assert scores.mean(f"IPrec@{level}") == pytest.approx(theirs[f"iprec_at_recall_{level:.2f}"], abs=1e-12)


def test_the_two_rules_differ(make_run):
    # Recall 0.6 of two documents is 1.2 documents: round gives the first (precision 1), int(1.2 + 0.9) the second.
    run, qrels = {"q": {"a": 9.0, "b": 8.0, "c": 7.0, "d": 6.0}}, {"q": {"a": 1, "d": 1}}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {"iprec_at_recall"}).evaluate(run)["q"]
    assert theirs["iprec_at_recall_0.60"] == 0.5
    assert score_run(make_run(run), Qrels.of(qrels), "IPrec@0.6").mean("IPrec@0.6") == 1.0
