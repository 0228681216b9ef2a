"""2WikiMultihopQA: HotpotQA's layout with evidence triples, and the names of Wikidata entities (Ho et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from toolbench_eval.data.qa.context import Context
from toolbench_eval.data.qa.hotpotqa import paragraphs, supporting_facts
from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.qa.record import Record, described, distinct
from toolbench_eval.data.questions import Question

ALIASES = "id_aliases.json"
"""Side file of the release of April 2021: other names of each Wikidata entity."""

Names = Mapping[str, tuple[str, ...]]
"""Wikidata id -> aliases and demonyms."""


def two_wiki(record: Record) -> Question:
    """A record of 2WikiMultihopQA.

    Sentences come without a blank in front of them, so one is put between. `extra` has `entity_ids`, `answer_id` and
    `evidences_id` where the record has them; `with_aliases` adds what evaluator v1.1 needs besides.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    facts = tuple(supporting_facts(record))
    titles = tuple(dict.fromkeys(title for title, _ in facts))
    context = Context.of(paragraphs(record, titles, " "))
    extra = {name: record.text(name) for name in ("entity_ids", "answer_id") if record.has(name)}
    ids = tuple(_triples(record, "evidences_id"))
    return Question(
        id=record.text("_id", "id"),
        text=record.text("question"),
        answers=record.answers("answer"),
        kind=record.maybe("type"),
        gold_passages=context.gold,
        gold_titles=titles,
        gold_sentences=facts,
        gold_triples=tuple(_triples(record, "evidences")),
        context=context.passages,
        sentences=context.sentences,
        extra={**extra, **({"evidences_id": ids} if ids else {})},
    )


def aliases_beside(source: Path) -> Path | None:
    """The file of aliases in the folder of a source file, packed or not."""
    names = [ALIASES + ending for ending in ("", ".gz", ".zst")]
    return next((source.parent / name for name in names if (source.parent / name).is_file()), None)


def read_aliases(path: Path) -> dict[str, tuple[str, ...]]:
    """The names of each entity, aliases before demonyms.

    Raises:
        DataError: It is no such file.
    """
    return {
        record.text("Q_id"): distinct(
            (*record.texts("aliases", required=False), *record.texts("demonyms", required=False))
        )
        for record in read_records(path)
    }


def with_aliases(question: Question, names: Names) -> Question:
    """The question with other names of its answer as answers, and in `extra` those of the entities in its evidence."""
    answer_id, triples = question.extra.get("answer_id"), question.extra.get("evidences_id", ())
    entities = dict.fromkeys(part for subject, _, obj in triples for part in (subject, obj))
    if answer_id is not None:
        entities[answer_id] = None
    known = {entity: names[entity] for entity in entities if entity in names}
    answers = distinct((*question.answers, *known.get(str(answer_id), ())))
    return replace(question, answers=answers, extra={**question.extra, "aliases": known}) if known else question


def _triples(record: Record, name: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(record.decoded(name), dict):  # a copy in columns
        columns = record.object(name)
        yield from zip(columns.texts("fact"), columns.texts("relation"), columns.texts("entity"), strict=False)
        return
    for at, triple in enumerate(record.items(name, required=False)):
        if not _is_triple(triple):
            raise record.fault(f"must be [subject, relation, object], found {described(triple)}", f"{name}[{at}]")
        yield triple[0], triple[1], triple[2]


def _is_triple(value: object) -> bool:
    return isinstance(value, Sequence) and len(value) == 3 and all(isinstance(part, str) for part in value)
