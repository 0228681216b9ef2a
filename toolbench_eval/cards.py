"""Model cards: what the harness knows of a model before it loads it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from toolbench_eval.errors import UsageError
from toolbench_eval.suites import Protocol

Differences = dict[str, dict[str, Any]]
"""What differs from the card, by its tables `encoding`, `templates`, `options`, `switches`."""

LAYERS: dict[Protocol, tuple[Protocol, ...]] = {
    "default": ("default",),
    "paper": ("paper",),
    "released": ("paper", "released"),
}
"""Whose differences a protocol has: the reference code's faults come on top of the paper's choices."""


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


class OfSuite(BaseModel):
    """What differs from the card in one suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocols: dict[Protocol, Differences] = {}


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
    remote_code: bool | Literal["allowed"] = False
    """Whether loading the model runs code from its hub repository or folder; `allowed`: if the user allows it and the
    checkpoint has any, as for a model without a card."""
    unsupported: str = ""
    """Why the harness cannot run this model; empty where it can."""
    not_verified: list[str] = []
    """What no source confirms; shown by `models show`."""
    encoding: Encoding = Encoding()
    templates: Templates = Templates()
    own_prompts: Templates | None = None
    """The prompts that the model's authors ask for (switch `query_format=model_card`)."""
    own_max_length: int | None = None
    """Tokens that the model's authors let it see (switch `length=model_card`); without it the checkpoint's own files
    decide."""
    options: dict[str, str | int | float | bool] = {}
    """Parameters of the family, e.g. `k1` and `b` of BM25."""
    switches: dict[str, str] = {}
    protocols: dict[Protocol, Differences] = {}
    """What differs under a protocol, whatever the suite; `released` has what `paper` has, and its own."""
    suites: dict[str, OfSuite] = {}
    """What differs under a protocol in one suite: that benchmark's own choices and faults."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without empty `suites`, so that cards that have none keep the digest that stored results name."""
        values: dict[str, Any] = write(self)
        if not self.suites:
            values.pop("suites", None)
        return values

    def differences(self, protocol: Protocol, suite: str | None = None) -> Differences:
        """What the protocol changes; a suite's own differences come last."""
        declared = [self.protocols, self.suites[suite].protocols if suite in self.suites else {}]
        found: Differences = {}
        for protocols in declared:
            for layer in LAYERS[protocol]:
                for table, values in protocols.get(layer, {}).items():
                    found[table] = {**found.get(table, {}), **values}
        return found

    def under(self, protocol: Protocol, suite: str | None = None) -> ModelCard:
        """The card with the protocol's differences applied."""
        return self._with(self.differences(protocol, suite))

    def choosing(self, choices: Differences) -> ModelCard:
        """The card with some of its values replaced."""
        return self._with(choices) if choices else self

    def _with(self, differences: Differences) -> ModelCard:
        values = self.model_dump()
        for table, changed in differences.items():
            values[table] = {**(values[table] or {}), **changed}
        return ModelCard.model_validate({**values, "protocols": {}, "suites": {}})

    def as_its_authors_say(self) -> ModelCard:
        """The card with the length that the model's authors set: as it names it, else as the checkpoint's files do."""
        length = self.own_max_length or "model"
        return self.model_copy(update={"encoding": self.encoding.model_copy(update={"max_length": length})})

    def allowing(self, code: bool) -> ModelCard:
        """The card with `remote_code` decided.

        Args:
            code: Whether the user allows code from the hub.

        Raises:
            UsageError: The model needs code that was not allowed.
        """
        if self.remote_code is True and not code:
            raise UsageError(f"'{self.name}' runs code from its hub repository: allow it with --trust-remote-code")
        return self.model_copy(update={"remote_code": code and self.remote_code is not False})

    @property
    def digest(self) -> str:
        """SHA-256 of the card's content."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()
