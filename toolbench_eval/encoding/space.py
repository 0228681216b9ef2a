"""A vector space: everything that changes a text's vector, and so the key of the cache."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from importlib.metadata import version

from toolbench_eval.cards import ModelCard
from toolbench_eval.encoding.devices import Devices
from toolbench_eval.encoding.weights import Weights

ENGINE = 1
"""Raised when the engine would give other vectors for the same model and text."""

_LIBRARIES = ("torch", "transformers", "tokenizers", "sentence-transformers")


@dataclass(frozen=True)
class Space:
    """What vectors in one folder of the cache have in common.

    A text's role is no part of it: templates are filled in before, and the text as the model sees it is the key
    within the space. Batches and shards are none either: they change a vector by no more than rounding does.

    Attributes:
        weights: Identity of the weights.
        pooling: As in the card.
        normalize: As in the card.
        max_length: As in the card.
        add_eos: As in the card.
        dtype: Number format of the weights as they are computed with.
        device: `cpu`, `cuda`, `mps`: their last bits differ.
        libraries: Versions of what computes: transformers 5, for one, tokenises some models otherwise than 4 did.
        engine: Version of this engine.
        variant: What else decides a vector of this family.
    """

    weights: str
    pooling: str
    normalize: bool | str
    max_length: int | str
    add_eos: bool
    dtype: str
    device: str
    libraries: str
    engine: int = ENGINE
    variant: str = ""

    @property
    def key(self) -> str:
        """Hash of all of it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:32]

    def to_json(self) -> str:
        """Readable form, kept beside the vectors."""
        return json.dumps(asdict(self), sort_keys=True)

    def folder_name(self, model: str) -> str:
        """Name of its folder; the model's name in it is for people."""
        return f"{re.sub(r'[^A-Za-z0-9._-]+', '_', model)}-{self.key}"


def space_of(
    card: ModelCard,
    weights: Weights,
    devices: Devices,
    dtype: str | None,
    side: str = "",
    *,
    own_code: bool = False,
) -> Space:
    """The space that a card's vectors lie in.

    Args:
        card: The model.
        weights: Its weights.
        devices: Where it runs.
        dtype: What the user asked for, if anything.
        side: `query` or `document` where the model itself treats them differently.
        own_code: Whether code of the checkpoint runs that might be left out.
    """
    more = {"side": side} if side else {}
    more |= {"code": "its own"} if own_code else {}
    encoding = card.encoding
    return Space(
        weights=weights.identity,
        pooling=encoding.pooling,
        normalize=encoding.normalize,
        max_length=encoding.max_length,
        add_eos=encoding.add_eos,
        dtype=dtype_on(devices, card, dtype),
        device=devices.kind,
        libraries=libraries(),
        variant=variant_of(card, **more) if more or card.options else "",
    )


def libraries() -> str:
    """Versions of what computes."""
    return ", ".join(f"{library} {version(library)}" for library in _LIBRARIES)


def variant_of(card: ModelCard, **more: object) -> str:
    """A card's family and options, and whatever else decides its vectors, as one line."""
    return json.dumps({"family": card.family, **card.options, **more}, sort_keys=True, default=_name)


def _name(value: object) -> str:
    return str(getattr(value, "__qualname__", value))


def dtype_on(devices: Devices, card: ModelCard, dtype: str | None) -> str:
    """The number format; half precision is a GPU's, a CPU computes in float32 unless the user insists."""
    if dtype is not None:
        return dtype
    return "float32" if devices.kind == "cpu" else card.encoding.dtype
