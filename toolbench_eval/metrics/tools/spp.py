"""Trivia creative writing and logic grid puzzles, as Solo Performance Prompting scores them and with word boundaries.

Source: `tasks/trivia_creative_writing.py` and `tasks/logic_grid_puzzle.py` of MikeWangWZHL/Solo-Performance-Prompting
(Wang et al., NAACL 2024).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

Occurs = Callable[[str, str], bool]
"""Whether an alias occurs in a text: `occurs` or `occurs_as_word`."""


@dataclass(frozen=True)
class Trivia:
    """Number of questions whose answer occurs, and of all; they add up over stories."""

    correct: int = 0
    questions: int = 0

    def __add__(self, other: Trivia) -> Trivia:
        return Trivia(self.correct + other.correct, self.questions + other.questions)

    @property
    def accuracy(self) -> float:
        """Share of questions whose answer occurs; 0 without questions."""
        return self.correct / self.questions if self.questions else 0.0


def occurs(alias: str, text: str) -> bool:
    """Whether an alias is part of a text, case ignored (as released)."""
    return alias.lower() in text.lower()


def occurs_as_word(alias: str, text: str) -> bool:
    """Whether an alias is part of a text, case ignored, and neither begins nor ends inside a word."""
    return bool(alias) and re.search(rf"(?<!\w){re.escape(alias.lower())}(?!\w)", text.lower()) is not None


def trivia(story: str, answers: Sequence[Sequence[str]], match: Occurs = occurs) -> Trivia:
    """How many questions a story answers.

    Args:
        story: The text; see `after_mark`.
        answers: The aliases of the answer to each question.
        match: What it means that an alias occurs.
    """
    return Trivia(sum(any(match(alias, story) for alias in aliases) for aliases in answers), len(answers))


def trivia_accuracy(stories: Iterable[Trivia]) -> float:
    """Accuracy of a data set: correct answers over questions, of all stories together."""
    return sum(stories, Trivia()).accuracy


def after_mark(reply: str, mark: str) -> str:
    """What stands after a mark such as ``Story:`` or ``Final answer:``, up to its next; else the whole reply."""
    for spelling in (mark, mark.lower()):
        if spelling in reply:
            return reply.split(spelling)[1].strip()
    return reply


def logic_grid(answer: str, target: str) -> float:
    """Whether an answer holds the target and no other number from 1 to 10, as digits or as an ordinal, 0 or 1.

    All of them as parts of words: "1" stands in "10", and any reasoning left in the answer fails it (as released).

    Args:
        answer: The text; see `after_mark` with ``Answer:``.
        target: The number of the house, in digits.
    """
    text = answer.lower().strip()
    numbers = {str(number): ordinal for number, ordinal in enumerate(ORDINALS, 1)}
    wanted = (target.lower().strip(), numbers.get(target.strip()))
    others = [
        spelling for number, ordinal in numbers.items() if number != target.strip() for spelling in (number, ordinal)
    ]
    return float(any(word in text for word in wanted if word) and not any(word in text for word in others))
