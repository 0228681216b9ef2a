"""How alike two texts are: the cosine of their vectors, which any dense retriever gives."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import described, find_card

Pair = tuple[str, str]


class TextSimilarity:
    """Compares texts by the vectors of one model; several threads may use it, one at a time.

    Texts are encoded as they are, in the length that the model's authors set, as sentence-transformers does.
    """

    def __init__(self, name: str, registry: Registry, runtime: Runtime) -> None:
        """Find the model and its weights, so that what is missing is told at once; nothing is loaded.

        Args:
            name: A dense retriever: a registered name, a hub id or a folder.
            registry: Where names are looked up.
            runtime: How to execute.

        Raises:
            UnknownNameError: Nothing has this name.
            UsageError: It is no dense retriever, or the extra is not installed.
            MissingDataError: Offline, and the weights are not here.
            HubError: The hub does not say which weights the name means.
        """
        found = find_card(name, registry)
        if found.family != "dense":
            raise UsageError(f"'{name}' is no dense retriever ({found.family}), so it gives no vectors to compare")
        from toolbench_eval.retrievers.dense import Dense

        card = found.as_its_authors_say()
        self.name = found.name
        self._model = Dense(card, runtime)
        self.setting: Mapping[str, Any] = {
            "name": found.name,
            "weights": self._model.weights.identity,
            **described(card, found, runtime),
        }
        self._lock = threading.Lock()

    def __call__(self, pairs: Collection[Pair]) -> dict[Pair, float]:
        """Cosine of each pair, at least 0; a text without a direction is like nothing.

        Raises:
            EvalHarnessError: The model cannot be loaded or run.
        """
        texts = sorted({text for pair in pairs for text in pair})
        if not texts:
            return {}
        with self._lock:
            vectors = self._model.embed(texts).astype(np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = dict(zip(texts, vectors / np.where(lengths > 0, lengths, 1.0), strict=True))
        return {(left, right): max(0.0, float(rows[left] @ rows[right])) for left, right in pairs}
