"""How the scripted model gets from passages to an answer: fact by fact, as far as the passages carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolbench_eval.llms.scripts.reading.reader import conclude, guess, next_question, read

MOST_FACTS = 8


@dataclass(frozen=True)
class Fact:
    """One thing found: the question, its answer, and the words that say so."""

    question: str
    answer: str
    evidence: str


@dataclass(frozen=True)
class Thoughts:
    """What the passages tell about a question.

    Attributes:
        facts: What was found, in order.
        missing: The question that no passage answers, None if nothing is missing.
        answer: The answer, None if the facts give none.
    """

    facts: tuple[Fact, ...]
    missing: str | None
    answer: str | None


def think(question: str, passages: Sequence[str]) -> Thoughts:
    """Find out what the passages tell about a question."""
    facts: list[Fact] = []
    missing = next_question(question, [])
    while missing is not None and len(facts) < MOST_FACTS:
        found = read(missing, passages)
        if found is None:
            return Thoughts(tuple(facts), missing, None)
        facts.append(Fact(missing, found.answer, found.evidence))
        missing = next_question(question, [(fact.question, fact.answer) for fact in facts])
    answer = conclude(question, [(fact.question, fact.answer) for fact in facts])
    if answer is None and (found := read(question, passages)) is not None:
        answer = found.answer
    return Thoughts(tuple(facts), missing, answer)


def answer_to(question: str, passages: Sequence[str]) -> str:
    """The answer that the passages give, else a guess."""
    return think(question, passages).answer or guess(question)
