"""All passages that come with the records of a task, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from toolbench_eval.data.passages import Passage, Passages
from toolbench_eval.data.questions import Question


@dataclass
class Pool:
    """Passages of records, equal ones (title and text) being one; records keep them by number until all are known."""

    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _sentences: list[tuple[str, ...] | None] = field(default_factory=list)
    _named: list[Passage] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, question: Question) -> tuple[Question, Sequence[int]]:
        """Take over the passages of a question.

        Returns:
            The question without them, its gold passages being numbers of the pool, and the numbers of its context.
        """
        if not question.context:
            return question, ()
        numbers = {passage.id: self._number(passage, question) for passage in question.context}
        gold = tuple(dict.fromkeys(str(numbers[name]) for name in question.gold_passages))
        bare = replace(question, context=(), sentences={}, gold_passages=gold)
        return bare, tuple(dict.fromkeys(numbers.values()))

    def passages(self) -> list[Passage]:
        """All passages with their final ids, in the order in which they came.

        The id of a passage is its title where no other passage of the pool has it, else the title, `#` and a number
        from 1; `#` and a number where there is no title.
        """
        if len(self._named) != len(self._numbers):
            names = stable_ids([title for title, _ in self._numbers])
            columns = zip(names, self._numbers, strict=True)
            self._named = [Passage(name, title, text) for name, (title, text) in columns]
        return self._named

    def corpus(self) -> Passages:
        """All passages as a corpus."""
        return Passages.of(self.passages())

    def filled(self, question: Question, numbers: Sequence[int]) -> Question:
        """The question with its context again, under the final ids."""
        if not numbers:
            return question
        passages = self.passages()
        context = tuple(passages[number] for number in numbers)
        sentences = {passages[at].id: split for at in numbers if (split := self._sentences[at]) is not None}
        gold = tuple(passages[int(number)].id for number in question.gold_passages)
        return replace(question, context=context, sentences=sentences, gold_passages=gold)

    def _number(self, passage: Passage, question: Question) -> int:
        number = self._numbers.setdefault((passage.title, passage.text), len(self._numbers))
        if number == len(self._sentences):
            self._sentences.append(question.sentences.get(passage.id))
        return number


def stable_ids(titles: Sequence[str]) -> list[str]:
    """Ids of passages that bring none: see `Pool.passages`. An id that a title has already is passed over."""
    counts = Counter(titles)
    last: Counter[str] = Counter()
    ids = []
    for title in titles:
        if title and counts[title] == 1:
            ids.append(title)
            continue
        last[title] += 1
        while f"{title}#{last[title]}" in counts:
            last[title] += 1
        ids.append(f"{title}#{last[title]}")
    return ids
