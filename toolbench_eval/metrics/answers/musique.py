"""MuSiQue: paragraph support, and the groups of twins of its Full version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.overlap import Rules, answer_scores
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.metrics.answers.scores import NOTHING, PERFECT, Scores
from toolbench_eval.metrics.answers.support import set_scores

PROFILE = PROFILES["official-musique"]


@dataclass(frozen=True)
class Gold:
    """A gold item.

    Attributes:
        id: Of the question; the twins of the Full version share it.
        answers: The answer and its aliases.
        support: Numbers of the supporting paragraphs.
        answerable: Whether the paragraphs hold the answer.
    """

    id: str
    answers: tuple[str, ...]
    support: frozenset[int]
    answerable: bool = True


@dataclass(frozen=True)
class Guess:
    """A prediction for one item; `answerable` is None where the system does not say."""

    answer: str = ""
    support: frozenset[int] = frozenset()
    answerable: bool | None = None


def paragraph_numbers(predicted: Iterable[int], gold: Iterable[int]) -> Scores:
    """Support as sets of paragraph numbers; two empty sets agree, with EM and F1 1 (metrics/support.py)."""
    said, wanted = set(predicted), set(gold)
    return set_scores(said, wanted) if said or wanted else PERFECT


def score_musique(gold: Gold, guess: Guess | None, rules: Rules = PROFILE.rules) -> dict[str, float]:
    """Answer and support scores of one answerable item; all 0 without a prediction.

    Raises:
        DataError: There is no gold answer.
    """
    answer, support = _parts(gold, guess, rules)
    return {**answer.named(), **support.named("sp_")}


def score_twins(pairs: Sequence[tuple[Gold, Guess | None]], rules: Rules = PROFILE.rules) -> dict[str, float]:
    """Scores of one group of the Full version (Trivedi et al. 2022, section 5; metrics/group_answer_sufficiency.py).

    Args:
        pairs: The two twins with their predictions.
        rules: Of the answer.

    Returns:
        `group_answer_EM`, `group_answer_F1`, `group_support_EM`, `group_support_F1`: those of the answerable twin if
        both answerability predictions are right, else 0; `group_answerable`, 1 where both are right.

    Raises:
        DataError: These are not one answerable and one unanswerable item.
    """
    twins = {gold.answerable: (gold, guess) for gold, guess in pairs}
    if len(pairs) != 2 or len(twins) != 2:
        found = ", ".join("answerable" if gold.answerable else "unanswerable" for gold, _ in pairs)
        names = " and ".join(sorted({gold.id for gold, _ in pairs}))
        raise DataError(f"question {names} needs one answerable and one unanswerable item, has: {found or 'none'}")
    right = all(guess is not None and guess.answerable is gold.answerable for gold, guess in pairs)
    answer, support = _parts(*twins[True], rules) if right else (NOTHING, NOTHING)
    return {
        "group_answer_EM": answer.em,
        "group_answer_F1": answer.f1,
        "group_support_EM": support.em,
        "group_support_F1": support.f1,
        "group_answerable": float(right),
    }


def evaluate(pairs: Sequence[tuple[Gold, Guess | None]], rules: Rules = PROFILE.rules) -> dict[str, float]:
    """Scores of a whole data set, as evaluate_v1.0.py prints them: rounded to 3 digits.

    Answer and support are means over the answerable items, groups over the questions; a missing prediction scores 0
    (the evaluator refuses to start).

    Args:
        pairs: Every gold item, in any order, with its prediction.
        rules: Of the answer.

    Returns:
        `EM`, `F1`, `sp_EM`, `sp_F1`, and if any item is unanswerable the measures of `score_twins`.

    Raises:
        DataError: There is no answerable item, or a question is not a pair of twins.
    """
    items = [score_musique(gold, guess, rules) for gold, guess in pairs if gold.answerable]
    if not items:
        raise DataError("no answerable item: there is nothing to score")
    means = {name: fmean(item[name] for item in items) for name in ("EM", "F1", "sp_EM", "sp_F1")}
    if len(items) < len(pairs):
        groups: defaultdict[str, list[tuple[Gold, Guess | None]]] = defaultdict(list)
        for gold, guess in pairs:
            groups[gold.id].append((gold, guess))
        twins = [score_twins(group, rules) for group in groups.values()]
        means |= {name: fmean(twin[name] for twin in twins) for name in twins[0]}
    return {name: PROFILE.printed(mean) for name, mean in means.items()}


def _parts(gold: Gold, guess: Guess | None, rules: Rules) -> tuple[Scores, Scores]:
    if guess is None:
        return NOTHING, NOTHING
    return answer_scores(guess.answer, gold.answers, rules), paragraph_numbers(guess.support, gold.support)
