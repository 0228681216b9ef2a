"""Identity of questions by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from toolbench_eval.data.fingerprint import fingerprint_rows
from toolbench_eval.data.questions import Question


def fingerprint(questions: Iterable[Question]) -> str:
    """SHA-256 of questions with all that is gold and their contexts, whatever their order.

    How sentences are split is no part of it.
    """
    return fingerprint_rows([hashlib.sha256(_canonical(question)).hexdigest() for question in questions])


def _canonical(question: Question) -> bytes:
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
        "context": [(passage.id, passage.title, passage.text) for passage in question.context],
        "answerable": question.answerable,
        "extra": question.extra,
    }
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=_plain)
    return text.encode("utf-8", "surrogatepass")


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)
