"""Loading an embedding model and running it on a device."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from toolbench_eval.cards import ModelCard
from toolbench_eval.encoding.attention import look_both_ways
from toolbench_eval.encoding.batching import Rows
from toolbench_eval.encoding.devices import Devices
from toolbench_eval.encoding.store import Vectors
from toolbench_eval.encoding.tokens import POOLED, Counting, Tokens, tokenised
from toolbench_eval.encoding.weights import INSTALL, Weights, unavailable, unloadable
from toolbench_eval.errors import MissingDataError, UsageError

_POOLING = {"mean": "mean", "mean_text": "mean", "cls": "cls", "last": "lasttoken"}
_TEXT_ONLY = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
_NO_LIMIT = 1_000_000
_USUAL_LENGTH = 512
"""Tokens of a text where no file of the checkpoint names a limit."""
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

_log = logging.getLogger("toolbench_eval")


@dataclass(frozen=True, eq=False)
class EmbeddingModel:
    """A model in memory.

    Attributes:
        name: For messages.
        copies: One SentenceTransformer a device.
        add_eos: Whether texts are ended with the end-of-sequence token where the tokenizer does not.
        unpooled: How tokens before a text's boundary, which are read but not pooled, are counted; None pools all.
    """

    name: str
    copies: list[Any]
    add_eos: bool = False
    unpooled: Counting | None = None

    @property
    def limit(self) -> int | None:
        """Tokens of a text that it sees."""
        limit: int | None = self.copies[0].max_seq_length
        return limit

    def tokenise(self, texts: list[str]) -> Tokens:
        """Texts as the model takes them; needs no device."""
        return tokenised(self.copies[0], texts, add_eos=self.add_eos, unpooled=self.unpooled)

    def vectors(self, number: int, tokens: Tokens, rows: Rows, features: dict[str, Any]) -> Vectors:
        """Run one batch; where memory runs out, its halves, down to one text.

        Args:
            number: Which copy.
            tokens: The texts that the batch belongs to.
            rows: Its rows among them.
            features: `tokens.features(rows)`.

        Returns:
            float32, shape (len(rows), dimension).

        Raises:
            UsageError: A single text does not fit.
        """
        found = self._tried(number, features)
        if found is not None:
            return found
        if len(rows) == 1:
            length, device = tokens.lengths[rows[0]], self.copies[number].device
            raise UsageError(
                f"a text of {length} tokens does not fit into the memory of {device} with '{self.name}': use "
                "--dtype float16, another --device, or a card with a smaller max_length"
            )
        _free_memory()
        half = (len(rows) + 1) // 2
        parts = [self.vectors(number, tokens, part, tokens.features(part)) for part in (rows[:half], rows[half:])]
        return np.concatenate(parts)

    def _tried(self, number: int, features: dict[str, Any]) -> Vectors | None:
        """One forward pass, None where memory ran out."""
        import torch

        model = self.copies[number]
        try:
            with torch.inference_mode():
                here = {name: _moved(value, model.device) for name, value in features.items()}
                found: Vectors = _pooled(model, here)["sentence_embedding"].float().cpu().numpy()
        except RuntimeError as error:
            # Not handled here: the error's traceback keeps the batch in memory as long as it lives.
            if not any(sign in str(error).lower() for sign in _NO_MEMORY):
                raise
            return None
        return found


def load(card: ModelCard, weights: Weights, devices: Devices, dtype: str, *, offline: bool) -> EmbeddingModel:
    """Load a model with its own modules, or with the pooling and normalisation that the card names.

    Raises:
        UsageError: The extra is not installed, or the card asks for what the model cannot do.
        MissingDataError: Offline, and the weights are not in the hub's cache.
        HubError: The hub did not give the weights.
    """
    try:
        import sentence_transformers  # noqa: F401
        import torch

        from toolbench_eval.encoding.nv_embed import is_nv_embed, register
    except ImportError:
        raise UsageError(f"'{card.name}' is a dense model; {INSTALL}") from None
    register()
    # A hub that could not be asked is not asked again for each file.
    local = offline or not weights.confirmed
    with _explained(card, weights, offline=offline), _quiet():
        if card.encoding.pooling == "model":
            model = _own_modules(card, weights, dtype, offline=local)
        else:
            model = _named_modules(card, weights, dtype, offline=local)
    model = model.eval().to(dtype=getattr(torch, dtype))
    latent = is_nv_embed(model)
    if latent or card.options.get("attention") == "bidirectional":
        transformer = model[0].auto_model
        look_both_ways(transformer.embedding_model if latent else transformer, card.name)
    _set_max_length(model, card)
    _check_modules(model, card)
    _tell(model, card)
    copies = [model.to(devices.names[0]), *(copy.deepcopy(model).to(name) for name in devices.names[1:])]
    counting: Counting = "text" if latent else "text_and_opening"
    unpooled = counting if card.encoding.pooling == "mean_text" else None
    return EmbeddingModel(card.name, copies, card.encoding.add_eos, unpooled)


def _own_modules(card: ModelCard, weights: Weights, dtype: str, *, offline: bool) -> Any:
    """The model as its files describe it, its normalisation put right where the card says which."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize
    from sentence_transformers.util import is_sentence_transformer_model

    model: Any = SentenceTransformer(
        weights.place,
        device="cpu",
        revision=weights.commit,
        local_files_only=offline,
        trust_remote_code=bool(card.remote_code),
        model_kwargs={"dtype": getattr(torch, dtype)},
    )
    if not is_sentence_transformer_model(weights.place, revision=weights.commit, local_files_only=offline):
        # It would send each text through the chat template of a plain checkpoint that has one.
        model[0].modality_config.pop("message", None)
    wanted = card.encoding.normalize
    if wanted in ("model", any(isinstance(part, Normalize) for part in model)):
        return model
    kept = [part for part in model if not isinstance(part, Normalize)]
    return SentenceTransformer(modules=[*kept, Normalize()] if wanted else kept, device="cpu")


