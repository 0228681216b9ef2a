"""All built-in measures: name, one line, kernel, parameters."""

from __future__ import annotations

import numpy as np

from toolbench_eval.metrics import gain, interpolated, preference, ranks, sets, user_models
from toolbench_eval.metrics.parameters import Parameter, choice, flag, gains, number, whole
from toolbench_eval.metrics.registry import Definition
from toolbench_eval.metrics.segments import Floats

GEOMETRIC_FLOOR = 0.00001
"""Smallest value that enters a geometric mean, as in trec_eval."""

_K = whole("cutoff", least=1, required=True)
_MAYBE_K = whole("cutoff", least=1)
_REL = whole("rel", 1, least=0)
_MAYBE_REL = whole("rel", least=0)
_JUDGED_ONLY = flag("judged_only")
_RELEVANCE = (_REL, _JUDGED_ONLY)
_DCG = (choice("dcg", ("log2", "exp-log2")), gains("gains"), _JUDGED_ONLY)
_SCALE = (whole("min_rel", 0), whole("max_rel", least=1, required=True))
_GOAL = number("T", 1.0, above=0.0)


def _persistence(default: float) -> Parameter:
    return number("p", default, least=0.0, below=1.0)


def total(values: Floats) -> float:
    """Sum over queries, for measures that count."""
    return float(np.sum(values))


def geometric_mean(values: Floats) -> float:
    """Geometric mean over queries with a floor under each value (trec_eval ``gm_map``)."""
    return float(np.exp(np.mean(np.log(np.maximum(values, GEOMETRIC_FLOOR)))))


