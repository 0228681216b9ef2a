"""Model cards: what the harness knows of a model before it loads it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from toolbench_eval.suites import Protocol


class Encoding(BaseModel):
    """How a dense model turns a text into a vector; `model` leaves it to the model's own files.

    With a `pooling` named, the checkpoint is loaded without its own modules, and `normalize = "model"` means that
    vectors stay as they are pooled. `cls` is the first token, `last` the last one that is not padding; `mean_text` is
    the mean over the tokens of the query or document alone, without those that the template puts before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pooling: Literal["mean", "mean_text", "cls", "last", "model"] = "model"
    normalize: bool | Literal["model"] = "model"
    max_length: int | Literal["model"] = "model"
    """Tokens of a text that the model sees, special ones included."""
    add_eos: bool = False
    """Whether each text ends with the end-of-sequence token though the tokenizer adds none."""
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"


class Templates(BaseModel):
    """Texts around queries and documents; `{instruction}`, `{query}` and `{text}` are filled in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    with_instruction: str = "Instruct: {instruction}\nQuery: {query}"
    without_instruction: str = "{query}"
    scaffold: str = "Instruct: \nQuery: {query}"
    """Without instruction, as reference code builds it that fills in an empty one."""
    document: str = "{text}"


class ModelCard(BaseModel):
    """One file of `toolbench_eval/models/`, or of a user's `models/` folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = ""
    family: str
    """Kind of retriever (see `retrievers/families.py`), or `package.module:factory` for one's own."""
    hub: str | None = None
    """`owner/name` on the hub, or a folder."""
    package: str | None = None
    """Python package that carries the weights."""
    revision: str | None = None
    licence: str = "not stated"
    parameters: int | None = None
    homepage: str = ""
    remote_code: bool = False
    """Whether loading the model runs code from its hub repository."""
    unsupported: str = ""
    """Why the harness cannot run this model; empty where it can."""
    not_verified: list[str] = []
    """What no source confirms; shown by `models show`."""
    encoding: Encoding = Encoding()
    templates: Templates = Templates()
    own_prompts: Templates | None = None
    """The prompts that the model's authors ask for (switch `query_format=model_card`)."""
    own_max_length: int | None = None
    """Tokens that the model's authors let it see (switch `length=model_card`), where that differs."""
    options: dict[str, str | int | float | bool] = {}
    """Parameters of the family, e.g. `k1` and `b` of BM25."""
    switches: dict[str, str] = {}
    protocols: dict[Protocol, dict[str, dict[str, Any]]] = {}
    """What differs under a protocol: tables `encoding`, `templates`, `options`, `switches`."""

    def under(self, protocol: Protocol) -> ModelCard:
        """The card with the protocol's differences applied."""
        values = self.model_dump()
        for table, differences in self.protocols.get(protocol, {}).items():
            values[table] = {**(values[table] or {}), **differences}
        return ModelCard.model_validate({**values, "protocols": {}})

    def as_its_authors_say(self) -> ModelCard:
        """The card with the length that the model's authors set."""
        if self.own_max_length is None:
            return self
        return self.model_copy(
            update={"encoding": self.encoding.model_copy(update={"max_length": self.own_max_length})}
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the card's content."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()
