"""Experience that outlives a task: lessons of leaders and members, kept in a file with the split that they come from.

Source: Gao et al., Findings of ACL 2024 (arXiv 2404.05569), the global pool of 360°REA. Its published pools hold tasks
of its test set; here such a pool is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from toolbench_eval.agents.shared.parsing import folded
from toolbench_eval.atomic import write_text
from toolbench_eval.errors import DataError, MissingDataError, UsageError

How = Literal["all", "recent", "similar", "none"]
"""Which entries are used: all, as in the paper; the last k; the k whose tasks share most words with this one; none."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Experience:
    """What was learned from one task.

    Attributes:
        task: The task's text.
        leader: The leader's lesson.
        members: The members' lessons.
    """

    task: str
    leader: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pool:
    """Experience with tasks.

    Attributes:
        split: Name of the set of tasks that it was made from.
        entries: In the order in which they were made.
    """

    split: str
    entries: tuple[Experience, ...] = ()

    def add(self, entry: Experience) -> Pool:
        """The pool with one more entry."""
        return replace(self, entries=(*self.entries, entry))

    def select(self, task: str, how: How, k: int) -> tuple[Experience, ...]:
        """The entries that are used for a task.

        Args:
            task: The task's text.
            how: Which.
            k: How many at most; `all` takes every one.
        """
        if how == "none":
            return ()
        if how == "all":
            return self.entries
        if how == "recent":
            return self.entries[-k:] if k else ()
        return tuple(sorted(self.entries, key=lambda entry: -likeness(entry.task, task))[:k])

    def leaked(self, tasks: Iterable[str]) -> tuple[str, ...]:
        """Those of some tasks that the pool has experience with; case and white space aside."""
        known = {folded(entry.task) for entry in self.entries}
        return tuple(task for task in tasks if folded(task) in known)

    def refuse_leaks(self, tasks: Iterable[str]) -> None:
        """Refuse a pool that was made from tasks that are to be solved.

        Raises:
            UsageError: It was.
        """
        if leaked := self.leaked(tasks):
            raise UsageError(
                f"the pool '{self.split}' holds experience with {len(leaked)} of the tasks to be solved, the first: "
                f"'{leaked[0][:80]}'. Use a pool of other tasks; allow_leak=true replicates published runs"
            )

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def likeness(left: str, right: str) -> float:
    """Share of words that two texts have in common, each word once: the Dice coefficient, 0 to 1."""
    one, other = set(_WORD.findall(left.casefold())), set(_WORD.findall(right.casefold()))
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def read_pool(path: Path) -> Pool:
    """Read a pool: an object with `split` and `experience`, a list of objects with `task`, `leader` and `members`.

    The published files of 360°REA, whose keys are `Leader` and `Member`, are read once they have a `split`.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is no pool.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingDataError("no such file (a pool of experience)", file=path) from None
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"not a pool of experience: {error}", file=path) from error
    if not isinstance(read, dict) or not isinstance(read.get("experience"), list):
        raise DataError("must be an object with a list", file=path, field="experience")
    split = read.get("split")
    if not isinstance(split, str) or not split.strip():
        raise DataError("must name the set of tasks that the pool was made from", file=path, field="split")
    return Pool(split, tuple(_entry(row, number, path) for number, row in enumerate(read["experience"], start=1)))


def write_pool(path: Path, pool: Pool) -> None:
    """Write a pool.

    Raises:
        StorageError: It could not be written.
    """
    rows = [asdict(entry) for entry in pool.entries]
    write_text(path, json.dumps({"split": pool.split, "experience": rows}, ensure_ascii=False, indent=1) + "\n")


def _entry(row: Any, number: int, path: Path) -> Experience:
    if not isinstance(row, Mapping):
        raise DataError("must be an object", file=path, row=number, field="experience")
    task, leader = row.get("task"), row.get("leader", row.get("Leader", ""))
    members = row.get("members", row.get("Member", []))
    if not isinstance(task, str):  # a published file begins with an entry whose task is empty
        raise DataError("must be the text of a task", file=path, row=number, field="task")
    if not isinstance(leader, str):
        raise DataError("must be a text", file=path, row=number, field="leader")
    if not _texts(members):
        raise DataError("must be a list of texts", file=path, row=number, field="members")
    return Experience(task, leader, tuple(members))


def _texts(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value)
