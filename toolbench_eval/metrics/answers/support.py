"""Supporting facts: which sentences, paragraphs or pages a system says its answer rests on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from toolbench_eval.metrics.answers.overlap import Rules, answer_scores
from toolbench_eval.metrics.answers.scores import Scores, harmonic, joint, named_parts, share

Fact = tuple[str, int]
"""A sentence: the title of its paragraph and its number there, from 0."""


def set_scores(predicted: Iterable[Hashable], gold: Iterable[Hashable]) -> Scores:
    """EM, F1, precision and recall of a set (HotpotQA's `update_sp`; Yang et al. 2018, section 5.1).

    P = TP / (TP + FP), R = TP / (TP + FN), EM = 1 where nothing is missing or too much. An empty set has precision
    and recall 0; two empty sets have EM 1 and F1 0.
    """
    said, wanted = set(predicted), set(gold)
    shared = len(said & wanted)
    precision, recall = share(shared, len(said)), share(shared, len(wanted))
    return Scores(float(said == wanted), harmonic(precision, recall), precision, recall)


def facts(pairs: Iterable[Sequence[str | int]]) -> set[Fact]:
    """Facts from the `[title, sentence]` lists of data and prediction files."""
    return {(str(title), int(sentence)) for title, sentence in pairs}


def lower_case(pairs: Iterable[Fact]) -> set[Fact]:
    """Facts with titles in lower case, as 2WikiMultihopQA compares them."""
    return {(title.lower(), sentence) for title, sentence in pairs}


def title_support(predicted: Iterable[str], gold: Iterable[str]) -> Scores:
    """Support at the level of titles, for systems that retrieve passages and name no sentence.

    As in IRCoT (Trivedi et al. 2023), case and white space do not count. IRCoT also repairs broken text with `ftfy`;
    that is not done here.
    """
    return set_scores(map(_folded, predicted), map(_folded, gold))


def paragraph_support(predicted: Iterable[str], gold: Iterable[str]) -> Scores:
    """Support at the level of paragraphs: equal text once white space is folded."""
    return set_scores((" ".join(text.split()) for text in predicted), (" ".join(text.split()) for text in gold))


def score_hotpotqa(
    prediction: str | None,
    golds: Sequence[str],
    predicted_facts: Iterable[Fact] | None,
    gold_facts: Iterable[Fact],
    rules: Rules,
) -> dict[str, float]:
    """Answer, support and joint scores of one question (hotpot_evaluate_v1.py).

    Args:
        prediction: The answer, None where there is none.
        golds: Acceptable answers.
        predicted_facts: Sentences named as support, None where none were predicted.
        gold_facts: The supporting sentences.
        rules: Of the answer.

    Returns:
        `EM`, `F1`, `precision`, `recall`, and the same with `sp_` and `joint_`. What was not predicted scores 0, and
        with it the joint scores; the mean over all gold questions is the evaluator's.

    Raises:
        DataError: There is no gold answer.
    """
    answer = None if prediction is None else answer_scores(prediction, golds, rules)
    support = None if predicted_facts is None else set_scores(predicted_facts, gold_facts)
    return named_parts({"": answer, "sp_": support, "joint_": joint(answer, support)})


def _folded(title: str) -> str:
    return "".join(title.lower().split())
