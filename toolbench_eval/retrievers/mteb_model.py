"""`mteb:<name>`: a model as mteb's registry loads it, prompts included."""

from __future__ import annotations

from functools import cached_property, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from toolbench_eval.cards import ModelCard, Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.devices import find_devices
from toolbench_eval.encoding.shards import ShardEncoder
from toolbench_eval.encoding.space import Space, libraries, variant_of
from toolbench_eval.encoding.store import Vectors
from toolbench_eval.encoding.weights import Weights, folder_digest
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.location import embeddings_root
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import top_k
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.sentence_models import distinct_texts

TASK = "#"
BLOCK_BYTES = 64 * 2**20
APPENDED = Templates(with_instruction="{query} {instruction}", scaffold="{query}")
"""mteb appends a query's own instruction to it; the model's prompts for the task then come before both."""


def mteb_card(name: str) -> ModelCard:
    """The card of `mteb:<name>` or `mteb:<name>#<task>`, from mteb's registry.

    Args:
        name: Some models have prompts for single tasks: `<task>` names one of mteb's, e.g. `ToolRetrieval`. Without,
            the model gets what it has for retrieval in general.

    Raises:
        UsageError: mteb is not installed, or has no such task.
        UnknownNameError: mteb knows no such model.
    """
    model, _, task = name.removeprefix("mteb:").partition(TASK)
    mteb = _mteb()
    try:
        meta = mteb.get_model_meta(model)
    except KeyError:
        known = import_module("mteb.models.model_implementations").MODEL_REGISTRY
        raise UnknownNameError("mteb model", model, known) from None
    _metadata(task)
    return ModelCard(
        name=name,
        title=f"{model}, loaded by mteb",
        family="mteb",
        revision=meta.revision,
        licence=str(meta.license or "not stated"),
        parameters=meta.n_parameters,
        homepage=str(meta.reference or ""),
        remote_code=bool(meta.loader_kwargs.get("trust_remote_code")),
        not_verified=["whether mteb's loader for this model runs code from the hub of its own accord"],
        templates=APPENDED,
        own_prompts=APPENDED,
        options={"model": model, "task": task, "mteb": version("mteb")},
    )


