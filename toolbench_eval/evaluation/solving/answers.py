"""Scoring what an agent answered and retrieved for one question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.evaluation.solving.solve import refuses_this_request
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.metrics.answers.boolean import last_boolean, score_boolean
from toolbench_eval.metrics.answers.judged import judge
from toolbench_eval.metrics.answers.profiles import Profile
from toolbench_eval.metrics.answers.recall import (
    all_gold,
    annotator_recall,
    annotator_sets,
    answer_hit,
    answer_precision,
    answers_in,
    gold_recall,
)
from toolbench_eval.metrics.answers.registry import find
from toolbench_eval.metrics.answers.score import score_answer

ALWAYS = ("EM", "F1", "precision", "recall", "acc_contain", "acc_token", "acc_strict", "prediction_words")
"""Measures that every question has."""

JUDGED = ("acc_judged", "judge_unparsed")
"""Measures that need a judge."""


@dataclass(frozen=True)
class Retrieved:
    """What a question's retrieval is scored by.

    Attributes:
        ids: Ids of the passages, best first.
        titles: Their titles.
        held: Whether each holds an accepted answer.
    """

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    held: tuple[bool, ...]

    @classmethod
    def of(cls, question: Question, passages: Sequence[Passage]) -> Retrieved:
        """Look at passages."""
        held = answers_in((passage.contents for passage in passages), question.answers)
        return cls(tuple(one.id for one in passages), tuple(one.title for one in passages), tuple(held))


@dataclass(frozen=True)
class Scorer:
    """The measures of one task.

    Attributes:
        profile: The evaluator whose rules answers are scored by.
        measures: Names of the measures, in the order in which results show them.
        left_out: Measures that were asked for and that some question has no gold for.
        judge: The model that judges answers, None for none.
    """

    profile: Profile
    measures: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    judge: CachedLLM | None = None
    _at: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, questions: Sequence[Question], profile: Profile, asked: Iterable[str], judge: CachedLLM | None = None
    ) -> Scorer:
        """Choose the measures that every question of a task has.

        Raises:
            UnknownNameError: There is no such measure.
            UsageError: It is computed for other agents only.
        """
        always = [*ALWAYS, *(("acc_bool", "bool_unparsed") if _all_boolean(questions) else ())]
        always += JUDGED if judge is not None else ()
        chosen, left_out, at = list(always), [], {}
        for name in dict.fromkeys(asked):
            measure = find(name)
            if name in always:
                continue
            if not measure.at_k:
                if name in {"acc_bool", "bool_unparsed"}:
                    left_out.append(name)
                    continue
                raise UsageError(f"the measure '{name}' is not one that a run computes; see docs/question-answering.md")
            if not _has_gold(measure.name, questions):
                left_out.append(name)
                continue
            at[name] = (measure.name, int(name.rpartition("@")[2]))
            chosen.append(name)
        return cls(profile, tuple(chosen), tuple(left_out), judge, at)

    def score(self, question: Question, trajectory: Trajectory, found: Retrieved) -> dict[str, float]:
        """Every measure of one question; a sample without an answer scores 0."""
        prediction = trajectory.prediction or ""
        scores = score_answer(_comparable(question, prediction), question.answers, self.profile)
        scores["prediction_words"] = float(len(prediction.split()))
        if question.answer_type == "boolean":
            scores |= score_boolean(prediction, last_boolean(question.answers[0]) is True)
        if self.judge is not None:
            scores |= self._judged(question, prediction)
        scores |= {name: _RETRIEVAL[measure](question, found, k) for name, (measure, k) in self._at.items()}
        return {name: scores[name] for name in self.measures}

    def _judged(self, question: Question, prediction: str) -> dict[str, float]:
        if self.judge is None or not prediction:
            return {"acc_judged": 0.0, "judge_unparsed": 0.0}
        try:
            verdict = judge(self.judge, question.text, prediction, question.answers)
        except EndpointError as error:
            if not refuses_this_request(error):
                raise
            return {"acc_judged": 0.0, "judge_unparsed": 1.0}
        return {"acc_judged": verdict.score, "judge_unparsed": float(not verdict.parsed)}


_RETRIEVAL = {
    "answer_hit": lambda question, found, k: answer_hit(found.held, k),
    "answer_precision": lambda question, found, k: answer_precision(found.held, k),
    "gold_recall": lambda question, found, k: gold_recall(found.ids, question.gold_passages, k),
    "all_gold": lambda question, found, k: all_gold(found.ids, question.gold_passages, k),
    "title_recall": lambda question, found, k: gold_recall(found.titles, question.gold_titles, k),
    "all_titles": lambda question, found, k: all_gold(found.titles, question.gold_titles, k),
    "annotator_recall": lambda question, found, k: annotator_recall(
        found.ids, annotator_sets(question.extra["evidence"]), k
    ),
}


def _comparable(question: Question, prediction: str) -> str:
    """A boolean answer as yes or no, whatever stands around it; every other answer as it is."""
    said = last_boolean(prediction) if question.answer_type == "boolean" else None
    return prediction if said is None else ("yes" if said else "no")


def _has_gold(measure: str, questions: Sequence[Question]) -> bool:
    """Whether every question has what a retrieval measure compares with."""
    if measure in {"answer_hit", "answer_precision"}:
        return all(question.answer_type != "boolean" for question in questions)
    if measure in {"gold_recall", "all_gold"}:
        return all(question.gold_passages for question in questions)
    if measure in {"title_recall", "all_titles"}:
        return all(question.gold_titles for question in questions)
    return measure == "annotator_recall" and all(question.extra.get("evidence") for question in questions)


def _all_boolean(questions: Sequence[Question]) -> bool:
    return all(question.answer_type == "boolean" for question in questions)
