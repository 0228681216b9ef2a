"""Loading sparse and late-interaction models through sentence-transformers, and what both families share."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.encoding.devices import find_devices
from toolbench_eval.encoding.shards import ShardEncoder
from toolbench_eval.encoding.space import dtype_on, space_of
from toolbench_eval.encoding.weights import INSTALL, Weights, find_weights, unavailable, unloadable
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.location import embeddings_root
from toolbench_eval.retrievers.base import Runtime

Facts = dict[str, Any]
"""What a checkpoint's configuration says."""

CONFIGURATIONS = ("config.json", "config_sentence_transformers.json")


class SentenceModel:
    """A sparse or late-interaction checkpoint: known by its files, loaded when a text is met that the cache lacks."""

    def __init__(
        self,
        kind: str,
        card: ModelCard,
        runtime: Runtime,
        trained_for: Callable[[Facts], bool],
        prepare: Callable[[Any], None],
    ) -> None:
        """Look at the checkpoint's files; no weights are fetched or loaded.

        Args:
            kind: Its class in sentence-transformers: `SparseEncoder` or `MultiVectorEncoder`.
            card: The model.
            runtime: Device, number format, offline.
            trained_for: Tells from the checkpoint's `config.json` and `config_sentence_transformers.json` (merged)
                whether its weights are of this kind. sentence-transformers would put random layers on any other.
            prepare: Looks at the model of sentence-transformers when it is loaded, and sets its lengths.

        Raises:
            UsageError: The extra is not installed, the card names no weights, or code would be run that was not
                allowed.
            MissingDataError: Offline, and the cache lacks the weights.
            HubError: The hub did not say what the checkpoint is.
            DataError: The checkpoint is of another kind, or its folder lacks a file.
        """
        allowed = card.allowing(runtime.trust_remote_code)
        if find_spec("torch") is None or find_spec("sentence_transformers") is None:
            raise UsageError(f"'{card.name}' is a {card.family} model; {INSTALL}")
        self._kind, self._card, self._runtime, self._prepare = kind, allowed, runtime, prepare
        self._own_code = card.remote_code == "allowed" and bool(allowed.remote_code)
        self.devices = find_devices(runtime.device)
        self.weights = find_weights(card, offline=runtime.offline)
        self._dtype = dtype_on(self.devices, card, runtime.dtype)
        try:
            found = _configuration(self.weights, offline=self._local)
        except OSError as error:
            raise self._unreadable(error) from error
        if not trained_for(found):
            raise DataError(f"'{card.name}' is no {card.family} model: its weights are of another kind", file=card.hub)

    @property
    def _local(self) -> bool:
        """Whether the hub is left alone: the user says so, or it could not be asked."""
        return self._runtime.offline or not self.weights.confirmed

    @cached_property
    def loaded(self) -> Any:
        """The model of sentence-transformers, in the number format and on the first device that are asked for.

        Raises:
            UsageError: The installed sentence-transformers is too old.
            MissingDataError, HubError, DataError: The weights cannot be had.
        """
        loader = _loader(self._kind, self._card)
        source = {"revision": self.weights.commit, "local_files_only": self._local}
        code = self._card.remote_code
        try:
            encoder = loader(self.weights.place, device=self.devices.names[0], trust_remote_code=code, **source)
        except OSError as error:
            raise self._unreadable(error) from error
        except ValueError as error:
            raise unloadable(self._card, self.weights.place, error) from error
        encoder = encoder.to(dtype=getattr(import_module("torch"), self._dtype)).eval()
        self._prepare(encoder)
        return encoder

    @cached_property
    def copies(self) -> list[Any]:
        """One model a device, the first of which is `loaded`."""
        return [self.loaded, *(copy.deepcopy(self.loaded).to(name) for name in self.devices.names[1:])]

    def cache(self, side: str) -> ShardEncoder:
        """Where the vectors of one side are kept; the model may treat queries and documents differently.

        Args:
            side: `query` or `document`.
        """
        runtime = self._runtime
        space = space_of(self._card, self.weights, self.devices, runtime.dtype, side, own_code=self._own_code)
        root = embeddings_root()
        return ShardEncoder(self._card.name, space, root, batch_tokens=runtime.batch_tokens, track=runtime.track)

    def _unreadable(self, error: OSError) -> Exception:
        if self.weights.commit is None:
            return DataError(f"no {self._card.family} model could be loaded from it: {error}", file=self.weights.place)
        if self._runtime.offline:
            return MissingDataError(
                f"the weights of '{self._card.name}' are not in the local cache and --offline is set",
                file=self.weights.place,
            )
        return unavailable(self.weights.place, error)


