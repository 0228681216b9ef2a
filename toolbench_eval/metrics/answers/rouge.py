"""ROUGE-L as KILT's evaluator takes it from the package `rouge` 1.x: whole texts, no normalisation."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.metrics.answers.scores import share

EPSILON = 1e-8
"""In the denominator of F, so that even equal texts stay a little below 1."""


def rouge_l(prediction: str, gold: str) -> float:
    """Summary-level ROUGE-L F (Lin 2004, section 3.2) over distinct words.

    Texts are cut into sentences at full stops and into words at white space. With U the distinct words in the longest
    common subsequences of all pairs of sentences, P = |U| / distinct words of the prediction, R = |U| / distinct
    words of the gold, and F = 2PR / (P + R + 1e-8). The package raises an error where a text has no sentence; here
    that is 0.
    """
    said, wanted = _sentences(prediction), _sentences(gold)
    union = {word for sentence in wanted for other in said for word in _longest_common(sentence, other)}
    precision, recall = share(len(union), _distinct(said)), share(len(union), _distinct(wanted))
    return 2.0 * (precision * recall / (precision + recall + EPSILON))


def _sentences(text: str) -> list[list[str]]:
    return [sentence.split() or [""] for sentence in text.split(".") if sentence]


def _distinct(sentences: list[list[str]]) -> int:
    return len({word for sentence in sentences for word in sentence})


def _longest_common(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """The longest common subsequence; of equally long ones, that which leaves out words of `second` first."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, word in enumerate(first, start=1):
        for j, other in enumerate(second, start=1):
            longest = max(lengths[i - 1][j], lengths[i][j - 1])
            lengths[i][j] = lengths[i - 1][j - 1] + 1 if word == other else longest
    common = []
    i, j = len(first), len(second)
    while i and j:
        if first[i - 1] == second[j - 1]:
            common.append(first[i - 1])
            i, j = i - 1, j - 1
        elif lengths[i - 1][j] > lengths[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return common
