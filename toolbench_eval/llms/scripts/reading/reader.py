"""A small extractive reader: it answers questions from passages by patterns of English, and knows nothing else.

It says so where the passages do not tell, and it is easily fooled: by pronouns that mean somebody else, by two people
of one name, by phrases that it has never seen. That is what makes it fit to play a language model in demonstrations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolbench_eval.llms.scripts.reading.comparisons import comparison
from toolbench_eval.llms.scripts.reading.decompose import key, reduce, understand
from toolbench_eval.llms.scripts.reading.phrases import NAME, TITLE, mark, same
from toolbench_eval.llms.scripts.reading.relations import Lookup
from toolbench_eval.llms.scripts.reading.sentences import sentences, title_of

Facts = Sequence[tuple[str, str]]
"""Sub-questions with their answers, in the order in which they were found."""

_YES_OR_NO = re.compile(r"(?:is|are|was|were|do|does|did|has|have|had|can|could)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """An answer and where it stands.

    Attributes:
        answer: The answer, as it is written there.
        evidence: The sentence.
        passage: Number of the passage, from 1.
    """

    answer: str
    evidence: str
    passage: int


def read(question: str, passages: Sequence[str]) -> Finding | None:
    """Answer a question about one named thing.

    Args:
        question: What is asked.
        passages: Each as title, newline, text.

    Returns:
        What the passages say; those that are about the named thing itself go first. None if none of them says it.
    """
    for lookup, name in understand(question):
        order = sorted(enumerate(passages, start=1), key=lambda one: not same(title_of(one[1]), name))
        for number, passage in order:
            for answer, evidence in _look_up(lookup, name, passage):
                return Finding(answer, evidence, number)
    return None


def next_question(question: str, facts: Facts) -> str | None:
    """What has to be asked next.

    Args:
        question: The question that is to be answered in the end.
        facts: What is known so far.

    Returns:
        A question about one named thing; None when enough is known, or if the question cannot be taken apart.
    """
    known = _known(facts)
    step = reduce(question, known)
    if step.missing is not None:
        return step.missing
    compared = comparison(step.question)
    asked = compared.questions if compared else (step.question,)
    if not compared and step.question == question and not understand(question):
        return None
    return next((one for one in asked if key(one) not in known), None)


def conclude(question: str, facts: Facts) -> str | None:
    """The answer to a question, from what is known.

    Returns:
        The last step's answer, or the result of the comparison; None if something is still missing.
    """
    known = _known(facts)
    step = reduce(question, known)
    if step.missing is not None:
        return None
    compared = comparison(step.question)
    if compared is None:
        return known.get(key(step.question))
    a, b = (known.get(key(one)) for one in compared.questions)
    return None if a is None or b is None else compared.verdict(a, b)


def guess(question: str) -> str:
    """A draft from the question's words alone: yes, the first of two alternatives, or the last name in it."""
    if _YES_OR_NO.match(question):
        return "yes"
    compared = re.search(r", (?:the )?(.+?),? or .+\?$", question)
    names = re.findall(NAME, question)
    return compared[1] if compared else names[-1] if names else "unknown"


def _look_up(lookup: Lookup, name: str, passage: str) -> Iterator[tuple[str, str]]:
    title = title_of(passage)
    for sentence in sentences(passage):
        for found in lookup.answers(mark(sentence.resolved, name, title)):
            answer = title if found == TITLE else found
            if not same(answer, name):
                yield answer, sentence.text


def _known(facts: Facts) -> dict[str, str]:
    return {key(question): answer for question, answer in facts if answer.strip()}
