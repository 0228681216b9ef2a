"""GenGround's grounding: an answer from memory is checked against passages, batch by batch, and revised.

Source: Shi et al. 2024 (ACL, arXiv 2406.14891), section 3.3; its code (661b02b) has another algorithm, the tournament.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.agents.genground.markup import json_object, one_line, spans
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.parsing import short_answer, spoken
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.quoting import quoted
from toolbench_eval.data.passages import Passage
from toolbench_eval.llms.base import Sampling
from toolbench_eval.prompts import Prompt

CitationRule = Literal["overlap", "word"]
"""When a reply of the filter cites a passage. `overlap`: what follows `citation:` shares a word with one. `word`: as in
the paper's code, the reply holds the word `citation`; without any shared word the batch's first passage is taken."""

_CITATION: dict[CitationRule, re.Pattern[str]] = {
    "overlap": re.compile(r"citation\W{0,3}:", re.IGNORECASE),
    "word": re.compile(r"citation", re.IGNORECASE),
}
_LABEL = re.compile(r"^\W*answer\W*:(.*)$", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"\w+")
_ARTICLES = {"a", "an", "the"}
_NOTHING = {"", "empty", "none", "null", "na", "insufficientinformation"}

Ranked = tuple[int, Passage]
"""A passage with its rank from 1."""


@dataclass(frozen=True)
class Claim:
    """What is to be checked.

    Attributes:
        hop: Number of the step.
        question: The question that is to be solved in the end.
        sub_question: What the draft answers.
        draft: The answer from memory.
    """

    hop: int
    question: str
    sub_question: str
    draft: str


@dataclass(frozen=True)
class Grounded:
    """The answer after the check, and the evidence for it, None where there is none."""

    answer: str
    evidence: str | None = None


@dataclass(frozen=True)
class Checker:
    """Asks a model to check claims.

    Attributes:
        prompt: The texts.
        session: Whom to ask.
        sampling: How replies are drawn.
    """

    prompt: Prompt
    session: Session
    sampling: Sampling

    def ask(self, action: str, text: str, claim: Claim, shown: Sequence[Ranked], attempt: int = 0) -> str:
        """The reply to one request about some passages."""
        request = self.prompt.fill(
            text,
            question=claim.question,
            sub_question=claim.sub_question,
            draft=claim.draft,
            passages=quoted([passage for _, passage in shown]),
        )
        messages = conversation(self.prompt.texts["system"], request)
        return self.session.ask(action, messages, self.sampling, attempt=attempt, passages=len(shown)).text

    def note(self, claim: Claim, batch: int, shown: Sequence[Ranked], evidence: str | None) -> None:
        """Record which ranks were shown and what was found in them."""
        ranks = [rank for rank, _ in shown]
        self.session.note("ground", hop=claim.hop, batch=batch, ranks=ranks, evidence=evidence)


def ground_in_batches(claim: Claim, passages: Sequence[Passage], size: int, checker: Checker) -> Grounded:
    """Show batch after batch in the order of retrieval until one holds evidence; then revise (the paper's grounding).

    One call both looks for evidence and revises; later batches are never read. Without evidence in any batch the draft
    is kept as it is. Calls: 1 to ceil(n / size).
    """
    ranked = list(enumerate(passages, start=1))
    for batch, start in enumerate(range(0, len(ranked), size), start=1):
        shown = ranked[start : start + size]
        found = read_revision(checker.ask("ground", "ground", claim, shown))
        checker.note(claim, batch, shown, found.evidence if found else None)
        if found:
            return found
    return Grounded(claim.draft)


def ground_by_tournament(
    claim: Claim, passages: Sequence[Passage], size: int, tries: int, rule: CitationRule, checker: Checker
) -> Grounded:
    """Filter the passages down to one batch, then revise over it (the grounding of the paper's code).

    All passages stand in a queue. While it holds more than `size`, the first `size` are taken out, the model is asked
    whether one of them answers the sub-question, and the cited one goes to the end of the queue. A last call revises
    over what is left, which without any citation are the passages that retrieval ranked last. Each batch shortens
    the queue by `size` or by `size - 1`, so that `size` must be 2 or more.

    Args:
        claim: What is checked.
        passages: Best first, at least one.
        size: Passages of a batch.
        tries: Times that a batch is asked about while it is not cited (3 in the paper's code).
        rule: When a reply cites.
        checker: Whom to ask.
    """
    queue = deque(enumerate(passages, start=1))
    batch = 0
    while len(queue) > size:
        batch += 1
        shown = [queue.popleft() for _ in range(size)]
        cited = _first_citation(claim, shown, tries, rule, checker)
        checker.note(claim, batch, shown, None if cited is None else cited[1])
        if cited is not None:
            queue.append(shown[cited[0]])
    found = read_edit(checker.ask("revise", "revise", claim, list(queue)))
    checker.note(claim, batch + 1, list(queue), found.evidence if found else None)
    return found or Grounded(claim.draft)


def read_revision(reply: str) -> Grounded | None:
    """Evidence and revised answer of a reply, from `<ref>` and `<revise>` or from JSON with these keys.

    The evidence may quote a passage that holds such tags itself: the last revision counts.

    Returns:
        None where either is missing or the evidence is `Empty`.
    """
    text = spoken(reply)
    values = json_object(text)
    evidence = spans(text, "ref", "revise") or [values.get("ref", "")]
    answers = spans(text, "revise", "ref") or [values.get("revise", "")]
    cited = [one_line(found) for found in evidence if not _is_nothing(found)]
    given = [answer for found in answers if (answer := short_answer(found, "text"))]
    return Grounded(given[-1], " ".join(cited)) if cited and given else None


def read_edit(reply: str) -> Grounded | None:
    """Answer and citation of a reply that should be JSON; a line `answer: ...` will do.

    Returns:
        None where there is no answer.
    """
    text = spoken(reply)
    values = json_object(text)
    label = _LABEL.search(text)
    answer = short_answer(values.get("answer", label[1] if label else ""), "text")
    citation = one_line(values.get("citation", ""))
    return Grounded(answer, None if _is_nothing(citation) else citation) if answer else None


def read_citation(reply: str, passages: Sequence[Passage], rule: CitationRule) -> tuple[int, str] | None:
    """Which passage a reply of the filter cites.

    Returns:
        Its place from 0, by the best token F1 with what follows the word `citation`, and the citation; None where
        nothing is cited.
    """
    text = spoken(reply)
    word = _CITATION[rule].search(text)
    if word is None or not passages:
        return None
    citation = one_line(text[word.end() :]).strip("\"'`*:}{ “”")
    shared = [_token_f1(citation, passage.contents) for passage in passages]
    place = max(range(len(shared)), key=shared.__getitem__)
    refers = shared[place] > 0 and not _is_nothing(citation)
    return (place, citation) if refers or rule == "word" else None


def _first_citation(
    claim: Claim, shown: Sequence[Ranked], tries: int, rule: CitationRule, checker: Checker
) -> tuple[int, str] | None:
    passages = [passage for _, passage in shown]
    for attempt in range(tries):
        cited = read_citation(checker.ask("filter", "filter", claim, shown, attempt), passages, rule)
        if cited is not None:
            return cited
    return None


def _token_f1(one: str, other: str) -> float:
    mine, others = Counter(_words(one)), Counter(_words(other))
    shared = (mine & others).total()
    return 2 * shared / (mine.total() + others.total()) if shared else 0.0


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in _ARTICLES]


def _is_nothing(text: str) -> bool:
    return "".join(_WORD.findall(text.lower())) in _NOTHING
