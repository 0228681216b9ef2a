"""Supporting facts and joint scores by hand: HotpotQA and 2WikiMultihopQA."""

from __future__ import annotations

import pytest

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.aggregate import mean_over_gold, missing
from toolbench_eval.metrics.answers.overlap import Rules
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.metrics.answers.scores import NOTHING, PERFECT, Scores, joint
from toolbench_eval.metrics.answers.support import (
    facts,
    lower_case,
    paragraph_support,
    score_hotpotqa,
    set_scores,
    title_support,
)
from toolbench_eval.metrics.answers.two_wiki import evidence_scores, gold_answers, gold_triples, score_2wiki

HOTPOT = PROFILES["official-hotpotqa"].rules
GOLD = {("Ann", 0), ("Bob", 2)}


def test_sets():
    assert set_scores({("Ann", 0), ("Bob", 1), ("Ann", 3)}, GOLD) == Scores(0, 0.4, 1 / 3, 0.5)
    assert set_scores(GOLD, GOLD) == PERFECT
    assert set_scores(set(), GOLD) == NOTHING
    assert set_scores(GOLD, set()) == NOTHING
    assert set_scores([], []) == Scores(1, 0, 0, 0)  # as the evaluator has it
    assert facts([["Ann", 0], ["Ann", 0], ["Bob", 2]]) == GOLD
    assert lower_case(GOLD) == {("ann", 0), ("bob", 2)}


def test_other_levels():
    assert title_support(["the  Band", "Ann"], ["The Band"]) == Scores(0, 2 / 3, 0.5, 1)
    assert paragraph_support(["one  two\n"], ["one two"]) == PERFECT
    assert paragraph_support(["One two"], ["one two"]) == NOTHING


def test_hotpotqa_by_hand():
    got = score_hotpotqa("red fox", ["red fox jumps"], {("Ann", 0), ("Cid", 1)}, GOLD, HOTPOT)
    assert (got["EM"], got["precision"], got["recall"]) == (0, 1, 2 / 3)
    assert (got["sp_EM"], got["sp_F1"], got["sp_precision"], got["sp_recall"]) == (0, 0.5, 0.5, 0.5)
    assert (got["joint_precision"], got["joint_recall"]) == (0.5, pytest.approx(1 / 3))
    assert (got["joint_EM"], got["joint_F1"]) == (0, pytest.approx(0.4))
    assert score_hotpotqa("red fox", ["red fox"], GOLD, GOLD, HOTPOT) == dict.fromkeys(got, 1)


def test_what_is_missing_scores_0_and_stays_in_the_denominator():
    scores = {
        "q1": score_hotpotqa("red", ["red"], GOLD, GOLD, HOTPOT),
        "q2": score_hotpotqa("red", ["red"], None, GOLD, HOTPOT),
        "q3": score_hotpotqa(None, ["red"], GOLD, GOLD, HOTPOT),
        "extra": score_hotpotqa("red", ["red"], GOLD, GOLD, HOTPOT),
    }
    assert [scores["q2"][name] for name in ("EM", "sp_EM", "joint_EM", "joint_F1")] == [1, 0, 0, 0]
    assert [scores["q3"][name] for name in ("EM", "sp_EM", "joint_EM", "joint_F1")] == [0, 1, 0, 0]
    gold = ["q1", "q2", "q3", "q4", "q5"]
    means = mean_over_gold(scores, gold, ["EM", "sp_F1", "joint_EM", "joint_F1", "acc_judged"])
    assert means == {"EM": 0.4, "sp_F1": 0.4, "joint_EM": 0.2, "joint_F1": 0.2, "acc_judged": 0}
    assert missing(scores, gold) == ["q4", "q5"]
    with pytest.raises(DataError, match="no gold questions"):
        mean_over_gold(scores, [], ["EM"])