def family_of(folder: Path) -> str | None:
    """`splade` or `late` where the files of a saved model say that it is one, else None."""
    found = _merged([folder / name for name in CONFIGURATIONS if (folder / name).is_file()])
    if found.get("model_type") == "SparseEncoder":
        return "splade"
    return "late" if is_late(found) else None


def is_sparse(configuration: Facts) -> bool:
    """Whether a checkpoint has a masked-language-model head, or was saved as a sparse encoder."""
    architectures = configuration.get("architectures") or []
    return configuration.get("model_type") == "SparseEncoder" or any(
        name.endswith("ForMaskedLM") for name in architectures
    )


def is_late(configuration: Facts) -> bool:
    """Whether a checkpoint was saved by colbert-ai, by PyLate (its older versions state no type) or as multi-vector."""
    return (
        "HF_ColBERT" in (configuration.get("architectures") or [])
        or configuration.get("model_type") in ("ColBERT", "MultiVectorEncoder")
        or "query_prefix" in configuration
    )


def distinct_texts(corpus: Corpus) -> tuple[pa.LargeStringArray, npt.NDArray[np.int64]]:
    """The different texts of a corpus, and which of them each document has, documents in tie order.

    Equal texts are encoded once: it is cheaper, and it makes their scores equal to the last bit.
    """
    texts = corpus.texts.take(corpus.tie_order).dictionary_encode()
    return texts.dictionary, texts.indices.to_numpy().astype(np.int64)


def batches(lengths: npt.NDArray[np.int64], tokens: int) -> Iterator[npt.NDArray[np.int64]]:
    """Positions of texts, longest first, in batches that hold at most so many tokens when padded.

    Args:
        lengths: Tokens of each text, at least 1.
        tokens: Budget; a longer text is a batch of its own.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, tokens // int(lengths[order[start]]))
        yield order[start : start + size]
        start += size


def _loader(kind: str, card: ModelCard) -> Any:
    try:
        return getattr(import_module("sentence_transformers"), kind)
    except AttributeError:
        raise UsageError(
            f"'{card.name}' is a {card.family} model; the installed sentence-transformers has no {kind}: "
            "pip install -U sentence-transformers"
        ) from None


def _configuration(weights: Weights, *, offline: bool) -> Facts:
    """What the checkpoint says of itself.

    Raises:
        OSError: It has no readable `config.json`.
    """
    paths = [_file(weights, name, offline=offline) for name in CONFIGURATIONS]
    found = _merged([path for path in paths if path is not None])
    if not found:
        raise OSError("it has no config.json")
    return found


def _file(weights: Weights, name: str, *, offline: bool) -> Path | None:
    """A file of the checkpoint, fetched if need be; None where it has none."""
    if weights.commit is None:
        path = Path(weights.place) / name
        return path if path.is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return Path(hf_hub_download(weights.place, name, revision=weights.commit, local_files_only=offline))
    except EntryNotFoundError:
        return None


def _merged(files: list[Path]) -> Facts:
    found: Facts = {}
    for file in files:
        found |= json.loads(file.read_text(encoding="utf-8"))
    return found
