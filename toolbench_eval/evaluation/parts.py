"""What can be seen of a model from outside: its parts, their facts, and the texts that they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.weights import Weights, find_folder
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.fused import FusedModel
from toolbench_eval.retrievers.load import find_card
from toolbench_eval.retrievers.model import Model, TemplatedModel
from toolbench_eval.retrievers.reranked import RerankedModel, RerankerModel
from toolbench_eval.retrievers.templates import document_corpus, query_texts

LOCAL = "hf/"
"""Begins the name of a language model that runs in this process."""
RECORDED = ("family", "hub", "pooling", "normalize", "max_length", "dtype", "options")
"""What a model's setting says as well; what loading found out is stronger."""


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


def described_parts(model: Model, queries: Queries, corpus: Corpus, registry: Registry) -> list[dict[str, Any]]:
    """Facts about each part of a model that has searched.

    Args:
        model: The model.
        queries: Queries with instructions; the first is shown as each part sees it.
        corpus: The corpus; its first document is shown.
        registry: Where cards are looked up.
    """
    return [_described(part, queries.head(1), corpus.take(np.arange(1)), registry) for part in parts_of(model)]


def _described(
    part: TemplatedModel | RerankerModel, query: Queries, document: Corpus, registry: Registry
) -> dict[str, Any]:
    loaded = part.retriever if isinstance(part, TemplatedModel) else part.reranker
    card = _card(part, registry)
    setting, shown = part.setting, (part.templates, part.switches)
    return {
        "name": part.name,
        "card": None if card is None else card.name,
        "revision": part.revision,
        **{name: setting[name] for name in RECORDED if name in setting},
        **(loaded.facts if isinstance(loaded, Tells) else {}),
        "unused_prompts": _unused_prompts(part, card),
        "query": query_texts(Queries(query.ids, query.texts), *shown)[0].as_py(),
        "query_with_instruction": query_texts(query, *shown)[0].as_py(),
        "document": document_corpus(document, *shown).texts[0].as_py(),
    }


def weights_of(model: Model) -> list[tuple[str, Weights]]:
    """The name and the weights of each part that has any; they are looked up, not loaded.

    Weights of one's own family of models are known where they lie in a folder.

    Raises:
        EvalHarnessError: The weights cannot be had; see `find_weights`.
    """
    found = [(part.name, _weights(part)) for part in parts_of(model)]
    return [(name, weights) for name, weights in found if weights is not None]


def _weights(part: TemplatedModel | RerankerModel) -> Weights | None:
    setting = part.setting
    family, place = str(setting.get("family")), setting.get("hub")
    if ":" in family:
        return find_folder(Path(place)) if place and Path(place).is_dir() else None
    # A family without weights is not made here: it may need a key or a Java machine, which finished work does not.
    if "hub" in setting or family == "mteb" or str(setting.get("options", {}).get("llm", "")).startswith(LOCAL):
        made = part.retriever if isinstance(part, TemplatedModel) else part.reranker
        weights = getattr(made, "weights", None)
        return weights if isinstance(weights, Weights) else None
    return None


def weights_key(model: Model) -> dict[str, list[list[str]]]:
    """What tells a model's weights from others of the same name, as a part of a work key; empty where it has none."""
    found = [[name, weights.identity] for name, weights in weights_of(model)]
    return {"weights": found} if found else {}


def weights_recorded(model: Model) -> dict[str, dict[str, Any]]:
    """Where the weights of each part came from, and what they were, by the part's name.

    Of the hub its repository and commit, and whether the hub confirmed it now: else the commit is the one that it
    named last. Of a folder its path, and the SHA-256 over its files.
    """
    return {name: _recorded(weights) for name, weights in weights_of(model)}


def _recorded(weights: Weights) -> dict[str, Any]:
    if weights.commit is None:
        return {"folder": weights.place, "content": weights.identity}
    return {"repository": weights.place, "commit": weights.commit, "confirmed": weights.confirmed}


def limits_of(model: Model) -> dict[str, int]:
    """Tokens of a text that those parts saw whose length their own files decide, by name."""
    left = [part for part in parts_of(model) if part.setting.get("max_length") == "model"]
    found = {part.name: getattr(vars(part).get("retriever"), "limit", None) for part in left}
    return {name: limit for name, limit in found.items() if limit is not None}


def _card(part: TemplatedModel | RerankerModel, registry: Registry) -> ModelCard | None:
    """The registered card that a part was made from; a folder may have the name of one and be another model."""
    card = registry.card(part.name) if part.name in registry.card_files else None
    return card if card is not None and card.digest == part.setting.get("card") else None


def _unused_prompts(part: TemplatedModel | RerankerModel, card: ModelCard | None) -> dict[str, str]:
    """The templates that the card says the model's authors ask for, and that are not in use."""
    if card is None or card.own_prompts is None:
        return {}
    used = part.templates.model_dump()
    return {name: prompt for name, prompt in card.own_prompts.model_dump().items() if prompt != used[name]}


def dense_facts(part: dict[str, Any], registry: Registry, runtime: Runtime) -> dict[str, Any]:
    """What the files of a dense model decide; loads it.

    Args:
        part: What `described_parts` gave for it.
        registry: Where its card is.
        runtime: How it is executed.
    """
    from toolbench_eval.encoding.devices import find_devices
    from toolbench_eval.encoding.model import load
    from toolbench_eval.encoding.space import dtype_on
    from toolbench_eval.encoding.weights import find_weights

    card = find_card(part["card"] or part["hub"], registry).allowing(runtime.trust_remote_code)
    devices = find_devices(runtime.device)
    dtype = dtype_on(devices, card, runtime.dtype)
    loaded = load(card, find_weights(card, offline=runtime.offline), devices, dtype, offline=runtime.offline)
    model = loaded.copies[0]
    pooling = [mode for mode in (getattr(module, "pooling_mode", None) for module in model) if mode is not None]
    own = {name: prompt for name, prompt in model.prompts.items() if prompt}
    return {
        "dimension": model.get_embedding_dimension(),
        "pooling": pooling[0] if len(pooling) == 1 else pooling,
        "normalize": any(type(module).__name__ == "Normalize" for module in model),
        "max_length": model.max_seq_length,
        "dtype": dtype,
        "device": ", ".join(devices.names),
        "unused_prompts": part["unused_prompts"] | own,
    }