def _named_modules(card: ModelCard, weights: Weights, dtype: str, *, offline: bool) -> Any:
    """A transformer with the card's pooling; plain text in, whatever chat template the tokenizer carries."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    encoding = card.encoding
    shared = {"revision": weights.commit, "local_files_only": offline, "trust_remote_code": bool(card.remote_code)}
    options: dict[str, Any] = {
        "model_kwargs": {**shared, "dtype": getattr(torch, dtype)},
        "processor_kwargs": dict(shared),
        "config_kwargs": dict(shared),
        "modality_config": copy.deepcopy(_TEXT_ONLY),
        "module_output_name": "token_embeddings",
    }
    transformer: Any = Transformer(weights.place, **options)
    pooling: Any = Pooling(transformer.get_embedding_dimension(), pooling_mode=_POOLING[encoding.pooling])  # type: ignore[arg-type, unused-ignore]
    modules = [transformer, pooling, Normalize()] if encoding.normalize is True else [transformer, pooling]
    return SentenceTransformer(modules=modules, device="cpu")


def _pooled(model: Any, features: dict[str, Any]) -> Any:
    """Run a model; where some tokens are only read, the modules behind the transformer take them for padding."""
    pooled = features.pop(POOLED, None)
    if pooled is None:
        return model(features)
    transformer, *others = model
    found = transformer(features)
    found["attention_mask"] = pooled
    for module in others:
        found = module(found)
    return found


def _set_max_length(model: Any, card: ModelCard) -> None:
    """Cut texts where the card says.

    Raises:
        UsageError: The model has no positions for so long a text.
    """
    wanted = card.encoding.max_length
    if wanted == "model":
        _limit(model)
        return
    most = _positions(model)
    if most is not None and wanted > most:
        raise UsageError(f"the card of '{card.name}' has max_length {wanted}, but the model only has {most} positions")
    model.max_seq_length = wanted


def _limit(model: Any) -> None:
    """Cut texts where the model's own files say.

    sentence-transformers reads its own setting in them, else the smaller of the tokenizer's limit and the model's
    positions. Where neither is there, a tokenizer without a limit says a huge number; then the text part of the
    configuration decides, or else the usual length.
    """
    said, config = model.max_seq_length, getattr(getattr(model[0], "auto_model", None), "config", None)
    if config is None or (said is not None and said < _NO_LIMIT):
        return
    positions = getattr(config.get_text_config(), "max_position_embeddings", None)
    model.max_seq_length = int(positions) if positions and positions > 0 else _USUAL_LENGTH


def _positions(model: Any) -> int | None:
    """Length of the model's table of positions, None where it has none (rotary or relative positions)."""
    for part in model.modules():
        table: Any = getattr(part, "position_embeddings", None)
        if hasattr(table, "num_embeddings"):
            offset = getattr(part, "padding_idx", None)  # RoBERTa counts from there
            return int(table.num_embeddings) - (0 if offset is None else offset + 1)
    return None


def _check_modules(model: Any, card: ModelCard) -> None:
    from sentence_transformers.base.modules import Router

    if any(isinstance(part, Router) for part in model):
        raise UsageError(f"'{card.name}' encodes queries and documents by different modules (Router): not supported")


def _tell(model: Any, card: ModelCard) -> None:
    """Say what the model's own files decide, where the card leaves it to them."""
    encoding = card.encoding
    if "model" not in (encoding.pooling, encoding.normalize, encoding.max_length):
        return
    modules = " > ".join(_described(part) for part in model)
    _log.info("%s: by its own files, %s; cut at %s tokens", card.name, modules, model.max_seq_length)
    if getattr(model, "default_prompt_name", None) is not None:
        _log.warning("%s: its default prompt is not used; the templates of the card are", card.name)


def _described(part: Any) -> str:
    mode = getattr(part, "pooling_mode", None)
    name = type(part).__name__
    return name if mode is None else f"{name} ({mode if isinstance(mode, str) else '+'.join(mode)})"


@contextmanager
def _explained(card: ModelCard, weights: Weights, *, offline: bool) -> Iterator[None]:
    """Turn failures to find, fetch or understand weights into our own errors."""
    from toolbench_eval.data.hub_errors import failures

    try:
        yield
    except ValueError as error:
        raise unloadable(card, weights.place, error) from error
    except failures() as error:
        if weights.commit is None:
            raise UsageError(f"{weights.place} cannot be loaded as a model: {error}") from error
        if offline:
            raise MissingDataError(
                f"the weights of '{card.name}' are not in the hub's cache and --offline is set: run once without it",
                file=weights.place,
            ) from error
        raise unavailable(weights.place, error) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars that transformers draws while it loads."""
    transformers_logging: Any = import_module("transformers.utils.logging")
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def _moved(value: Any, device: Any) -> Any:
    return value.to(device, non_blocking=True) if hasattr(value, "to") else value


def _free_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
