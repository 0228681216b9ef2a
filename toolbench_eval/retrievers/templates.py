"""Filling templates: the texts that a model really sees."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from toolbench_eval.cards import Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.boundary import BOUNDARY
from toolbench_eval.errors import DataError
from toolbench_eval.switches import ModelSwitches

_PLACE = re.compile(r"\{(instruction|query|text)\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill `{instruction}`, `{query}` and `{text}`; braces inside the values stay as they are."""
    if BOUNDARY in template:
        values = {name: value.replace(BOUNDARY, "") for name, value in values.items()}
    return _PLACE.sub(lambda place: values[place[1]], template)


def bounded(templates: Templates) -> Templates:
    """The templates with a mark where the query or document begins, for models that pool over it alone."""
    values = templates.model_dump()
    marked = {name: re.sub(r"\{(query|text)\}", BOUNDARY + r"{\1}", value, count=1) for name, value in values.items()}
    return Templates(**marked)


def query_texts(queries: Queries, templates: Templates, switches: ModelSwitches) -> pa.LargeStringArray:
    """The text of each query as the model sees it.

    A query whose instruction is null, and every query where `queries.instructions` is None, takes
    the template without instruction.
    """
    without = templates.scaffold if switches.wo_inst_template == "scaffold" else templates.without_instruction
    texts = queries.texts.to_pylist()
    if queries.instructions is None:
        return string_array(fill(without, {"query": text, "instruction": ""}) for text in texts)
    return string_array(
        fill(without, {"query": text, "instruction": ""})
        if instruction is None
        else fill(templates.with_instruction, {"query": text, "instruction": instruction})
        for text, instruction in zip(texts, queries.instructions.to_pylist(), strict=True)
    )


def document_corpus(corpus: Corpus, templates: Templates, switches: ModelSwitches) -> Corpus:
    """The corpus with the texts that the model sees.

    Raises:
        DataError: A part of the document's object was asked for, and a document is no JSON object.
    """
    if templates.document == "{text}" and switches.document_text == "raw":
        return corpus
    texts = corpus.texts.to_pylist()
    if switches.document_text != "raw":
        texts = [_part(text, switches.document_text, corpus, at) for at, text in enumerate(texts)]
    return replace(corpus, texts=string_array(fill(templates.document, {"text": text}) for text in texts))


def _part(text: str, part: str, corpus: Corpus, at: int) -> str:
    """A document's object as text: all of it as Python writes it, or its name, its description, or both."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise DataError(
            f"document_text={part} needs documents that are JSON objects; '{corpus.ids[at]}' is not. "
            "Use --set document_text=raw"
        )
    if part == "repr":
        return str(document)
    name = str(document.get("name") or document.get("api_name") or "")
    description = str(document.get("description") or "")
    return {"name": name, "description": description}.get(part, f"{name}: {description}")
