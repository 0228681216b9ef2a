"""2WikiMultihopQA: golds with aliases, evidence triples, and a joint score of three factors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.normalise import normalise
from toolbench_eval.metrics.answers.overlap import Rules, answer_scores
from toolbench_eval.metrics.answers.scores import Scores, harmonic, joint, named_parts, share
from toolbench_eval.metrics.answers.support import Fact, lower_case, set_scores

Aliases = Mapping[str, Iterable[str]]
"""Wikidata id -> other names: the aliases and demonyms of `id_aliases.json`."""

Triple = tuple[str, str, str]
"""Subject, relation, object."""

Recall = Literal["clipped", "released"]
"""`released` lets the recall of evidence exceed 1, as evaluator v1.1 does; `clipped` does not."""


@dataclass(frozen=True)
class GoldTriple:
    """One piece of evidence, with every accepted name of its subject and object."""

    subjects: frozenset[str]
    relation: str
    objects: frozenset[str]

    def variants(self) -> set[Triple]:
        """All accepted ways to write it, normalised."""
        pairs = itertools.product(self.subjects, self.objects)
        return {folded((subject, self.relation, obj)) for subject, obj in pairs}


def folded(triple: Iterable[str]) -> Triple:
    """A triple in lower case without punctuation and with white space folded; articles stay."""
    subject, relation, obj = (normalise(part, keep_articles=True) for part in triple)
    return subject, relation, obj


def gold_answers(answer: str, answer_id: str | None, aliases: Aliases) -> tuple[str, ...]:
    """The answer first, then the other names of its entity."""
    return tuple(dict.fromkeys([answer, *(aliases.get(answer_id, ()) if answer_id else ())]))


def gold_triples(
    evidences: Sequence[Sequence[str]], ids: Sequence[Sequence[str]] = (), aliases: Aliases | None = None
) -> list[GoldTriple]:
    """Evidence with the names that evaluator v1.1 accepts; without ids or aliases, as v1.0 has it.

    Args:
        evidences: `evidences` of the record.
        ids: `evidences_id` of the record, in the same order; empty where the record has none.
        aliases: Other names by Wikidata id.

    Raises:
        DataError: There are ids, but not one for each triple.
    """
    if ids and len(ids) != len(evidences):
        raise DataError(f"{len(evidences)} triples but {len(ids)} triples of ids", field="evidences_id")
    names = aliases or {}
    triples = []
    for (subject, relation, obj), found in itertools.zip_longest(evidences, ids):
        subject_id, _, object_id = found or ("", "", "")
        triples.append(
            GoldTriple(
                frozenset([subject, *names.get(subject_id, ())]), relation, frozenset([obj, *names.get(object_id, ())])
            )
        )
    return triples


def evidence_scores(
    predicted: Iterable[Sequence[str]], gold: Sequence[GoldTriple], recall: Recall = "clipped"
) -> Scores:
    """EM, F1, precision and recall of evidence (2wikimultihop_evaluate_v1.1.py, `update_evi`).

    With m the predicted triples that match any gold one, P = m / |predicted|, R = m / |gold|, and EM = 1 where
    m = |predicted| = |gold|. Two variants of one gold triple are two matches, so that m can exceed |gold|.

    Args:
        predicted: Triples; equal ones count once.
        gold: The evidence.
        recall: Whether R is clipped at 1 (ours) or not (the evaluator's).
    """
    said = {folded(triple) for triple in predicted}
    accepted = [triple.variants() for triple in gold]
    matches = sum(any(triple in variants for variants in accepted) for triple in said)
    precision, found = share(matches, len(said)), share(matches, len(gold))
    if recall == "clipped":
        found = min(1.0, found)
    return Scores(float(matches == len(said) == len(gold)), harmonic(precision, found), precision, found)


def score_2wiki(
    prediction: str | None,
    golds: Sequence[str],
    predicted_facts: Iterable[Fact] | None,
    gold_facts: Iterable[Fact],
    predicted_triples: Iterable[Sequence[str]] | None,
    gold: Sequence[GoldTriple],
    rules: Rules,
    recall: Recall = "clipped",
) -> dict[str, float]:
    """Answer, support, evidence and joint scores of one question.

    Args:
        prediction: The answer, None where there is none.
        golds: Acceptable answers, with v1.1 those of `gold_answers`.
        predicted_facts: Sentences named as support, None where none were predicted.
        gold_facts: The supporting sentences.
        predicted_triples: Evidence, None where none was predicted.
        gold: The gold evidence.
        rules: Of the answer: those of the profile `official-2wiki-v1.0` or `official-2wiki-v1.1`.
        recall: As in `evidence_scores`.

    Returns:
        `EM`, `F1`, `precision`, `recall`, and the same with `sp_`, `evi_` and `joint_`; 0 for what was not predicted.

    Raises:
        DataError: There is no gold answer.
    """
    answer = None if prediction is None else answer_scores(prediction, golds, rules)
    support = None if predicted_facts is None else set_scores(lower_case(predicted_facts), lower_case(gold_facts))
    evidence = None if predicted_triples is None else evidence_scores(predicted_triples, gold, recall)
    parts = {"": answer, "sp_": support, "evi_": evidence, "joint_": joint(answer, support, evidence)}
    return named_parts(parts)
