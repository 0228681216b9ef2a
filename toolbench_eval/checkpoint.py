"""Transformers checkpoints of models that generate or classify: what identifies them, and how they are loaded."""

from __future__ import annotations

import copy
from functools import cached_property
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from toolbench_eval.cards import ModelCard
from toolbench_eval.encoding.devices import Devices, find_devices
from toolbench_eval.encoding.weights import Weights, find_weights, unavailable, unloadable
from toolbench_eval.errors import MissingDataError, UsageError
from toolbench_eval.retrievers.base import Runtime

INSTALL = "it needs torch and transformers: pip install 'toolbench-eval[dense]'"


class Checkpoint:
    """The weights of a card under a runtime."""

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Name them; nothing heavy is imported yet.

        Raises:
            UsageError: Loading them runs code that the user did not allow.
        """
        allowed = card.allowing(runtime.trust_remote_code)
        self._card, self._runtime = allowed, runtime
        self._own_code = card.remote_code == "allowed" and bool(allowed.remote_code)

    @cached_property
    def identity(self) -> dict[str, str]:
        """What decides the numbers that come out, beside texts and the family's own parameters.

        The content of a folder, not its name; the commit on the hub, not a branch.

        Raises:
            UsageError, MissingDataError, HubError: See `find_weights`.
        """
        try:
            libraries = {library: version(library) for library in ("torch", "transformers")}
        except PackageNotFoundError:
            raise UsageError(f"'{self._card.name}' cannot be loaded: {INSTALL}") from None
        code = {"code": "its own"} if self._own_code else {}
        return {"weights": self.weights.identity, "dtype": self._number_format, **libraries, **code}

    def tokenizer(self) -> Any:
        """The tokenizer.

        Raises:
            UsageError: It is none of the fast ones, which alone tell how pairs are joined.
            MissingDataError, HubError: See `model`.
        """
        tokenizer = self._loaded("AutoTokenizer")
        if not tokenizer.is_fast:
            raise UsageError(f"'{self._card.name}' has no fast tokenizer (tokenizer.json)")
        return tokenizer

    def model(self, kind: str) -> Any:
        """The model on the first of the devices, ready to compute.

        Args:
            kind: The class of transformers that loads it, e.g. `AutoModelForSeq2SeqLM`.

        Raises:
            UsageError: The extra is not installed.
            MissingDataError: Offline, and the cache lacks the weights.
            HubError: The hub did not give the weights.
        """
        torch = _library("torch", self._card.name)
        model = self._loaded(kind, dtype=getattr(torch, self._number_format))
        return model.to(self.devices.names[0]).eval()

    def copies(self, kind: str) -> list[Any]:
        """The model once for each device.

        Args:
            kind: As for `model`.
        """
        model = self.model(kind)
        return [model, *(copy.deepcopy(model).to(name) for name in self.devices.names[1:])]

    @cached_property
    def weights(self) -> Weights:
        """Where the weights are from.

        Raises:
            UsageError, MissingDataError, HubError: See `find_weights`.
        """
        return find_weights(self._card, offline=self._runtime.offline)

    @cached_property
    def devices(self) -> Devices:
        """Where the model runs.

        Raises:
            UsageError: See `find_devices`.
        """
        return find_devices(self._runtime.device)

    @property
    def _number_format(self) -> str:
        """As the user says, else the card's; a CPU computes in float32 unless the user insists."""
        own = "float32" if self.devices.kind == "cpu" else self._card.encoding.dtype
        return self._runtime.dtype or own

    def _loaded(self, kind: str, **options: Any) -> Any:
        loader = getattr(_library("transformers", self._card.name), kind)
        local = self._runtime.offline or not self.weights.confirmed
        if self.weights.commit is not None:
            options |= {"revision": self.weights.commit, "local_files_only": local}
        try:
            return loader.from_pretrained(self.weights.place, trust_remote_code=bool(self._card.remote_code), **options)
        except ValueError as error:
            raise unloadable(self._card, self.weights.place, error) from error
        except OSError as error:
            if self._runtime.offline:
                raise MissingDataError(
                    f"the weights of '{self._card.name}' are not in the local cache and --offline is set",
                    file=self.weights.place,
                ) from error
            raise unavailable(self.weights.place, error) from error


def _library(name: str, model: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise UsageError(f"'{model}' cannot be loaded: {INSTALL}") from None
