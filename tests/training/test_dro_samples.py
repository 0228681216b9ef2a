"""Drawing DRO's selections."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stage import ADA, LONDON
from support.studio import QUESTION, ByLength, Dice, studio

from toolbench_eval.agents.dro.agent import Dro
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message
from toolbench_eval.training.dro import DroSampler, padded
from toolbench_eval.training.export import Exporter
from toolbench_eval.training.weights import Weighting

AGENT = Dro(n=3, k=2, temperature=0.8)


def draw(*selections, m=12, incomplete="drop", agent=AGENT, answers=("London", "Paris")):
    selector, generator = Dice(lambda _: selections), Dice(lambda _: answers)
    place = studio(agent, {"main": selector, "generator": generator})
    return DroSampler(agent, incomplete).draw(place, QUESTION, m), place, generator


def test_equal_selections_are_one_however_they_were_written():
    drawn, _, _ = draw("[1] > [2]", "[1]>[2]", "I take [1], [2]", "[2] > [1]")
    written = [one.conversations[0].messages[-1].text for one in drawn.samples]
    assert sorted(written) == ["[1] > [2]", "[2] > [1]"]
    assert sum(one.draws for one in drawn.samples) == 12
    assert drawn.left_out["duplicate"] == 10


def test_selector_and_generator_learn_from_the_prompts_they_are_given():
    drawn, _, generator = draw("[3] > [1]")
    (one,) = drawn.samples
    select, answer = one.conversations
    assert (select.lesson, answer.lesson) == ("select", "answer")
    assert "[1] Title: Ada Lovelace" in select.messages[0].text
    assert "[3] Title: London" in select.messages[0].text
    assert select.messages[1] == Message("assistant", "[3] > [1]")
    # Renumbered in the order of the selection.
    asked = answer.messages[0].text
    assert asked.index(f"[1] Title: {LONDON.title}") < asked.index(f"[2] Title: {ADA.title}")
    assert "Lord Byron\n" not in asked
    assert answer.messages[1] == Message("assistant", "London")
    assert answer.messages[:1] == generator.asked[0] == one.asked
    assert select.trained == answer.trained == (1,)


def test_short_selections_are_dropped_or_filled():
    drawn, _, _ = draw("[2]", "[1] > [3]", "[7]", "nothing")
    assert [one.conversations[0].messages[-1].text for one in drawn.samples] == ["[1] > [3]"]
    assert drawn.left_out["incomplete"] > 0
    assert drawn.left_out["unparsable"] > 0
    filled, _, generator = draw("[2]", "[2] > [1]", incomplete="pad_in_retrieval_order")
    (one,) = filled.samples
    assert one.conversations[0].messages[-1].text == "[2] > [1]"
    assert one.draws == 12
    assert "[2] Title: Ada Lovelace" in one.asked[0].text
    assert one.asked in generator.asked


def test_all_that_was_found_is_a_whole_selection():
    selector = Dice(lambda _: ["[1]"])
    place = studio(AGENT, {"main": selector}, found=(ADA,))
    assert len(DroSampler(AGENT).draw(place, QUESTION, 2).samples) == 1


@given(st.lists(st.integers(1, 9), unique=True, max_size=9), st.integers(1, 9))
def test_padding(ranking, k):
    whole = padded(tuple(ranking), k)
    assert len(whole) == len(set(whole)) == k
    assert whole[: len(ranking)] == tuple(ranking)[:k]
    added = whole[len(ranking) :]
    assert list(added) == sorted(added)


def test_weights_are_made_after_all_filters():
    drawn, place, _ = draw("[2]", "[1] > [3]", "[3] > [1]", "nothing", "[1]>[3]", m=30)
    record, lines = Exporter(ByLength(), Weighting(), "EM", {}).export(place, QUESTION, drawn)
    assert [line["kind"] for line in lines] == ["select", "answer"] * 2
    assert sum(line["weight"] for line in lines if line["kind"] == "select") == pytest.approx(1)
    for select, answer in zip(lines[::2], lines[1::2], strict=True):
        assert (select["weight"], select["sample"]) == (answer["weight"], answer["sample"])
    left_out = record["left_out"]
    assert record["kept"] + sum(left_out.values()) == 30
    assert record["elbo"] <= record["log_evidence"] + 1e-12  # equal draws are one sample: no longer the posterior


def test_an_answer_of_its_own_that_cannot_be_read_leaves_the_selection():
    drawn, place, _ = draw("[1] > [2]", answers=("",))
    _, lines = Exporter(None, Weighting("reward"), "EM", {}).export(place, QUESTION, drawn)
    assert [(line["weight"], line["prediction"]) for line in lines] == [(0.0, None)] * 2


def test_every_selection_can_be_drawn_and_comes_back_as_it_is_written():
    texts = [" > ".join(f"[{number}]" for number in order) for order in permutations((1, 2, 3), 2)]
    drawn, _, _ = draw(*texts, m=80)
    assert sorted(one.conversations[0].messages[-1].text for one in drawn.samples) == sorted(texts)


def test_an_agent_that_selects_nothing_is_refused():
    with pytest.raises(UsageError, match="nothing is drawn"):
        DroSampler(Dro(selector="identity"))
