"""Identity of questions by content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from toolbench_eval.data.fingerprint import fingerprint_rows
from toolbench_eval.data.questions import Question


def fingerprint(questions: Iterable[Question]) -> str:
    """SHA-256 of questions with all that is gold, whatever their order.

    Of the context the ids count: what they stand for is in the fingerprint of the passages.
    """
    return fingerprint_rows([_canonical(question) for question in questions])


def _canonical(question: Question) -> str:
    values = {
        "id": question.id,
        "text": question.text,
        "answers": question.answers,
        "answer_type": question.answer_type,
        "hops": question.hops,
        "kind": question.kind,
        "gold_passages": question.gold_passages,
        "gold_titles": question.gold_titles,
        "gold_sentences": question.gold_sentences,
        "gold_triples": question.gold_triples,
        "decomposition": question.decomposition,
        "context": [passage.id for passage in question.context],
        "answerable": question.answerable,
        "extra": question.extra,
    }
    return json.dumps(values, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)
