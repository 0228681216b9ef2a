"""The file that values are kept in: first value wins, a kill loses nothing that was written, damage is survived."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.errors import StorageError
from toolbench_eval.memo import Memo, key_of

PARTS = st.lists(
    st.one_of(st.text(max_size=3), st.integers(0, 3), st.none(), st.lists(st.text(max_size=2))), max_size=3
)


@given(PARTS, PARTS)
def test_different_parts_have_different_keys(one, other):
    assert (key_of(*one) == key_of(*other)) == (one == other)


def test_values_survive_and_the_first_one_wins(tmp_path: Path):
    memo = Memo(tmp_path / "new" / "m.sqlite")
    memo.put({b"a": b"1", b"b": b""})
    memo.put({b"a": b"2"})
    assert Memo(memo.path).get([b"a", b"b", b"c", b"a"]) == {b"a": b"1", b"b": b""}
    many = {key_of(number): str(number).encode() for number in range(2000)}
    memo.put(many)
    assert memo.get(many) == many


def test_a_process_that_is_killed_loses_nothing_that_it_wrote(tmp_path: Path):
    path = tmp_path / "m.sqlite"
    code = (
        "import os, signal, sys; from pathlib import Path; from toolbench_eval.memo import Memo\n"
        "memo = Memo(Path(sys.argv[1]))\n"
        "for n in range(50): memo.put({bytes([n]): bytes([n])})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert killed.returncode == -9
    assert Memo(path).get([bytes([n]) for n in range(50)]) == {bytes([n]): bytes([n]) for n in range(50)}


def test_two_processes_and_many_threads_write_at_once(tmp_path: Path):
    path = tmp_path / "m.sqlite"
    code = (
        "import sys; from pathlib import Path; from toolbench_eval.memo import Memo\n"
        "memo, name = Memo(Path(sys.argv[1])), sys.argv[2]\n"
        "for n in range(100): memo.put({f'{name}{n}'.encode(): b'x', f'both{n}'.encode(): name.encode()})\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "pq"]
    memo = Memo(path)

    def write(name: str) -> None:
        for n in range(100):
            memo.put({f"{name}{n}".encode(): b"x"})

    threads = [threading.Thread(target=write, args=(name,)) for name in "tuv"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0]
    assert len(memo.get([f"{name}{n}".encode() for name in "pqtuv" for n in range(100)])) == 500
    assert set(memo.get([f"both{n}".encode() for n in range(100)]).values()) <= {b"p", b"q"}


def test_a_file_that_is_no_cache_is_set_aside(tmp_path: Path, caplog):
    path = tmp_path / "m.sqlite"
    path.write_bytes(b"this is text, no database" * 100)
    memo = Memo(path)
    memo.put({b"a": b"1"})
    assert memo.get([b"a"]) == {b"a": b"1"}
    assert (tmp_path / "m.sqlite.broken").read_bytes().startswith(b"this is text")
    assert "is no cache" in caplog.text


def test_what_is_kept_is_what_came_first(tmp_path: Path):
    memo, other = Memo(tmp_path / "m.sqlite"), Memo(tmp_path / "m.sqlite")
    assert memo.put({b"a": b"1"}) == {b"a": b"1"}
    assert other.put({b"a": b"2", b"b": b"3"}) == {b"a": b"1", b"b": b"3"}
    memo.forget([b"a", b"c"])
    assert other.put({b"a": b"2"}) == {b"a": b"2"}


def damaged(path: Path, damage: str) -> None:
    memo = Memo(path)
    memo.put({key_of(number): b"x" * 100 for number in range(2000)})
    memo.close()
    content = bytearray(path.read_bytes())
    if damage == "middle":
        content[4096:] = bytes(len(content) - 4096)
    elif damage == "tables":
        at = content.index(b"key BLOB")
        content[at : at + 3] = b"kex"
    elif damage == "format":
        content[44:48] = b"\0\0\0\x09"
    else:
        del content[5000:]
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["middle", "tables", "format", "cut"])
@pytest.mark.parametrize("first", ["get", "put"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, caplog, damage: str, first: str):
    path = tmp_path / "m.sqlite"
    damaged(path, damage)
    memo, key = Memo(path), key_of(7)
    if first == "get":
        assert memo.get([key]) == {}
    assert memo.put({key: b"new"}) == {key: b"new"}
    memo.close()
    assert Memo(path).get([key]) == {key: b"new"}
    assert (tmp_path / "m.sqlite.broken").stat().st_size > 1000
    assert "is no cache" in caplog.text


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot make the cache"):
        Memo(tmp_path / "file" / "m.sqlite").put({b"a": b"1"})


def test_a_full_disk_is_named_and_what_was_there_stays(tmp_path: Path):
    memo = Memo(tmp_path / "m.sqlite")
    memo.put({b"a": b"1"})
    memo._open().execute("PRAGMA max_page_count = 4")  # SQLite then says what it says when the disk is full
    with pytest.raises(StorageError, match="full"):
        memo.put({key_of(number): b"x" * 1000 for number in range(100)})
    assert memo.get([b"a", key_of(0)]) == {b"a": b"1"}
