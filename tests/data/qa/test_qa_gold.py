"""Pools of contexts, and the evidence of questions in corpora."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.passages import Passage, Passages
from toolbench_eval.data.qa.fingerprint import fingerprint
from toolbench_eval.data.qa.gold import Coverage, Wanted, located, own_coverage, placed, pooled
from toolbench_eval.data.qa.pool import Pool
from toolbench_eval.data.questions import Question

CORPUS = Passages.of(
    [
        Passage("10", "Ulve", "The  Ulve is long."),
        Passage("11", "Bell", "Bells ring."),
        Passage("12", "Bell", "Ida made it."),
        Passage("13", "", "No title."),
        Passage("Ulve", "Other", "Its id is somebody's title."),
    ]
)


def asked(name: str, gold: tuple[str, ...], *context: tuple[str, str], titles: tuple[str, ...] = ()) -> Question:
    passages = tuple(Passage(str(at), *one) for at, one in enumerate(context))
    return Question(name, "?", ("a",), gold_passages=gold, gold_titles=titles, context=passages)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(name="12"), "12"),
        (Wanted(name="99"), None),
        (Wanted(title="Ulve"), "10"),
        (Wanted(title="Bell"), None),  # two passages have it
        (Wanted(title="Absent"), None),
        (Wanted(title="Bell", text="Ida made it."), "12"),
        (Wanted(title="Bell", text="Ida  made\nit."), "12"),
        (Wanted(title="Bell", text="Another text."), None),
        (Wanted(title="Ulve", text="An older version."), "10"),  # the only passage of that title
        (Wanted(title="", text="No title."), "13"),
        (Wanted(title="", text="Not there."), None),
    ],
)
def test_where_evidence_is(wanted: Wanted, found: str | None):
    assert located([wanted], CORPUS) == [found]
    assert located([wanted], Passages.of(())) == [None]


def test_gold_passages_become_ids_of_the_corpus():
    questions = [
        asked("q1", ("1", "0"), ("Ulve", "The Ulve is long."), ("Bell", "Ida made it.")),
        asked("q2", ("0",), ("Absent", "Not there.")),
        asked("q3", (), titles=("Ulve", "Bell")),
        asked("q4", ("13", "nowhere")),
        asked("q5", ()),
    ]
    found, coverage = placed(questions, CORPUS)
    assert [one.gold_passages for one in found] == [("12", "10"), (), ("10",), ("13",), ()]
    assert coverage == Coverage(wanted=7, found=4, questions=4, complete=1)
    assert str(coverage) == "4 of 7 gold passages are in the corpus, for 1 of 4 questions all of them"


def test_a_gold_title_that_the_context_lacks_is_looked_for_too():
    """HotpotQA fullwiki: the context is a retrieval that may miss a gold paragraph."""
    question = asked("q", ("0",), ("Ulve", "The Ulve is long."), titles=("Ulve", "Other"))
    (found,), coverage = placed([question], CORPUS)
    assert found.gold_passages == ("10", "Ulve")
    assert coverage == Coverage(2, 2, 1, 1)
    assert own_coverage([question]) == Coverage(2, 1, 1, 0)


def test_pooled_contexts():
    pool = Pool()
    questions = [
        asked("q1", ("1",), ("Ulve", "Long."), ("Bell", "Rings.")),
        asked("q2", ("0",), ("Bell", "Ida made it."), ("Ulve", "Long."), ("Ulve", "Long.")),
        asked("q3", ("9",)),
    ]
    kept = [pool.add(one) for one in questions]
    assert [bare.context for bare, _ in kept] == [(), (), ()]
    found = [pool.filled(*one) for one in kept]
    assert [one.id for one in pool.passages()] == ["Ulve", "Bell#1", "Bell#2"]
    assert [one.gold_passages for one in found] == [("Bell#1",), ("Bell#2",), ("9",)]
    assert [passage.id for passage in found[1].context] == ["Bell#2", "Ulve"]
    assert pool.corpus().ids.to_pylist() == ["Ulve", "Bell#1", "Bell#2"]
    settled, coverage = pooled(found[:2], pool.corpus())
    assert [one.gold_passages for one in settled] == [("Bell#1",), ("Bell#2",)]
    assert coverage == Coverage(2, 2, 2, 2)


def test_equal_passages_are_one_object_with_the_sentences_of_the_first():
    pool = Pool()
    one = replace(asked("q1", (), ("Ulve", "A. B.")), sentences={"0": ("A.", " B.")})
    kept = [pool.add(one), pool.add(replace(one, id="q2"))]
    first, second = (pool.filled(*each) for each in kept)
    assert first.context[0] is second.context[0]
    assert first.sentences == second.sentences == {"Ulve": ("A.", " B.")}


TEXTS = st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from(["x", "y", "z"]))
CONTEXTS = st.lists(TEXTS, min_size=1, max_size=5).flatmap(
    lambda context: st.tuples(st.just(context), st.sets(st.sampled_from(range(len(context)))))
)


@given(st.lists(CONTEXTS))
def test_a_pool_loses_nothing(records: list[tuple[list[tuple[str, str]], set[int]]]):
    pool = Pool()
    questions = [asked(str(at), tuple(map(str, gold)), *context) for at, (context, gold) in enumerate(records)]
    found = [pool.filled(*one) for one in [pool.add(question) for question in questions]]
    corpus = pool.corpus()
    assert len(corpus) == len(pool) == len({one for context, _ in records for one in context})
    for question, (context, gold) in zip(found, records, strict=True):
        assert {(one.title, one.text) for one in question.context} == set(context)
        evidence = corpus.find(question.gold_passages)
        assert {(one.title, one.text) for one in evidence} == {context[at] for at in gold}
        assert set(question.gold_passages) <= {one.id for one in question.context}
    settled, coverage = pooled(found, corpus)
    assert settled == found
    assert coverage.wanted == coverage.found


def test_the_fingerprint_of_questions():
    question = asked("q1", ("0",), ("Ulve", "Long."), titles=("Ulve",))
    other = asked("q2", ())
    base = fingerprint([question, other])
    assert fingerprint([other, question]) == base
    changes = [
        {"text": "!"},
        {"answers": ("b",)},
        {"answers": ("a", "b")},
        {"answer_type": "boolean"},
        {"hops": 2},
        {"kind": "bridge"},
        {"gold_passages": ()},
        {"gold_titles": ()},
        {"gold_sentences": (("Ulve", 0),)},
        {"gold_triples": (("a", "b", "c"),)},
        {"decomposition": ("x",)},
        {"context": ()},
        {"context": (Passage("0", "Ulve", "Short."),)},
        {"answerable": False},
        {"extra": {"answer_id": "Q1"}},
    ]
    found = {fingerprint([replace(question, **change), other]) for change in changes}
    assert len(found) == len(changes)
    assert base not in found
