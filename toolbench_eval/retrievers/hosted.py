"""Dense retrieval with hosted embeddings: any OpenAI-compatible `/embeddings` endpoint."""

from __future__ import annotations

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.embeddings import EmbeddingModel, HostedEncoder
from toolbench_eval.llms.endpoint import Endpoint, parse_address
from toolbench_eval.llms.meter import Meter, price_of
from toolbench_eval.location import cache_root
from toolbench_eval.memo import Memo
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import search_dense, to_run
from toolbench_eval.retrievers.base import Runtime

VECTORS = "hosted_embeddings.sqlite"


class Hosted:
    """Exact search by inner product over vectors that an endpoint makes."""

    def __init__(self, encoder: HostedEncoder) -> None:
        """Set the encoder.

        Args:
            encoder: Makes vectors.
        """
        self._encoder = encoder

    def index(self, corpus: Corpus) -> None:
        """Encode the documents, in tie order."""
        self._corpus = corpus
        texts = corpus.texts.to_pylist()
        self._vectors = self._encoder.encode([texts[at] for at in corpus.tie_order])

    @property
    def index_bytes(self) -> int:
        """Memory that the vectors take."""
        return int(self._vectors.nbytes)

    @property
    def cost(self) -> dict[str, float]:
        """Calls, tokens and dollars."""
        return self._encoder.cost

    def search(self, queries: Queries, k: int) -> Run:
        """Encode the queries and compare them with every document."""
        columns, scores = search_dense(self._encoder.encode(queries.texts.to_pylist()), self._vectors, k)
        return to_run(columns, scores, queries.ids, self._corpus)


def hosted_encoder(card: ModelCard, runtime: Runtime) -> HostedEncoder:
    """The encoder of a card: `options.endpoint` is `openai/<model>` or `openai-api/<name>/<model>`.

    Raises:
        UsageError: The card names no endpoint, or an environment variable that it needs is not set.
    """
    options = dict(card.options)
    name = options.pop("endpoint", None)
    if not isinstance(name, str):
        raise UsageError(f"the card of '{card.name}' must name options.endpoint, e.g. openai/text-embedding-3-small")
    address, model = parse_address(name)
    wanted = EmbeddingModel(model, **options)  # type: ignore[arg-type]
    endpoint = Endpoint(address, Meter(price_of(name)))
    return HostedEncoder(wanted, endpoint, Memo(cache_root() / VECTORS), runtime.concurrency)
