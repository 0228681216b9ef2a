"""GenGround's grounding: batches with early stop (section 2.1), and the queue of the paper's code (section 4)."""

from __future__ import annotations

import json
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.genground_stage import QUESTION, TEN, evidence_at, play, steps

from toolbench_eval.agents.genground.agent import GenGround
from toolbench_eval.agents.genground.grounding import read_citation
from toolbench_eval.agents.options import build
from toolbench_eval.data.passages import Passage
from toolbench_eval.errors import UsageError

# Batches with early stop (section 2.1)


@pytest.mark.parametrize(("rank", "calls"), [(1, 1), (3, 1), (4, 2), (9, 3), (10, 4)])
def test_grounding_stops_at_the_first_batch_with_evidence(rank, calls):
    _, trajectory, _ = play(GenGround(), ground=evidence_at(rank))
    grounds = trajectory.notes("ground")
    assert [note["ranks"] for note in grounds] == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]][:calls]
    assert [note["batch"] for note in grounds] == list(range(1, calls + 1))
    assert [note["evidence"] for note in grounds] == [None] * (calls - 1) + [f"body of rank{rank}."]
    assert [call.passages for call in trajectory.calls if call.action == "ground"] == [3, 3, 3, 1][:calls]
    assert trajectory.notes("revise") == (
        {"hop": 1, "draft": "a draft", "revised": "revised", "evidence": f"body of rank{rank}."},
    )


@pytest.mark.parametrize(("n", "b"), [(10, 3), (9, 3), (1, 3), (10, 1), (10, 20), (7, 2)])
def test_without_evidence_every_batch_is_read_and_the_draft_stays_as_it_is(n, b):
    draft = "Zoë's draft,  isn't it"
    _, trajectory, _ = play(GenGround(n=n, b=b), steps(f"What?\nAnswer 1: {draft}"), ground="<ref>Empty</ref>")
    assert len(trajectory.notes("ground")) == ceil(n / b)
    (revised,) = trajectory.notes("revise")
    assert revised["revised"] == revised["draft"] == "Zoë's draft, isn't it"
    assert revised["evidence"] is None


@given(st.integers(1, 10), st.integers(1, 11), st.integers(1, 12))
def test_each_passage_is_shown_once_and_what_was_shown_is_a_prefix(n, b, rank):
    _, trajectory, _ = play(GenGround(n=n, b=b), ground=evidence_at(rank))
    shown = [rank for note in trajectory.notes("ground") for rank in note["ranks"]]
    assert shown == list(range(1, min(n, ceil(min(rank, n) / b) * b) + 1))


def test_the_passages_of_a_batch_stand_in_its_prompt_and_no_other():
    _, _, requests = play(GenGround(), ground=evidence_at(99))
    second = [text for kind, text in requests if kind == "ground"][1]
    assert [rank for rank in range(1, 11) if f"rank{rank}." in second] == [4, 5, 6]
    assert "Sub-question: What is it?" in second
    assert "Answer from memory: a draft" in second
    assert QUESTION in second


def test_no_batch_shows_all_passages_in_one_call():
    _, trajectory, _ = play(GenGround(ground_mode="no_batch"), ground=evidence_at(10))
    assert [note["ranks"] for note in trajectory.notes("ground")] == [list(range(1, 11))]


def test_without_passages_grounding_is_skipped_and_said_so():
    _, trajectory, requests = play(GenGround(), passages=())
    assert [kind for kind, _ in requests] == ["deduce", "deduce"]
    assert trajectory.notes("ground") == ({"hop": 1, "batch": 0, "ranks": [], "evidence": None},)
    assert trajectory.notes("revise")[0]["revised"] == "a draft"


# The queue of the paper's code (section 4)


QUEUE = {"ground_mode": "queue_tournament"}


def cites_first(messages):
    """Cites the first passage of the batch."""
    text = messages[1].text
    return f"answer: x\ncitation: {text[text.index('Text: ') + 6 : text.index('.', text.index('Text: '))]}"


