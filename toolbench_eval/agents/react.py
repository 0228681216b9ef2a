"""ReAct: thoughts and actions in turns.

Source: Yao et al. 2023, *ReAct: Synergizing Reasoning and Acting in Language Models*, ICLR (arXiv 2210.03629),
section 3: search, lookup and finish over an encyclopedia. Here a search brings passages of the task's corpus, and
lookup goes through their sentences. Where a task has tools, these are the actions: written as text (`tool_work.py`),
or called in the model's own format (`react_native.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.react_native import act_natively
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, as_answer, ask_until_read
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.interleaving import Course, Observation, interleave
from toolbench_eval.agents.shared.moves import Move, read_move
from toolbench_eval.agents.shared.parsing import concluded, folded, sentences, short_answer
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.quoting import block, quoted
from toolbench_eval.agents.shared.tool_moves import ending
from toolbench_eval.agents.shared.tool_prompting import tool_block
from toolbench_eval.agents.shared.tool_work import Workbench, finishes, last_word, read_action
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import AnswerType, Sample
from toolbench_eval.prompts import Prompt, load_prompt

ACTIONS = ("search", "lookup", "finish")


@dataclass(frozen=True)
class React:
    """Think, act (search and look up, or call the task's tools), observe; until the answer is given."""

    k: int = option(5, "passages that a search shows")
    max_hops: int = option(7, "most actions; the paper's bound for HotpotQA")
    max_actions: int = option(12, "most actions where the task has tools")
    observation: int = option(4_000, "characters of a tool's answer that are shown")
    retries: int = option(RETRIES, "times an unreadable step is asked for again")
    calls: Literal["text", "native"] = option("text", "how tools are called: written as text, or in the model's format")

    name: ClassVar[str] = "react"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = (
        "react-1",
        "react-tools-1",
        "react-native-1",
        "tool-observation-1",
        "answer-1",
    )
    protocols: ClassVar[Protocols] = {"paper": {"k": 1}}

    def __post_init__(self) -> None:
        at_least(1, k=self.k, max_hops=self.max_hops, max_actions=self.max_actions, observation=self.observation)
        at_least(0, retries=self.retries)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Act until `Finish[...]`; where that does not come, one more call asks for the answer."""
        if self.calls == "native":
            bounds = {"max_actions": self.max_actions, "observation": self.observation, "retries": self.retries}
            return act_natively(sample, session, **bounds)
        if session.tools():
            return self._with_tools(sample, session)
        prompt, form = load_prompt("react-1"), form_of(sample.answer_type)
        opening = prompt.fill("opening", question=sample.text, k=self.k, form=form)
        course = interleave(
            session,
            conversation(prompt.texts["system"], opening),
            partial(read_step, answer_type=sample.answer_type),
            _Desk(session, self.k, prompt).act,
            ends=_finishes,
            max_hops=self.max_hops,
            reminder=prompt.fill("reminder", form=form),
            retries=self.retries,
        )
        if course.reason == "answered" and course.move is not None:
            return Answer(short_answer(course.move.argument, sample.answer_type), "answered", course.raw)
        return self._close(sample, session, course, prompt, _last_word)

    def _with_tools(self, sample: Sample, session: Session) -> Answer:
        prompt, form = load_prompt("react-tools-1"), form_of(sample.answer_type)
        tools = session.tools()
        opening = prompt.fill("opening", request=sample.text, tools=tool_block(tools), form=form)
        course = interleave(
            session,
            conversation(prompt.texts["system"], opening),
            partial(read_action, names=[tool.name for tool in tools], answer_type=sample.answer_type),
            Workbench(session, self.observation).act,
            ends=finishes,
            max_hops=self.max_actions,
            reminder=prompt.fill("reminder", form=form),
            retries=self.retries,
        )
        end = ending(course.move, sample.answer_type) if course.move is not None else None
        if course.reason == "answered" and end is not None:
            return Answer(end.answer, "no_progress" if end.answer is None else "answered", course.raw)
        return self._close(sample, session, course, prompt, last_word)

    def _close(
        self, sample: Sample, session: Session, course: Course, prompt: Prompt, read: Callable[..., str | None]
    ) -> Answer:
        closing = prompt.fill("closing", form=form_of(sample.answer_type))
        text, raw = ask_until_read(
            session,
            "answer",
            course.closing(closing),
            partial(read, answer_type=sample.answer_type),
            reminder=closing,
            retries=self.retries,
            passages=course.passages,
        )
        return as_answer(text, raw, course.reason)


def read_step(reply: str, answer_type: AnswerType = "span") -> Move | None:
    """A move with something in its brackets; that of `Finish[...]` is an answer."""
    move = read_move(reply, ACTIONS)
    if move is None or not move.argument or (_finishes(move) and short_answer(move.argument, answer_type) is None):
        return None
    return move


def _finishes(move: Move) -> bool:
    return move.name.casefold() == "finish"


def _last_word(reply: str, answer_type: AnswerType) -> str | None:
    """The answer of the closing call; some models still write `Finish[...]`, or want to go on."""
    move = read_step(reply, answer_type)
    if move is None:
        return concluded(reply, answer_type)
    return short_answer(move.argument, answer_type) if _finishes(move) else None


@dataclass
class _Desk:
    """Carries out actions, and remembers how far a lookup has come."""

    session: Session
    k: int
    prompt: Prompt
    passages: tuple[Passage, ...] = ()
    word: str = ""
    looked: int = 0

    def act(self, move: Move) -> Observation:
        action = {"search": self._search, "lookup": self._look_up}.get(move.name.casefold())
        if action is None:
            return self._observed(self.prompt.fill("unknown", name=move.name))
        return action(move.argument.strip("\"'"))

    def _search(self, query: str) -> Observation:
        self.passages, self.word = self.session.search(query, self.k), ""
        return self._observed(quoted(self.passages), len(self.passages))

    def _look_up(self, word: str) -> Observation:
        if not self.passages:
            return self._observed(self.prompt.texts["no_page"])
        self.looked = self.looked + 1 if folded(word) == folded(self.word) else 1
        self.word = word
        found = [line for passage in self.passages for line in sentences(passage.text) if folded(word) in folded(line)]
        line = found[self.looked - 1] if self.looked <= len(found) else None
        self.session.note("lookup", word=word, found=line)
        if line is None:
            return self._observed(self.prompt.fill("no_sentence", word=word))
        shown = {"number": self.looked, "count": len(found), "word": word, "sentence": block(line)}
        return self._observed(self.prompt.fill("sentence", **shown))

    def _observed(self, text: str, passages: int = 0) -> Observation:
        return Observation(self.prompt.fill("observation", observation=text), passages)
