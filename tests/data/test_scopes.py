"""Parts of a corpus that a task searches alone."""

from __future__ import annotations

import pytest

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.scopes import scoped
from toolbench_eval.data.shelf import CorpusHandle, Shelf
from toolbench_eval.data.tasks import Origin, TaskData, Unit
from toolbench_eval.errors import UsageError
from toolbench_eval.suites import TaskRow


def searched(task: str, ids: list[str], labelled: list[str]) -> list[str]:
    handle = CorpusHandle("c", lambda: Corpus.of(ids, ids), Shelf())
    qrels = Qrels.of({"q": dict.fromkeys(labelled, 1)})
    data = TaskData(TaskRow(task=task), (Unit("", Queries.of(["q"], ["x"]), qrels),), Origin("files", ""))
    return scoped(handle, "source", data).corpus.ids.to_pylist()


def test_the_own_documents_of_a_pooled_corpus_and_what_is_labelled():
    pooled = ["web_1", "ours_2", "oursother_3", "ours_1", "web_4", "web_5"]
    assert searched("ours", pooled, ["web_4", "ours_1"]) == ["ours_2", "ours_1", "web_4"]


def test_a_task_that_asks_for_the_tools_of_another_source():
    pooled = ["web_tool_1", "theirs_tool_1", "theirs_tool_2", "theirsother_tool_3"]
    assert searched("ours", pooled, ["theirs_tool_2"]) == ["theirs_tool_1", "theirs_tool_2"]


@pytest.mark.parametrize("ids", [["1", "2"], ["oursother_1", "web_2"]])
def test_a_corpus_without_own_documents_is_no_pooled_one(ids: list[str]):
    """MAIR's ids are mostly plain numbers: the labelled documents alone would make every ranking perfect."""
    with pytest.raises(UsageError, match=r"no id begins with 'ours_'.*pool.*Use --set scope=pooled"):
        searched("ours", ids, ids[:1])
