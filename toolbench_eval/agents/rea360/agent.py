"""360°REA: a leader and a crew who judge each other's work between rounds and keep what they learn.

Source: Gao et al., *360°REA: Towards A Reusable Experience Accumulation with 360° Assessment for Multi-Agent System*,
Findings of ACL 2024 (arXiv 2404.05569). As in the paper there are no tools, whatever a task offers. The defaults are
the system as the paper outlines it: whoever judges is told who they are, remarks go to whom they are about, and members
see what they did before. The protocol `released` is the code for creative writing; its travel plans add
`history=everywhere`, its logic grid puzzles that and `select=none local_pool=false rounds=1`, with the view `upward`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.rea360.appraisal import VIEWS, Routing
from toolbench_eval.agents.rea360.crew import Reading
from toolbench_eval.agents.rea360.crew_work import CrewWork
from toolbench_eval.agents.rea360.experience import How, Pool, read_pool
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import PROMPT as FORMS
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import DataError


@dataclass(frozen=True)
class Rea360:
    """Divide the task, work in line, merge; judge each other, learn, and do it again."""

    rounds: int = option(2, "rounds of assessment (T); the paper's code has 2, for logic grid puzzles 1")
    max_members: int = option(4, "most members of the crew")
    views: tuple[str, ...] = option(("self", "peer", "supervisory"), f"assessments: any of {', '.join(VIEWS)}")
    local_pool: bool = option(True, "whether members learn lessons from each round")
    pool: str | None = option(None, "file of the global pool of experience")
    pool_digest: str | None = option(None, "SHA-256 of the pool; found by itself, another pool is refused")
    select: How = option("all", "entries of the pool that are used; none is without global pool")
    pool_k: int = option(10, "entries that select=recent and select=similar take")
    allow_leak: bool = option(False, "whether the pool may hold experience with tasks that are to be solved")
    named: bool = option(True, "whether whoever judges is told who they are")
    routing: Routing = option("addressee", "who is told of a remark: whom it is about, or everybody but its author")
    own_view: Literal["kept", "dropped"] = option("kept", "whether what somebody says of themselves is used")
    history: Literal["everywhere", "lessons"] = option(
        "everywhere", "where an agent sees what it did before: wherever it works, or when it writes lessons only"
    )
    remembered: Literal["replies", "all"] = option("replies", "what that is: its replies, or its prompts, too")
    reading: Reading = option("tolerant", "how the leader's division of the task is read")
    temperature: float = option(0.0, "of every call; the paper's code leaves it to the endpoint, where 1 is usual")
    max_tokens: int | None = option(None, "longest reply")

    name: ClassVar[str] = "rea360"
    prompts: ClassVar[tuple[str, ...]] = ("rea360-1", FORMS)
    roles: ClassVar[tuple[str, ...]] = ("leader", "crew")
    protocols: ClassVar[Protocols] = {
        "paper": {},
        "released": {
            "named": False,
            "routing": "shared",
            "own_view": "dropped",
            "history": "lessons",
            "remembered": "all",
            "reading": "released",
            "temperature": 1.0,
        },
    }

    def __post_init__(self) -> None:
        """Refuse options that make no sense, and find the digest of the pool.

        Raises:
            ValueError: A number is too small, a view is unknown, or the pool is not the one that is named.
            DataError: The pool cannot be read.
        """
        at_least(0, rounds=self.rounds, pool_k=self.pool_k)
        at_least(1, max_members=self.max_members)
        if unknown := [view for view in self.views if view not in VIEWS]:
            raise ValueError(f"views are {', '.join(VIEWS)}; found {', '.join(unknown)}")
        if self.rounds and not self.views:
            raise ValueError("rounds without views judge nothing: set rounds=0")
        if self.pool is not None:
            digest = read_pool(Path(self.pool)).digest
            if self.pool_digest not in {None, digest}:
                raise ValueError(f"the pool {self.pool} is another one today: its digest is {digest}")
            # The content decides scores, not the name of the file: so it is recorded, too.
            object.__setattr__(self, "pool_digest", digest)

    def calls(self, members: int, lessons: bool) -> int:
        """Number of calls for a task.

        Lessons of the global pool 1 + k, division 1, work k, result 1; in each round assessment k + 1, local lessons k,
        work k, result 1 (what is switched off does not count).

        Args:
            members: Members of the crew (k).
            lessons: Whether there are entries of the global pool to learn from.
        """
        views = set(self.views)
        judging = members * bool(views & {"self", "peer", "upward"}) + bool(views & {"self", "supervisory"})
        each_round = judging + members * self.local_pool + members + 1
        return (1 + members) * lessons + 1 + members + 1 + self.rounds * each_round

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Solve a task.

        Raises:
            UsageError: The global pool holds experience with this very task, and `allow_leak` is not set.
        """
        pool = self._pool()
        if not self.allow_leak:
            pool.refuse_leaks([sample.text])
        entries = pool.select(sample.text, self.select, self.pool_k)
        if self.pool is not None:
            leak = bool(pool.leaked([sample.text]))
            session.note("pool", split=pool.split, entries=len(pool.entries), used=len(entries), leak=leak)
        return CrewWork(self, sample, session, entries).run()

    def _pool(self) -> Pool:
        return Pool("none") if self.pool is None else _kept(self.pool, str(self.pool_digest))


@lru_cache(maxsize=8)
def _kept(path: str, digest: str) -> Pool:
    """The pool of a file.

    Raises:
        DataError: It has changed since the run began.
    """
    pool = read_pool(Path(path))
    if pool.digest != digest:
        raise DataError("has changed since the run began", file=path)
    return pool
