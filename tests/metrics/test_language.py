"""The language of measures: what it reads, what it writes, what it refuses and how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.metrics.language import Measure, parse_measure, parse_measures
from toolbench_eval.metrics.registry import find, names


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("nDCG@10", "nDCG@10"),
        (" nDCG @ 10 ", "nDCG@10"),
        ("nDCG(dcg='exp-log2')@10", "nDCG(dcg='exp-log2')@10"),
        ('nDCG(dcg="exp-log2")@10', "nDCG(dcg='exp-log2')@10"),
        ("nDCG(dcg='log2')@10", "nDCG@10"),
        ("nDCG(gains={2: 4, 1: 1.5})", "nDCG(gains={1:1.5,2:4})"),
        ("nDCG(judged_only=True, dcg='exp-log2')", "nDCG(dcg='exp-log2',judged_only=True)"),
        ("P(rel=2)@5", "P(rel=2)@5"),
        ("P(rel=1)@5", "P@5"),
        ("AP", "AP"),
        ("MAP@100", "AP@100"),
        ("MRR@10", "RR@10"),
        ("Recall@10", "R@10"),
        ("Precision@10", "P@10"),
        ("Completeness@10", "C@10"),
        ("NDCG@3", "nDCG@3"),
        ("RBP(p=1e-1)", "RBP(p=0.1)"),
        ("RBP(p=0)", "RBP(p=0.0)"),
        ("IPrec@0.1", "IPrec@0.1"),
        ("IPrec@1", "IPrec@1.0"),
        ("NumRelRet", "NumRet(rel=1)"),
        ("SetRelP", "SetP(relative=True)"),
        ("ndcg_cut_10", "nDCG@10"),
        ("ndcg_cut.10", "nDCG@10"),
        ("ndcg", "nDCG"),
        ("map", "AP"),
        ("map_cut_100", "AP@100"),
        ("P_5", "P@5"),
        ("recall_100", "R@100"),
        ("recip_rank", "RR"),
        ("success_1", "Success@1"),
        ("bpref", "Bpref"),
        ("Rprec", "Rprec"),
        ("set_P", "SetP"),
        ("set_F", "SetF"),
        ("set_F_0.5", "SetF(beta=0.5)"),
        ("iprec_at_recall_0.10", "IPrec@0.1"),
        ("11pt_avg", "IPrec11"),
        ("Rprec_mult_1.20", "Rprec_mult@1.2"),
        ("relative_P_20", "R_cap@20"),
        ("recall_cap@20", "R_cap@20"),
        ("unj_5", "Unj@5"),
        ("gm_map", "GMAP"),
        ("rbp", "RBP(p=0.9)"),
    ],
)
def test_reads_and_writes(text, canonical):
    measure = parse_measure(text)
    assert str(measure) == canonical
    assert parse_measure(canonical) == measure
    assert hash(parse_measure(canonical)) == hash(measure)


def test_a_measure_is_its_parts():
    assert parse_measure("P(rel=2)@5") == Measure("P", (("rel", 2),), 5)
    assert parse_measure("nDCG(gains={2:4,1:1})").parameters == (("gains", ((1, 1.0), (2, 4.0))),)


@pytest.mark.parametrize(
    "texts",
    [
        "nDCG@10 P(rel=2)@5 AP",
        "nDCG@10,P(rel=2)@5,AP",
        "  nDCG@10,  P( rel = 2 )@5\tAP\n AP ,",
        ["nDCG@10", "P(rel=2)@5 AP"],
        ("nDCG@10", parse_measure("P(rel=2)@5"), "map"),
    ],
)
def test_several_measures(texts):
    assert [str(measure) for measure in parse_measures(texts)] == ["nDCG@10", "P(rel=2)@5", "AP"]


def test_commas_blanks_and_quotes_inside_parentheses():
    text = "nDCG(dcg='exp-log2', gains={1: 2, 2: 4})@3, SetF(beta=0.5, rel=2) AP"
    assert [str(measure) for measure in parse_measures(text)] == [
        "nDCG(dcg='exp-log2',gains={1:2,2:4})@3",
        "SetF(rel=2,beta=0.5)",
        "AP",
    ]


def test_one_measure_object_is_enough():
    assert parse_measures(parse_measure("AP")) == [parse_measure("AP")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("P", "P needs a cutoff after '@', a whole number >= 1."),
        ("P@0", "P: cutoff must be a whole number >= 1, not 0."),
        ("P@-3", "P: cutoff must be a whole number >= 1, not -3."),
        ("P@2.5", "P: cutoff must be a whole number >= 1, not 2.5."),
        ("P@True", "P: cutoff must be a whole number >= 1, not True."),
        ("P(rel='a')@5", "P: rel must be a whole number >= 0, not 'a'."),
        ("P(rel=-1)@5", "P: rel must be a whole number >= 0, not -1."),
        ("P(rel=True)@5", "P: rel must be a whole number >= 0, not True."),
        ("nDCG(dcg='ln')", "nDCG: dcg must be one of 'log2', 'exp-log2', not 'ln'."),
        ("nDCG(judged_only=1)", "nDCG: judged_only must be True or False, not 1."),
        ("nDCG(gains={1: -1})", "nDCG: gains must be a mapping from grades to gains >= 0"),
        ("nDCG(gains={})", "nDCG: gains must be a mapping"),
        ("nDCG(gains={'a': 1})", "nDCG: gains must be a mapping"),
        ("RBP(p=1)", "RBP: p must be a number >= 0 and < 1, not 1."),
        ("RBP(p=1e999)", "RBP: p must be a number >= 0 and < 1"),
        ("IPrec@1.5", "IPrec: recall must be a number >= 0 and <= 1, not 1.5."),
        ("INST(max_rel=1,T=0)", "INST: T must be a number > 0, not 0."),
        ("INST", "INST needs max_rel: write INST(max_rel=...)."),
        ("INST(min_rel=2,max_rel=2)", "INST: min_rel must be below max_rel."),
        ("Rprec@5", "Rprec takes no '@': write Rprec."),
        ("nDCG(dcg=exp-log2)", "words as values stand in quotes"),
        ("nDCG(10)", "'nDCG(10)' is no measure."),
        ("nDCG@", "'nDCG@' is no measure."),
        ("nDCG(", "'nDCG(' is no measure."),
        ("nDCG(**{'dcg': 'log2'})", "unknown parameter of nDCG 'None'"),
        ("__import__('os').system('true')", "is no measure."),
        ("P(rel=__import__('os'))@5", "is no measure."),
        ("", "no measure is named"),
        (" , ", "no measure is named"),
    ],
)
def test_refuses_with_a_reason(text, message):
    with pytest.raises(UsageError) as caught:
        parse_measures(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "near"),
    [("ndgc@10", "nDCG"), ("Sucess@5", "Success"), ("ndcg_cut10", "ndcg_cut_k"), ("Bperf", "Bpref"), ("recall@x", "")],
)
def test_unknown_measures_name_the_nearest(text, near):
    with pytest.raises(UsageError) as caught:
        parse_measure(text)
    assert near in str(caught.value)


def test_unknown_parameters_name_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown parameter of nDCG 'judged'. Did you mean judged_only\?"):
        parse_measure("nDCG(judged=True)")
    with pytest.raises(UnknownNameError, match=r"unknown parameter of NumQ 'rel'. It takes none"):
        parse_measure("NumQ(rel=1)")


def literals_of(parameter):
    """A strategy for literals that the parameter takes."""
    candidates = [0, 1, 2, 7, 0.25, 0.5, 1.5, True, False, "log2", "exp-log2", {1: 2.5, 3: 1e-7}]
    accepted = [value for value in candidates if parameter.convert(value) is not None]
    assert accepted, parameter.name
    return st.sampled_from(accepted)


@given(st.data())
def test_every_measure_reads_back_what_it_writes(data):
    definition = find(data.draw(st.sampled_from(names())))
    given_ = {}
    for parameter in definition.parameters:
        if parameter.required or data.draw(st.booleans()):
            given_[parameter.name] = data.draw(literals_of(parameter))
    if {"min_rel", "max_rel"} <= given_.keys() and given_["min_rel"] >= given_["max_rel"]:
        given_["min_rel"] = 0
    text = definition.name
    if given_:
        text += "(" + ", ".join(f"{name}={value!r}" for name, value in given_.items()) + ")"
    if definition.at is not None and (definition.at.required or data.draw(st.booleans())):
        text += f"@{data.draw(literals_of(definition.at))!r}"
    measure = parse_measure(text)
    assert parse_measure(str(measure)) == measure
    assert " " not in str(measure)
    assert parse_measures(f"{measure} {text}") == [measure]
