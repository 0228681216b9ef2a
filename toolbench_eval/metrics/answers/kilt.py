"""KILT: page-level retrieval over evidence sets, and answers that count only with the right pages.

Petroni et al. 2021 (NAACL), section 4; kilt/eval_retrieval.py and kilt/eval_downstream.py of facebookresearch/KILT.
An evidence set is what one gold output rests on: all its pages are needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.containment import acc_strict
from toolbench_eval.metrics.answers.overlap import answer_scores, references
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.metrics.answers.rouge import rouge_l

RULES = PROFILES["kilt"].rules
PAGE = ("wikipedia_id",)
PAGES_OF_RECALL = (1, 5)
Record = Mapping[str, Any]
"""A line of a KILT file."""


def provenance(output: Record, keys: Sequence[str] = PAGE) -> list[str]:
    """What an output rests on, in its order, each once.

    Args:
        output: One of the outputs of a record.
        keys: Fields that name the evidence: the page alone, or page and section, or page and paragraphs. Entries
            that lack one of them are left out.
    """
    entries = output.get("provenance") or []
    named = (
        "+".join(str(entry[key]).strip() for key in keys) for entry in entries if all(key in entry for key in keys)
    )
    return list(dict.fromkeys(named))


def r_precision(ranked: Sequence[str], evidence: Iterable[Collection[str]]) -> float:
    """The best over the evidence sets of |first R retrieved in the set| / R, R being the size of the set.

    Args:
        ranked: Retrieved pages, best first, each once.
        evidence: Evidence sets.
    """
    return max((_found(ranked[: len(pages)], pages) for pages in evidence), default=0.0)


def points(ranked: Iterable[str], evidence: Iterable[Iterable[str]]) -> list[bool]:
    """The ranking with each evidence set as one point, at the rank of the last of its pages.

    A page of a set that is not complete yet takes a rank until the next page of that set is found; a page of no set
    takes one for good. A page of several sets counts for each of them.

    Returns:
        For each point, whether it is a complete evidence set.
    """
    wanted = {number: set(pages) for number, pages in enumerate(dict.fromkeys(map(frozenset, evidence)))}
    ranks: list[bool | int] = []  # True, False, or the number of a set that is not complete
    for page in ranked:
        hits = [number for number, pages in wanted.items() if page in pages]
        for number in hits:
            wanted[number].remove(page)
            ranks = [point for point in ranks if isinstance(point, bool) or point != number]
            ranks.append(number if wanted[number] else True)
        if not hits:
            ranks.append(False)
    return [point is True for point in ranks]


def ranking_scores(
    ranked: Sequence[str], evidence: Sequence[Collection[str]], ks: Iterable[int] = PAGES_OF_RECALL
) -> dict[str, float]:
    """R-precision, and precision, recall and success over evidence sets at each k.

    Args:
        ranked: Retrieved pages, best first, each once.
        evidence: Evidence sets; equal ones count once.
        ks: Depths.

    Returns:
        `page_Rprec`, `page_precision@k`, `page_recall@k`, `page_success@k`.
    """
    complete = points(ranked, evidence)
    sets = len(set(map(frozenset, evidence)))
    scores = {"page_Rprec": r_precision(ranked, evidence)}
    for k in ks:
        found = sum(complete[:k])
        scores[f"page_precision@{k}"] = found / k
        scores[f"page_recall@{k}"] = found / sets if sets else 0.0
        scores[f"page_success@{k}"] = float(found > 0)
    return scores


def score_kilt(
    gold: Record, guess: Record | None, ks: Sequence[int] = PAGES_OF_RECALL, keys: Sequence[str] = PAGE
) -> dict[str, float]:
    """All KILT measures of one record whose guess holds an answer.

    Args:
        gold: The gold record.
        guess: The prediction, None where it is missing: everything 0.
        ks: Depths.
        keys: Fields that name the evidence in `page_` measures; the KILT measures always go by page.

    Returns:
        `EM`, `F1`, `ROUGE-L`, `acc_strict`, what `ranking_scores` gives, and `KILT-EM`, `KILT-F1`, `KILT-ROUGE-L`,
        `KILT-accuracy`: the answer's where R-precision is 1, else 0. An answer that is missing or blank scores 0 (the
        evaluator refuses to start).

    Raises:
        DataError: The guess does not have exactly one output, or the gold has no answer.
    """
    output = _one_output(guess)
    golds = [str(found["answer"]) for found in gold["output"] if found.get("answer")]
    answer = _answer_scores(str(output.get("answer", "")).strip(), golds)
    grounded = r_precision(provenance(output), _evidence(gold, PAGE)) == 1.0
    kilt = {"KILT-EM": "EM", "KILT-F1": "F1", "KILT-ROUGE-L": "ROUGE-L", "KILT-accuracy": "acc_strict"}
    return {
        **answer,
        **score_pages(gold, guess, ks, keys),
        **{name: answer[plain] if grounded else 0.0 for name, plain in kilt.items()},
    }


def score_pages(
    gold: Record, guess: Record | None, ks: Sequence[int] = PAGES_OF_RECALL, keys: Sequence[str] = PAGE
) -> dict[str, float]:
    """The retrieval measures of one record.

    Raises:
        DataError: The guess does not have exactly one output.
    """
    return ranking_scores(provenance(_one_output(guess), keys), _evidence(gold, keys), ks)


def _answer_scores(answer: str, golds: list[str]) -> dict[str, float]:
    used, scores = references(golds, RULES), answer_scores(answer, golds, RULES)
    return {
        "EM": scores.em,
        "F1": scores.f1,
        "ROUGE-L": max(rouge_l(answer, gold) for gold in used),
        "acc_strict": acc_strict(answer, golds, RULES),
    }


def _evidence(gold: Record, keys: Sequence[str]) -> list[list[str]]:
    """Evidence sets of a gold record; an output without provenance has none, one with an empty list an empty set."""
    return [provenance(output, keys) for output in gold["output"] if "provenance" in output]


def _found(retrieved: Sequence[str], pages: Collection[str]) -> float:
    return sum(page in pages for page in retrieved) / len(pages) if pages else 0.0


def _one_output(guess: Record | None) -> Record:
    if guess is None:
        return {}
    outputs = guess["output"]
    if len(outputs) != 1:
        raise DataError(f"a prediction has exactly one output, '{guess.get('id')}' has {len(outputs)}", field="output")
    output: Record = outputs[0]
    return output
