"""ROUGE-L of two texts (Lin 2004): as it is defined for sentences, and as API-Bank computes it."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.metrics.tools.sequences import lcs_length


def rouge_l(reference: str, hypothesis: str) -> float:
    """F1 of the longest common subsequence of words, split at blanks; 0 if either text is empty (Lin 2004, eq. 2-4)."""
    wanted, given = reference.split(), hypothesis.split()
    common = lcs_length(wanted, given)
    return 2 * common / (len(wanted) + len(given)) if common else 0.0


def rouge_l_released(reference: str, hypothesis: str) -> float:
    """The F of the package that API-Bank uses (pltrdy/rouge 1.0, ``rouge-l``): sentences end at dots, words are sets.

    The common words are those of any longest common subsequence of a reference and a hypothesis sentence, each word
    once; precision and recall divide by the numbers of different words. An empty text scores 0.
    """
    wanted, given = _sentences(reference), _sentences(hypothesis)
    if not wanted or not given:
        return 0.0
    common = {word for sentence in wanted for other in given for word in _lcs(sentence, other)}
    recall = len(common) / len({word for sentence in wanted for word in sentence})
    precision = len(common) / len({word for sentence in given for word in sentence})
    return 2 * precision * recall / (precision + recall + 1e-8)


def _sentences(text: str) -> list[list[str]]:
    """Sentences as words; a blank one is one empty word, as there."""
    return [part.split() or [""] for part in text.split(".") if part]


def _lcs(first: Sequence[str], second: Sequence[str]) -> set[str]:
    """Words of one longest common subsequence; of several the one that the package finds."""
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row, word in enumerate(first, 1):
        for column, other in enumerate(second, 1):
            best = max(table[row - 1][column], table[row][column - 1])
            table[row][column] = table[row - 1][column - 1] + 1 if word == other else best
    words, row, column = set(), len(first), len(second)
    while row and column:
        if first[row - 1] == second[column - 1]:
            words.add(first[row - 1])
            row, column = row - 1, column - 1
        elif table[row - 1][column] > table[row][column - 1]:
            row -= 1
        else:
            column -= 1
    return words
