"""Several models as one: their runs are fused by reciprocal rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.fusion import fuse_rrf
from toolbench_eval.ranking.run import Run
from toolbench_eval.retrievers.cost import Cost, added, cost_of
from toolbench_eval.retrievers.model import Model

RRF_K = 60
"""Cormack, Clarke and Büttcher, SIGIR 2009."""


@dataclass(frozen=True)
class FusedModel:
    """Reciprocal rank fusion of models, each searched to the depth that is asked for.

    Attributes:
        name: The members' names joined by `+`.
        members: The models.
    """

    name: str
    members: list[Model]

    @property
    def revision(self) -> str | None:
        """The members' revisions, where they have any."""
        revisions = [f"{member.name}@{member.revision}" for member in self.members if member.revision]
        return " ".join(revisions) or None

    @property
    def setting(self) -> dict[str, Any]:
        """The rule and the members' settings."""
        members = {member.name: member.setting for member in self.members}
        return {"fusion": "rrf", "rrf_k": RRF_K, "members": members}

    @property
    def index_bytes(self) -> int:
        """Memory of all indexes."""
        return sum(member.index_bytes for member in self.members)

    @property
    def cost(self) -> Cost:
        """What all members used."""
        return added(map(cost_of, self.members))

    def index(self, corpus: Corpus) -> None:
        """Index the corpus with every member."""
        for member in self.members:
            member.index(corpus)

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """Search with every member and fuse."""
        return fuse_rrf([member.search(queries, k, qrels) for member in self.members], k=RRF_K, depth=k)
