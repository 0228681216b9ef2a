"""The multi-hop sample that ships: its sizes, that all of it is sound, and that the scripted reader has to read."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from toolbench_eval.agents.direct import Direct
from toolbench_eval.agents.genground.agent import GenGround
from toolbench_eval.agents.rag import Rag
from toolbench_eval.agents.session import Session
from toolbench_eval.data.check import check_folder
from toolbench_eval.data.qa.load import load_questions
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.sources import Access
from toolbench_eval.llms import scripts
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.reading.reader import guess
from toolbench_eval.llms.scripts.reading.thinking import think
from toolbench_eval.metrics.answers.normalise import normalise
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.bm25 import BM25
from toolbench_eval.shipped import shipped

SIZES = {"bridge": 26, "comparison": 18, "chain": 16}
CLOSED = ("yes", "no")
OFFLINE = Access(offline=True)


@pytest.fixture(scope="module")
def suite():
    return Registry().suite("sample-mhqa")


@pytest.fixture(scope="module")
def tasks(suite):
    return {row.task: load_questions(suite, row, OFFLINE) for row in suite.rows}


@pytest.fixture(scope="module")
def questions(tasks):
    return [question for task in tasks.values() for question in task.questions]


@pytest.fixture(scope="module")
def passages(tasks):
    return {passage.id: passage for passage in tasks["bridge"].passages}


def right(question, answer):
    return answer is not None and normalise(answer) in {normalise(gold) for gold in question.answers}


def test_it_has_no_fault():
    assert check_folder(shipped("tasks") / "sample-mhqa") == []


def test_sizes(suite, tasks, questions, passages):
    assert {row.task: row.queries for row in suite.rows} == SIZES
    assert {name: len(task.questions) for name, task in tasks.items()} == SIZES
    assert len(passages) == 232
    assert len({question.id for question in questions}) == len({question.text for question in questions}) == 60
    assert sum(len(question.answers) > 1 for question in questions) == 15
    assert Counter(question.answers[0] for question in questions if question.answers[0] in CLOSED) == {
        "yes": 5,
        "no": 4,
    }


def test_no_two_passages_are_equal(passages):
    assert len({passage.text for passage in passages.values()}) == len(passages)
    assert len({passage.title for passage in passages.values()}) == len(passages)


def test_all_evidence_is_in_the_corpus(tasks):
    for task in tasks.values():
        assert task.coverage.found == task.coverage.wanted > 0
        assert task.coverage.complete == task.coverage.questions == len(task.questions)
        assert task.notes == ()


def test_questions_take_more_than_one_passage(tasks):
    counts = {name: Counter(len(one.gold_passages) for one in task.questions) for name, task in tasks.items()}
    assert counts == {"bridge": {2: 26}, "comparison": {2: 16, 4: 1, 3: 1}, "chain": {3: 14, 4: 2}}


def test_contexts_hold_ten_passages_of_the_corpus_with_all_the_gold_ones(questions, passages):
    texts = {passage.title: passage.text for passage in passages.values()}
    for question in questions:
        titles = [passage.title for passage in question.context]
        assert len(titles) == len(set(titles)) == 10
        assert set(question.gold_titles) <= set(titles)
        assert all(texts[passage.title] == passage.text for passage in question.context)


def test_supporting_facts_are_sentences(questions):
    for question in questions:
        split = {passage.title: question.sentences[passage.id] for passage in question.context}
        assert {title for title, _ in question.gold_sentences} == set(question.gold_titles)
        assert all(0 <= number < len(split[title]) for title, number in question.gold_sentences)


def test_spans_stand_in_the_supporting_facts(questions):
    for question in questions:
        if question.answers[0] in CLOSED:
            continue
        split = {passage.title: question.sentences[passage.id] for passage in question.context}
        evidence = " ".join(f"{title} {split[title][number]}" for title, number in question.gold_sentences)
        assert normalise(question.answers[0]) in normalise(evidence), question.id


def test_triples_of_chains_end_in_the_answer(tasks):
    for question in tasks["chain"].questions:
        assert len(question.gold_triples) >= 3
        assert question.answers[0] in {end for triple in question.gold_triples[-2:] for end in (triple[0], triple[2])}


def test_words_alone_do_not_find_the_evidence(tasks):
    recall = {}
    for name, task in tasks.items():
        model = BM25()
        model.index(task.passages.corpus)
        asked = Queries.of([one.id for one in task.questions], [one.text for one in task.questions])
        run = model.search(asked, 5)
        found = [set(run.doc_ids.take(row).to_pylist()) for row in map(pa.array, run.documents)]
        shares = [
            len(got & set(one.gold_passages)) / len(one.gold_passages)
            for got, one in zip(found, task.questions, strict=True)
        ]
        recall[name] = sum(shares) / len(shares)
    assert recall == pytest.approx({"bridge": 0.75, "comparison": 0.8796, "chain": 0.5260}, abs=5e-5)


def test_the_scripted_reader_answers_most_from_the_gold_passages(tasks, passages):
    answered = {
        name: sum(right(one, think(one.text, _shown(passages, one.gold_passages)).answer) for one in task.questions)
        for name, task in tasks.items()
    }
    assert answered == {"bridge": 22, "comparison": 16, "chain": 9}


def test_it_does_not_answer_when_a_gold_passage_is_missing(questions, passages):
    for question in questions:
        for missing in question.gold_passages:
            others = [name for name in passages if name != missing]
            assert not right(question, think(question.text, _shown(passages, others)).answer), (question.id, missing)


def test_it_guesses_no_span_but_the_first_of_two_alternatives(questions):
    lucky = [one.id for one in questions if one.answers[0] not in CLOSED and right(one, guess(one.text))]
    assert lucky == ["comparison-01", "comparison-08"]


def test_its_source_holds_no_answer_and_no_title(questions, passages):
    sources = [path.read_text(encoding="utf-8").casefold() for path in Path(scripts.__path__[0]).rglob("*.*")
               if path.suffix in (".py", ".toml")]  # fmt: skip
    assert len(sources) >= 10
    spans = {answer for one in questions for answer in one.answers if answer not in CLOSED}
    for name in spans | {passage.title for passage in passages.values()}:
        word = re.compile(rf"(?<!\w){re.escape(name.casefold())}(?!\w)")
        assert not any(word.search(source) for source in sources), name


def test_agents_that_search_again_answer_more(tasks):
    """The point of the sample: no search, one search, a search a step."""
    answered = {agent.name: _answered(agent, tasks) for agent in (Direct(), Rag(), GenGround())}
    assert answered["direct"] < 10
    assert 15 < answered["rag"] < 35
    assert 40 < answered["genground"] < 60


def _answered(agent, tasks):
    count = 0
    for task in tasks.values():
        model = BM25()
        model.index(task.passages.corpus)

        def search(query, k, model=model, task=task):
            run = model.search(Queries.of(["q"], [query]), k)
            return task.passages.find(run.doc_ids.take(pa.array(run.documents[0])).to_pylist())

        for question in task.questions:
            count += right(question, agent.solve(question.sample, Session({"main": Scripted()}, search)).text)
    return count


def _shown(passages, names):
    return [passages[name].contents for name in names]
