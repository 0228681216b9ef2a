"""Accuracy judged by a language model, and how far it agrees with exact match.

After GenGround's Acc (Shi et al. 2024): the judge sees question, prediction and golds and says whether the prediction
implies a gold. The wording is ours, and the reply is read more strictly than there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import GREEDY, LLM, Message, Sampling, Usage
from toolbench_eval.prompts import Prompt, load_prompt

PROMPT = "judge-answer-1"
SAMPLED_RUNS = 3
"""How often a judge is asked that draws its answers."""

_VERDICT = re.compile(r"\b(?:(yes)|no)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What the judge said of one answer.

    Attributes:
        score: 1 for yes; 0 for no, and for a reply without either.
        parsed: Whether the reply says yes or no.
        reply: The reply as it came.
        model: Name of the judge.
        prompt: Digest of the prompt file.
        attempt: Number of the try.
        usage: Tokens, None where the model does not say.
    """

    score: float
    parsed: bool
    reply: str
    model: str
    prompt: str
    attempt: int
    usage: Usage | None


@dataclass(frozen=True)
class Judged:
    """Verdicts on one answer or many, in numbers.

    Attributes:
        accuracy: Mean score.
        unparsed: Replies that say neither yes nor no; they score 0.
        verdicts: How many verdicts.
    """

    accuracy: float
    unparsed: int
    verdicts: int


@dataclass(frozen=True)
class Agreement:
    """How far two ways to judge the same answers agree.

    Attributes:
        answers: How many.
        share: Share of the answers of which both say the same.
        kappa: Cohen's kappa, None where both say the same of all answers and nothing else: it is undefined.
    """

    answers: int
    share: float
    kappa: float | None


def parse_verdict(reply: str) -> bool | None:
    """The first *yes* or *no* that stands as a word, in any case; None where there is none."""
    found = _VERDICT.search(reply)
    return None if found is None else found[1] is not None


def parse_released(reply: str) -> bool:
    """GenGround's reading: right if the letters *yes* occur anywhere, `No, yesterday` included. For parity only."""
    return "yes" in reply.lower()


def messages(prompt: Prompt, question: str, prediction: str, golds: Sequence[str]) -> list[Message]:
    """What the judge is asked; the prediction goes in as it stands."""
    listed = "\n".join(f"- {gold}" for gold in golds)
    user = prompt.fill("user", question=question, prediction=prediction, golds=listed)
    return [Message("system", prompt.fill("system")), Message("user", user)]


def judge(
    llm: LLM,
    question: str,
    prediction: str,
    golds: Sequence[str],
    *,
    sampling: Sampling = GREEDY,
    attempt: int = 0,
    prompt: str = PROMPT,
) -> Verdict:
    """Ask a model once whether a prediction is right.

    Args:
        llm: The judge.
        question: The question.
        prediction: The answer to be judged.
        golds: Acceptable answers.
        sampling: How the judge's reply is drawn.
        attempt: Number of the try, which also moves the seed.
        prompt: Name and version of the prompt.

    Raises:
        DataError: There is no gold.
        EndpointError: The judge did not answer.
        UnknownNameError: There is no such prompt.
    """
    if not golds:
        raise DataError("no gold answer: the judge has nothing to compare with", field="answers")
    loaded = load_prompt(prompt)
    if sampling.seed is not None:
        sampling = replace(sampling, seed=sampling.seed + attempt)
    reply = llm.complete(messages(loaded, question, prediction, golds), sampling, attempt)
    said = parse_verdict(reply.text)
    return Verdict(float(said is True), said is not None, reply.text, llm.name, loaded.digest, attempt, reply.usage)


def runs(sampling: Sampling) -> range:
    """Numbers of the tries that one answer needs: one of a judge at temperature 0, three of one that draws."""
    return range(1 if sampling.temperature == 0 else SAMPLED_RUNS)


def summarise(verdicts: Sequence[Verdict]) -> Judged:
    """Accuracy over verdicts, and how many replies could not be read.

    Raises:
        DataError: There is none.
    """
    if not verdicts:
        raise DataError("no verdicts: the accuracy of nothing is undefined")
    right = sum(verdict.score for verdict in verdicts)
    return Judged(right / len(verdicts), sum(not verdict.parsed for verdict in verdicts), len(verdicts))


def agreement(judged: Sequence[bool], matched: Sequence[bool]) -> Agreement:
    """Share of equal verdicts and Cohen's kappa (Cohen 1960): (p_o - p_e) / (1 - p_e).

    Args:
        judged: Whether the judge took each answer for right.
        matched: Whether exact match, or a person, took it for right, in the same order.

    Raises:
        DataError: There is nothing to compare, or the lengths differ.
    """
    if not judged or len(judged) != len(matched):
        raise DataError(f"{len(judged)} verdicts cannot be compared with {len(matched)} matches: give one of each")
    n = len(judged)
    first, second = sum(map(bool, judged)), sum(map(bool, matched))
    equal = sum(bool(one) == bool(other) for one, other in zip(judged, matched, strict=True))
    chance = first * second + (n - first) * (n - second)  # times n squared: whole numbers have no rounding
    kappa = None if chance == n * n else (equal * n - chance) / (n * n - chance)
    return Agreement(n, equal / n, kappa)
