"""Dense retrieval: one vector a text, exact search by inner product."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import HubError, MissingDataError, UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import search_dense, to_run
from toolbench_eval.retrievers.base import Runtime

INSTALL = "it needs torch and sentence-transformers: pip install 'toolbench-eval[dense]'"


class Dense:
    """Any sentence-transformers model, or a plain transformers checkpoint with the card's pooling."""

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Load the model.

        Raises:
            UsageError: The extra is not installed, or the model runs code that was not allowed.
            MissingDataError: The weights are neither in a folder nor, with `--offline`, in the cache.
            HubError: The hub did not give the weights.
        """
        self._card, self._runtime = card, runtime
        self._encoder = _load(card, runtime)

    def index(self, corpus: Corpus) -> None:
        """Encode the documents, in tie order."""
        self._corpus = corpus
        texts = corpus.texts.to_pylist()
        self._vectors = self._encode([texts[at] for at in corpus.tie_order])

    @property
    def index_bytes(self) -> int:
        """Memory that the vectors take."""
        return int(self._vectors.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Encode the queries and compare them with every document."""
        vectors = self._encode(queries.texts.to_pylist())
        columns, scores = search_dense(vectors, self._vectors, k)
        return to_run(columns, scores, queries.ids, self._corpus)

    def _encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts; an empty text is sent as a space, which every tokenizer takes."""
        length = self._encoder.max_seq_length or 512
        vectors = self._encoder.encode(
            [text or " " for text in texts],
            batch_size=max(1, self._runtime.batch_tokens // min(length, 512)),
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


def _load(card: ModelCard, runtime: Runtime) -> Any:
    try:
        import torch
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise UsageError(f"'{card.name}' is a dense model; {INSTALL}") from None
    place = _place(card)
    trusted = runtime.trust_remote_code and card.remote_code
    if card.remote_code and not trusted:
        raise UsageError(f"'{card.name}' runs code from its hub repository: allow it with --trust-remote-code")
    options: dict[str, Any] = {
        "device": None if runtime.device == "auto" else runtime.device,
        "revision": None if Path(place).is_dir() else card.revision,
        "local_files_only": runtime.offline,
        "trust_remote_code": trusted,
    }
    try:
        encoder = _built(SentenceTransformer, place, card, options)
    except OSError as error:
        raise _absent(card, place, runtime, error) from error
    encoder.to(getattr(torch, _dtype(card, runtime, encoder.device.type)))
    if card.encoding.max_length != "model":
        encoder.max_seq_length = card.encoding.max_length
    return encoder.eval()


def _built(sentence_transformer: Any, place: str, card: ModelCard, options: dict[str, Any]) -> Any:
    """The model with its own modules, or with the pooling and normalisation that the card names."""
    encoding = card.encoding
    if encoding.pooling == "model" and encoding.normalize == "model":
        return sentence_transformer(place, **options)
    from sentence_transformers import models

    shared = {key: options[key] for key in ("revision", "local_files_only", "trust_remote_code")}
    transformer = models.Transformer(place, model_args=shared, config_args=shared, tokenizer_args=shared)
    mode = {"mean": "mean", "cls": "cls", "last": "lasttoken", "model": "mean"}[encoding.pooling]
    modules = [transformer, models.Pooling(transformer.get_word_embedding_dimension(), pooling_mode=mode)]
    if encoding.normalize is True:
        modules.append(models.Normalize())
    return sentence_transformer(modules=modules, device=options["device"])


def _place(card: ModelCard) -> str:
    if card.package is not None:
        try:
            return str(import_module(card.package).get_model_path())
        except ImportError:
            raise UsageError(f"the weights of '{card.name}' come from a package; {INSTALL}") from None
    if card.hub is None:
        raise UsageError(f"the card of '{card.name}' names neither a hub repository nor a package")
    return card.hub


def _dtype(card: ModelCard, runtime: Runtime, device: str) -> str:
    """The number format; half precision is a GPU's, a CPU computes in float32 unless the user insists."""
    if runtime.dtype is not None:
        return runtime.dtype
    return "float32" if device == "cpu" else card.encoding.dtype


def _absent(card: ModelCard, place: str, runtime: Runtime, error: OSError) -> Exception:
    if runtime.offline:
        return MissingDataError(
            f"the weights of '{card.name}' are not in the local cache and --offline is set", file=place
        )
    return HubError(f"the weights of '{card.name}' ({place}) could not be loaded: {error}")
