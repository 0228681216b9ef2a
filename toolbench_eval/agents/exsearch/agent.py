"""EXSEARCH: one model thinks of a sub-query, searches and records what it found, until it ends the search and answers.

Source: Shi et al. 2025, *Iterative Self-Incentivization Empowers Large Language Models as Agentic Searchers*, NeurIPS
(arXiv 2505.20128), section 3 and equation 1; the selection of passages is the action that its EXSEARCH-Zoo adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.dro.selection import read_selection, render_selection
from toolbench_eval.agents.exsearch.markers import (
    MARKERS,
    Markers,
    Turn,
    read_answer,
    read_turn,
    render_turn,
    strip_markers,
    unmarked,
)
from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import as_answer
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.drawing import draw_best
from toolbench_eval.agents.shared.forms import PROMPT as FORMS
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import spoken, stated
from toolbench_eval.agents.shared.progress import Progress
from toolbench_eval.agents.shared.prompting import numbered
from toolbench_eval.agents.shared.quoting import NOTHING, block, quoted
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import load_prompt


@dataclass
class Talk:
    """A conversation in which user and assistant take turns.

    Attributes:
        messages: The turns.
        passages: How many passages they show.
    """

    messages: list[Message] = field(default_factory=list)
    passages: int = 0

    def tell(self, text: str, passages: int = 0) -> None:
        """Add to what the user says; two turns of one side in a row are one, since many endpoints refuse two."""
        if self.messages and self.messages[-1].role == "user":
            text = f"{self.messages.pop().text}\n\n{text}"
        self.messages.append(Message("user", text))
        self.passages += passages

    def say(self, text: str) -> None:
        """Add a turn of the model's; an empty one is left out."""
        if text:
            self.messages.append(Message("assistant", text))

    def copy(self) -> Talk:
        """The same conversation, to go on in another way."""
        return Talk(list(self.messages), self.passages)


