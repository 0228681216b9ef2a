"""How GenGround reads drafts, revisions and edits, whatever their form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.genground_stage import TEN

from toolbench_eval.agents.genground.deduction import Deduced, finished, read_draft, read_step
from toolbench_eval.agents.genground.grounding import Grounded, read_citation, read_edit, read_revision
from toolbench_eval.agents.genground.markup import json_object, spans

WORDS = st.text(alphabet="abcxyz ,'é-", min_size=1).map(lambda text: " ".join(text.split())).filter(bool)


@given(WORDS, WORDS, st.booleans(), st.booleans(), st.booleans())
def test_what_is_rendered_is_read(question, draft, numbered, header, fenced):
    number = " 4" if numbered else ""
    text = f"{f'Sub-question{number}: ' if header else ''}{question}\nAnswer{number}: {draft}"
    read = read_step(f"```\n{text}\n```" if fenced else text)
    assert (read.question, read.draft, read.final) == (question, draft, None)
    finish = read_step(f"{question}\nAnswer{number}: FINISH[{draft}]")
    assert finish.final == draft.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who? Answer 1: Ann Sub-question 2: Where?", Deduced("Who?", "Ann")),
        ("**Sub-question 1:** Who?\n**Answer 1:** Ann", Deduced("Who?", "Ann")),
        ("<think>Answer: no</think>Who?\nanswer: Ann", Deduced("Who?", "Ann")),
        ("FINISH[Ann [the elder]] and so on", Deduced("", "FINISH[Ann [the elder]] and so on", "Ann [the elder]")),
        ("Who?\nAnswer 3: FINISH[Ann\nmore", Deduced("Who?", "FINISH[Ann more", "Ann")),
        ("Who?\nAnswer 3: they finish [third]", Deduced("Who?", "they finish [third]", "third")),
        ('{"sub-question": "Who?", "answer": "Ann"}', Deduced("Who?", "Ann")),
        ('```json\n{"Sub-question": "Q?", "Answer": "FINISH[Ann]"}\n```', Deduced("Q?", "FINISH[Ann]", "Ann")),
        ("Who?", Deduced("Who?")),
        ("Who?\nAnswer 1:", Deduced("Who?")),
        ("", Deduced("")),
    ],
)
def test_steps_in_other_forms(text, expected):
    assert read_step(text) == expected


def test_released_reading_is_literal():
    assert read_step("Who?\nAnswer 1: Ann", "released") == Deduced("Who?")
    assert read_step("Who?\nAnswer: Ann", "released") == Deduced("Who?", "Ann")
    assert read_step("Who?\nAnswer: Finish[Ann]", "released").final is None
    assert read_step("Who?\nAnswer: FINISH[Ann]", "released").final == "Ann"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("<ref>one</ref><revise>Ann</revise>", Grounded("Ann", "one")),
        ("<REF>one\n line</REF>\n<Revise>Ann.</Revise>", Grounded("Ann.", "one line")),
        ("```\n<ref>one</ref> <ref>two</ref> <revise>The answer is Ann</revise>\n```", Grounded("Ann", "one two")),
        ("<ref>one <revise>Ann", Grounded("Ann", "one")),
        ("<ref>one</ref><revise><i>Ann</i></revise>", Grounded("<i>Ann</i>", "one")),
        ('{"ref": "one", "revise": "Ann"}', Grounded("Ann", "one")),
        ("<ref>Empty</ref><revise>Ann</revise>", None),
        ("<ref> EMPTY. </ref><revise>Ann</revise>", None),
        ("<ref>None</ref><revise>Ann</revise>", None),
        ("<ref></ref><revise>Ann</revise>", None),
        ("<ref>one</ref>", None),
        ("<ref>one</ref><revise> </revise>", None),
        ("<revise>Ann</revise>", None),
        ("", None),
    ],
)
def test_revisions(reply, expected):
    assert read_revision(reply) == expected


def test_edits():
    assert read_edit('```json\n{"answer": "Ann", "citation": "she"}\n```') == Grounded("Ann", "she")
    assert read_edit('{"answer": 1871, "citation": null}') == Grounded("1871")
    assert read_edit("Answer: Ann\nCitation: she") == Grounded("Ann")
    assert read_edit('{"answer": ""}') is None
    assert read_edit("I do not know") is None


@given(st.text() | st.text(alphabet='{}[]<>/"\\:refREVISEanswercitationFINISH#*`0123456789\n '))
def test_reading_never_raises(text):
    for reading in ("tolerant", "released"):
        assert isinstance(read_step(text, reading), Deduced)
        assert isinstance(read_draft(text, reading), Deduced)
        assert isinstance(finished(text, reading), str | None)
    for rule in ("overlap", "word"):
        assert read_citation(text, TEN, rule) is None or 0 <= read_citation(text, TEN, rule)[0] < 10
    assert isinstance(read_revision(text), Grounded | None)
    assert isinstance(read_edit(text), Grounded | None)
    assert all(isinstance(value, str) for value in json_object(text).values())


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "{" * 100_000, '{"a": ' + "9" * 10_000 + "}"])
def test_deep_and_long_replies_are_no_error(text):
    assert json_object(text) == {}
    assert read_revision(text) is None


def test_spans():
    assert spans("<ref>a</ref> b <REF>c", "ref") == ["a", "c"]
    assert spans("a </ref> b", "ref") == []
