"""A stage for GenGround: ten passages, and a model whose drafts come from a list."""

from __future__ import annotations

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.heard import unfill
from toolbench_eval.prompts import load_prompt

PROMPT = load_prompt("genground-1")
QUESTION = "Where was the maker of the red boat born?"
SAMPLE = Sample("q1", QUESTION)
TEN = tuple(Passage(f"p{rank}", f"Title {rank}", f"body of rank{rank}.") for rank in range(1, 11))
KINDS = ("ground", "filter", "revise", "read", "conclude", "draft", "deduce")


def heard(messages):
    """Which of the prompt's texts a request is, and its values."""
    asked = messages[1].text
    return next((kind, found) for kind in KINDS if (found := unfill(PROMPT.texts[kind], asked)) is not None)


def steps(*replies):
    """Plays deduction from a list, by the number of the step that is open; `Finish` when the list is at its end."""

    def deduce(messages):
        number = int(messages[1].text.rpartition("Sub-question ")[2].partition(":")[0])
        return replies[number - 1] if number <= len(replies) else "The end?\nAnswer: FINISH[the end]"

    return deduce


def play(agent, deduce=None, passages=TEN, sample=SAMPLE, **answers):
    """The agent's answer, its trajectory's steps, and the requests; answers are texts or functions of the messages."""
    said = {"deduce": deduce or steps("What is it?\nAnswer 1: a draft"), **answers}
    requests = []

    def script(messages):
        kind, _ = heard(messages)
        requests.append((kind, messages[1].text))
        answer = said.get(kind, "?")
        return answer(messages) if callable(answer) else answer

    session = Session({"main": Scripted(script)}, lambda query, k: passages[:k])
    answer = agent.solve(sample, session)
    trajectory = Trajectory(sample.id, answer.text, answer.stop_reason, answer.raw, tuple(session.steps))
    return answer, trajectory, requests


def evidence_at(rank):
    """Grounding that finds its evidence in the passage of one rank only."""

    def ground(messages):
        found = f"body of rank{rank}." in messages[1].text
        return (
            f"<ref>body of rank{rank}.</ref> <revise>revised</revise>"
            if found
            else "<ref>Empty</ref><revise>x</revise>"
        )

    return ground
