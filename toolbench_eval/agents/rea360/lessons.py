"""Lessons from a task that is done, for the global pool of 360°REA.

Source: Gao et al., Findings of ACL 2024 (arXiv 2404.05569); the methods for it are in its released code, and nothing
calls them. The leader writes a lesson and guidance for each member, the members write theirs: 2 + k calls. What was
done comes from the trajectory, so lessons can be written long after the run, by other models, once it is judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolbench_eval.agents.conagents.colleagues import Colleague
from toolbench_eval.agents.rea360.crew import LEADER, Member, assigned
from toolbench_eval.agents.rea360.experience import Experience
from toolbench_eval.agents.rea360.framing import framed
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.parsing import folded, spoken
from toolbench_eval.agents.trajectory import Note, Trajectory
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import DataError
from toolbench_eval.prompts import Prompt, load_prompt

_LABEL = re.compile(r"^[ \t>*_#-]*(?:lesson|experience)s?[*_ \t]*:[*_]*\s*", re.IGNORECASE)


def write_lessons(
    sample: Sample, trajectory: Trajectory, evaluation: str, session: Session, *, rubric: str = ""
) -> Experience:
    """Write down what leader and members learn from a task; `Pool.add` takes it.

    Args:
        sample: The task.
        trajectory: What rea360 did for it.
        evaluation: How the result was judged, in words or figures. It is shown to the models: a gold answer in it would
            go into the pool.
        session: Whom to ask; roles leader and crew.
        rubric: What results are judged by.

    Raises:
        DataError: The trajectory is not one of rea360.
        EndpointError: The model did not answer.
    """
    crews = trajectory.notes("crew")
    if not crews:
        raise DataError(
            f"the trajectory of '{trajectory.sample}' has no crew: lessons are written after runs of rea360"
        )
    members = [Member(one["role"], one["part"]) for one in crews[0]["members"]]
    prompt = load_prompt("rea360-1")
    leader, crew = Colleague("leader", prompt, session), Colleague("crew", prompt, session)
    task, nothing = framed("task", sample.text), prompt.texts["nothing"]
    told = {
        "task": task,
        "history": framed("history", _history(trajectory, None, prompt) or nothing),
        "rubric": rubric or nothing,
        "evaluation": framed("feedback", evaluation),
    }
    lesson = _lesson(leader, "lesson_leader", **told)
    roles = ", ".join(member.role for member in members)
    guidance = spoken(leader.ask("guidance", leader.opening("guidance", **told, crew=roles)))
    addressed = {folded(line.role): line.part for line in assigned(guidance)}
    lessons = []
    for member in members:
        # Guidance that names nobody is for all.
        said = addressed.get(folded(member.role), nothing if _names(addressed, members) else guidance)
        history = framed("history", _history(trajectory, member.role, prompt) or nothing)
        shown = {"role": member.role, "part": member.part, "history": history, "feedback": framed("feedback", said)}
        lessons.append(_lesson(crew, "lesson_member", task=task, **shown))
    session.note("lessons", task=sample.id, leader=lesson, members=lessons)
    return Experience(sample.text, lesson, tuple(lessons))


def _lesson(colleague: Colleague, action: str, **values: str) -> str:
    return _LABEL.sub("", spoken(colleague.ask(action, colleague.opening(action, **values)))).strip()


def _names(addressed: Mapping[str, str], members: Sequence[Member]) -> bool:
    return any(folded(member.role) in addressed for member in members)


def _history(trajectory: Trajectory, role: str | None, prompt: Prompt) -> str:
    """What a member did and was told, in order; for None what the whole crew did."""
    lines = [_told(step, role, prompt) for step in trajectory.steps if isinstance(step, Note)]
    return "\n\n".join(filter(None, lines))


def _told(note: Note, role: str | None, prompt: Prompt) -> str:
    values: Mapping[str, Any] = note.values
    if note.action in {"work", "experience"} and role in {None, values["role"]}:
        return f"[{values['role']}, round {values['round']}, {note.action}]\n{values['text']}"
    if note.action == "result":
        return f"[{LEADER}, round {values['round']}, {note.action}]\n{values['text']}"
    if note.action == "assess":
        return "\n".join(
            prompt.fill("remark", by=one["by"], about=one["about"] or prompt.texts["everyone"], text=one["text"])
            for one in values["remarks"]
            if role in {None, one["by"], one["about"]}
        )
    return ""
