"""Which documents a unit searches."""

from __future__ import annotations

import pytest

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.shelf import CorpusHandle, Shelf
from toolbench_eval.data.tasks import Unit
from toolbench_eval.errors import DataError
from toolbench_eval.evaluation.plan import SuiteData


def unit(corpus: CorpusHandle | None) -> Unit:
    return Unit("", Queries.of(["q"], ["x"]), Qrels.of({"q": {"d": 1}}), corpus)


def handle(name: str, ids: list[str], read: list[str]) -> CorpusHandle:
    def load() -> Corpus:
        read.append(name)
        return Corpus.of(ids, ids)

    return CorpusHandle(name, load, Shelf())


def test_naming_the_documents_of_a_unit_reads_none():
    read: list[str] = []
    own, shared = handle("own", ["d"], read), handle("shared", ["d"], read)
    data = SuiteData(shared, None, None, (), ())
    assert data.handle(unit(own)) is own
    assert data.handle(unit(None)) is shared
    assert read == []


def test_a_corpus_of_its_own_without_documents_is_searched_all_the_same():
    own, shared = handle("own", [], []), handle("shared", ["d"], [])
    assert len(own) == 0
    assert SuiteData(shared, None, None, (), ()).handle(unit(own)) is own


def test_no_documents_at_all():
    with pytest.raises(DataError, match="no corpus"):
        SuiteData(None, None, None, (), ()).handle(unit(None))
