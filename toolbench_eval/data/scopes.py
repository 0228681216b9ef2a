"""What a query searches: the whole corpus, or a part of it (ablations of the candidate set)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow.compute as pc

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.shelf import CorpusHandle
from toolbench_eval.data.tasks import TaskData

Scope = Literal["pooled", "category", "source"]


def scoped(handle: CorpusHandle, scope: Scope, task: TaskData) -> CorpusHandle:
    """The documents of a scope.

    `category` keeps the documents of the task's category (ToolRet: its own of web, code, customized);
    `source` those whose id begins with the task's name, and whatever the task labels, so that every
    query stays answerable (ToolRet, Table 10).
    """
    row = task.row
    if scope == "category" and row.category is not None:
        category = row.category
        return handle.part(category, lambda corpus: corpus.only_group(category))
    if scope == "source":
        return handle.part(row.task, lambda corpus: _own_source(corpus, task))
    return handle


def _own_source(corpus: Corpus, task: TaskData) -> Corpus:
    own = pc.starts_with(corpus.ids, f"{task.row.task}_").to_numpy(zero_copy_only=False)
    labelled = positions_of(task.qrels.doc_ids, corpus.ids)
    return corpus.take(np.union1d(np.flatnonzero(own), labelled[labelled >= 0]))
