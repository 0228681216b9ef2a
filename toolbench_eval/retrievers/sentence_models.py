"""Loading sparse and late-interaction models through sentence-transformers, and what both families share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.encoding.devices import find_devices
from toolbench_eval.encoding.space import dtype_on
from toolbench_eval.encoding.weights import Weights, find_weights, unavailable
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.retrievers.base import Runtime

CONFIGURATIONS = ("config.json", "config_sentence_transformers.json")


def load_encoder(kind: str, card: ModelCard, runtime: Runtime, trained_for: Callable[[dict[str, Any]], bool]) -> Any:
    """A model of sentence-transformers, in the number format and on the device that are asked for.

    Args:
        kind: Its class: `SparseEncoder` or `MultiVectorEncoder`.
        card: The model.
        runtime: Device, number format, offline.
        trained_for: Tells from the checkpoint's `config.json` and `config_sentence_transformers.json` (merged) whether
            its weights are of this kind. sentence-transformers would put random layers on any other checkpoint.

    Raises:
        UsageError: The extra is not installed, the card names no weights, or code would be run that was not allowed.
        MissingDataError: Offline, and the cache lacks the weights.
        HubError: The hub did not give the weights.
        DataError: The checkpoint is of another kind, or its folder lacks a file.
    """
    if card.remote_code and not runtime.trust_remote_code:
        raise UsageError(f"'{card.name}' runs code from its hub repository: allow it with --trust-remote-code")
    loader = _loader(kind, card)
    devices = find_devices(runtime.device)
    weights = find_weights(card, offline=runtime.offline)
    source = {"revision": weights.commit, "local_files_only": runtime.offline}
    try:
        if not trained_for(_configuration(weights.place, source)):
            raise DataError(f"'{card.name}' is no {card.family} model: its weights are of another kind", file=card.hub)
        encoder = loader(weights.place, device=devices.names[0], trust_remote_code=card.remote_code, **source)
    except OSError as error:
        raise _unreadable(card, weights, runtime, error) from error
    dtype = getattr(import_module("torch"), dtype_on(devices, card, runtime.dtype))
    return encoder.to(dtype=dtype).eval()


def _unreadable(card: ModelCard, weights: Weights, runtime: Runtime, error: OSError) -> Exception:
    if weights.commit is None:
        return DataError(f"no {card.family} model could be loaded from it: {error}", file=weights.place)
    if runtime.offline:
        return MissingDataError(
            f"the weights of '{card.name}' are not in the local cache and --offline is set", file=weights.place
        )
    return unavailable(weights.place, error)


def family_of(folder: Path) -> str | None:
    """`splade` or `late` where the files of a saved model say that it is one, else None."""
    found = _merged([folder / name for name in CONFIGURATIONS if (folder / name).is_file()])
    if found.get("model_type") == "SparseEncoder":
        return "splade"
    return "late" if is_late(found) else None


def is_sparse(configuration: dict[str, Any]) -> bool:
    """Whether a checkpoint has a masked-language-model head, or was saved as a sparse encoder."""
    architectures = configuration.get("architectures") or []
    return configuration.get("model_type") == "SparseEncoder" or any(
        name.endswith("ForMaskedLM") for name in architectures
    )


def is_late(configuration: dict[str, Any]) -> bool:
    """Whether a checkpoint was saved by colbert-ai, by PyLate (its older versions state no type) or as multi-vector."""
    return (
        "HF_ColBERT" in (configuration.get("architectures") or [])
        or configuration.get("model_type") in ("ColBERT", "MultiVectorEncoder")
        or "query_prefix" in configuration
    )


def distinct_texts(corpus: Corpus) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The different texts of a corpus, and which of them each document has, documents in tie order.

    Equal texts are encoded once: it is cheaper, and it makes their scores equal to the last bit.
    """
    texts = corpus.texts.take(corpus.tie_order).dictionary_encode()
    return texts.dictionary.to_pylist(), texts.indices.to_numpy().astype(np.int64)


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
    except ImportError:
        raise UsageError(
            f"'{card.name}' is a {card.family} model; it needs torch and sentence-transformers: "
            "pip install 'toolbench-eval[dense]'"
        ) from None
    except AttributeError:
        raise UsageError(
            f"'{card.name}' is a {card.family} model; the installed sentence-transformers has no {kind}: "
            "pip install -U sentence-transformers"
        ) from None


def _configuration(place: str, source: dict[str, Any]) -> dict[str, Any]:
    """What the checkpoint says of itself.

    Raises:
        OSError: It has no readable `config.json`.
    """
    load_file_path = import_module("sentence_transformers.util").load_file_path
    paths = [load_file_path(place, name, **source) for name in CONFIGURATIONS]
    found = _merged([Path(path) for path in paths if path is not None])
    if not found:
        raise OSError("it has no config.json")
    return found


def _merged(files: list[Path]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in files:
        found |= json.loads(file.read_text(encoding="utf-8"))
    return found
