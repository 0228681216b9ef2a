"""The folder a result is made in."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from toolbench_eval.atomic import atomic_path, remove_temporaries, write_text
from toolbench_eval.errors import StorageError
from toolbench_eval.evaluation.workplace import Workplace
from toolbench_eval.results.schema import Headline, Result, TaskResult
from toolbench_eval.results.store import read_result


class Notes:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    warn = note


def task_result(place: Workplace, task: str) -> TaskResult:
    """A result of a task whose files are all there."""
    names = {}
    for kind in ("runs", "per_query", "qrels", "documents"):
        path = place.path(kind, task)
        write_text(path, f"{kind} of {task}")
        names[kind] = place.name(path)
    return TaskResult(
        scores={"AP": 0.5},
        queries=2,
        corpus_fingerprint="c",
        queries_fingerprint="q",
        qrels_fingerprint="j",
        run_digest="r",
        run_file=names["runs"],
        per_query_file=names["per_query"],
        qrels_file=names["qrels"],
        documents_file=names["documents"],
    )


def result() -> Result:
    return Result(
        suite="s",
        suite_version="1",
        model="m",
        model_revision=None,
        task_setting={},
        model_setting={},
        partial=False,
        missing=[],
        counts={},
        tasks={},
        aggregates={},
        headline=Headline(metric="AP", aggregate="micro", value=0.5, ci95=(0.4, 0.6)),
    ).with_identity()


def test_a_result_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    place, reporter = Workplace(tmp_path / "out" / "one"), Notes()
    with place.locked(reporter):
        place.mark_done("a", task_result(place, "a"))
        assert not place.folder.exists()
        place.finish(result())
    names = sorted(path.name for path in place.folder.iterdir())
    assert names == ["documents", "per_query", "qrels", "result.json", "runs"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one"]
    assert reporter.notes == [f"written: {place.result_file}"]


def test_finished_work_is_found_again_unless_a_file_changed(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "one")
    assert place.done("a") is None
    made = task_result(place, "a")
    place.mark_done("a", made)
    assert place.done("a") == made
    place.path("documents", "a").write_text("another")
    assert place.done("a") is None


@pytest.mark.parametrize("note", ["", "[]", '{"files": {}}', '{"files": 3}', '{"files": {}, "result": {"scores": 1}}'])
def test_a_broken_note_is_work_to_do(tmp_path: Path, note: str) -> None:
    place = Workplace(tmp_path / "one")
    place.mark_done("a", task_result(place, "a"))
    next((place.partial / "done").iterdir()).write_text(note)
    assert place.done("a") is None


def test_tasks_whose_names_differ_in_odd_letters_have_files_of_their_own(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "one")
    names = ["a b", "a_b", "a", "a.", "a_", "_a"]
    assert len({place.path("runs", name) for name in names}) == len(names)
    assert place.path("runs", "craft-math.v2").name == "craft-math.v2.parquet"


def test_a_failure_before_anything_is_done_leaves_nothing(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "one")
    with pytest.raises(ZeroDivisionError), place.locked(Notes()):
        write_text(place.path("documents", "x"), "ids")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_tasks_that_are_done(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "one")
    with pytest.raises(ZeroDivisionError), place.locked(Notes()):
        place.mark_done("a", task_result(place, "a"))
        raise ZeroDivisionError
    assert place.done("a") is not None
    assert [path.name for path in tmp_path.iterdir()] == ["one.partial"]


def test_what_a_killed_process_left_is_cleared_and_its_last_step_made_up_for(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "one")
    place.mark_done("a", task_result(place, "a"))
    (place.partial / "runs/.b.parquet.abc.tmp").write_text("half")
    write_text(place.partial / "result.json", result().to_json())
    with place.locked(Notes()):
        assert place.finished
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".") or path.name == "done"]


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    place, first, second = Workplace(tmp_path / "one"), Notes(), Notes()
    inside, seen = threading.Event(), []

    def wait() -> None:
        inside.wait()
        with Workplace(tmp_path / "one").locked(second):
            seen.append(place.finished)

    other = threading.Thread(target=wait)
    other.start()
    with place.locked(first):
        inside.set()
        while not second.notes:  # it has said that it waits
            other.join(0.01)
        place.mark_done("a", task_result(place, "a"))
        place.finish(result())
    other.join()
    assert seen == [True]
    assert second.notes == [f"another process is writing {place.folder}; waiting for it"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = Workplace(tmp_path / "file/one")
    with pytest.raises(StorageError, match=r"cannot write in .*file"), place.locked(Notes()):
        pytest.fail("must not come here")


# results of agents ----------------------------------------------------------------------------


def solved(place: Workplace) -> None:
    """What the agents' pipeline leaves before the result: a journal, a log, a recorder's unfinished one."""
    place.mark_done("a", task_result(place, "a"))
    write_text(place.partial / "journal/a.jsonl", "{}")
    write_text(place.path("trajectories", "a", ".eval"), "log")
    write_text(place.partial / "trajectories/.a.eval.x1/half.eval", "half a log")


def test_too_many_failures_are_set_aside_and_the_journal_stays(tmp_path: Path) -> None:
    place, reporter = Workplace(tmp_path / "out/one"), Notes()
    with place.locked(reporter):
        solved(place)
        marked = place.set_aside(result())
    assert marked.partial
    assert marked.identity != result().identity
    assert reporter.notes == []  # there is no result in the folder that it would name
    assert not place.finished
    failed = {path.relative_to(place.failed_folder).as_posix() for path in place.failed_folder.rglob("*.*")}
    assert {name for name in failed if "/" in name} >= {"trajectories/a.eval"}
    assert not [name for name in failed if "half" in name or "journal" in name or "done" in name]
    assert read_result(place.failed_folder / "result.json") == marked
    left = [path.relative_to(place.partial).as_posix() for path in place.partial.rglob("*") if path.is_file()]
    assert [name for name in left if name.endswith((".eval", ".jsonl")) or "done/" in name] == ["journal/a.jsonl"]

    with place.locked(reporter):
        solved(place)
        place.finish(result())
    assert not place.failed_folder.exists()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one"]


def test_what_a_recorder_left_is_no_part_of_a_result(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "one")
    with place.locked(Notes()):
        solved(place)
        assert "trajectories/a.eval" in place.file_digests()
        assert not [name for name in place.file_digests() if "half" in name]
        place.finish(result())
    assert [path.name for path in (place.folder / "trajectories").iterdir()] == ["a.eval"]


# writing whole files --------------------------------------------------------------------------


def test_a_file_is_replaced_only_when_its_content_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "below/file.txt"
    write_text(path, "old\n")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text("new")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old\n"
    assert list(path.parent.iterdir()) == [path]
    write_text(path, "new\n")
    assert path.read_bytes() == b"new\n"


def test_a_refusing_disk_is_named_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(StorageError, match=r"file\.txt: No space left.*Nothing was changed"), atomic_path(path):
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old"
    with pytest.raises(StorageError, match="cannot write"):
        write_text(path / "below", "x")


def test_temporaries_are_told_from_hidden_files(tmp_path: Path) -> None:
    (tmp_path / ".mine").write_text("")
    (tmp_path / "x.tmp").write_text("")
    with atomic_path(tmp_path / "a") as temporary:
        remove_temporaries(tmp_path)
        assert not temporary.exists()
        temporary.write_text("")
    assert {path.name for path in tmp_path.iterdir()} == {".mine", "x.tmp", "a"}
    remove_temporaries(tmp_path / "nowhere")


def test_what_tasks_share_is_written_once_by_each_process(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "one")
    path = place.path("documents", "ids")
    assert [place.first_use(path), place.first_use(path), Workplace(tmp_path / "one").first_use(path)] == [
        True,
        False,
        True,
    ]
