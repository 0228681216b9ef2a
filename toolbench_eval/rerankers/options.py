"""Options of rerankers' cards: what each family takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from toolbench_eval.card_options import Options, read_options
from toolbench_eval.cards import ModelCard
from toolbench_eval.rerankers.base import DEPTH

AtLeastOne = Annotated[int, Field(ge=1)]


class RerankerOptions(Options):
    """What every reranker takes: how many documents it reorders."""

    depth: AtLeastOne = DEPTH


class OwnOptions(RerankerOptions):
    """A family of one's own checks the rest."""

    model_config = ConfigDict(extra="allow")


class CrossEncoderOptions(RerankerOptions):
    """See `CrossEncoder`."""

    query_max_length: Annotated[int, Field(ge=0)] = 0
    activation: Literal["none", "sigmoid"] = "none"


class Seq2SeqOptions(RerankerOptions):
    """See `Seq2Seq` and `TextPrompt`."""

    body: str
    yes: str
    no: str


class TextDecoderOptions(RerankerOptions):
    """See `Decoder` and `TextPrompt`."""

    body: str
    head: str = ""
    tail: str = ""
    yes: str
    no: str = ""


class SegmentDecoderOptions(RerankerOptions):
    """See `Decoder` and `SegmentPrompt`."""

    question: str
    query: str = "{query}"
    document: str = "{text}"
    separator: str = "\n"
    query_max_length: Annotated[int, Field(ge=0)] = 0
    yes: str
    no: str = ""


class ListwiseOptions(RerankerOptions):
    """See `Windows` and `Sampling`."""

    llm: str
    prompt: str
    size: Annotated[int, Field(ge=2)] = 20
    step: AtLeastOne = 10
    last_window: Literal["anchored", "dropped"] = "anchored"
    words: AtLeastOne = 256
    attempts: AtLeastOne = 3
    text_tokens: Annotated[int, Field(ge=0)] = 0
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: AtLeastOne | None = None

    @model_validator(mode="after")
    def _no_gaps(self) -> ListwiseOptions:
        if self.step > self.size:
            raise PydanticCustomError("gaps", "a 'step' above 'size' leaves documents out")
        return self


_SCHEMAS: dict[str, type[RerankerOptions]] = {
    "cross-encoder": CrossEncoderOptions,
    "seq2seq": Seq2SeqOptions,
    "listwise": ListwiseOptions,
    "oracle": RerankerOptions,
}


def check_options(card: ModelCard) -> int:
    """Refuse options that a reranker does not take; returns its depth.

    Raises:
        DataError: One is missing, unknown or makes no sense; names card and option.
    """
    if card.family == "decoder":
        return read_options(SegmentDecoderOptions if "question" in card.options else TextDecoderOptions, card).depth
    return read_options(_SCHEMAS.get(card.family, OwnOptions), card).depth
