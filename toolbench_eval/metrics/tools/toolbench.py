"""ToolBench's pass rate and StableToolBench's solvable pass rate and answer completeness, from verdicts of a judge.

Sources: ToolEval, `evaluators/registered_cls/rtl.py` and `eval_pass_rate.py` of OpenBMB/ToolBench;
`eval_pass_rate.py` and `fac_eval.py` of THUNLP-MT/StableToolBench. Win rates stand in `win_rate`.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What a judge says of an answer."""

    SOLVED = "Solved"
    UNSURE = "Unsure"
    UNSOLVED = "Unsolved"


class Task(StrEnum):
    """What a judge says of a task."""

    SOLVABLE = "Solvable"
    UNSURE = "Unsure"
    UNSOLVABLE = "Unsolvable"


class Pass(StrEnum):
    """What the two together come to."""

    PASS = "pass"  # noqa: S105 - no password
    UNSURE = "unsure"
    FAIL = "fail"


CREDIT: Mapping[Pass, float] = {Pass.PASS: 1.0, Pass.UNSURE: 0.5, Pass.FAIL: 0.0}
SOLVED: Mapping[Answer, float] = {Answer.SOLVED: 1.0, Answer.UNSURE: 0.5, Answer.UNSOLVED: 0.0}


@dataclass(frozen=True)
class Judgement:
    """One judgement of one run; a run without a call of Finish at its end fails whatever the judge says."""

    answer: Answer
    task: Task = Task.SOLVABLE
    finished: bool = True


def cell(answer: Answer, task: Task) -> Pass:
    """The nine cells of ToolEval's table: solved passes, and so does everything on an unsolvable task."""
    if answer is Answer.SOLVED or task is Task.UNSOLVABLE:
        return Pass.PASS
    if answer is Answer.UNSOLVED and task is Task.SOLVABLE:
        return Pass.FAIL
    return Pass.UNSURE


def outcome(judgement: Judgement) -> Pass:
    """What one judgement comes to."""
    return cell(judgement.answer, judgement.task) if judgement.finished else Pass.FAIL


@dataclass(frozen=True)
class PassRate:
    """A pass rate with what stands behind it.

    Attributes:
        rate: Mean credit of all tasks.
        unsure: Share of tasks that the judgements leave undecided; each has half a credit in `rate`.
        missing: Number of tasks without a run, which have none.
        tasks: Number of all tasks.
    """

    rate: float
    unsure: float
    missing: int
    tasks: int


def pass_rate(judgements: Mapping[str, Sequence[Judgement]], tasks: Sequence[str]) -> PassRate:
    """The pass rate without coin flips: an unsure judgement is half a pass, the majority of judgements decides.

    Args:
        judgements: Repeated judgements of each task.
        tasks: All tasks; one without judgements has no run, and fails.
    """
    credits_ = [_majority(judgements.get(task, ())) for task in tasks]
    missing = sum(not judgements.get(task) for task in tasks)
    unsure = credits_.count(0.5)
    number = len(credits_)
    return PassRate(sum(credits_) / number, unsure / number, missing, number) if number else PassRate(0.0, 0.0, 0, 0)


def pass_rate_released(judgements: Mapping[str, Sequence[Judgement]], seed: int = 0) -> float:
    """The pass rate as it is printed: unsure judgements by a coin flip, ties pass, missing tasks are not counted.

    Args:
        judgements: Repeated judgements of each task that has a run.
        seed: Seed of the coin; the reference has none.
    """
    labels = _flipped(judgements, random.Random(seed))  # noqa: S311 - a coin, as in the reference
    return statistics.fmean(passes >= fails for passes, fails in labels.values()) if labels else 0.0


def pass_labels_released(judgements: Mapping[str, Sequence[Judgement]], seed: int = 0) -> dict[str, bool]:
    """The label of each task in the table of results, where a tie is another coin flip. Arguments as above."""
    coin = random.Random(seed)  # noqa: S311 - a coin, as in the reference
    labels = _flipped(judgements, coin)
    return {
        task: coin.random() < 0.5 if passes == fails else passes > fails for task, (passes, fails) in labels.items()
    }


@dataclass(frozen=True)
class SolvablePassRate:
    """Mean and standard deviation (of the runs as a population) over runs of the judge."""

    mean: float
    deviation: float


def solvable_pass_rate(statuses: Mapping[str, Sequence[Answer]], tasks: Sequence[str], runs: int) -> SolvablePassRate:
    """SoPR: the mean over tasks of 1 solved, 0.5 unsure, 0 unsolved, for each run of the judge.

    Args:
        statuses: Status of the answer to each task in each run of the judge.
        tasks: All solvable tasks; what has no status in a run counts 0 there.
        runs: Number of runs of the judge.
    """
    if not tasks or not runs:
        return SolvablePassRate(0.0, 0.0)
    rates = [
        sum(SOLVED[statuses[task][run]] for task in tasks if run < len(statuses.get(task, ()))) / len(tasks)
        for run in range(runs)
    ]
    return SolvablePassRate(statistics.fmean(rates), statistics.pstdev(rates))


def answer_completeness(reply: str) -> Answer | None:
    """The status in a reply of the judge of final answers (FAC), or None if it names none; to be counted as unsolved.

    As released: "unsolved" anywhere in the reply decides, then "solved".
    """
    text = reply.lower()
    if "unsolved" in text:
        return Answer.UNSOLVED
    return Answer.SOLVED if "solved" in text else None


def _majority(judgements: Sequence[Judgement]) -> float:
    """1, 0.5 or 0 as passes outweigh, equal or fall below fails; an unsure judgement is half of each."""
    balance = sum(CREDIT[outcome(judgement)] - 0.5 for judgement in judgements)
    return 0.0 if not judgements or balance < 0 else 1.0 if balance > 0 else 0.5


def _flipped(judgements: Mapping[str, Sequence[Judgement]], coin: random.Random) -> dict[str, tuple[int, int]]:
    """Numbers of passes and fails of each task after coin flips."""
    counted = {}
    for task, repeats in judgements.items():
        outcomes = [outcome(judgement) for judgement in repeats]
        passes = sum(found is Pass.PASS or (found is Pass.UNSURE and coin.random() < 0.5) for found in outcomes)
        counted[task] = (passes, len(outcomes) - passes)
    return counted
