"""The named choices that change a score, and how protocols, cards and users set them."""

from __future__ import annotations

from collections.abc import Mapping
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
    """With instruction: the query's own, another query's, or one sentence for all."""
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
    """Fewer documents than the run is deep: rank what is there, or, as MAIR's reference, push the corpus's
    last document to the end."""
    document_text: Literal["raw", "repr", "name", "description", "name_description"] = "raw"
    """A document as it is stored, or, where it is JSON, `str()` of the object or some of its fields."""


SWITCHES: dict[str, type[BaseModel]] = {
    **dict.fromkeys(TaskSwitches.model_fields, TaskSwitches),
    **dict.fromkeys(ModelSwitches.model_fields, ModelSwitches),
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
    """Merge layers of switch values, the later ones winning, into the two groups."""
    merged: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.items():
            check_switch(name, value)
            merged[name] = value
    task = {name: value for name, value in merged.items() if name in TaskSwitches.model_fields}
    model = {name: value for name, value in merged.items() if name in ModelSwitches.model_fields}
    return TaskSwitches(**task), ModelSwitches(**model)
