"""`mteb:<name>`: a model as mteb's registry loads it, prompts included."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from toolbench_eval.cards import ModelCard, Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UnknownNameError, UsageError
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

    mteb's loader decides pooling, length and number format; its similarity function compares.
    """

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Load the model.

        Raises:
            UsageError: mteb is not installed, the model runs code that was not allowed, it is asked for in another
                number format than mteb's, or it is no encoder.
        """
        if card.remote_code and not runtime.trust_remote_code:
            raise UsageError(f"'{card.name}' runs code from its hub repository: allow it with --trust-remote-code")
        if runtime.dtype is not None:
            raise UsageError(f"'{card.name}' is loaded by mteb, which decides its number format: leave out --dtype")
        mteb = _mteb()
        self._task = _metadata(str(card.options["task"]))
        self._batch = max(1, runtime.batch_tokens // 512)
        if runtime.offline:
            import_module("huggingface_hub").constants.HF_HUB_OFFLINE = True
        meta = mteb.get_model_meta(str(card.options["model"]))
        try:
            self._model = meta.load_model(device=None if runtime.device == "auto" else runtime.device)
        except ImportError as error:
            raise UsageError(f"'{card.name}' needs more than mteb alone: {error}") from error
        if not hasattr(self._model, "encode") or not hasattr(self._model, "similarity"):
            raise UsageError(
                f"'{card.name}' is a {' and '.join(meta.model_type)} model that searches or reranks by itself; only "
                "mteb's encoders can be used here"
            )

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
        self._vectors = self._encode({"text": texts, "body": texts}, "document")

    @property
    def index_bytes(self) -> int:
        """Memory that the vectors take."""
        return int(self._vectors.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Encode the queries and compare them with every document by the model's own similarity."""
        texts = queries.texts.to_pylist()
        n = len(self._corpus)
        columns = np.empty((len(texts), min(k, n)), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        vectors = self._encode({"text": texts, "query": texts}, "query") if texts else np.empty((0, 1), np.float32)
        block = max(1, BLOCK_BYTES // (4 * max(1, n)))
        for start in range(0, len(texts), block):
            scores = np.asarray(self._model.similarity(vectors[start : start + block], self._vectors), np.float32)
            columns[start : start + block], best[start : start + block] = top_k(scores[:, self._text_of], k)
        return to_run(columns, best, queries.ids, self._corpus)

    def _encode(self, columns: dict[str, list[str]], side: str) -> Any:
        """Vectors of texts, float32, shape (texts, d)."""
        from datasets import Dataset
        from torch.utils.data import DataLoader

        inputs = DataLoader(Dataset.from_dict(columns), batch_size=self._batch)
        vectors = self._model.encode(
            inputs,
            task_metadata=self._task,
            hf_split="test",
            hf_subset="default",
            prompt_type=import_module("mteb.types").PromptType(side),
            batch_size=self._batch,
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
