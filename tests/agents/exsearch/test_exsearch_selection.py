"""EXSEARCH's selection of passages (section 2.4)."""

from __future__ import annotations

import re

import pytest
from support.exsearch_stage import PROMPT, SAMPLE, TWO, Voice, play

from toolbench_eval.agents.exsearch.agent import ExSearch
from toolbench_eval.llms.scripts.heard import unfill

BARE = r"\[(\d+)\] Title"


def select(reply, **options):
    model = Voice(*TWO, select=reply)
    _, trajectory = play(ExSearch(select=True, **options), model)
    return model, trajectory, trajectory.notes("select")[0]


def test_selection_has_a_conversation_of_its_own():
    model, trajectory, note = select("[3] > [20]")
    assert [call.action for call in trajectory.calls] == ["think", "select", "think", "select", "think", "answer"]
    assert [len(seen) for seen in model.seen] == [1, 1, 3, 1, 5, 7]
    heard = unfill(PROMPT.texts["select"], model.seen[1][0])
    assert heard["sub_query"] == "who made the red boat?"
    assert SAMPLE.text not in model.seen[1][0]
    assert re.findall(BARE, heard["passages"]) == [str(number) for number in range(1, 21)]
    assert [search.k for search in trajectory.searches] == [20, 20]
    assert note == {"hop": 1, "numbers": [3, 20], "documents": ["p3", "p20"], "dropped": 0, "empty": False}
    shown = model.closing[2]
    assert shown.startswith("<SEARCH>\nSelected: [3] > [20]\n<passages>\n[3] Title: Title 3\nText: body of rank3.")
    assert re.findall(BARE, shown) == ["3", "20"]
    assert [call.passages for call in trajectory.calls] == [0, 20, 2, 20, 4, 4]


@pytest.mark.parametrize(
    ("reply", "documents", "dropped"),
    [
        ("[1]", ["p1"], 0),
        ("[2] > [1] > [2]", ["p2", "p1"], 1),
        ("[0] > [21] > [7]", ["p7"], 2),
        ("[9] > [8] > [7] > [6] > [5] > [4]", ["p9", "p8", "p7", "p6", "p5"], 0),
        ("[3, 1]", ["p3", "p1"], 0),
        ("<think>[4] or [5]?</think>[3]", ["p3"], 0),
        ("none is useful", ["p1", "p2", "p3", "p4", "p5"], 0),
    ],
)
def test_identifiers_count_from_one(reply, documents, dropped):
    _, _, note = select(reply)
    assert (note["documents"], note["dropped"]) == (documents, dropped)


def test_the_released_identifiers_are_off_by_one():
    assert select("[1] > [19]", identifiers="shifted")[2]["documents"] == ["p2", "p20"]
    assert select("[20] > [0]", identifiers="shifted")[2]["documents"] == ["p1"]
    assert select("[20]", identifiers="shifted", empty_selection="none")[2]["documents"] == []


def test_an_empty_selection_is_counted():
    model, _, note = select("nothing", empty_selection="none")
    assert (note["numbers"], note["empty"]) == ([], True)
    assert "(no passage was found)" in model.closing[2]
    assert select("nothing", k=2)[2] == {
        "hop": 1, "numbers": [1, 2], "documents": ["p1", "p2"], "dropped": 0, "empty": True,
    }  # fmt: skip


def test_nothing_found_is_not_selected_from():
    model = Voice(*TWO)
    _, trajectory = play(ExSearch(select=True), model, lambda query, k: ())
    assert not trajectory.notes("select")
    assert "(no passage was found)" in model.closing[2]
