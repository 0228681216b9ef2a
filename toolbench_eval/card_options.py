"""Reading the options of a model card by the schema of its family."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, create_model

from toolbench_eval.cards import ModelCard
from toolbench_eval.declarations import validated


class Options(BaseModel):
    """What families take; numbers are numbers, and what a family does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_Schema = TypeVar("_Schema", bound=Options)


def read_options(schema: type[_Schema], card: ModelCard) -> _Schema:
    """The options of a card.

    Raises:
        DataError: One is missing, unknown or makes no sense; names card and option.
    """
    whole = create_model("Whole", options=(schema, ...))
    found: _Schema = validated(whole, {"options": card.options}, Path(f"card of '{card.name}'")).options  # type: ignore[attr-defined]
    return found
