"""RBP, ERR and the C/W/L measures against their definitions, written out for one query in plain Python."""

from __future__ import annotations

import math

import pytest

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError
from toolbench_eval.metrics.score import score_run


def cwl(gains: list[float], going_on) -> float:
    """Expected utility: gain of each rank times the share of attention it gets, over 1000 ranks."""
    gains = gains + [0.0] * (1000 - len(gains))
    weights, cumulated = [1.0], 0.0
    for rank in range(1, 1000):
        cumulated += gains[rank - 1]
        weights.append(weights[-1] * going_on(rank, gains[rank - 1], cumulated))
    return sum(w * g for w, g in zip(weights, gains, strict=True)) / sum(weights)


MODELS = {
    "INSQ(max_rel=3,T=1.0)": lambda i, g, c: ((i + 1.0) / (i + 2.0)) ** 2,
    "INSQ(max_rel=3,T=2.5)": lambda i, g, c: ((i + 4.0) / (i + 5.0)) ** 2,
    "INST(max_rel=3)": lambda i, g, c: ((i + 1.0 - c + 1.0 - 1.0) / (i + 1.0 - c + 1.0)) ** 2,
    "INST(max_rel=3,T=2)": lambda i, g, c: ((i + 4.0 - c - 1.0) / (i + 4.0 - c)) ** 2,
    "BPM(max_rel=3)@5": lambda i, g, c: float(c < 1.0 and i < 5),
    "BPM(max_rel=3,T=2)@10": lambda i, g, c: float(c < 2.0 and i < 10),
    "NERR8(max_rel=3)@4": lambda i, g, c: (1.0 - g) * (i < 4),
    "NERR9(max_rel=3)@4": lambda i, g, c: i / (i + 1.0) * (1.0 - g) * (i < 4),
    "NERR10(max_rel=3,p=0.8)": lambda i, g, c: 0.8 * (1.0 - g),
    "NERR11(max_rel=3,T=2)": lambda i, g, c: ((i + 3.0) / (i + 4.0)) ** 2 * (1.0 - g),
    "SDCG(max_rel=3)@7": lambda i, g, c: math.log2(i + 1) / math.log2(i + 2) * (i < 7),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", MODELS)
def test_cwl_measures_follow_their_definition(name, seed, make_case, make_run):
    case = make_case(seed)
    run = make_run(case.run)
    rows = {query: row for row, query in enumerate(run.query_ids.to_pylist())}
    scores = score_run(run, Qrels.of(case.qrels), name, missing="drop")
    for query, value in zip(scores.query_ids.to_pylist(), scores.of(name), strict=True):
        ranked = [run.doc_ids[int(doc)].as_py() for doc in run.documents[rows[query]] if doc >= 0]
        gains = [min(max(case.qrels[query].get(doc, 0), 0) / 3, 1.0) for doc in ranked]
        assert value == pytest.approx(cwl(gains, MODELS[name]), abs=1e-12)


def test_scale_of_gains_is_clipped(make_run):
    run, qrels = {"q": {"a": 3.0, "b": 2.0, "c": 1.0}}, {"q": {"a": 1, "b": 9, "c": -4}}
    # grades 1, 9, -4 on the scale 1..3 are gains 0, 1, 0; rank 2 weighs 1/log2(3)
    scores = score_run(make_run(run), Qrels.of(qrels), "SDCG(min_rel=1,max_rel=3)@2")
    assert scores.mean("SDCG(min_rel=1,max_rel=3)@2") == pytest.approx(
        (1 / math.log2(3)) / (1 + 1 / math.log2(3)), abs=1e-15
    )


def test_rbp_by_hand(make_run):
    run = {"q": {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}}
    qrels = Qrels.of({"q": {"a": 1, "b": -1, "d": 4, "x": 2}})
    scores = score_run(
        make_run(run), qrels, "RBP(rel=1) RBP(rel=2) RBP RBP(max_rel=8) RBP(max_rel=2) RBP(p=0.5,rel=1)@3"
    )
    assert scores.mean("RBP(rel=1)") == pytest.approx(0.2 * (1 + 0.8**3))
    assert scores.mean("RBP(rel=2)") == pytest.approx(0.2 * 0.8**3)
    assert scores.mean("RBP") == pytest.approx(0.2 * (1 / 4 + 0.8**3))
    assert scores.mean("RBP(max_rel=8)") == pytest.approx(0.2 * (1 / 8 + 0.8**3 / 2))
    assert scores.mean("RBP(max_rel=2)") == pytest.approx(0.2 * (1 / 2 + 0.8**3))
    assert scores.mean("RBP(p=0.5,rel=1)@3") == pytest.approx(0.5)


def test_rbp_residual_by_hand(make_run):
    run = {"q": {"a": 3.0, "b": 2.0, "c": 1.0}, "all": {"a": 1.0}}
    qrels = Qrels.of({"q": {"a": 0, "b": -1}, "all": {"a": 1}})
    scores = score_run(make_run(run), qrels, "RBPResid(p=0.5)")
    # ranks 2 and 3 and all beyond 3 are unjudged: 1/4 + 1/8 + 1/8; nothing retrieved is unjudged: 0
    assert scores.of("RBPResid(p=0.5)").tolist() == [0.5, 0.0]


def test_err_by_hand(make_run):
    run, qrels = {"q": {"a": 3.0, "b": 2.0, "c": 1.0}}, {"q": {"a": 2, "b": 0, "c": 4}}
    scores = score_run(make_run(run), Qrels.of(qrels), "ERR ERR@1 ERR(max_rel=5)")
    assert scores.mean("ERR") == pytest.approx(3 / 16 + (13 / 16) * (15 / 16) / 3)
    assert scores.mean("ERR@1") == pytest.approx(3 / 16)
    assert scores.mean("ERR(max_rel=5)") == pytest.approx(3 / 32 + (29 / 32) * (15 / 32) / 3)


def test_err_refuses_grades_above_its_scale(make_run):
    with pytest.raises(DataError, match=r"write ERR\(max_rel=5\)"):
        score_run(make_run({"q": {"a": 1.0}}), Qrels.of({"q": {"a": 5}}), "ERR@10")
