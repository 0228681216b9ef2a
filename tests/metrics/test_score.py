"""Scoring a run: literals by hand, missing queries, aggregates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import UnknownNameError
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.run import Run

# Ranking a b c d e; judged: b 1, c 0, e 3, x 2 (not retrieved), y -1 (not retrieved), a and d not judged.
RUN = {"q": {"a": 5.0, "b": 4.0, "c": 3.0, "d": 2.0, "e": 1.0}}
QRELS = {"q": {"b": 1, "c": 0, "e": 3, "x": 2, "y": -1}}
IDEAL = 3 + 2 / math.log2(3) + 1 / math.log2(4)

BY_HAND = {
    "P@1": 0.0, "P@2": 0.5, "P@5": 0.4, "P@10": 0.2, "P(rel=2)@5": 0.2, "P(judged_only=True)@3": 2 / 3,
    "R@2": 1 / 3, "R@5": 2 / 3, "R@100": 2 / 3, "R(rel=2)@5": 0.5,
    "R_cap@2": 0.5, "R_cap@5": 2 / 3, "C@5": 0.0, "C(rel=3)@5": 1.0, "C(rel=3)@4": 0.0,
    "Success@1": 0.0, "Success@2": 1.0, "RR": 0.5, "RR@1": 0.0, "RR(rel=3)": 0.2, "RR(judged_only=True)": 1.0,
    "AP": (1 / 2 + 2 / 5) / 3, "AP@4": (1 / 2) / 3, "AP(rel=2)": (1 / 5) / 2, "Rprec": 1 / 3, "Rprec_mult@2": 2 / 6,
    "Rprec_mult@0.4": 1 / 2, "IPrec@0": 0.5, "IPrec@0.5": 0.4, "IPrec@1": 0.0, "IPrec11": (0.5 * 5 + 0.4 * 4) / 11,
    "DCG": 1 / math.log2(3) + 3 / math.log2(6), "IDCG": IDEAL, "IDCG@2": 3 + 2 / math.log2(3),
    "nDCG": (1 / math.log2(3) + 3 / math.log2(6)) / IDEAL, "nDCG@2": 1 / math.log2(3) / (3 + 2 / math.log2(3)),
    "nDCG(dcg='exp-log2')@5": (1 / math.log2(3) + 7 / math.log2(6)) / (7 + 3 / math.log2(3) + 1 / math.log2(4)),
    "nDCG(gains={0:1,3:5})": (1 / math.log2(3) + 1 / math.log2(4) + 5 / math.log2(6))
    / (5 + 2 / math.log2(3) + 1 / math.log2(4) + 1 / math.log2(5)),
    "nDCG(judged_only=True)": (1 + 3 / math.log2(4)) / IDEAL,
    "Bpref": ((1 - 0) + (1 - 1 / 1)) / 3, "binG": (1 / math.log2(3) + 1 / math.log2(5)) / 3,
    "Accuracy": 1 - (1 + 3) / (3 * 2), "Judged": 3 / 5, "Judged@2": 1 / 2, "Unj@2": 1 / 2, "Unj@10": 2 / 10,
    "SetP": 2 / 5, "SetP(relative=True)": 2 / 3, "SetR": 2 / 3, "SetAP": 4 / 15, "SetF": 0.5,
    "SetF(beta=3)": 4 * (2 / 5) * (2 / 3) / (3 * 2 / 5 + 2 / 3), "Utility": 2 - 3, "Utility(a=2,b=0,c=-1)": 4 - 1,
    "NumQ": 1, "NumRet": 5, "NumRet(rel=1)": 2, "NumRet(rel=0)": 3, "NumRel": 3, "NumRel(rel=3)": 1,
    "NumNonrelJudgedRet": 1,
}  # fmt: skip


@pytest.mark.parametrize("measure", BY_HAND)
def test_by_hand(measure, make_run):
    scores = score_run(make_run(RUN), Qrels.of(QRELS), measure)
    assert scores.mean(measure) == pytest.approx(BY_HAND[measure], abs=1e-12)


NO_GAIN = {"nothing relevant": {"a": 0}, "all below zero": {"a": -1, "b": -3}, "nothing retrieved": {"z": 0}}
ZERO = (
    "nDCG nDCG@5 nDCG(dcg='exp-log2') nDCG_rel Rndcg G binG AP AP@5 R@5 R_cap@5 C@5 P@5 Success@5 RR Rprec "
    "IPrec@0 IPrec11 "
    "Bpref infAP SetP SetR SetF SetAP Accuracy RBP RBP(rel=1) ERR INST(max_rel=1) NERR8(max_rel=1)@3 NumRel"
)


def test_queries_without_relevant_documents_score_zero(make_run):
    run = make_run({"nothing relevant": {"a": 1.0, "b": 0.0}, "all below zero": {"a": 1.0, "b": 0.5}})
    for name, values in score_run(run, Qrels.of(NO_GAIN), ZERO).values.items():
        assert values.tolist() == [0.0, 0.0, 0.0], name


def test_all_relevant_first_scores_one(make_run):
    run, qrels = make_run({"q": {"a": 3.0, "b": 2.0, "c": 1.0}}), Qrels.of({"q": {"a": 2, "b": 1, "c": 0}})
    ones = "nDCG nDCG@1 nDCG@2 nDCG_rel Rndcg G binG AP R@2 C@2 P@2 RR Rprec Bpref infAP IPrec@1 IPrec11 Accuracy SetR"
    for name, values in score_run(run, qrels, ones).values.items():
        # inferred AP smooths the precision before a document, so it does not quite get there
        assert values[0] == pytest.approx(1.0, abs=1e-5 if name == "infAP" else 1e-12), name


def test_missing_queries_count_or_are_dropped(make_run):
    run, qrels = make_run({"a": {"x": 1.0}}), Qrels.of({"a": {"x": 1}, "b": {"x": 1}})
    zero, drop = score_run(run, qrels, "RR NumRel"), score_run(run, qrels, "RR NumRel", missing="drop")
    assert (zero.query_ids.to_pylist(), zero.values["RR"].tolist(), zero.mean("RR")) == (["a", "b"], [1.0, 0.0], 0.5)
    assert (drop.query_ids.to_pylist(), drop.values["RR"].tolist(), drop.mean("RR")) == (["a"], [1.0], 1.0)
    assert (zero.aggregate("NumRel"), drop.aggregate("NumRel")) == (2.0, 1.0)


def test_aggregates_follow_the_measure(make_run):
    run = make_run({"a": {"x": 2.0, "y": 1.0}, "b": {"x": 2.0, "y": 1.0}, "c": {"y": 1.0}})
    qrels = Qrels.of({"a": {"x": 1}, "b": {"y": 1}, "c": {"x": 1}})
    scores = score_run(run, qrels, "AP GMAP GMBpref NumRet NumQ Utility")
    assert scores.values["GMAP"].tolist() == [1.0, 0.5, 0.0]
    assert scores.aggregate("AP") == pytest.approx(0.5)
    assert scores.aggregate("GMAP") == pytest.approx((1.0 * 0.5 * 1e-5) ** (1 / 3))
    assert scores.mean("GMAP") == pytest.approx(0.5)
    assert (scores.aggregate("NumRet"), scores.mean("NumRet")) == (5.0, pytest.approx(5 / 3))
    assert scores.aggregate("NumQ") == 3.0
    assert scores.aggregate("Utility") == pytest.approx((0 + 0 - 1) / 3)
    assert list(scores.aggregates()) == ["AP", "GMAP", "GMBpref", "NumRet", "NumQ", "Utility"]


def test_values_are_found_under_any_spelling(make_run):
    scores = score_run(make_run(RUN), Qrels.of(QRELS), ["ndcg_cut_5", parse_measure("P(rel=2)@5")])
    assert list(scores.values) == ["nDCG@5", "P(rel=2)@5"]
    assert scores.mean("ndcg_cut_5") == scores.mean("nDCG@5") == scores.mean(parse_measure("NDCG@5"))
    with pytest.raises(UnknownNameError, match="unknown score 'AP'"):
        scores.of("AP")


def test_no_query_in_common_under_drop_is_an_error_not_nan(make_run):
    from toolbench_eval.errors import DataError

    with pytest.raises(DataError, match="no query of the run is judged"):
        score_run(make_run({"a": {"x": 1.0}}), Qrels.of({"b": {"x": 1}}), "AP", missing="drop")


@pytest.mark.parametrize("seed", range(5))
def test_a_query_scores_the_same_in_any_company(seed, make_case, make_run):
    """Bit for bit: whole set, one query alone, and queries in another order."""
    case = make_case(seed)
    measures = "nDCG@10 nDCG nDCG_rel Rndcg G AP RBP ERR INST(max_rel=4) infAP Bpref"
    whole = score_run(make_run(case.run), Qrels.of(case.qrels), measures)
    backwards = score_run(make_run(case.run), Qrels.of(dict(reversed(case.qrels.items()))), measures)
    for name, values in whole.values.items():
        assert np.array_equal(values, backwards.values[name][::-1]), name
    for at, query in enumerate(whole.query_ids.to_pylist()):
        if query not in case.run:
            continue
        alone = score_run(make_run({query: case.run[query]}), Qrels.of({query: case.qrels[query]}), measures)
        assert all(alone.values[name][0] == values[at] for name, values in whole.values.items())


def test_the_order_of_the_rows_is_the_ranking(make_run):
    run = make_run(RUN)
    turned = Run(run.query_ids, run.doc_ids, run.documents[:, ::-1].copy(), run.scores)
    assert score_run(turned, Qrels.of(QRELS), "RR").mean("RR") == 1.0
