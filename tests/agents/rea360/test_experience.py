"""The global pool of 360°REA: what is selected, what is refused, and its file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.agents.rea360.experience import Experience, Pool, likeness, read_pool, write_pool
from toolbench_eval.errors import DataError, MissingDataError, UsageError

BOATS = Experience("Write a story about boats.", "boats", ("one", "two"))
TRIP = Experience("Plan a trip to the sea.", "trip")
STORY = Experience("Write a story about a king and his cat.", "story")
POOL = Pool("train", (BOATS, TRIP, STORY))


def test_adding_makes_another_pool():
    pool = Pool("train").add(BOATS).add(TRIP)
    assert pool.entries == (BOATS, TRIP)
    assert Pool("train").entries == ()


@pytest.mark.parametrize(
    ("how", "k", "chosen"),
    [
        ("all", 1, (BOATS, TRIP, STORY)),
        ("none", 9, ()),
        ("recent", 2, (TRIP, STORY)),
        ("recent", 0, ()),
        ("recent", 9, (BOATS, TRIP, STORY)),
        ("similar", 1, (STORY,)),
        ("similar", 2, (STORY, BOATS)),
        ("similar", 0, ()),
    ],
)
def test_what_is_selected(how, k, chosen):
    assert POOL.select("A story about the king's cat", how, k) == chosen


def test_likeness_is_the_share_of_common_words():
    assert likeness("a b c", "B c d") == pytest.approx(2 * 2 / 6)
    assert likeness("a a a", "a") == 1
    assert likeness("", "") == 0
    assert likeness("a", "") == 0


@given(st.text(), st.text())
def test_likeness_is_symmetric_and_bounded(left, right):
    assert likeness(left, right) == likeness(right, left)
    assert 0 <= likeness(left, right) <= 1


def test_a_pool_shares_no_task_with_those_to_be_solved():
    POOL.refuse_leaks(["Write a story about ships."])
    assert POOL.leaked(["plan a  TRIP to\nthe sea.", "x"]) == ("plan a  TRIP to\nthe sea.",)
    with pytest.raises(UsageError, match=r"'train' holds experience with 2 of the tasks.*Write a story about boats"):
        POOL.refuse_leaks(["x", BOATS.task, TRIP.task])


@given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("abcdef")))
def test_a_pool_is_accepted_just_if_it_has_no_task_in_common(known, tasks):
    pool = Pool("p", tuple(Experience(task) for task in known))
    if set(known) & set(tasks):
        with pytest.raises(UsageError, match=f"experience with {len([one for one in tasks if one in known])} of"):
            pool.refuse_leaks(tasks)
    else:
        pool.refuse_leaks(tasks)


def test_a_pool_in_a_file(tmp_path):
    path = tmp_path / "folder" / "pool.json"
    write_pool(path, POOL)
    assert read_pool(path) == POOL
    assert read_pool(path).digest == POOL.digest
    assert json.loads(path.read_text(encoding="utf-8"))["split"] == "train"


def test_the_digest_is_that_of_the_content():
    digests = {POOL.digest, Pool("other", POOL.entries).digest, Pool("train", POOL.entries[::-1]).digest}
    assert len(digests) == 3
    assert Pool("train", (BOATS, TRIP, STORY)).digest == POOL.digest


def test_the_published_files_are_read_once_they_name_their_split(tmp_path):
    path = tmp_path / "experience.json"
    rows = [{"task": "", "Leader": "", "Member": []}, {"task": "t", "Leader": "l", "Member": ["m"]}]
    path.write_text(json.dumps({"split": "0..39", "experience": rows}), encoding="utf-8")
    pool = read_pool(path)
    assert pool.entries == (Experience(""), Experience("t", "l", ("m",)))
    assert pool.leaked(["anything", "t"]) == ("t",)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("no json", "not a pool"),
        ("[]", "field 'experience'"),
        ('{"experience": []}', "field 'split'"),
        ('{"split": " ", "experience": []}', "field 'split'"),
        ('{"split": "a", "experience": [1]}', "row 1"),
        ('{"split": "a", "experience": [{"task": "t"}, {"leader": "l"}]}', "row 2, field 'task'"),
        ('{"split": "a", "experience": [{"task": "t", "leader": 1}]}', "field 'leader'"),
        ('{"split": "a", "experience": [{"task": "t", "members": "m"}]}', "field 'members'"),
        ('{"split": "a", "experience": [{"task": "t", "members": [1]}]}', "field 'members'"),
    ],
)
def test_what_is_no_pool_says_where(tmp_path, content, complaint):
    path = tmp_path / "pool.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=complaint):
        read_pool(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MissingDataError, match=r"none\.json"):
        read_pool(tmp_path / "none.json")
