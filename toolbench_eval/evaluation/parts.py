"""What can be seen of a model from outside: its parts, their facts, and the texts that they are given."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Sized
from toolbench_eval.retrievers.fused import FusedModel
from toolbench_eval.retrievers.model import Model, TemplatedModel
from toolbench_eval.retrievers.reranked import RerankedModel, RerankerModel
from toolbench_eval.retrievers.templates import document_corpus, query_texts

RECORDED = ("family", "pooling", "normalize", "max_length", "dtype", "options")
"""What a model's setting says as well; what loading found out is stronger."""
FLOAT32_BYTES = 4


@runtime_checkable
class Tells(Protocol):
    """A retriever or reranker that knows what loading found out."""

    @property
    def facts(self) -> dict[str, Any]:
        """Of `dimension`, `pooling`, `max_length`, `query_length`, `prompts`, `dtype`, `device` what applies."""


def parts_of(model: Model) -> list[TemplatedModel | RerankerModel]:
    """The single models of a fusion or pipeline, in the order in which they are named."""
    if isinstance(model, FusedModel):
        return [part for member in model.members for part in parts_of(member)]
    if isinstance(model, RerankedModel):
        return [*parts_of(model.first), model.second]
    return [model] if isinstance(model, TemplatedModel) else []


def described_parts(model: Model, queries: Queries, corpus: Corpus) -> list[dict[str, Any]]:
    """Facts about each part of a model that has indexed the corpus.

    Args:
        model: The model.
        queries: Queries with instructions; the first is shown as each part sees it.
        corpus: The corpus; its first document is shown.
    """
    return [_described(part, queries.head(1), corpus) for part in parts_of(model)]


def _described(part: TemplatedModel | RerankerModel, query: Queries, corpus: Corpus) -> dict[str, Any]:
    loaded = part.retriever if isinstance(part, TemplatedModel) else part.reranker
    recorded = {name: part.setting[name] for name in RECORDED if name in part.setting}
    facts = dict(loaded.facts) if isinstance(loaded, Tells) else {}
    if recorded.get("family") == "dense" and "dimension" not in facts and isinstance(loaded, Sized):
        facts["dimension"] = loaded.index_bytes // (FLOAT32_BYTES * len(corpus))
    bare = Queries(query.ids, query.texts)
    shown = document_corpus(corpus.take(np.arange(1)), part.templates, part.switches)
    return {
        "name": part.name,
        "revision": part.revision,
        **recorded,
        **facts,
        "query": query_texts(bare, part.templates, part.switches)[0].as_py(),
        "query_with_instruction": query_texts(query, part.templates, part.switches)[0].as_py(),
        "document": shown.texts[0].as_py(),
    }


def prompt_warnings(model: Model, parts: list[dict[str, Any]], registry: Registry) -> list[str]:
    """Prompts that a model's authors ask for and that it does not get here."""
    return [
        f"'{part.name}' has prompts of its own that are not used here (the benchmark's templates are): "
        "--set query_format=model_card"
        for part, facts in zip(parts_of(model), parts, strict=True)
        if _asks_for_prompts(part, facts, registry)
    ]


def _asks_for_prompts(part: TemplatedModel | RerankerModel, facts: dict[str, Any], registry: Registry) -> bool:
    own = registry.card(part.name).own_prompts if part.name in registry.card_files else None
    if own is not None:
        return own != part.templates
    return any((facts.get("unused_prompts") or {}).values())
