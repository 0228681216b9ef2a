"""What a query searches: the whole corpus, or a part of it (ablations of the candidate set)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.shelf import CorpusHandle
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.errors import UsageError

Scope = Literal["pooled", "category", "source"]

MARK = "_tool_"
"""Stands behind the source in ids of ToolRet's tools."""


def scoped(handle: CorpusHandle, scope: Scope, task: TaskData) -> CorpusHandle:
    """The documents of a scope.

    `category` keeps the documents of the task's category (ToolRet: its own of web, code, customized);
    `source` those whose id begins with the task's name (where none does: with the source of a tool that it labels),
    and whatever the task labels, so that every query stays answerable (ToolRet, Table 10).

    Raises:
        UsageError: When the documents are read: the corpus has no such part.
    """
    row = task.row
    if scope == "category" and row.category is not None:
        category = row.category
        return handle.part(category, lambda corpus: corpus.only_group(category))
    if scope == "source":
        return handle.part(row.task, lambda corpus: _own_source(corpus, task))
    return handle


def _own_source(corpus: Corpus, task: TaskData) -> Corpus:
    name = task.row.task
    labelled = positions_of(task.qrels.doc_ids, corpus.ids)
    labelled = labelled[labelled >= 0]
    own = _of_sources(corpus, [name])
    if not len(own):  # a task that asks for another one's tools, as rotbench for those of tooleyes
        own = _of_sources(corpus, sorted({_source(one) for one in corpus.ids.take(pa.array(labelled)).to_pylist()}))
    if not len(own):  # the labelled documents alone would be no source, but a test without wrong answers
        raise UsageError(
            f"no document of the corpus of '{name}' is its own: no id begins with '{name}_', nor do those it labels "
            f"name a source as in 'source{MARK}1'. The scope 'source' is for corpora that pool the documents of "
            "several tasks, such as ToolRet's. Use --set scope=pooled"
        )
    return corpus.take(np.union1d(own, labelled))


def _of_sources(corpus: Corpus, names: list[str]) -> npt.NDArray[np.int64]:
    found = [pc.starts_with(corpus.ids, f"{name}_").to_numpy(zero_copy_only=False) for name in names if name]
    return np.flatnonzero(np.any(found, axis=0)) if found else np.empty(0, dtype=np.int64)


def _source(document: str) -> str:
    """The source that a document's id names, empty where it names none."""
    return document.rpartition(MARK)[0]
