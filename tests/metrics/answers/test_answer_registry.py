"""The names that results may hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

from toolbench_eval.errors import DataError, UnknownNameError
from toolbench_eval.metrics.answers.boolean import score_boolean
from toolbench_eval.metrics.answers.kilt import score_kilt
from toolbench_eval.metrics.answers.musique import Gold, Guess, score_musique, score_twins
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.metrics.answers.recall import recall_scores
from toolbench_eval.metrics.answers.registry import MEASURES, aggregate, find, known
from toolbench_eval.metrics.answers.score import score_answer
from toolbench_eval.metrics.answers.two_wiki import score_2wiki


@pytest.mark.parametrize(
    "name",
    [
        *("EM", "F1", "precision", "recall", "acc_contain", "acc_token", "acc_strict", "acc_bool", "acc_judged"),
        *("sp_EM", "sp_F1", "joint_EM", "joint_F1", "evi_F1", "group_answer_F1", "KILT-EM", "page_recall@5"),
        *("answer_hit@5", "answer_precision@20", "gold_recall@2", "title_recall@10", "annotator_recall@10"),
        *("llm_calls", "llm_calls_filter", "prompt_tokens", "completion_tokens", "retrieval_calls"),
        *("passages_shown", "hops", "stop_budget", "prediction_words"),
    ],
)
def test_known(name):
    assert known(name)
    assert find(name).description.endswith(".")


@pytest.mark.parametrize(
    "name", ["em", "F1@5", "answer_hit", "answer_hit@0", "answer_hit@05", "answer_hit@", "nDCG@10", ""]
)
def test_unknown(name):
    assert not known(name)
    with pytest.raises(UnknownNameError, match="unknown answer measure"):
        find(name)


def test_the_nearest_name_is_offered():
    with pytest.raises(UnknownNameError, match="Did you mean answer_hit@5"):
        find("answer_hits")


def test_every_measure_that_is_computed_has_a_name():
    gold = Gold("q", ("x",), frozenset({1}))
    twin = Gold("q", ("x",), frozenset(), answerable=False)
    rules = PROFILES["official-2wiki-v1.1"].rules
    computed = [
        score_answer("x", ["x"], PROFILES["kilt"]),
        score_boolean("x", gold=True),
        score_2wiki("x", ["x"], set(), set(), [], [], rules),
        score_musique(gold, Guess()),
        score_twins([(gold, None), (twin, None)]),
        score_kilt({"output": [{"answer": "x"}]}, None),
        recall_scores([("t", "x")], ["x"], [("t", "x")], ["t"], ks=[1]),
    ]
    assert not [name for scores in computed for name in scores if not known(name)]


def test_directions():
    lower = {name for name, measure in MEASURES.items() if measure.better == "lower"}
    assert {"llm_calls", "prompt_tokens", "judge_unparsed", "bool_unparsed"} <= lower
    assert not lower & {"EM", "answer_hit", "prediction_words", "hops"}


def test_the_mean():
    assert aggregate([1, 0, 0.5]) == 0.5
    with pytest.raises(DataError, match="no values"):
        aggregate([])


def test_importing_the_measures_is_light():
    code = (
        "import sys, toolbench_eval.metrics.answers.registry, toolbench_eval.metrics.answers.score,"
        " toolbench_eval.metrics.answers.judged, toolbench_eval.metrics.answers.kilt; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"numpy", "pyarrow", "pydantic", "openai", "torch"} & set(done.stdout.split())
