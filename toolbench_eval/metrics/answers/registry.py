"""Names of the measures that results of question answering may hold; all are aggregated by the mean over questions.

Seconds are not among them: they depend on the machine, and stand with the other facts of execution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.errors import DataError, UnknownNameError

Kind = Literal["answer", "support", "kilt", "retrieval", "judge", "cost"]

_AT = re.compile(r"(.+)@([1-9][0-9]*)")


@dataclass(frozen=True)
class AnswerMeasure:
    """What a measure is.

    Attributes:
        name: As results hold it, without `@k`.
        description: One line.
        kind: What it is about.
        at_k: Whether `@` and a depth follow the name.
        better: Whether more or less of it is better, None where neither is.
    """

    name: str
    description: str
    kind: Kind
    at_k: bool = False
    better: Literal["higher", "lower"] | None = "higher"


_ANSWER = {
    "EM": "A normalised gold equals the normalised answer.",
    "F1": "Harmonic mean of token precision and recall, best gold.",
    "precision": "Share of the answer's tokens that are in the gold.",
    "recall": "Share of the gold's tokens that are in the answer.",
    "acc_contain": "A normalised gold is a character substring of the normalised answer.",
    "acc_token": "The tokens of a gold stand in the answer as one run.",
    "acc_strict": "The answer equals a gold without any normalisation.",
    "acc_bool": "The last boolean word of the answer is the gold.",
    "ROUGE-L": "ROUGE-L F of the answer, best gold.",
}
_FAULTS = {
    "bool_unparsed": "The answer holds no boolean word.",
    "judge_unparsed": "The judge's reply says neither yes nor no.",
}
_NEUTRAL = {
    "empty_gold": "A gold normalises to nothing.",
    "prediction_words": "Words of the answer; belongs beside accuracy by containment.",
}
_FACTORS = {
    "sp": "of the supporting facts",
    "evi": "of the evidence triples",
    "joint": "of answer and support (and evidence) jointly",
}
_FACTOR_VALUES = {"EM": "Exact match", "F1": "F1", "precision": "Precision", "recall": "Recall"}
_GROUPS = {
    "group_answer_EM": "Exact match if both twins' answerability is right, else 0 (MuSiQue-Full).",
    "group_answer_F1": "Answer F1 if both twins' answerability is right, else 0 (MuSiQue-Full).",
    "group_support_EM": "Exact support if both twins' answerability is right, else 0 (MuSiQue-Full).",
    "group_support_F1": "Support F1 if both twins' answerability is right, else 0 (MuSiQue-Full).",
    "group_answerable": "The answerability of both twins is right (MuSiQue-Full).",
}
_KILT = {
    "KILT-EM": "Exact match where R-precision of the pages is 1, else 0.",
    "KILT-F1": "F1 where R-precision of the pages is 1, else 0.",
    "KILT-ROUGE-L": "ROUGE-L where R-precision of the pages is 1, else 0.",
    "KILT-accuracy": "Strict accuracy where R-precision of the pages is 1, else 0.",
    "page_Rprec": "Share of an evidence set's R pages among the first R, best set.",
}
_KILT_AT = {
    "page_precision": "Complete evidence sets among the first k points, divided by k.",
    "page_recall": "Share of the evidence sets that are complete within k points.",
    "page_success": "An evidence set is complete within k points.",
}
_RETRIEVAL_AT = {
    "answer_hit": "One of the first k passages holds an answer.",
    "answer_precision": "Share of the first k passages that hold an answer.",
    "gold_recall": "Share of the gold passages, by exact title and text, among the first k.",
    "all_gold": "All gold passages are among the first k.",
    "title_recall": "Share of the gold titles among the first k.",
    "all_titles": "All gold titles are among the first k.",
    "annotator_recall": "Recall of paragraph ids at k, best annotator (StrategyQA).",
}
_COST = {
    "llm_calls": "Calls of language models.",
    "prompt_tokens": "Tokens sent to language models.",
    "completion_tokens": "Tokens written by language models.",
    "cached_prompt_tokens": "Tokens sent that the endpoint had cached.",
    "retrieval_calls": "Searches.",
    "passages_returned": "Passages that searches returned.",
    "passages_shown": "Passages shown to language models, repetitions included.",
    "passages_unique": "Different passages shown to language models.",
}
ROLES = ("deduce", "ground", "filter", "revise", "select", "record", "answer", "judge", "retry", "parse_fallback")
"""What a language model was called for; `llm_calls_<role>` counts it."""

STOPS = ("final_marker", "max_hops", "no_progress", "parse_error", "budget")
"""Why an agent stopped; `stop_<reason>` is the share of the questions."""


def _measures() -> Iterable[AnswerMeasure]:
    for name, line in _ANSWER.items():
        yield AnswerMeasure(name, line, "answer")
    yield AnswerMeasure("acc_judged", "A judge model takes the answer for right.", "judge")
    for name, line in _FAULTS.items():
        yield AnswerMeasure(name, line, "judge" if name.startswith("judge") else "answer", better="lower")
    for name, line in _NEUTRAL.items():
        yield AnswerMeasure(name, line, "answer", better=None)
    for prefix, of in _FACTORS.items():
        for name, line in _FACTOR_VALUES.items():
            yield AnswerMeasure(f"{prefix}_{name}", f"{line} {of}.", "support")
    for name, line in _GROUPS.items():
        yield AnswerMeasure(name, line, "support")
    for name, line in _KILT.items():
        yield AnswerMeasure(name, line, "kilt")
    for name, line in _KILT_AT.items():
        yield AnswerMeasure(name, line, "kilt", at_k=True)
    for name, line in _RETRIEVAL_AT.items():
        yield AnswerMeasure(name, line, "retrieval", at_k=True)
    for name, line in _COST.items():
        yield AnswerMeasure(name, line, "cost", better="lower")
    for role in ROLES:
        yield AnswerMeasure(
            f"llm_calls_{role}", f"Calls of language models in the role '{role}'.", "cost", better="lower"
        )
    yield AnswerMeasure("hops", "Steps of reasoning taken.", "cost", better=None)
    for reason in STOPS:
        yield AnswerMeasure(f"stop_{reason}", f"The agent stopped for '{reason}'.", "cost", better=None)


MEASURES = {measure.name: measure for measure in _measures()}


def known(name: str) -> bool:
    """Whether a name, with `@k` where the measure takes a depth, is a measure of question answering."""
    return _of(name) is not None


def find(name: str) -> AnswerMeasure:
    """The measure of a name such as `F1` or `answer_hit@5`.

    Raises:
        UnknownNameError: There is none, or `@k` is missing or too much.
    """
    measure = _of(name)
    if measure is None:
        spelled = [f"{known.name}@5" if known.at_k else known.name for known in MEASURES.values()]
        raise UnknownNameError("answer measure", name, spelled)
    return measure


def aggregate(values: Iterable[float]) -> float:
    """The mean: how every measure here goes from questions to a task.

    Raises:
        DataError: There is no value.
    """
    listed = list(values)
    if not listed:
        raise DataError("no values: a mean over nothing is undefined")
    return sum(listed) / len(listed)


def _of(name: str) -> AnswerMeasure | None:
    at = _AT.fullmatch(name)
    measure = MEASURES.get(at[1] if at else name)
    return measure if measure is not None and measure.at_k == (at is not None) else None
