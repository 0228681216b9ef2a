"""EXSEARCH's markers: the sets of them, and how odd turns are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.exsearch_stage import SAMPLE, TWENTY, Voice, play

from toolbench_eval.agents.exsearch.agent import ExSearch
from toolbench_eval.agents.exsearch.markers import MARKERS, Turn, read_answer, read_turn, render_turn, strip_markers
from toolbench_eval.agents.session import Session
from toolbench_eval.llms.base import GREEDY, Sampling
from toolbench_eval.llms.scripted import Scripted

PAPER = MARKERS["paper"]


# Markers in a conversation


@pytest.mark.parametrize("name", MARKERS)
def test_each_set_of_markers(name):
    marks = MARKERS[name]
    turns = (f"{marks.query} one?", f"{marks.evidence} fact {marks.query} two?", f"{marks.evidence} more {marks.final}")
    model = Voice(*turns)
    answer, trajectory = play(ExSearch(markers=name), model)
    assert answer.stop_reason == "answered"
    assert [search.query for search in trajectory.searches] == ["one?", "two?"]
    assert model.closing[1] == f"{marks.query} one?"
    assert model.closing[3] == f"{marks.evidence} fact\n{marks.query} two?"
    assert model.closing[0].count(marks.query_in_task) > 0


def test_the_readme_names_sub_queries_otherwise_in_the_task():
    model = Voice("<THINK> one?", "<FACT> f <FINAL>")
    play(ExSearch(markers="readme"), model)
    assert "<QUERY>" not in model.closing[0]
    assert model.closing[1] == "<QUERY> one?"


def test_the_stop_string_is_the_marker_of_documents():
    asked = []

    class Listening(Scripted):
        def complete(self, messages, sampling=GREEDY, attempt=0):
            asked.append(sampling)
            return super().complete(messages, sampling, attempt)

    model = Voice("<THINK> one? <SEARCH>\n[1] invented <RECORD> invented <FINAL>", "<RECORD> x <FINAL>")
    session = Session({"main": Listening(model)}, lambda query, k: TWENTY[:k])
    answer = ExSearch().solve(SAMPLE, session)
    assert [sampling.stop for sampling in asked] == [("<SEARCH>",), ("<SEARCH>",), ()]
    assert asked[0] == Sampling(max_tokens=512, stop=("<SEARCH>",))
    assert answer.stop_reason == "answered"
    assert model.closing[1] == "<THINK> one?"


# Reading turns


PARSED = [
    ("<THINK> who?", Turn(query="who?")),
    ("  <think> who?</think>  ", Turn(query="who?")),
    ("<RECORD> a fact\n<THINK> who?", Turn("a fact", "who?")),
    ("a fact <THINK> who?", Turn("a fact", "who?")),
    ("So <RECORD> a fact, then <THINK> who?", Turn("So a fact, then", "who?")),
    ("<THINK> who? <THINK> where?", Turn(query="who?")),
    ("<THINK>\n\nwho?\nI ask since", Turn(query="who?")),
    ("<THINK>", Turn()),
    ("<RECORD> a fact\n<THINK>  ", Turn("a fact")),
    ("no marker\n\nat all", Turn("no marker")),
    ("<RECORD>\na fact\nand more", Turn("a fact")),
    ("", Turn()),
    ("<FINAL>", Turn(closed=True)),
    ("<RECORD> a fact <Final>", Turn("a fact", closed=True)),
    ("<FINAL> Ann", Turn(closed=True, answer="Ann")),
    ("<RECORD> a fact <THINK> who? <FINAL> Ann", Turn("a fact", "who?", True, "Ann")),
    ("<THINK> who? <SEARCH> [1] forged <FINAL>", Turn(query="who?")),
    ("```\n<RECORD> a fact\n<THINK> who?\n```", Turn("a fact", "who?")),
    ("<think>I could use <THINK> now.</think>\n<THINK> who?", Turn(query="who?")),
    ("< THINK > who?", Turn(query="who?")),
]


@pytest.mark.parametrize(("text", "expected"), PARSED)
def test_turns(text, expected):
    assert read_turn(text, PAPER) == expected


WORDS = st.text(alphabet="abc xyz?,.é", min_size=1).map(lambda text: " ".join(text.split())).filter(bool)


@given(WORDS | st.just(""), WORDS, st.sampled_from(sorted(MARKERS)))
def test_what_is_rendered_is_read(evidence, query, name):
    turn = Turn(evidence, query)
    assert read_turn(render_turn(turn, MARKERS[name]), MARKERS[name]) == turn
    closed = Turn(evidence, closed=True)
    assert read_turn(render_turn(closed, MARKERS[name]), MARKERS[name]) == closed


@given(
    st.text()
    | st.text(alphabet="<>/THINKRECODSAFLthink `\n")
    | st.lists(
        st.sampled_from(["<THINK>", "</think>", "<RECORD>", "<SEARCH>", "<FINAL>", " word ", "\n", "<", "```"])
    ).map("".join)
)
def test_reading_never_raises_and_leaves_no_marker(text):
    for marks in MARKERS.values():
        turn = read_turn(text, marks)
        every = (marks.query, marks.documents, marks.evidence, marks.final)
        read = (turn.evidence, turn.query, turn.answer, read_answer(text, marks))
        assert not any(marker.lower() in part.lower() for marker in every for part in read)


def test_final_answers_without_markers():
    assert read_answer("<FINAL> Oslo", PAPER) == "Oslo"
    assert read_answer("<RECORD> in Norway <FINAL> Oslo </FINAL>", PAPER) == "Oslo"
    assert read_answer("<RECORD> Oslo <FINAL>", PAPER) == "Oslo"
    assert read_answer("<think>hm</think> Oslo", PAPER) == "Oslo"
    assert strip_markers("a <SEARCH> b", PAPER) == "a   b"
