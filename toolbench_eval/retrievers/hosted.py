"""Dense retrieval with hosted embeddings: any OpenAI-compatible `/embeddings` endpoint."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from toolbench_eval.card_options import Options, read_options
from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.llms.embeddings import EmbeddingModel, HostedEncoder
from toolbench_eval.llms.endpoint import Endpoint, parse_address
from toolbench_eval.llms.meter import Meter, price_of
from toolbench_eval.location import cache_root
from toolbench_eval.memo import Memo
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import search_dense, to_run
from toolbench_eval.retrievers.base import Runtime

AtLeastOne = Annotated[int, Field(ge=1)]
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


class HostedOptions(Options):
    """Options of a card; see `EmbeddingModel`."""

    endpoint: str
    dimensions: AtLeastOne | None = None
    characters: AtLeastOne = EmbeddingModel.characters
    batch: AtLeastOne = EmbeddingModel.batch


def hosted_encoder(card: ModelCard, runtime: Runtime) -> HostedEncoder:
    """The encoder of a card: `options.endpoint` is `openai/<model>` or `openai-api/<name>/<model>`.

    Raises:
        DataError: The card names no endpoint, or an option is none or makes no sense.
        UsageError: An environment variable that the endpoint needs is not set.
    """
    options = read_options(HostedOptions, card)
    address, model = parse_address(options.endpoint)
    wanted = EmbeddingModel(model, options.dimensions, options.characters, options.batch)
    endpoint = Endpoint(address, Meter(price_of(options.endpoint)))
    return HostedEncoder(wanted, endpoint, Memo(cache_root() / VECTORS), runtime.concurrency)