CATALOGUE = (
    # gain
    Definition(
        "nDCG",
        "Discounted gain divided by that of the ideal ranking.",
        gain.ndcg,
        _DCG,
        _MAYBE_K,
        aliases=("NDCG", "ndcg"),
    ),
    Definition("DCG", "Discounted gain.", gain.discounted_gain, _DCG, _MAYBE_K),
    Definition("IDCG", "Discounted gain of the ideal ranking.", gain.ideal_discounted_gain, _DCG[:2], _MAYBE_K),
    Definition("nDCG_rel", "nDCG averaged over the ranks of documents with gain.", gain.ndcg_at_relevant),
    Definition("Rndcg", "nDCG averaged over the ranks where the ideal gain changes.", gain.ndcg_at_levels),
    Definition("G", "Normalized gain of trec_eval.", gain.normalized_gain),
    Definition("binG", "G with binary gain.", gain.binary_gain, _RELEVANCE),
    # ranks
    Definition(
        "AP",
        "Mean of the precision at each relevant document.",
        ranks.average_precision,
        _RELEVANCE,
        _MAYBE_K,
        aliases=("MAP",),
    ),
    Definition(
        "GMAP",
        "AP, averaged over queries as a geometric mean.",
        ranks.average_precision,
        _RELEVANCE,
        None,
        geometric_mean,
    ),
    Definition(
        "P", "Share of relevant documents in the top k.", ranks.precision, _RELEVANCE, _K, aliases=("Precision",)
    ),
    Definition(
        "R", "Share of the relevant documents that are in the top k.", ranks.recall, _RELEVANCE, _K, aliases=("Recall",)
    ),
    Definition(
        "R_cap",
        "Relevant documents in the top k over min(k, R).",
        ranks.capped_recall,
        _RELEVANCE,
        _K,
        aliases=("recall_cap", "relative_P"),
    ),
    Definition(
        "C",
        "1 if all relevant documents are in the top k.",
        ranks.completeness,
        _RELEVANCE,
        _K,
        aliases=("Completeness", "Comprehensiveness"),
    ),
    Definition("Success", "1 if a relevant document is in the top k.", ranks.success, _RELEVANCE, _K),
    Definition(
        "RR",
        "One divided by the rank of the first relevant document.",
        ranks.reciprocal_rank,
        _RELEVANCE,
        _MAYBE_K,
        aliases=("MRR",),
    ),
    Definition("Rprec", "Precision at rank R.", ranks.r_precision, _RELEVANCE, aliases=("RPrec",)),
    Definition(
        "Rprec_mult",
        "Precision at a multiple of R.",
        ranks.precision_at_multiple,
        _RELEVANCE,
        number("multiple", above=0.0, required=True),
    ),
    Definition(
        "IPrec",
        "Highest precision at or beyond a level of recall.",
        interpolated.interpolated_precision,
        _RELEVANCE,
        number("recall", least=0.0, most=1.0, required=True),
    ),
    Definition(
        "IPrec11", "IPrec averaged over recall 0.0, 0.1 ... 1.0.", interpolated.eleven_point_average, _RELEVANCE
    ),
    Definition("Accuracy", "Share of (relevant, other) pairs in the right order.", ranks.accuracy, (_REL,), _MAYBE_K),
    # incomplete judgments
    Definition(
        "Bpref",
        "Preference of relevant over judged non-relevant documents.",
        preference.binary_preference,
        (_REL,),
        aliases=("BPref", "bpref"),
    ),
    Definition(
        "GMBpref",
        "Bpref, averaged over queries as a geometric mean.",
        preference.binary_preference,
        (_REL,),
        None,
        geometric_mean,
    ),
    Definition("infAP", "AP inferred from a sampled pool.", preference.inferred_average_precision, (_REL,)),
    Definition("Judged", "Share of judged documents in the top k.", sets.judgment_rate, (), _MAYBE_K),
    Definition("Unj", "Unjudged documents in the top k over k.", sets.unjudged_rate, (), _K),
    # sets and counts
    Definition(
        "SetP", "Precision of all documents retrieved.", sets.set_precision, (_REL, flag("relative"), _JUDGED_ONLY)
    ),
    Definition("SetR", "Recall of all documents retrieved.", sets.set_recall, (_REL,)),
    Definition(
        "SetF",
        "Weighted harmonic mean of SetP and SetR.",
        sets.set_f,
        (_REL, number("beta", 1.0, least=0.0), _JUDGED_ONLY),
    ),
    Definition("SetAP", "SetP times SetR.", sets.set_average_precision, _RELEVANCE),
    Definition(
        "Utility",
        "Weighted sum of relevant retrieved, others retrieved and relevant missed.",
        sets.utility,
        (number("a", 1.0), number("b", -1.0), number("c", 0.0), _REL),
    ),
    Definition("NumQ", "Queries.", sets.num_queries, aggregate=total),
    Definition("NumRet", "Documents retrieved.", sets.num_retrieved, (_MAYBE_REL,), aggregate=total),
    Definition("NumRel", "Relevant documents.", sets.num_relevant, (_REL,), aggregate=total),
    Definition(
        "NumNonrelJudgedRet",
        "Judged non-relevant documents retrieved.",
        sets.num_nonrelevant_judged,
        (_REL,),
        aggregate=total,
    ),
    # models of the user
    Definition(
        "RBP",
        "Gain of a user who goes on with probability p.",
        user_models.rank_biased_precision,
        (_persistence(0.8), _MAYBE_REL, whole("max_rel", least=1)),
        _MAYBE_K,
    ),
    Definition(
        "RBPResid", "What unjudged documents could add to RBP.", user_models.rank_biased_residual, (_persistence(0.9),)
    ),
    Definition(
        "ERR",
        "Expected reciprocal of the rank at which the user is satisfied.",
        user_models.expected_reciprocal_rank,
        (whole("max_rel", 4, least=1),),
        _MAYBE_K,
    ),
    Definition("SDCG", "DCG over that of k documents of full gain.", user_models.scaled_dcg, _SCALE, _K),
    Definition("BPM", "Bejeweled player model.", user_models.bejeweled_player, (*_SCALE, _GOAL), _K),
    Definition("INSQ", "User whose patience grows with rank.", user_models.insq, (*_SCALE, _GOAL)),
    Definition("INST", "INSQ whose patience follows the gain.", user_models.inst, (*_SCALE, _GOAL)),
    Definition("NERR8", "Nearly ERR, equation 8.", user_models.nerr8, _SCALE, _K),
    Definition("NERR9", "Nearly ERR, equation 9.", user_models.nerr9, _SCALE, _K),
    Definition("NERR10", "Nearly ERR, equation 10.", user_models.nerr10, (*_SCALE, _persistence(0.9))),
    Definition("NERR11", "Nearly ERR, equation 11.", user_models.nerr11, (*_SCALE, _GOAL)),
)
