"""EXSEARCH's markers: plain text that opens sub-queries, passages, evidence and the end of the search.

Source: Shi et al. 2025 (NeurIPS, arXiv 2505.20128), section 3; its README and its code (457513a) name them otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.parsing import cut_at
from toolbench_eval.data.passages import Passage

# The monologue of a reasoning model, which looks like a marker of the paper in lower case.
_MONOLOGUE = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>(?=\s*\S)", re.DOTALL)
_FENCE = re.compile(r"```[\w-]*")


@dataclass(frozen=True)
class Markers:
    """One set of markers.

    Attributes:
        query: Opens a sub-query.
        documents: Opens the passages that were found.
        evidence: Opens what is recorded of them.
        final: Ends the search.
        question: Opens the question in the task.
        query_in_task: What the task calls the marker of sub-queries.
    """

    query: str
    documents: str
    evidence: str
    final: str = "<FINAL>"
    question: str = "<USER QUERY>"
    query_in_task: str = ""

    def __post_init__(self) -> None:
        """Name sub-queries in the task as in the turns, where nothing else is said."""
        object.__setattr__(self, "query_in_task", self.query_in_task or self.query)


MARKERS = {
    "paper": Markers("<THINK>", "<SEARCH>", "<RECORD>"),
    "code": Markers("<QUERY>", "<SEARCH>", "<FACT>"),
    "readme": Markers("<QUERY>", "<SEARCH>", "<FACT>", query_in_task="<THINK>"),
}


@dataclass(frozen=True)
class Turn:
    """What a model wrote in one turn.

    Attributes:
        evidence: What it recorded of the last passages, empty where there is nothing.
        query: Its next sub-query, empty where there is none.
        closed: Whether it ended the search.
        answer: What follows the end of the search in the same turn.
    """

    evidence: str = ""
    query: str = ""
    closed: bool = False
    answer: str = ""


def read_turn(text: str, markers: Markers) -> Turn:
    """Evidence, sub-query or end of the search in a reply; whatever it holds, nothing is raised.

    Evidence is what stands before the first sub-query or end, with its marker or without; without either it is the
    first line. Of several sub-queries the first counts: the others were written without having seen what it brings.
    The end of the search counts wherever it stands.
    """
    own = _without_closing(cut_at(_plain(text), markers.documents), markers)
    query = _search(own, markers.query, markers.query_in_task)
    final = _search(own, markers.final)
    ends = [found.start() for found in (query, final) if found]
    before = strip_markers(own[: min(ends, default=len(own))], markers)
    evidence = one_line(before) if ends else _first_line(before)
    asked = "" if query is None else _first_line(_any(markers).split(own[query.end() :], maxsplit=1)[0])
    return Turn(evidence, asked, final is not None, _after_final(own, markers))


def render_turn(turn: Turn, markers: Markers) -> str:
    """The turn in the form in which a model should have written it."""
    parts = [f"{markers.evidence} {turn.evidence}"] if turn.evidence else []
    if turn.closed:
        parts.append(markers.final)
    elif turn.query:
        parts.append(f"{markers.query} {turn.query}")
    return "\n".join(parts)


def strip_markers(text: str, markers: Markers) -> str:
    """The text without any marker."""
    return _any(markers).sub(" ", _without_closing(text, markers)).strip()


def unmarked(passage: Passage, markers: Markers) -> Passage:
    """The passage without markers, so that a model that quotes it writes none by accident."""
    return replace(passage, title=strip_markers(passage.title, markers), text=strip_markers(passage.text, markers))


def read_answer(text: str, markers: Markers) -> str:
    """The final answer: what follows the end of the search, or else the whole text, without markers."""
    own = _plain(text)
    return _after_final(own, markers) or strip_markers(own, markers)


def _plain(text: str) -> str:
    return _FENCE.sub("", _MONOLOGUE.sub("", text))


def _first_line(text: str) -> str:
    """The first line with words."""
    return next((line for line in map(one_line, text.splitlines()) if line), "")


def _after_final(text: str, markers: Markers) -> str:
    parts = re.split(_written(markers.final), text, flags=re.IGNORECASE)
    return strip_markers(parts[-1], markers) if len(parts) > 1 else ""


def _without_closing(text: str, markers: Markers) -> str:
    """The text without `</QUERY>` and its like, with which models tend to close a marker."""
    closing = "|".join(_written(marker.replace("<", "</")) for marker in _all(markers))
    return re.sub(closing, " ", text, flags=re.IGNORECASE)


def _search(text: str, *markers: str) -> re.Match[str] | None:
    return re.search("|".join(_written(marker) for marker in markers), text, re.IGNORECASE)


def _any(markers: Markers) -> re.Pattern[str]:
    return re.compile("|".join(_written(marker) for marker in _all(markers)), re.IGNORECASE)


def _all(markers: Markers) -> tuple[str, ...]:
    return (
        markers.query,
        markers.query_in_task,
        markers.documents,
        markers.evidence,
        markers.final,
        markers.question,
    )


def _written(marker: str) -> str:
    """The marker as a pattern: blanks inside its brackets do no harm."""
    return r"\s*".join(re.escape(part) for part in re.findall(r"</?|[^<>]+|>", marker))
