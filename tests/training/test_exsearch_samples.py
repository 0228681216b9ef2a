"""Drawing EXSEARCH's conversations."""

from __future__ import annotations

import json

import pytest
from support.stage import ADA
from support.studio import QUESTION, ByLength, Dice, studio

from toolbench_eval.agents.exsearch.agent import ExSearch
from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.llms.base import Message
from toolbench_eval.training.export import Exporter
from toolbench_eval.training.exsearch import ExSearchSampler
from toolbench_eval.training.weights import Weighting

DRAWN = ExSearch(temperature=0.8, k=2, max_hops=3)


def says(messages):
    """A model that searches once or twice, and answers rightly or not."""
    last = messages[-1].text
    if "The search is over" in last:
        return ["London", "Paris"]
    if "useful" in last:
        return ["[2] > [1]", "[1]", "none of them"]
    if "Write in one sentence" in last:
        return ["He was born in London.", "Nothing."]
    if len(messages) == 1:
        return ["<THINK> father of Ada Lovelace", "<THINK> Lord Byron"]
    return ["<RECORD> It is Byron.\n<THINK> birthplace of Lord Byron", "<RECORD> London it is.\n<FINAL>"]


def draw(agent=DRAWN, m=6, llm=None, seed=0):
    llm = llm or Dice(says)
    return ExSearchSampler(agent).draw(studio(agent, {"main": llm}, seed=seed), QUESTION, m), llm


def test_every_call_of_every_draw_has_a_seed_of_its_own():
    drawn, llm = draw()
    assert len(drawn.samples) == 6
    assert len(set(llm.seeds)) == len(llm.seeds)
    again, _ = draw()
    assert [one.asked for one in again.samples] == [one.asked for one in drawn.samples]
    other, _ = draw(seed=1)
    assert [one.asked for one in other.samples] != [one.asked for one in drawn.samples]
    assert len({one.asked for one in drawn.samples}) > 1


