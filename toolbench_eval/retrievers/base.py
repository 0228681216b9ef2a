"""What a retriever is: the small protocol that every adapter fulfils."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.progress import Track, untracked
from toolbench_eval.ranking.run import Run


class Retriever(Protocol):
    """Ranks the documents of a corpus for queries.

    Any object with these two methods can be evaluated.
    """

    def index(self, corpus: Corpus) -> None:
        """Prepare for searching this corpus; replaces what was indexed before."""

    def search(self, queries: Queries, k: int) -> Run:
        """Rank the indexed documents.

        Args:
            queries: Their `texts` are final: templates are applied already.
            k: Depth of the ranking.

        Returns:
            A run over `queries.ids` and the ids of the indexed corpus, with min(k, n) documents
            each; of documents with equal scores the one with the higher id (as bytes) is first.
        """


@runtime_checkable
class Sized(Protocol):
    """A retriever that knows how large its index is."""

    @property
    def index_bytes(self) -> int:
        """Memory that the index takes."""


@runtime_checkable
class NeedsQrels(Protocol):
    """A retriever that is shown the labels: a bound, not a system."""

    def reveal(self, qrels: Qrels) -> None:
        """Take the labels of the queries that are searched next."""


@dataclass(frozen=True)
class Runtime:
    """How to execute a model. Nothing here is part of the model's identity, but `dtype` is recorded.

    Attributes:
        device: `auto`, `cpu`, `cuda` (all that are visible), `cuda:1`, `mps`, or several joined by commas.
        dtype: Number format of the weights, or None for the card's.
        batch_tokens: Tokens that are encoded at a time on a device, padding included.
        offline: Whether weights may come from the local cache only.
        seed: For models that draw numbers.
        trust_remote_code: Whether the user allows code from the hub.
        track: Shows the progress of a piece of work; see `toolbench_eval.progress`.
        concurrency: Calls to an endpoint at a time.
    """

    device: str = "auto"
    dtype: Literal["float32", "float16", "bfloat16"] | None = None
    batch_tokens: int = 16384
    offline: bool = False
    seed: int = 0
    trust_remote_code: bool = False
    track: Track = field(default=untracked, compare=False, repr=False)
    concurrency: int = 16
