"""A run on the hub as first stage: `--first-stage MAIR-Bench/MAIR-Results-text-embedding-3-small`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of, string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.sources import Access, HubSplit, Loaded, available, load_split
from toolbench_eval.errors import DataError, HubError, MissingDataError, UsageError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.retrievers.lacking import count_lacking, served

SPLIT = "train"
"""What the hub calls the split of files whose names tell none."""
QUERIES = "queries"
"""Ending of the name of a query split."""
RESULTS = "results"
"""Key of a split's rankings, beside its scores and size."""

Rankings = Mapping[str, list[str]]


def is_hub_name(place: Path) -> bool:
    """Whether a place that is not on the disk may be `owner/name` on the hub."""
    owner, slash, name = str(place).partition("/")
    there = bool(slash and owner and name) and "/" not in name and owner[0] not in ".~"
    return there and not place.exists() and place.suffix not in (".json", ".run", ".trec", ".txt", ".gz", ".zst")


@dataclass(eq=False)
class HubRunModel:
    """Serves the runs of a data set in the layout of MAIR's first stage.

    One table with a column `<task>/<query split>` for each split. The last row with a value counts; it holds an
    object, or a list whose last item is one, with the key `results`: query id -> document id -> score. A null in the
    place of a score means that the document is none of the query's. The order of the documents is the ranking, their
    scores are not looked at: MAIR's reference takes the first 100 as they are stored.

    Attributes:
        repo: `owner/name`.
        access: Where data may come from.
        allow_missing: Whether it may lack queries.
    """

    repo: str
    access: Access
    allow_missing: bool = False
    _runs: dict[str, Run] = field(default_factory=dict, repr=False)
    _next: Run | None = None

    @cached_property
    def _loaded(self) -> Loaded:
        """The table, in which every cell is text (see `read_table`).

        Raises:
            MissingDataError: Neither the disk nor the hub has such a run.
            HubError: The hub failed.
        """
        try:
            splits = available(self.repo, None, self.access)
            config, names = next(iter(splits.items())) if len(splits) == 1 else ("default", splits.get("default", []))
            chosen = SPLIT if SPLIT in names else names[0] if len(names) == 1 else None
            if chosen is None:
                there = ", ".join(f"{config}/{name}" for config, names in splits.items() for name in names) or "none"
                raise MissingDataError(f"must have one split, or one that is called '{SPLIT}'; found {there}")
            return load_split(HubSplit(self.repo, config, chosen, None), self.access)
        except (HubError, MissingDataError) as error:
            kind = type(error)
            raise kind(
                f"--first-stage {self.repo}: no such file or folder here, and not as a data set: {error}"
            ) from None

    @property
    def name(self) -> str:
        """The data set's name without its owner."""
        return self.repo.rsplit("/", 1)[-1]

    @property
    def revision(self) -> str | None:
        """The commit, None for a mirror."""
        return self._loaded.revision

    @cached_property
    def setting(self) -> dict[str, Any]:
        """The data set, and the digest of what it says."""
        digest = hashlib.sha256()
        table = self._loaded.table
        for name in sorted(table.column_names):
            digest.update(json.dumps([name, table[name].to_pylist()], default=str).encode())
        return {"dataset": self.repo, "content": digest.hexdigest()}

    @property
    def index_bytes(self) -> int:
        """None: nothing is indexed."""
        return 0

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> int:
        """Find the task's run; see `NeedsTask`. It says neither which documents it searched nor in which setting.

        Raises:
            UsageError: The data set has no such task.
            DataError: What stands there is no run, or it lacks queries that it must have.
        """
        if task not in self._runs:
            self._runs[task] = self._run(task.split("/", 1)[1])
        self._next = self._runs[task]
        return count_lacking(task, queries, self._next, allowed=self.allow_missing, file=self._loaded.location)

    def index(self, corpus: Corpus) -> None:
        """Nothing to do; documents are checked when they are reranked."""

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """The stored rankings of the queries; queries that the run lacks have none.

        Raises:
            UsageError: No task was announced.
        """
        return served(self._next, queries, k)

    def _run(self, task: str) -> Run:
        columns = [name for name in self._loaded.table.column_names if name.rpartition("/")[0] == task]
        if not columns:
            known = dict.fromkeys(name.rpartition("/")[0] for name in self._loaded.table.column_names)
            raise UsageError(f"the first stage has no run for '{task}'; it has {', '.join(known)}")
        rankings: dict[str, list[str]] = {}
        for column in columns:
            # As `load_task_data` names the queries of a task with several splits.
            split = column.rpartition("/")[2].removesuffix(QUERIES).rstrip("_")
            prefix = f"{split}/" if len(columns) > 1 else ""
            rankings |= {f"{prefix}{query}": found for query, found in self._rankings(column).items()}
        return _as_run(rankings)

    def _rankings(self, column: str) -> Rankings:
        """Document ids of each query, as they are stored."""
        cells = self._loaded.table[column].drop_null()
        value = _value(cells[-1].as_py()) if len(cells) else None
        value = value[-1] if isinstance(value, list) and value else value
        results = value.get(RESULTS) if isinstance(value, dict) else None
        if not isinstance(results, dict):
            raise self._fault(column, f"must hold an object with the key '{RESULTS}', or a list whose last item is one")
        return {query: list(self._ranking(column, query, of)) for query, of in results.items() if of is not None}

    def _ranking(self, column: str, query: str, found: Any) -> Iterator[str]:
        if not isinstance(found, dict):
            raise self._fault(column, f"query '{query}' must have an object of document ids and scores")
        for document, score in found.items():
            if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
                raise self._fault(column, f"query '{query}', document '{document}': {score!r:.40} is no score")
            if score is not None:
                yield document

    def _fault(self, column: str, message: str) -> DataError:
        return DataError(message, file=self._loaded.location, field=column)


def _value(cell: Any) -> Any:
    """What a cell's text says."""
    try:
        return json.loads(cell)
    except (TypeError, ValueError):
        return None


def _as_run(rankings: Rankings) -> Run:
    """A run whose scores fall by 1 from place to place: the order is all that is known to count."""
    names = string_array(list(dict.fromkeys(document for found in rankings.values() for document in found)))
    depth = max(map(len, rankings.values()), default=0)
    documents = np.full((len(rankings), depth), NO_DOCUMENT, dtype=np.int32)
    flat = positions_of(pa.array([one for found in rankings.values() for one in found], pa.large_string()), names)
    lengths = np.array([len(found) for found in rankings.values()], dtype=np.int64)
    there = np.arange(depth) < lengths[:, None]
    documents[there] = flat
    scores = np.where(there, np.arange(depth, 0, -1, dtype=np.float32), np.float32(-np.inf))
    return Run(string_array(list(rankings)), names, documents, scores)
