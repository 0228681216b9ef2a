"""Values of ir_measures that pytrec_eval does not give, on runs without ties (its providers break them differently)."""

from __future__ import annotations

import shutil

import ir_measures
import numpy as np
import pytest

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.metrics.score import score_run

DEFAULT = (
    "nDCG(gains={0: 1, 1: 4})@5", "nDCG(gains={1: 3, 2: 9, 4: 1})", "nDCG(judged_only=True)@10",
    "P(rel=2)@5", "P(rel=2, judged_only=True)@5", "AP(rel=2)@10", "RR(rel=2)", "RR(judged_only=True)",
    "Success(rel=2)@3", "R@7", "Rprec(rel=2)", "Bpref(rel=2)", "infAP(rel=2)",
    "SetP(rel=2)", "SetP(relative=True)", "SetRelP", "SetR(rel=2)",
    "SetF(beta=0.5)", "SetF(beta=2.0, rel=2)", "SetAP(rel=2)",
    "NumRet", "NumRet(rel=2)", "NumRelRet", "NumRel", "NumQ", "Judged@3", "Judged@20", "Judged",
    "RR@1", "RR@3", "RR(rel=2)@5", "MAP", "MRR", "NDCG@3", "Precision@3", "Recall@3", "BPref", "RPrec",
)  # fmt: skip


def without_ties(case, seed):
    """The case with other scores, and a query's highest grade at least 2."""
    rng = np.random.default_rng(seed)
    for ranking in case.run.values():
        scores = rng.permutation(len(ranking)).astype(float)
        ranking.update(zip(ranking, scores.tolist(), strict=True))
    for judgments in case.qrels.values():
        judgments["another"] = 2
    return case


@pytest.mark.parametrize("seed", range(8))
def test_default_pipeline(seed, make_case, make_run):
    case = without_ties(make_case(seed), seed)
    measures = {text: ir_measures.parse_measure(text) for text in DEFAULT}
    scores = score_run(make_run(case.run), Qrels.of(case.qrels), DEFAULT)
    place = {query: at for at, query in enumerate(scores.query_ids.to_pylist())}
    compared = set()
    for text, measure in measures.items():
        for metric in ir_measures.iter_calc([measure], case.qrels, case.run):
            if metric.query_id not in place:
                continue
            if measure.NAME in ("NumRel", "NumQ") and metric.query_id not in case.run:
                continue  # ir_measures: 0 for a judged query that the run lacks; see below
            assert scores.of(text)[place[metric.query_id]] == pytest.approx(metric.value, abs=1e-9), (text, metric)
            compared.add(text)
    assert compared == set(DEFAULT)


def test_counts_of_the_judgments_do_not_depend_on_the_run(make_run):
    run, qrels = {"a": {"d": 1.0}}, {"a": {"d": 1}, "b": {"d": 1, "e": 1}}
    scores = score_run(make_run(run), Qrels.of(qrels), "NumRel NumQ")
    assert scores.aggregates() == {"NumRel": 3.0, "NumQ": 2.0}
    assert ir_measures.calc_aggregate([ir_measures.NumRel], qrels, run)[ir_measures.NumRel] == 1


@pytest.mark.skipif(shutil.which("perl") is None, reason="gdeval is a Perl program, and there is no perl here")
@pytest.mark.parametrize("seed", range(4))
def test_gdeval(seed, make_case, make_run):
    case = without_ties(make_case(seed), seed)
    run = {query[1:]: ranking for query, ranking in case.run.items()}  # gdeval takes numbers only
    run = {query: {doc.replace(" ", "_"): score for doc, score in ranking.items()} for query, ranking in run.items()}
    qrels = {
        query[1:]: {doc.replace(" ", "_"): grade for doc, grade in row.items()} for query, row in case.qrels.items()
    }
    measures = [
        measure @ cutoff for cutoff in (1, 3, 10, 50) for measure in (ir_measures.ERR, ir_measures.nDCG(dcg="exp-log2"))
    ]
    scores = score_run(make_run(run), Qrels.of(qrels), [str(measure) for measure in measures])
    place = {query: at for at, query in enumerate(scores.query_ids.to_pylist())}
    metrics = list(ir_measures.gdeval.iter_calc(measures, qrels, run))
    assert len(metrics) == len(measures) * len(qrels)
    for metric in metrics:  # printed with five decimals
        ours = scores.of(str(metric.measure))[place[metric.query_id]]
        assert ours == pytest.approx(metric.value, abs=0.6e-5), metric


@pytest.mark.parametrize("seed", range(4))
def test_accuracy_where_ir_measures_has_one(seed, make_case, make_run):
    case = without_ties(make_case(seed), seed)
    # ir_measures divides by zero where every retrieved document is relevant
    judged = {
        query: row
        for query, row in case.qrels.items()
        if any(row.get(doc, 0) < 1 for doc in case.run.get(query, {"none": 0.0}))
    }
    scores = score_run(make_run(case.run), Qrels.of(judged), "Accuracy", missing="zero")
    place = {query: at for at, query in enumerate(scores.query_ids.to_pylist())}
    theirs = list(ir_measures.accuracy.iter_calc([ir_measures.Accuracy], judged, case.run))
    assert len(theirs) > 5
    for metric in theirs:
        assert scores.values["Accuracy"][place[metric.query_id]] == pytest.approx(metric.value, abs=1e-12)


def test_ties_are_broken_by_one_rule_here_and_by_two_there(make_run):
    run, qrels = {"q": {"a": 1.0, "b": 1.0}}, {"q": {"a": 1}}
    theirs = ir_measures.calc_aggregate([ir_measures.RR, ir_measures.RR @ 10], qrels, run)
    assert (theirs[ir_measures.RR], theirs[ir_measures.RR @ 10]) == (0.5, 1.0)
    assert score_run(make_run(run), Qrels.of(qrels), "RR RR@10").aggregates() == {"RR": 0.5, "RR@10": 0.5}
