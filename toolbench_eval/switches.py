"""The named choices that change a score, and how protocols, cards and users set them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from toolbench_eval.errors import UnknownNameError, UsageError


class TaskSwitches(BaseModel):
    """Choices that must match for two results to be comparable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ties: Literal["trec", "stable"] = "trec"
    """Equal scores: document id descending as bytes (trec_eval), or order of the corpus."""
    missing: Literal["zero", "drop"] = "zero"
    """A judged query without a ranking: counts as 0, or is left out (trec_eval)."""
    instruction_kind: Literal["own", "shuffled", "generic"] = "own"
    """With instruction: the query's own, that of another query of its split (which changes nothing where all have
    the same one; a run says so), or one sentence for all."""
    scope: Literal["pooled", "category", "source"] = "pooled"
    """What each query searches: the whole corpus, the documents of its task's category, or of its own source."""


class ModelSwitches(BaseModel):
    """Choices of what a model is given; they may differ between the models that are compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wo_inst_template: Literal["bare", "scaffold"] = "bare"
    """Without instruction: the query alone, or the instruction template around an empty instruction."""
    query_format: Literal["benchmark", "model_card", "instruct_query", "st_prompt"] = "benchmark"
    """ToolRet's templates, the prompts that the model's own card asks for, `Instruct: ...` and `Query: ...`
    for every model, or the instruction glued to the query as a sentence-transformers prompt is."""
    length: Literal["benchmark", "model_card"] = "benchmark"
    """Tokens of a text that a model sees: as ToolRet's reference cuts it, or as the model's own card says."""
    small_corpora: Literal["clamp", "reference"] = "clamp"
    """Fewer than 100 documents: rank what is there, or, as MAIR's reference, push the corpus's last document to the
    end."""
    document_text: Literal["raw", "repr", "name", "description", "name_description"] = "raw"
    """A document as it is stored, or, where it is JSON, `str()` of the object or some of its fields."""


AS_CARD = "card"


class CardSwitches(BaseModel):
    """Values of a model's card that a suite or a user may replace; `card` leaves them to it.

    A result records the card's values themselves, so these stand for nothing more in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pooling: Literal["card", "mean", "mean_text", "cls", "last", "model"] = "card"
    """Dense models: how tokens become one vector (`model`: by the checkpoint's own modules)."""
    normalize: Literal["card", "true", "false", "model"] = "card"
    """Dense models: whether vectors are of length 1 (`model`: by the checkpoint's own modules)."""
    last_window: Literal["card", "anchored", "dropped"] = "card"
    """Rerankers that ask a language model for windows: the last one begins at the top of the list, or, as in MAIR's
    reference, is left out where it would begin above it."""
    attempts: Literal["card", "1", "2", "3"] = "card"
    """The same rerankers: times a window is asked about while no answer names a candidate."""
    text_tokens: Literal["card", "0", "512"] = "card"
    """The same rerankers: queries and passages are shortened until they have fewer tokens of cl100k; 0: they are
    cut by words alone."""


PLACES: dict[str, tuple[str, str]] = {
    "pooling": ("dense", "encoding"),
    "normalize": ("dense", "encoding"),
    "last_window": ("listwise", "options"),
    "attempts": ("listwise", "options"),
    "text_tokens": ("listwise", "options"),
}
"""Each of the card's switches: the family of models that has it, and the table of the card that holds it."""

SWITCHES: dict[str, type[BaseModel]] = {
    **dict.fromkeys(TaskSwitches.model_fields, TaskSwitches),
    **dict.fromkeys(ModelSwitches.model_fields, ModelSwitches),
    **dict.fromkeys(CardSwitches.model_fields, CardSwitches),
}


def choices(name: str) -> tuple[str, ...]:
    """The values a switch can take."""
    return get_args(SWITCHES[name].model_fields[name].annotation)


def parse_settings(settings: list[str]) -> dict[str, str]:
    """`KEY=VALUE` strings of the command line as a mapping.

    Raises:
        UsageError: A string has no `=`, or the value is not one the switch can take.
        UnknownNameError: There is no such switch.
    """
    parsed = parse_pairs(settings)
    for name, value in parsed.items():
        check_switch(name, value)
    return parsed


def parse_pairs(settings: list[str]) -> dict[str, str]:
    """`KEY=VALUE` strings as a mapping, whatever they name.

    Raises:
        UsageError: A string has no `=`.
    """
    parsed: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise UsageError(f"--set takes KEY=VALUE, found '{setting}'")
        parsed[name] = value
    return parsed


def check_switch(name: str, value: str) -> None:
    """Refuse a switch or a value that does not exist.

    Raises:
        UnknownNameError: There is no such switch.
        UsageError: The switch cannot take this value.
    """
    if name not in SWITCHES:
        raise UnknownNameError("switch", name, SWITCHES)
    if value not in choices(name):
        raise UsageError(f"the switch '{name}' takes one of {', '.join(choices(name))}; found '{value}'")


def resolve(*layers: Mapping[str, Any]) -> tuple[TaskSwitches, ModelSwitches]:
    """Merge layers of switch values, the later ones winning, into the two groups that a result records."""
    merged = _merged(layers)
    task = {name: value for name, value in merged.items() if name in TaskSwitches.model_fields}
    model = {name: value for name, value in merged.items() if name in ModelSwitches.model_fields}
    return TaskSwitches(**task), ModelSwitches(**model)


def chosen_values(family: str, *layers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What layers of switch values, the later ones winning, replace in the card of a model.

    Args:
        family: The model's.
        layers: Switch values; those that are none of the card's, or of another family, are passed over.

    Returns:
        Table of the card -> name -> value.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, value in _merged(layers).items():
        of, table = PLACES.get(name, ("", ""))
        if of == family and value != AS_CARD:
            found.setdefault(table, {})[name] = _value(value)
    return found


def check_taken(given: Mapping[str, str], families: Collection[str]) -> None:
    """Refuse a switch of the card that no part of a model has.

    Args:
        given: What the user sets.
        families: Those of the model's parts.

    Raises:
        UsageError: It would change nothing.
    """
    for name in given:
        if name in PLACES and PLACES[name][0] not in families:
            raise UsageError(
                f"the switch '{name}' is for {PLACES[name][0]} models; this one is {', '.join(sorted(families))}"
            )


def changed_choices(setting: Any, usual: Any) -> dict[str, str]:
    """The card's switches that make the one model setting of the other: of a result, of the model as it is usually.

    Args:
        setting: As recorded, nested.
        usual: The same model's without switches.
    """
    found: dict[str, str] = {}
    if isinstance(setting, Mapping) and isinstance(usual, Mapping):
        for name in setting.keys() & usual.keys():
            value = str(setting[name]).lower()
            if name in PLACES and setting[name] != usual[name] and value in choices(name):
                found[name] = value
            found |= changed_choices(setting[name], usual[name])
    return found


def _merged(layers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.items():
            check_switch(name, value)
            merged[name] = value
    return merged


def _value(text: str) -> str | int | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() else text
