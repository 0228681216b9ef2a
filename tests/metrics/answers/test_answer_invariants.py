"""What holds of every answer, as properties; F1 against a count of its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.metrics.answers.normalise import empty_golds, tokens
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.metrics.answers.recall import all_gold, answer_hit, answers_in, gold_recall
from toolbench_eval.metrics.answers.score import score_answer
from toolbench_eval.metrics.answers.scores import Scores, harmonic, joint

WORDS = [
    "the",
    "a",
    "An",
    "yes",
    "No",
    "noanswer",
    "U.S.",
    "us",
    "Jean-Luc",
    "jean",
    "luc",
    "2,000",
    "é",
    "\u2013",
    "!",
    "river",
]
texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
profiles = st.sampled_from(list(PROFILES.values()))
one_normaliser = profiles.filter(lambda profile: profile.rules.normaliser == profile.rules.containment)
FRACTIONS = ("EM", "F1", "precision", "recall", "acc_contain", "acc_token", "acc_strict")


@st.composite
def golds_for(draw, rules, most=3):
    """Golds that keep a token."""
    kept = texts.filter(lambda text: text.strip() and not empty_golds([text], rules.normaliser))
    return draw(st.lists(kept, min_size=1, max_size=most))


@settings(deadline=None)
@given(st.data(), texts, one_normaliser)
def test_the_order_of_the_measures(data, prediction, profile):
    golds = data.draw(golds_for(profile.rules))
    got = score_answer(prediction, golds, profile)
    assert all(0 <= got[name] <= 1 for name in FRACTIONS)
    assert got["EM"] <= got["F1"]
    assert got["EM"] <= got["acc_token"] <= got["acc_contain"]
    assert got["acc_strict"] <= got["EM"]
    assert got["F1"] <= max(got["precision"], got["recall"]) + 1e-12


@settings(deadline=None)
@given(st.data(), texts, profiles, st.sampled_from(["", "the ", "A ", "  an "]), st.sampled_from(["", " ", "\n\t"]))
def test_case_outer_space_and_leading_articles_do_not_count(data, prediction, profile, head, tail):
    golds = data.draw(golds_for(profile.rules))
    plain = score_answer(prediction, golds, profile)
    for other in (head + prediction + tail, prediction.upper(), prediction.lower()):
        got = score_answer(other, golds, profile)
        assert all(got[name] == plain[name] for name in FRACTIONS if name != "acc_strict")


@settings(deadline=None)
@given(st.data(), texts, profiles.filter(lambda profile: not profile.rules.single_reference))
def test_more_golds_never_hurt(data, prediction, profile):
    golds = data.draw(golds_for(profile.rules))
    more = [*golds, *data.draw(golds_for(profile.rules))]
    few, many = score_answer(prediction, golds, profile), score_answer(prediction, more, profile)
    assert all(few[name] <= many[name] for name in ("EM", "F1", "acc_contain", "acc_token", "acc_strict"))
    assert all(many[name] == score_answer(prediction, more[::-1], profile)[name] for name in FRACTIONS)


@settings(deadline=None)
@given(texts, texts, profiles)
def test_em_and_f1_are_symmetric(one, other, profile):
    if not (one.strip() and other.strip()):
        return  # KILT treats blank answers and blank golds differently
    there, back = score_answer(one, [other], profile), score_answer(other, [one], profile)
    assert (there["EM"], there["F1"]) == (back["EM"], back["F1"])
    assert (there["precision"], there["recall"]) == (back["recall"], back["precision"])


def test_accuracy_is_not_symmetric():
    assert score_answer("the river x", ["river"], PROFILES["kilt"])["acc_token"] == 1
    assert score_answer("river", ["the river x"], PROFILES["kilt"])["acc_token"] == 0


@settings(deadline=None)
@given(texts, texts)
def test_f1_by_striking_out_words(prediction, gold):
    said, left = tokens(prediction), tokens(gold)
    size = len(left)
    shared = 0
    for word in said:
        if word in left:
            left.remove(word)
            shared += 1
    expected = 2 * shared / (len(said) + size) if shared else 0.0
    assert score_answer(prediction, [gold], PROFILES["hippo-rag"])["F1"] == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(texts, profiles)
def test_the_profile_does_not_touch_the_prediction(prediction, profile):
    assert score_answer(prediction, ["x"], profile)["prediction_words"] == len(prediction.split())


fraction = st.floats(0, 1)


@st.composite
def parts(draw):
    em, precision, recall = draw(st.sampled_from([0.0, 1.0])), draw(fraction), draw(fraction)
    return Scores(em, harmonic(precision, recall), precision, recall)


@settings(deadline=None)
@given(st.lists(parts(), min_size=1, max_size=3))
def test_a_joint_score_is_below_its_parts(some):
    got = joint(*some)
    assert 0 <= got.em <= min(part.em for part in some)
    assert got.precision <= min(part.precision for part in some)
    assert got.recall <= min(part.recall for part in some)
    assert 0 <= got.f1 <= 1


ids = st.lists(st.sampled_from("abcdefgh"), max_size=8)


@settings(deadline=None)
@given(ids, st.sets(st.sampled_from("abcdefgh")), st.lists(texts, max_size=6), texts)
def test_recall_grows_with_k(ranked, gold, passages, answer):
    held = answers_in(passages, [answer])
    for k in range(8):
        assert gold_recall(ranked, gold, k) <= gold_recall(ranked, gold, k + 1)
        assert all_gold(ranked, gold, k) <= all_gold(ranked, gold, k + 1)
        assert answer_hit(held, k) <= answer_hit(held, k + 1)
        assert all_gold(ranked, gold, k) == float(gold_recall(ranked, gold, k) == 1)
