"""A stage for EXSEARCH: twenty passages, and a model whose turns come from a list."""

from __future__ import annotations

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.heard import unfill
from toolbench_eval.prompts import load_prompt

PROMPT = load_prompt("exsearch-1")
SAMPLE = Sample("q1", "Where was the maker of the red boat born?")
TWENTY = tuple(Passage(f"p{rank}", f"Title {rank}", f"body of rank{rank}.") for rank in range(1, 21))


class Voice:
    """Plays the model's turns from a list, and keeps every conversation that it was shown."""

    def __init__(self, *turns, select="[1]", record="a record", repair="", answer="Oslo"):
        self.turns, self.seen = list(turns), []
        self.alone = {"select": select, "record": record}
        self.repair, self.answer = repair, answer

    def __call__(self, messages):
        roles = [message.role for message in messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]  # strict alternation
        assert all(message.text.strip() for message in messages)
        self.seen.append([message.text for message in messages])
        for name, answer in self.alone.items():
            if unfill(PROMPT.texts[name], messages[0].text):
                return answer
        if "The search is over." in messages[-1].text:
            return self.answer
        if "Your turn holds no sub-query" in messages[-1].text:
            return self.repair
        return self.turns.pop(0) if self.turns else "<RECORD> more <THINK> and then?"

    @property
    def closing(self):
        """The conversation of the last call."""
        return self.seen[-1]


def play(agent, model, search=None, sample=SAMPLE):
    session = Session({"main": Scripted(model)}, search or (lambda query, k: TWENTY[:k]))
    answer = agent.solve(sample, session)
    return answer, Trajectory(sample.id, answer.text, answer.stop_reason, answer.raw, tuple(session.steps))


TWO = (
    "<THINK> who made the red boat?",
    "<RECORD> Ann made it. <THINK> where was Ann born?",
    "<RECORD> In Oslo. <FINAL>",
)
