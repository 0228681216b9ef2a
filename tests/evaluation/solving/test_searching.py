"""One search for many samples."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.passages import Passage, Passages
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.evaluation.solving.searching import SharedModel, SharedSearch, own_search
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

LETTERS = Passages.of([Passage(name, "", name) for name in "abcdef"])
DIGITS = Passages.of([Passage(name, "", name) for name in "123"])


class Spelling:
    """Finds the passages whose text is a letter of the query, in the query's order; `log` says what was done."""

    name, revision, setting, index_bytes = "spelling", None, {"strict": True}, 7

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def index(self, corpus: Corpus) -> None:
        self.log.append(("index", "".join(corpus.texts.to_pylist())))
        self.corpus = corpus

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        self.gate.wait()
        texts = queries.texts.to_pylist()
        self.log.append(("search", sorted(texts), k))
        self.threads.add(threading.current_thread().name)
        if any("!" in text for text in texts):
            raise ValueError("that is no word")
        known = self.corpus.texts.to_pylist()
        found = np.full((len(texts), k), NO_DOCUMENT, np.int32)
        for row, text in enumerate(texts):
            places = [known.index(letter) for letter in text if letter in known][:k]
            found[row, : len(places)] = places
        return Run(queries.ids, self.corpus.ids, found, np.zeros(found.shape, np.float32))


def names(found: Sequence[Passage]) -> str:
    return "".join(passage.id for passage in found)


def test_it_indexes_before_anybody_asks_and_finds_what_is_asked_for() -> None:
    model = Spelling()
    with SharedSearch(SharedModel(model), LETTERS).opened() as search:
        assert model.log == [("index", "abcdef")]
        assert names(search("bad", 5)) == "bad"
        assert names(search("bad", 2)) == "ba"
        assert names(search("xyz", 5)) == ""
        assert names(search("fade", 99)) == "fade"
    assert model.log[1:] == [
        ("search", ["bad"], 5),
        ("search", ["bad"], 2),
        ("search", ["xyz"], 5),
        ("search", ["fade"], 6),
    ]
    assert model.threads == {"search"}


def test_queries_that_wait_are_searched_together_and_none_twice() -> None:
    model = Spelling()
    with SharedSearch(SharedModel(model), LETTERS).opened() as search, ThreadPoolExecutor(24) as pool:
        model.gate.clear()
        asked = [*"abcdef", "ab", "cd"] * 3
        found = [pool.submit(search, query, 3) for query in asked]
        while len(search._known) < 8:
            time.sleep(0.001)
        model.gate.set()
        assert [names(one.result()) for one in found] == asked
        assert names(search("cd", 3)) == "cd"
    searched = [query for kind, queries, _ in model.log[1:] for query in queries]
    assert sorted(searched) == sorted({*asked})
    assert (search.searched, search.batches) == (8, len(model.log) - 1)
    assert search.batches <= 3


def test_a_query_that_fails_fails_alone() -> None:
    model = Spelling()
    with SharedSearch(SharedModel(model), LETTERS).opened() as search, ThreadPoolExecutor(8) as pool:
        model.gate.clear()
        found = {query: pool.submit(search, query, 3) for query in ("first", "a", "b!", "c")}
        while len(search._known) < 4:
            time.sleep(0.001)
        model.gate.set()
        assert [names(found[query].result()) for query in ("a", "c")] == ["a", "c"]
        with pytest.raises(ValueError, match="no word"):
            found["b!"].result()
        with pytest.raises(ValueError, match="no word"):  # it is tried again: what failed may have been the machine
            search("b!", 3)
    assert model.log.count(("search", ["b!"], 3)) == 2


def test_an_index_that_cannot_be_made_is_told_at_once() -> None:
    class Broken(Spelling):
        def index(self, corpus: Corpus) -> None:
            raise MemoryError

    with pytest.raises(MemoryError), SharedSearch(SharedModel(Broken()), LETTERS).opened():
        pytest.fail("must not come here")


def test_after_the_task_nobody_searches() -> None:
    with SharedSearch(SharedModel(Spelling()), LETTERS).opened() as search:
        assert names(search("a", 1)) == "a"
    assert names(search("a", 1)) == "a"  # known
    with pytest.raises(RuntimeError, match="over"):
        search("b", 1)
    assert not [thread for thread in threading.enumerate() if thread.name == "search"]


def test_whoever_interrupts_does_not_wait_for_the_search() -> None:
    model = Spelling()
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt), SharedSearch(SharedModel(model), LETTERS).opened() as search:
            model.gate.clear()
            pending = pool.submit(search, "a", 1)
            while not search._known:
                time.sleep(0.001)
            raise KeyboardInterrupt
        assert not pending.done()
        model.gate.set()
        assert names(pending.result()) == "a"


def test_tasks_with_one_corpus_share_its_index_and_others_never_mix() -> None:
    model = Spelling()
    shared = SharedModel(model)
    same = Passages.of([Passage(name, "", name) for name in "abcdef"])
    with (
        SharedSearch(shared, LETTERS).opened() as one,
        SharedSearch(shared, same).opened() as two,
        SharedSearch(shared, DIGITS).opened() as three,
    ):
        assert [entry for entry in model.log if entry[0] == "index"] == [("index", "abcdef"), ("index", "123")]
        assert names(three("1ab2", 6)) == "12"
        assert names(one("1ab2", 6)) == names(two("1ab2", 6)) == "ab"
        assert names(three("31", 6)) == "31"
    assert [entry[1] for entry in model.log if entry[0] == "index"] == ["abcdef", "123", "abcdef", "123"]


def test_what_belongs_to_one_sample_is_searched_alone() -> None:
    model = SharedModel(Spelling())
    mine, other = own_search(model, [LETTERS[0], LETTERS[2]]), own_search(model, [DIGITS[1]])
    assert [names(mine("cab", 9)), names(other("21c", 9)), names(mine("c", 1))] == ["ca", "2", "c"]
    assert list(own_search(model, [])("a", 3)) == []


def test_a_model_may_have_its_own_order_of_queries_and_documents() -> None:
    class Backwards(Spelling):
        def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
            run = super().search(queries, k)
            ids = run.doc_ids.to_pylist()[::-1]
            flipped = np.where(run.documents == NO_DOCUMENT, NO_DOCUMENT, len(ids) - 1 - run.documents)
            order = np.arange(len(run))[::-1]
            answered = order[: max(1, len(order) - 1)]  # and leaves out the first query where there are several
            return Run(
                queries.ids.take(answered), string_array(ids), flipped[answered].astype(np.int32), run.scores[answered]
            )

    shared = SharedModel(Backwards())
    found = shared.search_in(LETTERS, ["ab", "cd", "ef"], 4)
    assert ["".join(LETTERS[at].id for at in row) for row in found] == ["", "cd", "ef"]


def test_it_is_a_model_like_any_other() -> None:
    inner = Spelling()
    model = SharedModel.of(inner)
    assert SharedModel.of(model) is model
    assert (model.name, model.revision, model.setting, model.index_bytes) == ("spelling", None, {"strict": True}, 7)
    model.prepare(LETTERS)
    model.index(DIGITS.corpus)
    assert model.search(Queries.of(["q"], ["3"]), 2).documents.tolist() == [[2, NO_DOCUMENT]]
    model.prepare(LETTERS)  # somebody indexed something else in between
    assert [entry[1] for entry in inner.log if entry[0] == "index"] == ["abcdef", "123", "abcdef"]