class MtebModel:
    """A model of mteb's that turns texts into vectors, with its prompts for queries and documents.

    mteb's loader decides pooling, length and number format; its similarity function compares. Vectors come from the
    cache (see `toolbench_eval.encoding`) where mteb names the model's revision, or its weights lie in a folder.
    """

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Look the model up in mteb's registry; nothing is loaded.

        Raises:
            UsageError: mteb is not installed, the model runs code that was not allowed, or it is asked for in another
                number format than mteb's.
        """
        card = card.allowing(runtime.trust_remote_code)
        if runtime.dtype is not None:
            raise UsageError(f"'{card.name}' is loaded by mteb, which decides its number format: leave out --dtype")
        self._card, self._runtime = card, runtime
        self._meta = _mteb().get_model_meta(str(card.options["model"]))
        self._task = _metadata(str(card.options["task"]))

    @cached_property
    def _model(self) -> Any:
        """The model.

        Raises:
            UsageError: It needs more than mteb, or is no encoder.
        """
        name, device = self._card.name, self._runtime.device
        if self._runtime.offline:
            import_module("huggingface_hub").constants.HF_HUB_OFFLINE = True
        try:
            model = self._meta.load_model(device=None if device == "auto" else device)
        except ImportError as error:
            raise UsageError(f"'{name}' needs more than mteb alone: {error}") from error
        if not hasattr(model, "encode") or not hasattr(model, "similarity"):
            raise UsageError(
                f"'{name}' is a {' and '.join(self._meta.model_type)} model that searches or reranks by itself; only "
                "mteb's encoders can be used here"
            )
        return model

    @property
    def facts(self) -> dict[str, Any]:
        """What loading found out."""
        meta = self._model.mteb_model_meta
        return {
            "dimension": meta.embed_dim,
            "max_length": meta.max_tokens,
            "prompts": dict(getattr(self._model, "model_prompts", None) or {}),
            "mteb_task": self._task.name,
        }

    def index(self, corpus: Corpus) -> None:
        """Encode each different text once."""
        self._corpus = corpus
        texts, self._text_of = distinct_texts(corpus)
        self._vectors = self._vectors_of("document", texts)

    @property
    def index_bytes(self) -> int:
        """Memory that the vectors take."""
        return int(self._vectors.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Encode the queries and compare them with every document by the model's own similarity."""
        n = len(self._corpus)
        columns = np.empty((len(queries), min(k, n)), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        vectors = self._vectors_of("query", queries.texts)
        block = max(1, BLOCK_BYTES // (4 * max(1, n)))
        for start in range(0, len(queries), block):
            scores = np.asarray(self._model.similarity(vectors[start : start + block], self._vectors), np.float32)
            columns[start : start + block], best[start : start + block] = top_k(scores[:, self._text_of], k)
        return to_run(columns, best, queries.ids, self._corpus)

    def _vectors_of(self, side: str, texts: pa.LargeStringArray) -> Vectors:
        """Vectors of texts, from the cache where it can be told whose they are."""
        encode = partial(self._encode, side)
        space = self._space(side)
        if space is None:
            return encode(texts.to_pylist()) if len(texts) else np.empty((0, 0), np.float32)
        runtime = self._runtime
        cache = ShardEncoder(
            self._card.name, space, embeddings_root(), batch_tokens=runtime.batch_tokens, track=runtime.track
        )
        return cache.vectors(texts, encode)

    @cached_property
    def weights(self) -> Weights | None:
        """What mteb loads; None where neither a folder nor a revision tells it from later weights."""
        name, revision = self._meta.name, self._meta.revision
        if Path(name).is_dir():
            return Weights(name, None, f"mteb:{name}@files:{folder_digest(Path(name))}")
        return None if revision is None else Weights(name, revision, f"mteb:{name}@{revision}")

    def _space(self, side: str) -> Space | None:
        """What decides the vectors of one side; None where nothing tells the weights from later ones."""
        meta, weights = self._meta, self.weights
        if weights is None:
            return None
        return Space(
            weights=weights.identity,
            pooling="model",
            normalize="model",
            max_length="model",
            add_eos=False,
            dtype="model",
            device=find_devices(self._runtime.device).kind,
            libraries=libraries(),
            variant=variant_of(self._card, side=side, loader=meta.loader, prompts=meta.loader_kwargs),
        )

    def _encode(self, side: str, texts: list[str]) -> Vectors:
        """Vectors of texts, float32, shape (texts, d)."""
        from datasets import Dataset
        from torch.utils.data import DataLoader

        columns = {"text": texts, {"query": "query", "document": "body"}[side]: texts}
        batch = max(1, self._runtime.batch_tokens // 512)
        inputs = DataLoader(Dataset.from_dict(columns), batch_size=batch)
        vectors = self._model.encode(
            inputs,
            task_metadata=self._task,
            hf_split="test",
            hf_subset="default",
            prompt_type=import_module("mteb.types").PromptType(side),
            batch_size=batch,
            show_progress_bar=False,
        )
        array = vectors.float().cpu().numpy() if hasattr(vectors, "cpu") else vectors
        return np.ascontiguousarray(array, dtype=np.float32)


def _metadata(task: str) -> Any:
    """The description of one of mteb's tasks, or of retrieval in general."""
    if task:
        try:
            return _mteb().get_task(task).metadata
        except KeyError as error:
            raise UsageError(f"mteb has no task '{task}': {error.args[0]}") from None
    abstasks = import_module("mteb.abstasks")
    return import_module("mteb.abstasks.task_metadata").TaskMetadata(
        name="evalharness",
        description="Retrieval by evalharness",
        type="Retrieval",
        category="t2t",
        dataset={"path": "none", "revision": "none"},
        eval_langs=["eng-Latn"],
        main_score="ndcg_at_10",
        prompt={"query": abstasks.AbsTaskRetrieval.abstask_prompt},
    )


def _mteb() -> Any:
    try:
        return import_module("mteb")
    except ImportError as error:
        if error.name == "mteb":
            raise UsageError("a model named 'mteb:...' needs mteb: pip install mteb") from None
        raise UsageError(f"mteb is installed but cannot be imported: {error}") from error