def test_joint_of_three():
    got = joint(Scores(1, 1, 1, 1), Scores(1, 0.5, 0.5, 0.5), Scores(0, 0.5, 1, 0.5))
    assert got == Scores(0, pytest.approx(1 / 3), 0.5, 0.25)
    assert joint(PERFECT, None, PERFECT) == NOTHING


ALIASES = {"Q1": ["USA", "American"], "Q2": ["Bill"]}
EVIDENCES = [["William", "country", "United States"], ["The Film", "director", "William"]]
IDS = [["Q2", "country", "Q1"], ["Q3", "director", "Q2"]]


def test_answers_with_aliases():
    assert gold_answers("United States", "Q1", ALIASES) == ("United States", "USA", "American")
    assert gold_answers("United States", None, ALIASES) == gold_answers("United States", "Q9", ALIASES)
    assert gold_answers("USA", "Q1", ALIASES) == ("USA", "American")


def test_evidence_without_and_with_aliases():
    said = [["bill", "Country", "u.s.a."], ["the film", "director", "William!"]]
    plain, named = gold_triples(EVIDENCES), gold_triples(EVIDENCES, IDS, ALIASES)
    assert evidence_scores(said, plain) == Scores(0, 0.5, 0.5, 0.5)
    assert evidence_scores(said, named) == PERFECT
    assert evidence_scores([["film", "director", "William"]], named) == NOTHING  # articles stay
    assert evidence_scores([], named) == NOTHING
    assert evidence_scores([said[0], said[0]], named) == Scores(0, 2 / 3, 1, 0.5)
    assert evidence_scores([], []) == Scores(1, 0, 0, 0)
    with pytest.raises(DataError, match="field 'evidences_id': 2 triples but 1"):
        gold_triples(EVIDENCES, IDS[:1], ALIASES)


def test_recall_above_1_is_clipped_unless_asked_for():
    gold = gold_triples(EVIDENCES[:1], IDS[:1], ALIASES)
    said = [["William", "country", "USA"], ["Bill", "country", "American"], ["x", "y", "z"]]
    assert evidence_scores(said, gold, "released") == Scores(0, 2 * (2 / 3) * 2 / (2 / 3 + 2), 2 / 3, 2)
    assert evidence_scores(said, gold) == Scores(0, 0.8, 2 / 3, 1)


def test_2wiki_by_hand():
    rules = PROFILES["official-2wiki-v1.1"].rules
    gold = gold_triples(EVIDENCES, IDS, ALIASES)
    said = [["william", "country", "usa"]]
    golds = gold_answers("United States", "Q1", ALIASES)
    got = score_2wiki("USA", golds, {("ANN", 0)}, GOLD, said, gold, rules)
    assert (got["EM"], got["sp_precision"], got["sp_recall"]) == (1, 1, 0.5)
    assert (got["evi_EM"], got["evi_F1"], got["evi_precision"], got["evi_recall"]) == (0, 2 / 3, 1, 0.5)
    assert (got["joint_EM"], got["joint_precision"], got["joint_recall"], got["joint_F1"]) == (0, 1, 0.25, 0.4)
    whole = score_2wiki("USA", golds, GOLD, GOLD, [*said, ["The film", "director", "Bill"]], gold, rules)
    assert set(whole.values()) == {1}
    for absent in range(3):
        parts = [None if number == absent else part for number, part in enumerate(("USA", GOLD, said))]
        lacking = score_2wiki(parts[0], golds, parts[1], GOLD, parts[2], gold, rules)
        assert (lacking["joint_EM"], lacking["joint_F1"]) == (0, 0)
        assert lacking[("EM", "sp_EM", "evi_F1")[absent]] == 0


def test_the_joint_score_of_v1_1_mixes_golds():
    rules = Rules(closed_answers=True, independent=True)
    golds, said = ["alpha beta gamma delta", "alpha"], "alpha beta gamma"
    got = score_2wiki(said, golds, GOLD, GOLD, EVIDENCES, gold_triples(EVIDENCES), rules)
    assert (got["F1"], got["joint_F1"]) == (pytest.approx(6 / 7), 1)
