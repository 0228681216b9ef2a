"""Dense retrieval: one vector a text, exact search by inner product."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, partial
from importlib.util import find_spec

import numpy as np
import pyarrow as pa

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.devices import find_devices
from toolbench_eval.encoding.engine import Encoder
from toolbench_eval.encoding.model import load
from toolbench_eval.encoding.space import space_of
from toolbench_eval.encoding.store import Vectors
from toolbench_eval.encoding.weights import INSTALL, Weights, find_weights
from toolbench_eval.errors import UsageError
from toolbench_eval.location import embeddings_root
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import search_dense, to_run
from toolbench_eval.retrievers.base import Runtime


class Dense:
    """Any sentence-transformers model, or a plain transformers checkpoint with the card's pooling.

    The option `attention = "bidirectional"` lets each token of a decoder see all others, as GritLM does.
    NV-Embed, which is neither, is known by its `config.json` (see `toolbench_eval.encoding.nv_embed`).
    Vectors come from the cache (see `toolbench_eval.encoding`); the model is loaded when a text is not in it.
    """

    def __init__(self, card: ModelCard, runtime: Runtime) -> None:
        """Look at the card; nothing is loaded.

        Raises:
            UsageError: The extra is not installed, the card says that the model cannot be run here, or the model runs
                code that was not allowed.
        """
        if card.unsupported:
            raise UsageError(f"'{card.name}' cannot be run: {card.unsupported}")
        if find_spec("torch") is None or find_spec("sentence_transformers") is None:
            raise UsageError(f"'{card.name}' is a dense model; {INSTALL}")
        allowed = card.allowing(runtime.trust_remote_code)
        if unknown := card.options.items() - {("attention", "bidirectional")}:
            name, value = min(unknown)
            raise UsageError(f"the card of '{card.name}' has an option that no dense model takes: {name} = {value!r}")
        self._card, self._runtime = allowed, runtime
        self._own_code = card.remote_code == "allowed" and bool(allowed.remote_code)

    def index(self, corpus: Corpus) -> None:
        """Encode the documents, in tie order.

        Raises:
            EvalHarnessError: The weights cannot be had or run, or the cache cannot be used.
        """
        self._corpus = corpus
        self._vectors = self._encoder.encode(corpus.texts.take(pa.array(corpus.tie_order)))

    @property
    def index_bytes(self) -> int:
        """Memory that the vectors take."""
        return int(self._vectors.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Encode the queries and compare them with every document."""
        vectors = self._encoder.encode(queries.texts) if len(queries) else np.empty_like(self._vectors[:0])
        columns, scores = search_dense(vectors, self._vectors, k)
        return to_run(columns, scores, queries.ids, self._corpus)

    def embed(self, texts: Iterable[str]) -> Vectors:
        """The vectors of texts as they are, without a template.

        Returns:
            float32, shape (number of texts, dimension).

        Raises:
            EvalHarnessError: The weights cannot be had or run, or the cache cannot be used.
        """
        return self._encoder.encode(string_array(texts))

    @cached_property
    def weights(self) -> Weights:
        """Where the weights are from.

        Raises:
            UsageError, MissingDataError, HubError: See `find_weights`.
        """
        return find_weights(self._card, offline=self._runtime.offline)

    @property
    def limit(self) -> int | None:
        """Tokens of a text that the model sees; None where only loading it tells, and it was never loaded."""
        said = self._card.encoding.max_length
        return self._encoder.limit if said == "model" else said

    @cached_property
    def _encoder(self) -> Encoder:
        card, runtime = self._card, self._runtime
        devices = find_devices(runtime.device)
        space = space_of(card, self.weights, devices, runtime.dtype, own_code=self._own_code)
        return Encoder(
            card.name,
            space,
            partial(load, card, self.weights, devices, space.dtype, offline=runtime.offline),
            embeddings_root(),
            batch_tokens=runtime.batch_tokens,
            track=runtime.track,
        )
