"""Accuracy by containment: the lenient measure of the literature, an honest one, and the strict one."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.metrics.answers.normalise import Normaliser, normalise
from toolbench_eval.metrics.answers.overlap import Rules, references


def acc_contain(prediction: str, golds: Sequence[str], rules: Rules) -> float:
    """1 where a normalised gold is a character substring of the normalised prediction ("cover-EM", "sub-EM").

    The accuracy of GenGround, EXSEARCH and FlashRAG. It is generous to short golds (`no` is in `I do not know` and
    in `Norway`) and to long predictions; `acc_token` stands beside it for that reason.

    Args:
        prediction: The answer.
        golds: Acceptable answers.
        rules: Which normaliser and golds, and what becomes of golds that normalise to nothing.

    Raises:
        DataError: There is no gold.
    """
    return float(any(_contains(prediction, gold, rules) for gold in references(golds, rules)))


def acc_token(prediction: str, golds: Sequence[str], rules: Rules) -> float:
    """1 where the tokens of a gold stand in the prediction as one contiguous run.

    Our own honest form of containment: never above `acc_contain` on golds that keep a token. A gold that normalises
    to nothing is compared with articles kept on both sides (`The The`), or, if it has no word at all, with punctuation
    kept as well (`!!!`).

    Args:
        prediction: The answer.
        golds: Acceptable answers.
        rules: Which normaliser and golds.

    Raises:
        DataError: There is no gold.
    """
    return float(any(_holds_run(prediction, gold, rules) for gold in references(golds, rules)))


def acc_strict(prediction: str, golds: Sequence[str], rules: Rules) -> float:
    """1 where the prediction is a gold, character for character but for outer white space (KILT's `accuracy`).

    Args:
        prediction: The answer.
        golds: Acceptable answers.
        rules: Which golds.

    Raises:
        DataError: There is no gold.
    """
    return float(prediction.strip() in {gold.strip() for gold in references(golds, rules)})


def _contains(prediction: str, gold: str, rules: Rules) -> bool:
    if rules.empty_golds == "contained" and not normalise(gold, rules.containment):
        return True
    said, wanted = _comparable(prediction, gold, rules.containment)
    return bool(wanted) and wanted in said


def _holds_run(prediction: str, gold: str, rules: Rules) -> bool:
    said, wanted = _comparable(prediction, gold, rules.containment)
    return bool(wanted) and f" {wanted} " in f" {said} "


def _comparable(prediction: str, gold: str, normaliser: Normaliser) -> tuple[str, str]:
    """Both texts in the first form that leaves something of the gold: normalised, with articles, only lower case."""
    if wanted := normalise(gold, normaliser):
        return normalise(prediction, normaliser), wanted
    if wanted := normalise(gold, normaliser, keep_articles=True):
        return normalise(prediction, normaliser, keep_articles=True), wanted
    said, wanted = (" ".join(text.lower().split()) for text in (prediction, gold))
    return said, wanted
