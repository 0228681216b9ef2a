"""Pipelines: a first stage, and a reranker for the top of what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from toolbench_eval.cards import Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.order import truncate
from toolbench_eval.ranking.run import Run
from toolbench_eval.rerankers.base import DEPTH, Reranker, RevealedQrels, in_corpus, with_rest
from toolbench_eval.retrievers.cost import Cost, added, cost_of
from toolbench_eval.retrievers.model import Model
from toolbench_eval.retrievers.stored import NeedsTask
from toolbench_eval.retrievers.templates import document_corpus, query_texts
from toolbench_eval.switches import ModelSwitches


@dataclass(eq=False)
class RerankerModel:
    """A reranker with templates; loaded when it is first used, so that finished work loads nothing.

    Attributes:
        name: Name in results.
        revision: Revision of the weights, where there are any.
        load: Makes the reranker.
        templates: Texts around queries and documents.
        switches: What the model is given.
        described: What the result records beside templates and switches.
        depth: Documents of the first stage that it reorders.
    """

    name: str
    revision: str | None
    load: Callable[[], Reranker]
    templates: Templates = field(default_factory=Templates)
    switches: ModelSwitches = field(default_factory=ModelSwitches)
    described: dict[str, Any] = field(default_factory=dict)
    depth: int = DEPTH

    @cached_property
    def reranker(self) -> Reranker:
        """The loaded reranker."""
        return self.load()

    @property
    def setting(self) -> dict[str, Any]:
        """Templates, switches and the family's own parameters."""
        return {**self.described, "templates": self.templates.model_dump(), **self.switches.model_dump()}

    @property
    def cost(self) -> Cost:
        """What the reranker used so far; nothing where it is not loaded or does not say."""
        return cost_of(vars(self).get("reranker"))

    def shown(self, corpus: Corpus) -> Corpus:
        """The corpus with the texts that the model sees."""
        return document_corpus(corpus, self.templates, self.switches)

    def rerank(self, queries: Queries, run: Run, corpus: Corpus, qrels: Qrels | None = None) -> Run:
        """Reorder every document of a run.

        Args:
            queries: Queries of the benchmark, without templates.
            run: Positions in `corpus.ids`.
            corpus: See `shown`.
            qrels: Labels, for bounds.
        """
        if isinstance(self.reranker, RevealedQrels) and qrels is not None:
            self.reranker.reveal(qrels)
        asked = replace(queries, texts=query_texts(queries, self.templates, self.switches))
        return self.reranker.rerank(asked, run, corpus)


@dataclass(eq=False)
class RerankedModel:
    """A first stage whose top is reordered; itself a model, so that it can be the first stage of another.

    Attributes:
        first: Finds documents.
        second: Reorders them.
    """

    first: Model
    second: RerankerModel

    @property
    def name(self) -> str:
        """Names of the stages joined by `>`."""
        return f"{self.first.name}>{self.second.name}"

    @property
    def revision(self) -> str | None:
        """The stages' revisions, where they have any."""
        revisions = [f"{stage.name}@{stage.revision}" for stage in (self.first, self.second) if stage.revision]
        return " ".join(revisions) or None

    @property
    def setting(self) -> dict[str, Any]:
        """Depth, and the stages' settings."""
        return {
            "depth": self.second.depth,
            "first_stage": {"name": self.first.name, **self.first.setting},
            "reranker": {"name": self.second.name, **self.second.setting},
        }

    @property
    def index_bytes(self) -> int:
        """Memory of the first stage's index."""
        return self.first.index_bytes

    @property
    def cost(self) -> Cost:
        """What all stages used, a name's values added up."""
        return added([cost_of(self.first), self.second.cost])

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> int:
        """Tell a stored first stage which task comes next; see `NeedsTask`."""
        return self.first.announce(task, queries, documents, instruction) if isinstance(self.first, NeedsTask) else 0

    def index(self, corpus: Corpus) -> None:
        """Index the corpus with the first stage."""
        self.first.index(corpus)
        self._corpus, self._shown = corpus, self.second.shown(corpus)

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """Search at least to the reranker's depth, reorder the top, keep the rest below it in its order."""
        depth = self.second.depth
        found = in_corpus(self.first.search(queries, max(k, depth), qrels), self._corpus)
        reranked = self.second.rerank(queries, truncate(found, depth), self._shown, qrels)
        return truncate(with_rest(reranked, found), k)
