"""Every value that pytrec_eval computes is ours, on runs full of ties, gaps and odd grades."""

from __future__ import annotations

import pytest
import pytrec_eval

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.metrics.registry import find
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.order import truncate

# Without ``iprec_at_recall`` and ``11pt_avg``, whose rule differs between versions (see test_interpolated.py),
# and without ``gm_map`` and ``gm_bpref``, of which pytrec_eval gives logarithms (below).
CUT = ("P", "recall", "ndcg_cut", "map_cut", "success", "relative_P")
CUTOFFS = (1, 2, 3, 5, 10, 20, 30, 100)
MULTIPLES = ("0.20", "0.40", "1.00", "1.40", "2.00")
WHOLE = (
    "map", "recip_rank", "Rprec", "bpref", "infAP", "ndcg", "ndcg_rel", "Rndcg", "G", "binG",
    "set_P", "set_relative_P", "set_recall", "set_map", "set_F",
    "num_ret", "num_rel", "num_rel_ret", "num_nonrel_judged_ret", "num_q", "utility",
)  # fmt: skip
NAMES = [*WHOLE, *(f"{name}_{k}" for name in CUT for k in CUTOFFS), *(f"Rprec_mult_{m}" for m in MULTIPLES)]
REQUESTS = {
    *WHOLE,
    *(f"{name}.{','.join(map(str, CUTOFFS))}" for name in CUT),
    f"Rprec_mult.{','.join(MULTIPLES)}",
}


def ours(name: str, rel: int, judged_only: bool) -> str:
    """Our spelling of a measure under trec_eval's options -l and -J."""
    measure = parse_measure(name)
    defaults = {parameter.name: parameter.default for parameter in find(measure.name).parameters}
    given = dict(measure.parameters)
    if defaults.get("rel") is not None or "rel" in given:
        given["rel"] = rel
    if judged_only:
        given["judged_only"] = True
    at = "" if measure.cutoff is None else f"@{measure.cutoff}"
    return f"{measure.name}({','.join(f'{key}={value!r}' for key, value in given.items())}){at}"


def differences(case, make_run, rel, judged_only, names):
    evaluator = pytrec_eval.RelevanceEvaluator(
        case.qrels, REQUESTS, relevance_level=rel, judged_docs_only_flag=judged_only
    )
    theirs = evaluator.evaluate(case.run)
    spelled = {name: ours(name, rel, judged_only) for name in names}
    scores = score_run(make_run(case.run), Qrels.of(case.qrels), spelled.values(), missing="drop")
    query_ids = scores.query_ids.to_pylist()
    assert set(query_ids) == set(theirs) == set(case.run) & set(case.qrels)
    for name, measure in spelled.items():
        for query, value in zip(query_ids, scores.of(measure), strict=True):
            if abs(value - theirs[query][name]) > 1e-9:
                yield name, measure, query, value, theirs[query][name]


@pytest.mark.parametrize("seed", range(40))
def test_all_measures_equal(seed, make_case, make_run):
    assert list(differences(make_case(seed), make_run, 1, False, NAMES)) == []


# Rndcg asks trec_eval's -l whether the query has a relevant document at all, and then works with gains;
# bpref reads beyond its table of grades where -l exceeds the highest grade of the query by two.
@pytest.mark.parametrize("rel", [2, 3])
@pytest.mark.parametrize("seed", range(15))
def test_relevance_levels_equal(seed, rel, make_case, make_run):
    case = make_case(100 + seed)
    for judgments in case.qrels.values():
        judgments["another"] = 2
    names = [name for name in NAMES if name != "Rndcg"]
    assert list(differences(case, make_run, rel, False, names)) == []


@pytest.mark.parametrize("seed", range(15))
def test_judged_only_equal(seed, make_case, make_run):
    names = [
        name
        for name in NAMES
        if "judged_only" in {parameter.name for parameter in find(parse_measure(name).name).parameters}
    ]
    assert len(names) > 50
    assert list(differences(make_case(200 + seed), make_run, 1, True, names)) == []


@pytest.mark.parametrize("seed", range(5))
def test_geometric_means_equal(seed, make_case, make_run):
    case = make_case(300 + seed)
    theirs = pytrec_eval.RelevanceEvaluator(case.qrels, {"gm_map", "gm_bpref"}).evaluate(case.run)
    scores = score_run(make_run(case.run), Qrels.of(case.qrels), "GMAP GMBpref", missing="drop")
    for name, measure in (("gm_map", "GMAP"), ("gm_bpref", "GMBpref")):
        # pytrec_eval gives the logarithm for a query, its aggregate the geometric mean
        expected = pytrec_eval.compute_aggregated_measure(name, [values[name] for values in theirs.values()])
        assert scores.aggregate(measure) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_truncated_run_is_minus_M(seed, make_case, make_run):
    case = make_case(400 + seed)
    run = make_run(case.run)
    for depth in (1, 3, 40):
        cut = {
            query: {doc: 1e6 - rank for rank, doc in enumerate(ranked_documents(run, row)[:depth])}
            for row, query in enumerate(run.query_ids.to_pylist())
        }
        theirs = pytrec_eval.RelevanceEvaluator(case.qrels, {"map", "set_P"}).evaluate(cut)
        scores = score_run(truncate(run, depth), Qrels.of(case.qrels), "AP SetP", missing="drop")
        for at, query in enumerate(scores.query_ids.to_pylist()):
            assert scores.values["AP"][at] == pytest.approx(theirs[query]["map"], abs=1e-9)
            assert scores.values["SetP"][at] == pytest.approx(theirs[query]["set_P"], abs=1e-9)


def ranked_documents(run, row):
    return [run.doc_ids[int(doc)].as_py() for doc in run.documents[row] if doc >= 0]
