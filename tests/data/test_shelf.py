"""Corpora on a shelf: the last ones used stay, and threads may ask for them at the same time."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.shelf import CorpusHandle, Shelf


def corpus(name: str) -> Corpus:
    return Corpus.of([name], [name * 10])


def test_what_was_not_used_for_longest_goes_first() -> None:
    loaded: list[str] = []
    shelf = Shelf(limit=60)

    def get(name: str) -> None:
        shelf.get(name, lambda: loaded.append(name) or corpus(name))

    for name in "abacb":
        get(name)
    assert loaded == ["a", "b", "c", "b"]


def test_the_newest_stays_even_if_it_is_too_large() -> None:
    shelf = Shelf(limit=1)
    assert shelf.get("a", lambda: corpus("a")) is shelf.get("a", lambda: corpus("other"))


def test_an_empty_corpus_is_loaded_once() -> None:
    loads: Counter[str] = Counter()
    shelf = Shelf()
    for _ in range(2):
        shelf.get("none", lambda: loads.update(["none"]) or Corpus.of([], []))
    assert loads["none"] == 1


def test_what_was_noted_at_reading_is_not_read_again() -> None:
    loads: Counter[str] = Counter()
    shelf = Shelf(limit=1)
    handle = CorpusHandle("a", lambda: loads.update(["a"]) or corpus("a"), shelf)
    read = handle.read()
    shelf.get("b", lambda: corpus("b"))  # drives `a` off
    assert (handle.fingerprint, handle.order, len(handle)) == (read.fingerprint, read.order, 1)
    assert loads["a"] == 1


def test_threads_get_what_they_ask_for() -> None:
    """Every corpus drives others off the shelf, which is counted and emptied all the time."""
    shelf = Shelf(limit=100)
    handles = [CorpusHandle(name, lambda name=name: corpus(name), shelf) for name in "abcdefghij"] * 50
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda handle: handle.corpus.ids[0].as_py(), handles))
    assert found == [handle.key for handle in handles]
