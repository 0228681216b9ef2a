"""The likeliest of several draws."""

from __future__ import annotations

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.drawing import draw_best
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling, Token


class Drawing:
    """Gives replies by attempt, with log-probabilities."""

    name, identity = "drawing", {}

    def __init__(self, *replies):
        self.replies, self.asked = replies, []

    def complete(self, messages, sampling=GREEDY, attempt=0):
        self.asked.append((attempt, sampling))
        text, logprobs = self.replies[attempt % len(self.replies)]
        return Reply(text, tokens=None if logprobs is None else tuple(Token("t", value) for value in logprobs))


def draw(llm, n, seed=None):
    session = Session({"main": llm}, seed=seed)
    text = draw_best(session, "think", [Message("user", "?")], Sampling(temperature=0.8), n)
    return text, [step.values for step in session.steps if step.step == "note"]


def test_the_likeliest_of_several_draws_is_taken():
    llm = Drawing(("a", [-1.0, -1.0]), ("b", [-1.5]), ("", []), ("c", [-0.5, -3.0]))
    text, notes = draw(llm, 4, seed=7)
    assert text == "b"
    assert notes == [{"of": "think", "wanted": 4, "drawn": 4, "chosen": 1}]
    assert [(attempt, sampling.seed, sampling.logprobs) for attempt, sampling in llm.asked] == [
        (0, 7, True), (1, 8, True), (2, 9, True), (3, 10, True),
    ]  # fmt: skip


def test_without_log_probabilities_there_is_one_draw():
    llm = Drawing(("a", None))
    assert draw(llm, 8) == ("a", [{"of": "think", "wanted": 8, "drawn": 1, "chosen": 0}])
    assert draw(Drawing(("a", [-9.0])), 1) == ("a", [])
