"""The journal of solved samples."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.full_disk import limited

from toolbench_eval.agents.trajectory import LLMCall, Note, SearchCall, StopReason, Trajectory, from_json
from toolbench_eval.errors import StorageError
from toolbench_eval.evaluation.solving.journal import Journal


def made(name: str, prediction: str | None = "x", stop: StopReason = "answered") -> Trajectory:
    steps = (LLMCall("answer", "main", "m", "p", "said"), SearchCall("q", 5, ("a", "b")), Note("n", {"k": [1, None]}))
    return Trajectory(name, prediction, stop, "said", steps, None, 0.5)


def test_what_is_added_is_there_for_the_next_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "below/j.jsonl")
    assert journal.solved == set()
    for name in ("a", "b"):
        journal.add(made(name))
    again = Journal(tmp_path / "below/j.jsonl")
    assert again.solved == {"a", "b"}
    assert again.get("b") == journal.get("b") == made("b")


@pytest.mark.parametrize(
    ("stop", "solved"),
    [
        ("answered", True),
        ("max_hops", True),
        ("no_progress", True),
        ("parse_error", True),
        ("error", False),
        ("budget", False),
    ],
)
def test_what_another_try_may_change_is_tried_again(tmp_path: Path, stop: StopReason, solved: bool) -> None:
    journal = Journal(tmp_path / "j")
    journal.add(made("a", None, stop))
    assert (journal.solved == {"a"}) is solved
    journal.add(made("a", "later"))
    assert journal.get("a").prediction == Journal(tmp_path / "j").get("a").prediction == "later"
    assert Journal(tmp_path / "j").solved == {"a"}


def test_looking_at_a_journal_does_not_write(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    journal.add(made("a"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert Journal(path).solved == {"a"}
    assert path.read_bytes() == whole + whole[:40]


@pytest.mark.parametrize("cut", [1, 40, -1])
def test_a_line_that_a_kill_cut_off_makes_place_for_the_next(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    first = Journal(path)
    for name in ("a", "b"):
        first.add(made(name))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2][:cut])
    second = Journal(path)
    second.add(made("c"))
    assert [json.loads(line)["sample"] for line in path.read_bytes().splitlines()] == ["a", "b", "c"]
    assert [second.get(name).sample for name in "abc"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "line", [b"", b"nonsense", b"[]", b"3", b'{"sample": ["a"], "steps": []}', b"\xff\xfe", b"[" * 50_000]
)
def test_lines_that_are_none_are_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "j"
    Journal(path).add(made("a"))
    path.write_bytes(line + b"\n" + path.read_bytes() + line + b"\n")
    journal = Journal(path)
    journal.add(made("b"))
    assert [journal.get(name) for name in "ab"] == [made("a"), made("b")]
    assert Journal(path).solved == {"a", "b"}


def test_many_threads(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    threads = [threading.Thread(target=journal.add, args=(made(f"{at}", "x" * at),)) for at in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [journal.get(f"{at}").prediction for at in range(64)] == [("x" * at) or "" for at in range(64)]
    assert Journal(tmp_path / "j").entries == journal.entries


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    journal.add(made("a"))
    with limited(path.stat().st_size + 50), pytest.raises(StorageError, match=r"cannot write .*j: .*Finished samples"):
        journal.add(made("b"))
    assert path.read_bytes().endswith(b"\n")
    journal.add(made("c"))
    assert (journal.get("a"), journal.get("c")) == (made("a"), made("c"))
    assert Journal(path).solved == {"a", "c"}


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=f"cannot write {tmp_path}"):
        Journal(tmp_path).add(made("a"))


texts = st.text(max_size=30) | st.text(max_size=30).map(lambda text: f"{text}\ud83d")


@settings(max_examples=60, deadline=None)
@given(texts, st.none() | texts, texts, st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts))
def test_whatever_was_said_comes_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, prediction: str | None, reply: str, values: dict[str, object]
) -> None:
    """Also what no file can hold: half a character is written in JSON's own way."""
    steps = (LLMCall("answer", "main", "m", "p", reply, logprob=-0.1), Note("n", values))
    trajectory = Trajectory(name, prediction, "answered", reply, steps, reply, 1.5)
    journal = Journal(tmp_path_factory.mktemp("any") / "j")
    journal.add(trajectory)
    assert Journal(journal.path).get(name) == trajectory
    assert from_json(json.loads(json.dumps(trajectory.to_json()))) == trajectory
