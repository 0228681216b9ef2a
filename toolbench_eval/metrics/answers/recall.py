"""Recall of retrieval for question answering: four different things under one name."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence

from toolbench_eval.metrics.answers.normalise import Normaliser, normalise
from toolbench_eval.metrics.answers.scores import share


def answers_in(texts: Iterable[str], golds: Iterable[str], normaliser: Normaliser = "squad") -> list[bool]:
    """Whether each text holds a gold, both normalised, as a character substring.

    Golds that normalise to nothing are left out: every text would hold them (FlashRAG counts them).

    Args:
        texts: Texts of passages, best first.
        golds: Acceptable answers.
        normaliser: Of both sides.
    """
    wanted = [bare for gold in golds if (bare := normalise(gold, normaliser))]
    return [any(gold in said for gold in wanted) for said in (normalise(text, normaliser) for text in texts)]


def answer_hit(held: Sequence[bool], k: int) -> float:
    """answer_hit@k: 1 where one of the first k passages holds the answer.

    FlashRAG's `retrieval_recall`, the recall of DRO and EXSEARCH. Without meaning for yes/no answers, and blind to
    the passages between question and answer.

    Args:
        held: What `answers_in` gives.
        k: Depth.
    """
    return float(any(held[:k]))


def answer_precision(held: Sequence[bool], k: int) -> float:
    """answer_precision@k: share of the first k passages that hold the answer (FlashRAG's `retrieval_precision`).

    Where there are fewer than k, the share of those there are; 0 where there is none.

    Args:
        held: What `answers_in` gives.
        k: Depth.
    """
    return share(sum(held[:k]), len(held[:k]))


def passage_key(title: str, text: str) -> str:
    """A passage as HippoRAG compares it: the exact title and text, a line each."""
    return f"{title}\n{text}"


def gold_recall(ranked: Sequence[Hashable], gold: Collection[Hashable], k: int) -> float:
    """gold_recall@k and title_recall@k: share of the gold that is among the first k.

    By `passage_key` as in HippoRAG, by title as in IRCoT. 0 where there is no gold.

    Args:
        ranked: Keys of what was retrieved, best first.
        gold: Keys of the gold; equal ones count once.
        k: Depth.
    """
    wanted = set(gold)
    return share(len(wanted.intersection(ranked[:k])), len(wanted))


def all_gold(ranked: Sequence[Hashable], gold: Collection[Hashable], k: int) -> float:
    """all_gold@k and all_titles@k: 1 where nothing of the gold is missing among the first k, 0 without gold."""
    return float(bool(gold) and set(gold) <= set(ranked[:k]))


def annotator_sets(evidence: Iterable[Iterable[Iterable[str | Iterable[str]]]]) -> list[set[str]]:
    """Paragraph ids of each annotator in StrategyQA's `evidence`.

    Args:
        evidence: For each annotator, for each step, lists of ids among the words `operation` and `no_evidence`.
    """
    return [
        {paragraph for step in steps for entry in step if not isinstance(entry, str) for paragraph in entry}
        for steps in evidence
    ]


def annotator_recall(ranked: Sequence[str], annotators: Iterable[Collection[str]], k: int = 10) -> float:
    """annotator_recall@k: the best recall over the annotators (`ir_evaluation/recall@10.py`, Geva et al. 2021).

    An annotator without paragraphs gives 0.

    Args:
        ranked: Paragraph ids, best first.
        annotators: What `annotator_sets` gives.
        k: Depth.
    """
    return max((gold_recall(ranked, gold, k) for gold in annotators), default=0.0)


def recall_scores(
    passages: Sequence[tuple[str, str]],
    golds: Iterable[str],
    gold_passages: Iterable[tuple[str, str]],
    gold_titles: Collection[str],
    ks: Sequence[int],
) -> dict[str, float]:
    """The retrieval measures of one question over one ranked list (see `merging` for several searches).

    Args:
        passages: Title and text of what was retrieved, best first.
        golds: Acceptable answers, empty where containment means nothing (yes/no questions): no `answer_` measures.
        gold_passages: Title and text of the gold passages, empty where the data has none: no `_gold` measures.
        gold_titles: Titles of the gold passages, empty where the data has none: no `title` measures.
        ks: Depths.

    Returns:
        `answer_hit@k`, `answer_precision@k`, `gold_recall@k`, `all_gold@k`, `title_recall@k`, `all_titles@k`.
    """
    keys, titles = [passage_key(*passage) for passage in passages], [title for title, _ in passages]
    gold_keys, answers = {passage_key(*passage) for passage in gold_passages}, list(golds)
    held = answers_in([text for _, text in passages[: max(ks, default=0)]], answers)
    scores: dict[str, float] = {}
    for k in ks:
        if answers:
            scores |= {f"answer_hit@{k}": answer_hit(held, k), f"answer_precision@{k}": answer_precision(held, k)}
        if gold_keys:
            scores |= {
                f"gold_recall@{k}": gold_recall(keys, gold_keys, k),
                f"all_gold@{k}": all_gold(keys, gold_keys, k),
            }
        if gold_titles:
            scores |= {
                f"title_recall@{k}": gold_recall(titles, gold_titles, k),
                f"all_titles@{k}": all_gold(titles, gold_titles, k),
            }
    return scores