def test_a_conversation_ends_with_the_gold_answer_and_no_document_is_learned():
    drawn, _ = draw()
    for one in drawn.samples:
        (whole,) = one.conversations
        assert whole.lesson == "search"
        assert whole.messages[-1] == Message("assistant", "London")
        assert whole.messages[:-1] == one.asked
        assert [turn.role for turn in whole.messages] == ["user", "assistant"] * (len(whole.messages) // 2)
        assert whole.trained == tuple(range(1, len(whole.messages), 2))
        learned = " ".join(whole.messages[at].text for at in whole.trained)
        assert ADA.text not in learned
        assert ADA.text in " ".join(turn.text for turn in whole.messages)


def test_turns_that_cannot_be_read_are_counted():
    drawn, _ = draw(llm=Dice(lambda messages: ["  "]))
    assert (drawn.samples, dict(drawn.left_out)) == ([], {"unparsable": 6})


def test_a_draw_that_fails_is_an_error_and_leaves_the_others():
    class Failing(Dice):
        def complete(self, messages, sampling, attempt=0):
            if len(self.asked) == 2:
                self.asked.append(tuple(messages))
                raise EndpointError("gone")
            return super().complete(messages, sampling, attempt)

    drawn, _ = draw(llm=Failing(says))
    assert dict(drawn.left_out) == {"failed": 1}
    assert drawn.errors == ["gone"]
    assert len(drawn.samples) == 5


def test_selections_are_learned_in_conversations_of_their_own():
    agent = ExSearch(temperature=0.8, k=2, max_hops=2, select=True, candidates=3)
    drawn, _ = draw(agent, m=8)
    lessons = [lesson for one in drawn.samples for lesson in one.conversations if lesson.lesson == "select"]
    assert {lesson.messages[-1].text for lesson in lessons} == {"[2] > [1]", "[1]"}
    assert all(lesson.trained == (1,) and len(lesson.messages) == 2 for lesson in lessons)
    searches = sum(len(one.trajectory.searches) for one in drawn.samples)
    assert 0 < len(lessons) < searches  # an empty selection teaches nothing


def test_numbers_of_the_released_models_are_written_as_they_write_them():
    agent = ExSearch(temperature=0.8, k=2, max_hops=1, select=True, candidates=3, identifiers="shifted")
    drawn, _ = draw(agent, m=8)
    texts = {part.messages[-1].text for one in drawn.samples for part in one.conversations if part.lesson == "select"}
    assert texts == {"[2] > [1]", "[1]"}  # as the model wrote them, though they mean the third and the second passage


def test_evidence_that_was_written_elsewhere_is_learned_there():
    agent = ExSearch(temperature=0.8, k=2, max_hops=2, conditioning="local")
    drawn, _ = draw(agent)
    for one in drawn.samples:
        whole, *records = one.conversations
        learned = [whole.messages[at].text for at in whole.trained]
        assert not any(text.startswith("<RECORD>") for text in learned)
        assert [part.lesson for part in records] == ["record"] * len(one.trajectory.searches)
        assert all("Write in one sentence" in part.messages[0].text for part in records)


def test_the_likeliest_of_several_draws_is_no_sample():
    with pytest.raises(UsageError, match="best_of=1"):
        ExSearchSampler(ExSearch(temperature=0.8, best_of=2))


def test_lines_carry_weights_of_what_is_left():
    agent, scorer = DRAWN, ByLength()
    place = studio(agent, {"main": Dice(says)})
    drawn = ExSearchSampler(agent).draw(place, QUESTION, 4)
    record, lines = Exporter(scorer, Weighting(), "EM", {"seed": 0}).export(place, QUESTION, drawn)
    assert json.loads(json.dumps(lines)) == lines
    assert sum(line["weight"] for line in lines) == pytest.approx(1)
    size = 1 / sum(line["weight"] ** 2 for line in lines)
    assert [line["ess"] for line in lines] == [pytest.approx(size)] * 4
    assert [(line["task"], line["question_id"], line["sample"]) for line in lines] == [
        ("tiny/task", "q1", number) for number in range(4)
    ]
    assert all(answer == "London" for _, answer in scorer.asked)
    assert [list(asked) for asked, _ in scorer.asked] == [
        [Message(turn["role"], turn["content"]) for turn in line["messages"][:-1]] for line in lines
    ]
    best = max(lines, key=lambda line: line["loglik"])
    assert best["weight"] == max(line["weight"] for line in lines)
    assert record["kept"] == 4
    assert record["elbo"] == pytest.approx(record["log_evidence"])  # at tau 1 the bound is met


def test_a_scorer_that_fails_once_leaves_the_weights_of_the_others_whole():
    class Moody(ByLength):
        def score(self, messages, answer):
            found = super().score(messages, answer)
            if len(self.asked) == 2:
                raise RuntimeError("out of memory")
            return found

    place = studio(DRAWN, {"main": Dice(says)})
    drawn = ExSearchSampler(DRAWN).draw(place, QUESTION, 4)
    record, lines = Exporter(Moody(), Weighting(), "EM", {}).export(place, QUESTION, drawn)
    assert sum(line["weight"] for line in lines) == pytest.approx(1)
    assert (record["kept"], record["left_out"], len(record["errors"])) == (3, {"failed": 1}, 1)


def test_rewards_are_those_of_the_models_own_answer():
    place = studio(DRAWN, {"main": Dice(says)})
    drawn = ExSearchSampler(DRAWN).draw(place, QUESTION, 8)
    record, lines = Exporter(None, Weighting("reward"), "EM", {}).export(place, QUESTION, drawn)
    assert {line["prediction"] for line in lines} == {"London", "Paris"}
    assert [line["weight"] for line in lines] == [float(line["prediction"] == "London") for line in lines]
    assert {line["loglik"] for line in lines} == {None}
    assert record["elbo"] is None
