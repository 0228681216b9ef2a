"""360°REA at work on one task: the line of members, the rounds of assessment, the lessons (see `rea360`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.conagents.colleagues import Colleague
from toolbench_eval.agents.rea360.appraisal import Remark, own, read_remarks, received, upward
from toolbench_eval.agents.rea360.crew import LEADER, Crew, Member, UnknownHeadingError, read_crew
from toolbench_eval.agents.rea360.experience import Experience
from toolbench_eval.agents.rea360.framing import framed
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import short_answer, spoken
from toolbench_eval.data.questions import Sample
from toolbench_eval.metrics.tools.assessment import RATINGS
from toolbench_eval.prompts import Prompt, load_prompt

if TYPE_CHECKING:
    from toolbench_eval.agents.rea360.agent import Rea360

_MARK = r"^[ \t>*_#-]*"
_END = r"[*_ \t]*:[*_]*"
_FINAL = re.compile(rf"{_MARK}final[ \t]+(?:results?|plan|answer){_END}", re.IGNORECASE | re.MULTILINE)
_RESULT = re.compile(rf"{_MARK}(?:final[ \t]+)?results?{_END}", re.IGNORECASE | re.MULTILINE)
_EXPERIENCE = re.compile(rf"{_MARK}experience{_END}", re.IGNORECASE | re.MULTILINE)


@dataclass
class CrewWork:
    """One task: who works on it, and what was said, done and learned.

    Attributes:
        options: The agent.
        sample: The task.
        session: Whom to ask.
        entries: What there is to learn from other tasks.
        crew: Who does what.
        remarks: What was said in the last round.
        learned: Lessons of the last round by member (the local pool).
        memory: What each one did, in order.
        work: What the members did in the last round, and the result.
    """

    options: Rea360
    sample: Sample
    session: Session
    entries: Sequence[Experience]
    crew: Crew = field(default_factory=lambda: Crew("", "", ()))
    remarks: list[Remark] = field(default_factory=list)
    learned: dict[str, str] = field(default_factory=dict)
    memory: dict[str, list[str]] = field(default_factory=dict)
    work: str = ""

    def run(self) -> Answer:
        """Divide, work, merge; judge, learn and work again, round after round."""
        try:
            self._divide()
        except UnknownHeadingError as error:
            return Answer(None, "parse_error", str(error))
        reply = self._line(0)
        for number in range(1, self.options.rounds + 1):
            self._assess(number)
            if self.options.local_pool:
                self._learn(number)
            reply = self._line(number)
        result = _after(reply, _FINAL, _RESULT)
        text = result if self.sample.answer_type == "text" else short_answer(result, self.sample.answer_type)
        return Answer(text or None, "answered" if text else "parse_error", reply)

    def _divide(self) -> None:
        """The leader makes a crew; with a global pool, leader and members first learn from it."""
        lessons = self._nothing
        if self.entries:
            lessons = self._leader("sum_leader", experience=self._lessons(entry.leader for entry in self.entries))
        shown = framed("experience", lessons)
        reply = self._leader("decompose", experience=shown, most=self.options.max_members)
        generalist = Member(self._prompt.texts["generalist"], self._prompt.texts["everything"])
        self.crew = read_crew(reply, self.options.max_members, generalist, self.options.reading)
        self.session.note("crew", **asdict(self.crew))
        if self.entries:
            experience = self._lessons(lesson for entry in self.entries for lesson in entry.members)
            for member in self.crew.members:
                self._member(member, "sum_member", experience=experience)

    def _line(self, number: int) -> str:
        """The members work one after the other, and the leader merges what they did."""
        done: list[str] = []
        for member in self.crew.members:
            feedback = self._feedback(received(self.remarks, member.role, self.options.routing))
            experience = framed("experience", self._learned())
            work = framed("work", "\n\n".join(done) or self._nothing)
            reply = self._member(member, "work", feedback=feedback, experience=experience, work=work)
            text = _after(reply, _RESULT)
            self.session.note("work", round=number, role=member.role, text=text)
            done.append(f"[{member.role}]\n{text}")
        work = framed("work", "\n\n".join(done) or self._nothing)
        form = form_of(self.sample.answer_type)
        reply = self._leader("merge", feedback=self._feedback(self._to_leader()), work=work, form=form)
        result = _after(reply, _FINAL, _RESULT)
        self.session.note("result", round=number, text=result)
        self.work = "\n\n".join([*done, f"[{LEADER}]\n{result}"])
        return reply

    def _assess(self, number: int) -> None:
        """Everybody judges the work of the round before; remarks of earlier rounds are gone."""
        views, roles, self.remarks = self.options.views, self.crew.roles, []
        told = {"work": framed("work", self.work), "crew": ", ".join(roles), "ratings": ", ".join(RATINGS)}
        for member in self.crew.members if {"self", "peer", "upward"} & set(views) else ():
            sections = self._sections("self", "peer", "upward")
            reply = self._member(member, "assess_member", **told, named=self._named(member.role), sections=sections)
            self.remarks += read_remarks(reply, member.role, roles, views)
        if {"self", "supervisory"} & set(views):
            sections = self._sections("self", "supervisory")
            reply = self._leader("assess_leader", **told, named=self._named(LEADER), sections=sections)
            self.remarks += read_remarks(reply, LEADER, roles, views)
        if self.options.own_view == "dropped":
            self.remarks = [remark for remark in self.remarks if remark.view != "self"]
        noted = [{**asdict(remark), "rating": remark.rating} for remark in self.remarks]
        self.session.note("assess", round=number, remarks=noted)

    def _learn(self, number: int) -> None:
        """Each member writes its lessons; they take the place of those of the round before."""
        before = framed("experience", self._learned())
        for member in self.crew.members:
            told = received(self.remarks, member.role, self.options.routing)
            own_words = self._feedback(own(self.remarks, member.role))
            reply = self._member(
                member, "local_experience", feedback=self._feedback(told), own=own_words, experience=before
            )
            text = _after(reply, _EXPERIENCE)
            sources = [remark.by for remark in told]
            self.session.note("experience", round=number, role=member.role, told_by=sources, text=text)
            self.learned[member.role] = text

    def _leader(self, action: str, **values: object) -> str:
        return self._says("leader", LEADER, action, **values)

    def _member(self, member: Member, action: str, **values: object) -> str:
        goals, guidance = self.crew.goals or self._nothing, self.crew.guidance or self._nothing
        told = {"role": member.role, "part": member.part, "goals": goals, "guidance": guidance, **values}
        return self._says("crew", member.role, action, **told)

    def _says(self, model: str, who: str, action: str, **values: object) -> str:
        colleague = Colleague(model, self._prompt, self.session, self.options.max_tokens)
        told = {"task": framed("task", self.sample.text), **values}
        request = colleague.opening(action, **told, history=self._history(who, action))
        reply = spoken(colleague.ask(action, request, temperature=self.options.temperature))
        said = reply
        if self.options.remembered == "all":
            # Without the history that the prompt quotes: memory would double with every call.
            said = f"{colleague.prompt.fill(action, **told, history=self._nothing)}\n\n{reply}"
        self.memory.setdefault(who, []).append(said)
        return reply

    def _history(self, who: str, action: str) -> str:
        sees = self.options.history == "everywhere" or action == "local_experience"
        said = self.memory.get(who, []) if sees else []
        return framed("history", "\n\n".join(said) or self._nothing)

    def _lessons(self, lessons: Iterable[str]) -> str:
        return framed("experience", "\n\n".join(filter(None, lessons)) or self._nothing)

    def _learned(self) -> str:
        return "\n\n".join(f"[{role}]\n{text}" for role, text in self.learned.items()) or self._nothing

    def _feedback(self, remarks: Sequence[Remark]) -> str:
        lines = [
            self._prompt.fill("remark", by=one.by, about=one.about or self._prompt.texts["everyone"], text=one.text)
            for one in remarks
        ]
        return framed("feedback", "\n".join(lines) or self._nothing)

    def _to_leader(self) -> list[Remark]:
        return [*upward(self.remarks), *own(self.remarks, LEADER)]

    def _sections(self, *views: str) -> str:
        asked = [view for view in views if view in self.options.views]
        return "\n".join(self._prompt.texts[f"section_{view}"] for view in asked)

    def _named(self, role: str) -> str:
        return self._prompt.fill("named", role=role) if self.options.named else ""

    @property
    def _nothing(self) -> str:
        return self._prompt.texts["nothing"]

    @property
    def _prompt(self) -> Prompt:
        return load_prompt("rea360-1")


def _after(reply: str, *headings: re.Pattern[str]) -> str:
    """What stands behind the first heading that is there; the whole reply where none is, or nothing behind it."""
    found = next((one for heading in headings if (one := heading.search(reply))), None)
    return (reply[found.end() :].strip() if found else "") or reply.strip()
