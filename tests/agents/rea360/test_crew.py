"""360°REA's crew: reading who does which part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rea360_stage import NAMES, Play, division

from toolbench_eval.agents.rea360.agent import Rea360
from toolbench_eval.agents.rea360.crew import Crew, Member, UnknownHeadingError, read_crew

GENERALIST = Member("Generalist", "Do the whole task.")
TWO = (Member("Ann", "writes"), Member("Bob", "reads and checks"))


@pytest.mark.parametrize(
    "reply",
    [
        "Main Goals: a b\nGuidance: c\nTask Assignment:\nAnn: writes\nBob: reads and checks",
        "## Main Goals\na\nb\n## Guidance\nc\n## Task Assignment\n- **Ann**: writes\n- **Bob**: reads\n  and checks",
        "**Main Goals:** a b\n**Guidance:** c\n**Task Assignment:**\n1. Ann: writes\n2. Bob: reads and checks",
        "1. MAIN GOALS:\na b\n2. GUIDANCE:\nc\n3. TASK ASSIGNMENTS:\n* **Ann:** writes\n* **Bob:** reads and checks",
        "Goal: a b\nGuidelines: c\nTeam:\n```\nAnn: writes\nBob: reads and checks\n```",
    ],
)
def test_headings_in_many_forms(reply):
    assert read_crew(reply, 4, GENERALIST) == Crew("a b", "c", TWO)


def test_lines_alone_are_a_crew_too():
    assert read_crew("Ann: writes\nBob: reads and checks", 4, GENERALIST).members == TWO
    talk = "Task Assignment:\nHere is what I think about all of this and more: no\nAnn: writes\nBob: reads\nand checks"
    assert read_crew(talk, 4, GENERALIST).members == TWO


@pytest.mark.parametrize("reply", ["", "I will do it myself.", "Main Goals: a\nTask Assignment:\n", "<think>Ann: x"])
def test_without_members_there_is_one_generalist_and_that_is_said(reply):
    crew = read_crew(reply, 4, GENERALIST)
    assert crew.members == (GENERALIST,)
    assert crew.fallback
    play = Play(Rea360(rounds=1), decompose=reply)
    assert play.notes("crew")[0]["fallback"] is True
    assert len(play.actions) == Rea360(rounds=1).calls(1, lessons=False)


def test_members_beyond_the_bound_are_left_out():
    crew = read_crew(division(*NAMES), 3, GENERALIST)
    assert crew.roles == ["Ann", "Bob", "Cy"]
    assert crew.left_out == ("Dee", "Eve")
    assert Play(Rea360(rounds=0, max_members=2), NAMES).actions.count("work") == 2


def test_equal_names_are_told_apart_and_nobody_is_called_leader():
    crew = read_crew(division("Ann", "ann", "Ann", "Leader"), 4, GENERALIST)
    assert crew.roles == ["Ann", "ann 2", "Ann 3", "Leader 2"]
    assert crew.renamed == ("ann 2", "Ann 3", "Leader 2")
    assert read_crew(division("Ann", "Ann 2", "Ann"), 4, GENERALIST).roles == ["Ann", "Ann 2", "Ann 3"]


def test_reading_as_released():
    exact = "Main Goals:\na\nGuidance:\nb\nTask Assignment:\nAnn: 1\nBob: 2\nAnn: 3\nso: it goes"
    crew = read_crew(exact, 1, GENERALIST, "released")
    assert crew == Crew("a", "b", (Member("Ann", "3"), Member("Bob", "2"), Member("so", "it goes")))
    assert read_crew("**Task Assignment:**\nAnn: 1", 4, GENERALIST, "released").members == ()
    with pytest.raises(UnknownHeadingError, match="unknown heading 'Team:'"):
        read_crew("Team:\nAnn: 1", 4, GENERALIST, "released")
    empty = Play(Rea360(rounds=0, reading="released"), decompose="no headings")
    assert empty.actions == ["decompose", "merge"]
    broken = Play(Rea360(rounds=0, reading="released"), decompose="Team:\nAnn: 1")
    assert (broken.answer.text, broken.answer.stop_reason) == (None, "parse_error")


@given(st.text(), st.integers(1, 4))
def test_reading_never_fails(text, most):
    crew = read_crew(text, most, GENERALIST)
    assert 1 <= len(crew.members) <= most
    assert len({role.casefold() for role in crew.roles}) == len(crew.members)