@dataclass(frozen=True)
class ExSearch:
    """Think, search, record in one conversation, then answer; with `select`, choose among the passages found."""

    max_hops: int = option(5, "most searches (T)")
    k: int = option(5, "passages that a search shows (K)")
    markers: Literal["paper", "code", "readme"] = option("paper", "names of the markers; released models need `code`")
    select: bool = option(False, "whether the model selects k of the passages found (EXSEARCH-Zoo)")
    candidates: int = option(20, "select: passages that are found")
    identifiers: Literal["one_based", "shifted"] = option(
        "one_based", "select: what [1] means: the first passage shown, or, as in the code, the second"
    )
    empty_selection: Literal["first_k", "none"] = option("first_k", "select: what is shown when nothing is selected")
    conditioning: Literal["full", "local"] = option(
        "full", "evidence is written in sight of the whole conversation, or of question, sub-query and passages only"
    )
    stop_on_repeat: bool = option(True, "whether a sub-query that brings the same passages again ends the search")
    temperature: float = option(0.0, "of every call")
    top_p: float = option(1.0, "of every call")
    max_tokens: int = option(512, "longest reply")
    best_of: int = option(1, "draws of every call, of which the likeliest is taken")

    name: ClassVar[str] = "exsearch"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = ("exsearch-1", FORMS)
    protocols: ClassVar[Protocols] = {
        "paper": {"stop_on_repeat": False},
        "released": {
            "max_hops": 8,
            "markers": "code",
            "select": True,
            "identifiers": "shifted",
            "empty_selection": "none",
            "temperature": 0.8,
            "top_p": 0.95,
            "max_tokens": 256,
            "best_of": 8,
        },
    }

    def __post_init__(self) -> None:
        """Refuse options that make no sense.

        Raises:
            ValueError: A number is too small, or several draws would all be the same.
        """
        at_least(1, max_hops=self.max_hops, k=self.k, max_tokens=self.max_tokens, best_of=self.best_of)
        at_least(self.k if self.select else 1, candidates=self.candidates)
        if self.best_of > 1 and self.temperature <= 0:
            raise ValueError("best_of above 1 needs a temperature above 0; without, every draw is the same")

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Search until the model ends it, repeats itself or reaches the bound; then answer."""
        talk = Talk()
        talk.tell(self._fill("task", query=self._markers.query_in_task, question=sample.text))
        reason, early = self._explore(talk, sample, session)
        talk.tell(self._fill("close", question=sample.text, form=form_of(sample.answer_type)))
        reply = self._draw("answer", talk, session)
        return as_answer(stated(read_answer(reply, self._markers) or early, sample.answer_type), reply, reason)

    def _explore(self, talk: Talk, sample: Sample, session: Session) -> tuple[StopReason, str]:
        """Think, search and record in turns: why that ended, and the answer that the model gave unasked."""
        progress = Progress()
        for hop in range(1, self.max_hops + 1):
            turn = self._think(talk, hop, session)
            talk.say(render_turn(turn, self._markers))
            if turn.closed or not turn.query:
                return "answered" if turn.closed else "parse_error", turn.answer
            session.note("think", hop=hop, query=turn.query)
            found = self._search(turn.query, session)
            if self.stop_on_repeat and progress.stalled(turn.query, found):
                return "no_progress", ""
            numbers = self._select(turn.query, found, hop, session) if self.select else None
            self._show(talk, found, numbers)
            if self.conditioning == "local":
                shown = found if numbers is None else [found[number - 1] for number in numbers]
                self._record(talk, sample, turn.query, shown, hop, session)
        return "max_hops", ""

    def _think(self, talk: Talk, hop: int, session: Session) -> Turn:
        """The model's next turn; one without sub-query is repaired by a second call."""
        if self.conditioning == "local" and hop > 1:
            talk.tell(self._fill("next"))
        reply = self._draw("think", talk, session, stops=True)
        turn = read_turn(reply, self._markers)
        if not turn.closed and not turn.query:
            turn = self._repair(talk, reply, turn, hop, session)
        if hop == 1 or self.conditioning == "local":
            return replace(turn, evidence="")
        session.note("record", hop=hop - 1, evidence=turn.evidence)
        return turn

    def _repair(self, talk: Talk, reply: str, turn: Turn, hop: int, session: Session) -> Turn:
        """Ask for the sub-query alone, as a turn of the user, since some endpoints refuse to continue a turn."""
        recorded = turn.evidence if hop > 1 else ""
        asked = talk.copy()
        asked.say(reply.strip())
        asked.tell(self._fill("repair", recorded=recorded or "(nothing)"))
        again = self._draw("repair", asked, session, stops=True)
        repaired = read_turn(again, self._markers)
        if not repaired.closed and not repaired.query:  # it went on behind the marker
            repaired = replace(repaired, query=repaired.evidence)
        return replace(repaired, evidence=recorded)

    def _search(self, query: str, session: Session) -> list[Passage]:
        found = session.search(query, self.candidates if self.select else self.k)
        return [unmarked(passage, self._markers) for passage in found]

    def _select(self, query: str, found: Sequence[Passage], hop: int, session: Session) -> list[int]:
        """Numbers of the passages that the model selects in a conversation of its own, best first."""
        if not found:
            return []
        request = self._fill("select", sub_query=query, passages=quoted(found), count=len(found), k=self.k)
        reply = self._draw("select", Talk([Message("user", request)], len(found)), session)
        first = 1 if self.identifiers == "one_based" else 0
        chosen = read_selection(spoken(reply), len(found), self.k, first=first)
        empty = not chosen.places
        rescued = range(min(self.k, len(found))) if empty and self.empty_selection == "first_k" else ()
        numbers = [place + 1 for place in chosen.places or rescued]
        ids = [found[number - 1].id for number in numbers]
        session.note("select", hop=hop, numbers=numbers, documents=ids, dropped=chosen.dropped, empty=empty)
        return numbers

    def _show(self, talk: Talk, found: Sequence[Passage], numbers: Sequence[int] | None) -> None:
        """Add a search's passages; those selected keep the numbers under which they were selected."""
        if numbers is None:
            talk.tell(self._fill("documents", passages=quoted(found)), len(found))
        else:
            shown = block("\n\n".join(numbered([found[number - 1]], number) for number in numbers) or NOTHING)
            selected = render_selection(numbers)
            talk.tell(self._fill("documents_selected", selected=selected, passages=shown), len(numbers))

    def _record(
        self, talk: Talk, sample: Sample, query: str, shown: Sequence[Passage], hop: int, session: Session
    ) -> None:
        """Record evidence in a conversation of its own (appendix C: from the question and these passages only)."""
        request = self._fill("record", question=sample.text, sub_query=query, passages=quoted(shown))
        reply = self._draw("record", Talk([Message("user", request)], len(shown)), session)
        evidence = one_line(strip_markers(spoken(reply), self._markers))
        session.note("record", hop=hop, evidence=evidence)
        talk.say(render_turn(Turn(evidence), self._markers))

    def _draw(self, action: str, talk: Talk, session: Session, *, stops: bool = False) -> str:
        stop = (self._markers.documents,) if stops else ()
        sampling = Sampling(self.temperature, self.top_p, self.max_tokens, stop)
        return draw_best(session, action, talk.messages, sampling, self.best_of, passages=talk.passages)

    def _fill(self, text: str, **values: object) -> str:
        marks = self._markers
        named = {
            "query": marks.query,
            "documents": marks.documents,
            "evidence": marks.evidence,
            "final": marks.final,
            "question_mark": marks.question,
        }
        return load_prompt(self.prompts[0]).fill(text, **{**named, **values})

    @property
    def _markers(self) -> Markers:
        return MARKERS[self.markers]
