"""List-wise reranking: what is asked, in which order, and what becomes of odd answers."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest
from support.runs import ids_of, run_of

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import EndpointError
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.memo import Memo
from toolbench_eval.prompts import load_prompt
from toolbench_eval.rerankers.listwise import Listwise, Windows

PROMPT = load_prompt("listwise-1")
NUMBERED = re.compile(r"\[(\d+)\] (.*)", re.DOTALL)


def passages(messages):
    """Number and text of each passage that was sent."""
    sent = [NUMBERED.fullmatch(message.text) for message in messages if message.role == "user"]
    return {int(found[1]): found[2] for found in sent if found}


def by_value(messages):
    """Ranks passages `... value 7` by their value."""
    texts = passages(messages)
    ranked = sorted(texts, key=lambda number: -int(texts[number].split()[-1]))
    return " > ".join(f"[{number}]" for number in ranked)


def task(n, queries=1):
    """n candidates whose values rise, so that the best stands last."""
    ids = [f"d{at:03}" for at in range(n)]
    corpus = Corpus.of(ids, [f"text value {at}" for at in range(n)])
    asked = Queries.of([f"q{at}" for at in range(queries)], [f"query {at}" for at in range(queries)])
    return corpus, asked, run_of(corpus, asked, [ids] * queries)


def listwise(script, plan=None, meter=None, **options):
    return Listwise(CachedLLM(Scripted(script), None, meter or Meter()), PROMPT, plan, **options)


@pytest.mark.parametrize("n", [1, 2, 5, 19, 20, 21, 25, 99, 100])
def test_one_pass_brings_the_best_to_the_top(n):
    corpus, queries, run = task(n)
    found = listwise(by_value).rerank(queries, run, corpus)
    best = [f"d{at:03}" for at in range(n - 1, max(n - 11, -1), -1)]
    assert ids_of(found)[0][: len(best)] == best  # a step of 10 carries the 10 best of all the way up
    np.testing.assert_allclose(found.scores[0], 1 / np.arange(1, n + 1), rtol=1e-6)
    assert sorted(ids_of(found)[0]) == sorted(corpus.ids.to_pylist())


def test_the_references_windows_never_show_the_top():
    corpus, queries, run = task(25)
    seen = []

    def script(messages):
        seen.append(set(passages(messages).values()))
        return by_value(messages)

    found = listwise(script, Windows(last_window="dropped")).rerank(queries, run, corpus)
    assert len(seen) == 1
    assert ids_of(found)[0][:6] == ["d000", "d001", "d002", "d003", "d004", "d024"]
    short = task(19)
    assert ids_of(listwise(script, Windows(last_window="dropped")).rerank(short[1], short[2], short[0])) == ids_of(
        short[2]
    )
    assert len(seen) == 1


def test_windows_follow_one_another():
    corpus, queries, run = task(30)
    seen = []

    def script(messages):
        seen.append(list(passages(messages).values()))
        return by_value(messages)

    listwise(script).rerank(queries, run, corpus)
    assert seen[0] == [f"text value {at}" for at in range(10, 30)]
    assert seen[1] == [f"text value {at}" for at in [*range(10), *range(29, 19, -1)]]


def test_the_conversation_without_and_with_an_instruction():
    corpus, queries, run = task(2)
    seen = []

    def script(messages):
        seen.append(messages)
        return "[1] > [2]"

    listwise(script).rerank(queries, run, corpus)
    told = Queries.of(queries.ids.to_pylist(), queries.texts.to_pylist(), ["prefer {count} things"])
    listwise(script).rerank(told, run, corpus)
    bare, instructed = seen
    assert [message.role for message in bare] == ["system", *["user", "assistant"] * 3, "user"]
    assert bare[3].text == "[1] text value 0"
    assert bare[5].text == "[2] text value 1"
    assert "query 0" in bare[1].text
    assert "query 0" in bare[-1].text
    assert "2 texts" in bare[1].text
    assert "instruction" not in bare[1].text.lower() + bare[-1].text.lower()
    for place in (1, -1):
        assert "query 0" in instructed[place].text
        assert "prefer {count} things" in instructed[place].text
    assert instructed[3:-1] == bare[3:-1]


def test_a_query_without_instruction_among_others_is_asked_the_plain_way():
    corpus, queries, run = task(2, queries=2)
    seen = []

    def script(messages):
        seen.append(messages[-1].text)
        return "[1] > [2]"

    told = Queries.of(queries.ids.to_pylist(), queries.texts.to_pylist(), [None, "be kind"])
    listwise(script, concurrency=1).rerank(told, run, corpus)
    assert ["be kind" in text for text in seen] == [False, True]
    assert "Instruction" not in seen[0]


def test_texts_are_cut_to_words_and_instructions_are_not():
    corpus = Corpus.of("ab", ["w " * 300, "short\ttext"])
    queries = Queries.of(["q"], ["v " * 300], ["i " * 300])
    seen = []

    def script(messages):
        seen.append(messages)
        return "[2] > [1]"

    listwise(script).rerank(queries, run_of(corpus, queries, [["a", "b"]]), corpus)
    texts = [message.text for message in seen[0]]
    assert passages(seen[0]) == {1: " ".join(["w"] * 256), 2: "short\ttext"}
    assert texts[1].split().count("v") == texts[-1].split().count("v") == 256
    assert texts[1].split().count("i") == texts[-1].split().count("i") == 300


def test_odd_answers_are_repaired_and_counted():
    corpus, queries, run = task(3, queries=4)
    answers = {"query 0": "[3] > [2] > [1]", "query 1": "[3]", "query 2": "[7] > [2] > [2]", "query 3": "Sorry."}

    def script(messages):
        return next(answer for query, answer in answers.items() if query in messages[-1].text)

    meter = Meter()
    found = listwise(script, meter=meter).rerank(queries, run, corpus)
    assert ids_of(found) == [
        ["d002", "d001", "d000"],
        ["d002", "d000", "d001"],
        ["d001", "d000", "d002"],
        ["d000", "d001", "d002"],
    ]
    report = meter.report()
    assert {name: report[name] for name in report if name.startswith("windows")} == {
        "windows": 4.0,
        "windows_repaired": 2.0,
        "windows_asked_again": 2.0,
        "windows_given_up": 1.0,
    }
    assert report["calls"] == 6  # three of them for the query without a ranking


def test_an_answer_without_a_ranking_is_asked_for_anew_not_read_from_the_cache(tmp_path):
    corpus, queries, run = task(2)
    answers = ["[2] > [1]", "Sorry."]
    for asked in (2, 0):
        meter = Meter()
        llm = CachedLLM(Scripted(lambda messages: answers.pop()), Memo(tmp_path / "m.sqlite"), meter)
        assert ids_of(Listwise(llm, PROMPT).rerank(queries, run, corpus)) == [["d001", "d000"]]
        assert (meter.counts["calls"], meter.counts["cached"]) == (asked, 2 - asked)


def test_queries_are_worked_on_at_the_same_time():
    corpus, queries, run = task(4, queries=6)
    together = threading.Barrier(6, timeout=10)

    def script(messages):
        together.wait()
        return by_value(messages)

    found = listwise(script, concurrency=6).rerank(queries, run, corpus)
    assert ids_of(found) == [["d003", "d002", "d001", "d000"]] * 6


def test_an_error_is_raised_and_nothing_is_made_up():
    corpus, queries, run = task(4, queries=3)

    def script(messages):
        if "query 1" in messages[-1].text:
            raise EndpointError("gave no answer")
        return by_value(messages)

    with pytest.raises(EndpointError, match="gave no answer"):
        listwise(script).rerank(queries, run, corpus)
