"""From a name on the command line to a reranker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolbench_eval.cards import ModelCard, Templates
from toolbench_eval.errors import UsageError
from toolbench_eval.prompts import load_prompt
from toolbench_eval.registry import Registry
from toolbench_eval.rerankers.families import RERANKERS, reranker_factory
from toolbench_eval.rerankers.options import check_options
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.families import FAMILIES
from toolbench_eval.retrievers.load import as_set, described, find_card
from toolbench_eval.retrievers.reranked import RerankerModel
from toolbench_eval.suites import Protocol, Suite
from toolbench_eval.switches import ModelSwitches

LISTWISE = "listwise"


def load_reranker(
    name: str,
    registry: Registry,
    protocol: Protocol = "default",
    suite: Suite | None = None,
    switches: dict[str, str] | None = None,
    runtime: Runtime | None = None,
    depth: int | None = None,
) -> RerankerModel:
    """Make a reranker; its weights are loaded when it is first used.

    Args:
        name: A registered name, a hub id or folder of a cross-encoder, or, for rerankers that ask a language
            model, `<name>:<llm>` with a model that `load_llm` takes.
        registry: Where names are looked up.
        protocol: The bundle of switches.
        suite: The suite whose switches apply under this protocol.
        switches: What the user sets.
        runtime: How to execute.
        depth: Documents of the first stage that it reorders, instead of the card's.

    Raises:
        UnknownNameError: Nothing has this name.
        UsageError: It is no reranker.
        DataError: An option of its card is none, or makes no sense.
    """
    runtime = runtime or Runtime()
    card = _card(name, registry)
    if card.family in FAMILIES and card.family not in RERANKERS:
        raise UsageError(f"'{name}' is a retriever, not a reranker: it can only be the first stage of a pipeline")
    used, chosen = as_set(card, protocol, suite, switches or {})
    if depth is not None:
        used = used.choosing({"options": {"depth": depth}})
    make = reranker_factory(used.family)
    found = check_options(used)
    return RerankerModel(
        name=used.name,
        revision=used.revision,
        load=lambda: make(used, runtime),
        templates=_templates(used, chosen),
        switches=chosen,
        described=_described(used, card, runtime),
        depth=found,
    )


def _card(name: str, registry: Registry) -> ModelCard:
    registered, colon, llm = name.partition(":")
    if not colon or name in registry.card_files or Path(name).is_dir() or registered not in registry.card_files:
        card = find_card(name, registry, family="cross-encoder")
        own = card.name in registry.card_files
        return card if own else card.model_copy(update={"templates": Templates(scaffold="{query}")})
    card = registry.card(registered)
    if card.family != LISTWISE:
        raise UsageError(f"'{registered}' asks no language model: leave ':{llm}' out")
    return card.model_copy(update={"name": name, "options": {**card.options, "llm": llm}})


def _templates(card: ModelCard, switches: ModelSwitches) -> Templates:
    """The card's templates. A reranker's prompt has its own places for them, so other formats do not apply."""
    return card.own_prompts or card.templates if switches.query_format == "model_card" else card.templates


def _described(card: ModelCard, original: ModelCard, runtime: Runtime) -> dict[str, Any]:
    values = described(card, original, runtime)
    if card.family == LISTWISE:
        values["prompt_digest"] = load_prompt(str(card.options["prompt"])).digest
    return values
