"""From a name on the command line to a model: registry, hub id, folder, fusion, reranking."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolbench_eval.cards import ModelCard, Templates
from toolbench_eval.encoding.weights import check_folder
from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.rerankers.families import RERANKERS
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.families import FAMILIES, factory, no_retriever
from toolbench_eval.retrievers.model import Model, TemplatedModel
from toolbench_eval.suites import Protocol, Suite
from toolbench_eval.switches import ModelSwitches, check_taken, chosen_values, resolve

FUSION = "+"
RERANKING = ">"
MTEB = "mteb:"

PLAIN = Templates(with_instruction="{instruction} {query}", scaffold="{query}")
"""For models whose authors ask for no prompt."""


def load_model(
    name: str,
    registry: Registry | None = None,
    *,
    protocol: Protocol = "default",
    suite: Suite | None = None,
    switches: Mapping[str, str] | None = None,
    runtime: Runtime | None = None,
    first_stage: Model | None = None,
    depth: int | None = None,
) -> Model:
    """Make a model; its weights are loaded when it is first used.

    Args:
        name: A registered name, a hub id, a folder, `mteb:<name>` (loaded by mteb, with its prompts), several joined
            by `+` (fusion by reciprocal rank), or a pipeline: one of these and rerankers, joined by `>`.
        registry: Where names are looked up.
        protocol: The bundle of switches; a card says what it means for its model.
        suite: The suite whose switches apply under this protocol.
        switches: What the user sets; stronger than suite and card.
        runtime: How to execute.
        first_stage: Whose documents are reranked; all that `name` names are rerankers then.
        depth: Documents that each reranker reorders, instead of its card's.

    Raises:
        UnknownNameError: Nothing has this name.
        UsageError: The name cannot be read, a switch is for other models, or a depth is given and no reranker.
    """
    registry, runtime = registry or Registry(), runtime or Runtime()
    stages = name.split(RERANKING) if RERANKING in name and not Path(name).exists() else [name]
    if not all(stages):
        raise UsageError(f"'{name}' is not a model: names joined by '{RERANKING}' must not be empty")
    given = dict(switches or {})
    model = first_stage or _fused(stages.pop(0), registry, protocol, suite, given, runtime)
    if depth is not None and not stages:
        raise UsageError(f"--depth is for rerankers, and '{name}' has none")
    if stages:
        from toolbench_eval.rerankers.load import load_reranker
        from toolbench_eval.retrievers.reranked import RerankedModel

        for stage in stages:
            model = RerankedModel(model, load_reranker(stage, registry, protocol, suite, given, runtime, depth))
    check_taken(given, _families(model.setting))
    return model


def _families(setting: Any) -> set[str]:
    """The families of all parts that a setting is of."""
    if not isinstance(setting, Mapping):
        return set()
    own = {str(setting["family"])} if "family" in setting else set()
    return own.union(*map(_families, setting.values()))


def _fused(
    name: str,
    registry: Registry,
    protocol: Protocol,
    suite: Suite | None,
    user_switches: dict[str, str],
    runtime: Runtime,
) -> Model:
    members = name.split(FUSION) if FUSION in name and not Path(name).exists() else [name]
    if not all(members):
        raise UsageError(f"'{name}' is not a model: names joined by '{FUSION}' must not be empty")
    models = [_one(member, registry, protocol, suite, user_switches, runtime) for member in members]
    if len(models) == 1:
        return models[0]
    from toolbench_eval.retrievers.fused import FusedModel

    return FusedModel(name, models)


def _one(
    name: str,
    registry: Registry,
    protocol: Protocol,
    suite: Suite | None,
    user_switches: dict[str, str],
    runtime: Runtime,
) -> Model:
    if is_reranker(name, registry):
        raise no_retriever(name)
    card = find_card(name, registry)
    used, switches = as_set(card, protocol, suite, user_switches)
    make = factory(used.family)
    return TemplatedModel(
        name=used.name,
        revision=used.revision,
        load=lambda: make(used, runtime),
        templates=_templates(used, switches),
        switches=switches,
        described=described(used, card, runtime),
        marked=used.encoding.pooling == "mean_text",
    )


def as_set(
    card: ModelCard, protocol: Protocol, suite: Suite | None, user_switches: Mapping[str, str]
) -> tuple[ModelCard, ModelSwitches]:
    """A card with all that protocol, suite and user choose, and the switches of the model."""
    used = card.under(protocol, None if suite is None else suite.name)
    of_suite = {} if suite is None else suite.switch_defaults(protocol, used.family)
    layers = (of_suite, used.switches, user_switches)
    _, switches = resolve(*layers)
    used = used.choosing(chosen_values(used.family, *layers))
    return (used.as_its_authors_say() if switches.length == "model_card" else used), switches


def is_reranker(name: str, registry: Registry) -> bool:
    """Whether a name is that of a registered reranker, with or without a language model behind a colon."""
    registered = name if name in registry.card_files else name.partition(":")[0]
    if registered not in registry.card_files:
        return False
    family = registry.card(registered).family
    return family in RERANKERS and family not in FAMILIES


def find_card(name: str, registry: Registry, family: str = "dense") -> ModelCard:
    """The card of a name; a hub id or folder without a card gets one that leaves all to the model's own files.

    Args:
        name: A registered name, a hub id or a folder.
        registry: Where cards are looked up.
        family: What a model without a card is held to be; a folder of a sparse or late-interaction model says so.
    """
    if name in registry.card_files:
        return registry.card(name)
    if name.startswith(MTEB):
        from toolbench_eval.retrievers.mteb_model import mteb_card

        return mteb_card(name)
    if Path(name).is_dir():
        return _folder_card(Path(name).resolve(), family)
    if name.startswith((".", "/", "~")):
        raise UsageError(f"the model '{name}' is no folder")
    by_hub = {registry.card(known).hub: known for known in registry.card_files if "/" in name}
    if name in by_hub:
        return registry.card(by_hub[name])
    if "/" in name:
        title = "no card: the model's own configuration is used"
        return ModelCard(name=name, family=family, hub=name, title=title, remote_code="allowed")
    return registry.card(name)


def _folder_card(folder: Path, family: str) -> ModelCard:
    check_folder(folder)
    if family == "dense":
        from toolbench_eval.retrievers.sentence_models import family_of

        family = family_of(folder) or family
    return ModelCard(name=folder.name, family=family, hub=str(folder), title="a folder", remote_code="allowed")


def _templates(card: ModelCard, switches: ModelSwitches) -> Templates:
    formats = {
        "benchmark": card.templates,
        "model_card": card.own_prompts or PLAIN,
        "instruct_query": Templates(),
        "st_prompt": Templates(with_instruction="{instruction}{query}", scaffold="{query}"),
    }
    return formats[switches.query_format]


def described(card: ModelCard, original: ModelCard, runtime: Runtime) -> dict[str, Any]:
    """What a result records of a model beside templates and switches."""
    values: dict[str, Any] = {"family": card.family, "card": original.digest}
    if card.options:
        values["options"] = card.options
    if card.family == "random":
        values["seed"] = runtime.seed
    if card.hub or card.package:
        values |= {**card.encoding.model_dump(), "dtype": _dtype(card, runtime), "hub": card.hub}
    if card.remote_code == "allowed" and runtime.trust_remote_code:
        values["remote_code"] = True
    return values


def _dtype(card: ModelCard, runtime: Runtime) -> str:
    """The number format that is really computed in: half precision is for accelerators, unless the user insists."""
    if card.encoding.dtype == "float32":
        return runtime.dtype or "float32"
    from toolbench_eval.encoding.devices import find_devices
    from toolbench_eval.encoding.space import dtype_on

    return dtype_on(find_devices(runtime.device), card, runtime.dtype)