@pytest.mark.parametrize(("n", "b", "cited", "none"), [(9, 3, 3, 2), (10, 3, 4, 3), (20, 5, 4, 3), (3, 3, 0, 0)])
def test_calls_of_the_queue(n, b, cited, none):
    passages = tuple(Passage(f"p{rank}", "", f"body of rank{rank}.") for rank in range(1, n + 1))
    revise = json.dumps({"answer": "revised", "citation": "body"})
    agent = GenGround(**QUEUE, n=n, b=b)
    _, _, requests = play(agent, passages=passages, filter=cites_first, revise=revise)
    assert [kind for kind, _ in requests][1:-1] == ["filter"] * cited + ["revise"]
    _, trajectory, requests = play(agent, passages=passages, filter="INSUFFICIENT INFORMATION", revise=revise)
    assert [kind for kind, _ in requests][1:-1] == ["filter"] * none + ["revise"]
    assert trajectory.notes("ground")[-1]["ranks"][-1] == n  # the worst of retrieval are what is left
    _, trajectory, _ = play(GenGround(**QUEUE, n=n, b=b, filter_tries=3), passages=passages, filter="no", revise=revise)
    assert [call.action for call in trajectory.calls].count("filter") == 3 * none
    assert [call.attempt for call in trajectory.calls if call.action == "filter"] == [0, 1, 2] * none


def test_a_cited_passage_goes_to_the_end_of_the_queue():
    revise = json.dumps({"answer": "right", "citation": "words"})
    _, trajectory, requests = play(GenGround(**QUEUE), filter=cites_first, revise=revise)
    ranks = [note["ranks"] for note in trajectory.notes("ground")]
    assert ranks == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 1, 4], [7, 10]]
    assert "rank10." in requests[-2][1]
    assert trajectory.notes("revise")[0]["revised"] == "right"
    assert trajectory.notes("revise")[0]["evidence"] == "words"


def test_an_edit_that_cannot_be_read_keeps_the_draft():
    _, trajectory, _ = play(GenGround(**QUEUE), filter="no", revise="I am not sure.")
    assert trajectory.notes("revise")[0] == {"hop": 1, "draft": "a draft", "revised": "a draft", "evidence": None}


@given(st.integers(1, 10), st.integers(2, 12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_the_queue_ends_for_batches_of_two_or_more(n, b, cited):
    answers = iter(cited)
    script = lambda messages: cites_first(messages) if next(answers) else "nothing"  # noqa: E731
    _, trajectory, _ = play(GenGround(**QUEUE, n=n, b=b), filter=script, revise='{"answer": "x"}')
    last = trajectory.notes("ground")[-1]["ranks"]
    assert 1 <= len(last) <= b
    assert len(set(last)) == len(last)


def test_batches_of_one_are_refused_in_the_queue_only():
    with pytest.raises(UsageError, match="b is at least 2; found 1"):
        build(GenGround, "released", {"b": "1"})
    assert build(GenGround, "paper", {"b": "1"}) == GenGround(b=1, stop_on_repeat=False)
    with pytest.raises(UsageError, match="n is at least 1"):
        build(GenGround, given={"n": "0"})


def test_the_word_citation_selects_a_passage_in_the_released_form_only():
    said = "There is no citation for that."
    assert read_citation(said, TEN[:3], "overlap") is None
    assert read_citation(said, TEN[:3], "word") == (0, "for that.")
    assert read_citation("citation: none", (Passage("a", "", "none of it"),), "overlap") is None
    place, citation = read_citation('{"answer": "x", "citation": "body of rank2"}', TEN[:3], "overlap")
    assert (place, citation) == (1, "body of rank2")
    assert read_citation("citation: zebra", TEN[:3], "overlap") is None
    assert read_citation("citation: zebra", TEN[:3], "word") == (0, "zebra")
