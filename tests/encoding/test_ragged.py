"""Several rows for each text: on the disk, and after a kill."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.data.ids import string_array
from toolbench_eval.encoding import batching
from toolbench_eval.encoding.ragged import Ragged, spans
from toolbench_eval.encoding.shards import ShardEncoder
from toolbench_eval.encoding.space import Space
from toolbench_eval.encoding.store import HEADER_BYTES, ShardStore, digest

KEYS = [digest(word) for word in ("a", "b", "c")]
ROWS = [np.arange(4, dtype=np.float32).reshape(2, 2), np.empty((0, 2), np.float32), np.full((1, 2), 9, np.float32)]
SPACE = Space("w", "mean", True, 512, False, "float32", "cpu", "torch 2")


def equal(ragged: Ragged, rows: list[np.ndarray]) -> bool:
    found = ragged.split()
    return len(found) == len(rows) and all(np.array_equal(*pair) for pair in zip(found, rows, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shards"
    ShardStore(folder).write_ragged("one", KEYS, Ragged.of(ROWS))
    return folder


def opened(folder: Path) -> ShardStore:
    store = ShardStore(folder)
    store.refresh()
    return store


def test_round_trip(folder: Path) -> None:
    ShardStore(folder).write_ragged("two", [digest("d")], Ragged.of([ROWS[0] + 100]))
    store = opened(folder)
    wanted = [KEYS[2], digest("d"), KEYS[1], KEYS[0], KEYS[2]]
    assert store.missing([*wanted, digest("e")]) == [digest("e")]
    assert equal(store.read_ragged(wanted), [ROWS[2], ROWS[0] + 100, ROWS[1], ROWS[0], ROWS[2]])


def test_a_file_is_laid_out_as_documented(folder: Path) -> None:
    content = (folder / "one.shard").read_bytes()
    assert content[HEADER_BYTES : HEADER_BYTES + 96] == b"".join(KEYS)
    assert content[HEADER_BYTES + 96 : HEADER_BYTES + 120] == np.array([2, 2, 3], "<i8").tobytes()
    assert content[HEADER_BYTES + 120 :] == np.concatenate(ROWS).astype("<f4").tobytes()


def test_half_precision_stays_half_precision(tmp_path: Path) -> None:
    rows = [np.array([[0.1, 2], [3, 4]], np.float16)]
    ShardStore(tmp_path).write_ragged("one", KEYS[:1], Ragged.of(rows))
    found = opened(tmp_path).read_ragged(KEYS[:1])
    assert found.rows.dtype == np.float16
    assert equal(found, rows)


def test_a_shard_in_which_no_text_has_a_row(tmp_path: Path) -> None:
    ShardStore(tmp_path).write_ragged("one", KEYS[:2], Ragged.of([ROWS[1], ROWS[1]]))
    store = opened(tmp_path)
    assert store.missing(KEYS) == KEYS[2:]
    assert equal(store.read_ragged(KEYS[:2]), [ROWS[1], ROWS[1]])
    (tmp_path / "one.shard").unlink()
    assert opened(tmp_path).missing(KEYS) == KEYS


@pytest.mark.parametrize("kept", [0, HEADER_BYTES + 95, HEADER_BYTES + 100, HEADER_BYTES + 120, HEADER_BYTES + 143])
def test_truncated(folder: Path, kept: int, caplog: pytest.LogCaptureFixture) -> None:
    path = folder / "one.shard"
    path.write_bytes(path.read_bytes()[:kept])
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        assert opened(folder).missing(KEYS) == KEYS
    assert "damaged" in caplog.text


@pytest.mark.parametrize("at", [HEADER_BYTES, HEADER_BYTES + 96, HEADER_BYTES + 104, HEADER_BYTES + 120])
def test_flipped_bit(folder: Path, at: int) -> None:
    path = folder / "one.shard"
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
    assert opened(folder).missing(KEYS) == KEYS


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=8))
def test_spans(pairs: list[tuple[int, int]]) -> None:
    starts, lengths = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    assert spans(starts, lengths).tolist() == [at for start, length in pairs for at in range(start, start + length)]


def encode(texts: list[str]) -> Ragged:
    """A row for each word, that betrays with which text its shard begins."""
    company = len(texts[0])
    return Ragged.of([np.array([[len(word), company] for word in text.split()], np.float32) for text in texts])


def test_each_text_is_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "SHARD_TEXTS", 2)
    asked: list[list[str]] = []

    def counted(texts: list[str]) -> Ragged:
        asked.append(texts)
        return encode(texts)

    texts = ["a bb", "ccc", "a bb", "dddd a a", "e"]
    ours = ShardEncoder("m", SPACE, tmp_path, batch_tokens=60)
    found = ours.rows(string_array(texts), counted)
    assert [rows[:, 0].tolist() for rows in found.split()] == [[1, 2], [3], [1, 2], [4, 1, 1], [1]]
    assert asked == [["dddd a a", "a bb"], ["ccc", "e"]]
    again = ShardEncoder("m", SPACE, tmp_path, batch_tokens=60).rows(string_array([*texts, "new"]), counted)
    assert equal(again, [*found.split(), np.array([[3, 3]], np.float32)])
    assert asked[2:] == [["new"]]


KILLED = """
import os, signal, sys
from pathlib import Path
from test_ragged import SPACE, encode
from support.tiny_models import texts
from toolbench_eval.data.ids import string_array
from toolbench_eval.encoding import batching
from toolbench_eval.encoding.shards import ShardEncoder

batching.SHARD_TEXTS = 16
root, last = Path(sys.argv[1]), int(sys.argv[2])
done = 0

def killed(some):
    global done
    if done == last:
        os.kill(os.getpid(), signal.SIGKILL)
    done += 1
    print(done, flush=True)
    return encode(some)

ShardEncoder("m", SPACE, root, batch_tokens=60).rows(string_array(texts(100)), killed)
"""


def start(root: Path, last: int) -> subprocess.CompletedProcess[str]:
    """Encode 100 texts in shards of 16, killed after so many shards."""
    paths = os.pathsep.join(str(path) for path in (Path(__file__).parent, *Path(__file__).parents[1:3]))
    command = [sys.executable, "-c", KILLED, str(root), str(last)]
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def files(root: Path) -> dict[str, bytes]:
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if path.name != ".lock"}


def test_kill_minus_9_and_the_same_command(tmp_path: Path) -> None:
    assert start(tmp_path / "whole", 99).returncode == 0
    for kept in (0, 2):
        assert start(tmp_path / "cut", kept).returncode == -signal.SIGKILL
    last = start(tmp_path / "cut", 99)
    assert last.returncode == 0
    assert len(last.stdout.split()) == 7 - 2, "two shards of seven were whole"
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
