"""A stage for 360°REA: a crew whose replies tell who wrote them."""

from __future__ import annotations

from itertools import count

from toolbench_eval.agents.rea360.crew import LEADER
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall, Note, Trajectory
from toolbench_eval.data.questions import Sample
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.heard import unfill
from toolbench_eval.prompts import load_prompt

PROMPT = load_prompt("rea360-1")
TASK = "Write a story about a lighthouse."
SAMPLE = Sample("s1", TASK, "text")
ACTIONS = (
    *("sum_leader", "decompose", "sum_member", "local_experience", "work", "merge"),
    *("lesson_leader", "guidance", "lesson_member", "assess_member", "assess_leader"),
)
NAMES = ("Ann", "Bob", "Cy", "Dee", "Eve")


def division(*roles):
    lines = "\n".join(f"{role}: the part of {role}" for role in roles)
    return f"Main Goals: please\nGuidance: be brief\nTask Assignment:\n{lines}"


class Play:
    """A run whose replies carry the name of their author and a number, so that one can see where they go."""

    def __init__(self, agent, roles=("Ann", "Bob"), sample=SAMPLE, session=None, **says):
        self.told = []
        self.roles = roles
        self.says = says
        self.numbers = count(1)
        self.session = session or Session({"main": Scripted(self.speak)})
        self.answer = agent.solve(sample, self.session)

    def speak(self, messages):
        asked = messages[1].text
        action, heard = next(
            (action, found) for action in ACTIONS if (found := unfill(PROMPT.texts[action], asked)) is not None
        )
        number = next(self.numbers)
        who = heard.get("role") or (unfill(PROMPT.texts["named"], heard.get("named", "")) or {}).get("role", LEADER)
        self.told.append((action, who, asked, heard.get("feedback", "")))
        if action in self.says:
            said = self.says[action]
            return said(who, number) if callable(said) else said
        if action == "decompose":
            return division(*self.roles)
        others = "\n".join(f"{role}: Good - by {who} {number} on {role}" for role in self.roles if role != who)
        forms = {
            "work": f"Result: work of {who} {number}",
            "merge": f"Final Result: result {number}",
            "assess_member": f"Self: Fair - by {who} {number} on self\nPeers:\n{others}\nLeader: Poor - up {who}",
            "assess_leader": f"Self: Fair - by {LEADER} {number} on self\nMembers:\n{others}",
            "local_experience": f"Experience: lesson of {who} {number}.",
        }
        return forms.get(action, f"{action} {who} {number}.")

    def prompts(self, action, who=None):
        return [asked for did, speaker, asked, _ in self.told if did == action and who in {None, speaker}]

    def feedback(self, action, who):
        """What was shown as the words of others."""
        return [feedback for did, speaker, _, feedback in self.told if did == action and speaker == who]

    @property
    def actions(self):
        return [step.action for step in self.session.steps if isinstance(step, LLMCall)]

    @property
    def trajectory(self):
        return Trajectory("s1", self.answer.text, self.answer.stop_reason, self.answer.raw, tuple(self.session.steps))

    def notes(self, action):
        return [step.values for step in self.session.steps if isinstance(step, Note) and step.action == action]
