"""360°REA's appraisal: who is told of what, and how remarks are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rea360_stage import NAMES, Play

from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import build
from toolbench_eval.agents.rea360.agent import Rea360
from toolbench_eval.agents.rea360.appraisal import Remark, own, read_remarks, received, upward
from toolbench_eval.agents.rea360.crew import LEADER

# Who is told of what


def test_remarks_go_to_whom_they_are_about():
    play = Play(Rea360(rounds=1), NAMES[:3])
    for told in (play.feedback("local_experience", "Bob")[0], play.feedback("work", "Bob")[1]):
        lines = told.splitlines()[1:-1]
        assert [line.partition(":")[0] for line in lines] == ["Ann on Bob", "Cy on Bob", "Leader on Bob"]
    learning = play.prompts("local_experience", "Bob")[0]
    assert "Bob on Bob: Fair - by Bob" in learning  # its own words, in their own place
    noted = play.notes("experience")
    assert [(note["role"], note["told_by"]) for note in noted] == [
        ("Ann", ["Bob", "Cy", "Leader"]),
        ("Bob", ["Ann", "Cy", "Leader"]),
        ("Cy", ["Ann", "Bob", "Leader"]),
    ]


def test_as_released_everybody_is_told_of_everything_but_what_they_said():
    agent = build(agent_class("rea360"), "released", {"reading": "tolerant"})
    play = Play(agent, NAMES[:3])
    lines = play.feedback("work", "Bob")[1].splitlines()[1:-1]
    assert [line.partition(":")[0] for line in lines] == [
        *("Ann on Bob", "Ann on Cy", "Cy on Ann", "Cy on Bob"),
        *("Leader on Ann", "Leader on Bob", "Leader on Cy"),
    ]
    assert "on self" not in "".join(play.feedback("work", "Ann"))
    assert not any(asked.startswith("You are") for asked in play.prompts("assess_member"))


@given(st.integers(1, 5), st.sampled_from(["addressee", "shared"]), st.sampled_from(["kept", "dropped"]))
def test_a_member_never_receives_its_own_remarks(k, routing, own_view):
    agent = Rea360(rounds=2, max_members=5, routing=routing, own_view=own_view, history="lessons")
    play = Play(agent, NAMES[:k])
    for role in NAMES[:k]:
        for told in play.feedback("work", role) + play.feedback("local_experience", role):
            assert f"by {role} " not in told
    for note in play.notes("experience"):
        assert note["role"] not in note["told_by"]
    if own_view == "dropped":
        views = {remark["view"] for note in play.notes("assess") for remark in note["remarks"]}
        assert "self" not in views


def test_shared_remarks_are_shared_in_full():
    remarks = [
        Remark("Ann", "Bob", "peer", "1"),
        Remark("Ann", "Cy", "peer", "2"),
        Remark("Cy", "Ann", "peer", "3"),
        Remark(LEADER, "Ann", "supervisory", "4"),
        Remark("Bob", "Bob", "self", "5"),
        Remark("Bob", LEADER, "upward", "6"),
        Remark("Ann", "", "peer", "7"),
    ]
    assert [one.text for one in received(remarks, "Bob", "shared")] == ["1", "2", "3", "4", "7"]
    assert [one.text for one in received(remarks, "Bob", "addressee")] == ["1", "7"]
    assert [one.text for one in received(remarks, "Ann", "addressee")] == ["3", "4"]
    assert [one.text for one in own(remarks, "Bob")] == ["5"]
    assert [one.text for one in upward(remarks)] == ["6"]


@pytest.mark.parametrize(
    ("view", "actions", "asked"),
    [
        ("self", {"assess_member", "assess_leader"}, "Self:"),
        ("peer", {"assess_member"}, "Peers:"),
        ("supervisory", {"assess_leader"}, "Members:"),
        ("upward", {"assess_member"}, "Leader: <rating>"),
    ],
)
def test_one_view_alone(view, actions, asked):
    play = Play(Rea360(rounds=1, views=(view,)))
    assert {action for action in play.actions if action.startswith("assess")} == actions
    prompts = play.prompts("assess_member") + play.prompts("assess_leader")
    assert all(asked in prompt for prompt in prompts)
    others = {"Self:", "Peers:", "Members:", "Leader: <rating>"} - {asked}
    assert not any(other in prompt for prompt in prompts for other in others)
    assert {remark["view"] for remark in play.notes("assess")[0]["remarks"]} == {view}
    assert ("up Ann" in play.prompts("merge")[1]) == (view == "upward")


def test_ratings_are_noted_and_the_name_of_who_judges_is_told():
    play = Play(Rea360(rounds=1))
    assert play.prompts("assess_member", "Ann")[0].startswith("You are Ann.")
    assert {remark["rating"] for remark in play.notes("assess")[0]["remarks"]} == {4, 5}
    unnamed = Play(Rea360(rounds=1, named=False))
    assert not any(asked.startswith("You are") for asked in unnamed.prompts("assess_member"))


# Reading remarks


ALL = ("self", "peer", "supervisory", "upward")


def test_remarks_in_sections():
    reply = "## Self\nFair - hm\n## Peers\n- **Bob**: Good - a\n- cy: Poor - b\n- Ann: Excellent - me\nLeader: Good - c"
    assert read_remarks(reply, "Ann", NAMES[:3], ALL) == [
        Remark("Ann", "Ann", "self", "Fair - hm"),
        Remark("Ann", "Bob", "peer", "Good - a"),
        Remark("Ann", "Cy", "peer", "Poor - b"),
        Remark("Ann", LEADER, "upward", "Good - c"),
    ]
    leader = "Self: Good\nMembers:\nAnn: Fair - x\nsomething: Good"
    assert read_remarks(leader, LEADER, NAMES[:2], ALL) == [
        Remark(LEADER, LEADER, "self", "Good"),
        Remark(LEADER, "Ann", "supervisory", "Fair - x"),
        Remark(LEADER, "", "supervisory", "something: Good"),
    ]


def test_remarks_without_form():
    assert read_remarks("All fine.", "Ann", NAMES[:2], ALL) == [Remark("Ann", "", "peer", "All fine.")]
    assert read_remarks("Peers: all fine", "Ann", NAMES[:2], ALL) == [Remark("Ann", "", "peer", "all fine")]
    assert read_remarks("", "Ann", NAMES[:2], ALL) == []
    assert read_remarks("Self: x", "Ann", NAMES[:2], ("peer",)) == []


@given(st.text())
def test_reading_remarks_never_fails(text):
    for remark in read_remarks(text, "Ann", NAMES[:2], ALL):
        assert remark.by == "Ann"
        assert remark.view == "self" or remark.about != "Ann"
