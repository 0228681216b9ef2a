"""Shards on the disk."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import numpy as np
import pytest

from toolbench_eval import atomic
from toolbench_eval.encoding.ragged import Ragged
from toolbench_eval.encoding.store import HEADER_BYTES, ShardStore, digest
from toolbench_eval.errors import StorageError

KEYS = [digest(word) for word in ("a", "b", "c")]
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shards"
    ShardStore(folder).write("one", KEYS, VECTORS)
    return folder


def opened(folder: Path) -> ShardStore:
    store = ShardStore(folder)
    store.refresh()
    return store


def test_round_trip(folder: Path) -> None:
    store = opened(folder)
    assert store.missing([*KEYS, digest("d"), KEYS[0], digest("d")]) == [digest("d")]
    np.testing.assert_array_equal(store.read([KEYS[2], KEYS[0], KEYS[2]]), VECTORS[[2, 0, 2]])
    assert store.read([KEYS[0]]).dtype == np.float32
    assert store.read([]).shape == (0, 0)


def test_file_is_laid_out_as_documented(folder: Path) -> None:
    content = (folder / "one.shard").read_bytes()
    assert content[HEADER_BYTES - 1 : HEADER_BYTES] == b"\n"
    assert content[HEADER_BYTES : HEADER_BYTES + 96] == b"".join(KEYS)
    assert content[HEADER_BYTES + 96 :] == VECTORS.astype("<f4").tobytes()


def test_takes_in_what_another_process_wrote(folder: Path) -> None:
    store = opened(folder)
    ShardStore(folder).write("two", [digest("d")], VECTORS[:1] + 100)
    assert store.missing([digest("d")]) == [digest("d")]
    store.refresh()
    np.testing.assert_array_equal(store.read([digest("d"), KEYS[1]]), [VECTORS[0] + 100, VECTORS[1]])


@pytest.mark.parametrize("kept", [0, 10, HEADER_BYTES, HEADER_BYTES + 95, HEADER_BYTES + 96, HEADER_BYTES + 96 + 47])
def test_truncated(folder: Path, kept: int, caplog: pytest.LogCaptureFixture) -> None:
    path = folder / "one.shard"
    path.write_bytes(path.read_bytes()[:kept])
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        store = opened(folder)
    assert store.missing(KEYS) == KEYS
    assert "damaged" in caplog.text
    assert not path.exists()


@pytest.mark.parametrize("at", [20, HEADER_BYTES, HEADER_BYTES + 95, HEADER_BYTES + 96, HEADER_BYTES + 96 + 47])
def test_flipped_bit(folder: Path, at: int, caplog: pytest.LogCaptureFixture) -> None:
    path = folder / "one.shard"
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        assert opened(folder).missing(KEYS) == KEYS
    assert "damaged" in caplog.text


def test_longer_than_written(folder: Path) -> None:
    with (folder / "one.shard").open("ab") as file:
        file.write(b"x")
    assert opened(folder).missing(KEYS) == KEYS


def test_removed_while_open(folder: Path) -> None:
    store = opened(folder)
    (folder / "one.shard").unlink()
    assert store.missing(KEYS) == KEYS


def test_one_damaged_shard_leaves_the_others(folder: Path) -> None:
    ShardStore(folder).write("two", [digest("d")], VECTORS[:1])
    path = folder / "one.shard"
    path.write_bytes(path.read_bytes()[:-1])
    assert opened(folder).missing([*KEYS, digest("d")]) == KEYS


def test_full_disk_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = sorted(folder.iterdir())
    monkeypatch.setattr(atomic.os, "fsync", full)
    store = opened(folder)
    with pytest.raises(StorageError, match="No space left"):
        store.write("two", [digest("d")], VECTORS[:1])
    assert sorted(folder.iterdir()) == before
    assert store.missing([digest("d")]) == [digest("d")]


def test_cache_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="EVALHARNESS_CACHE"):
        ShardStore(tmp_path / "file" / "shards").refresh()
    with pytest.raises(StorageError, match="EVALHARNESS_CACHE"):
        ShardStore(tmp_path / "file" / "shards").write("one", KEYS, VECTORS)


def test_what_was_published_first_stays_for_everyone(tmp_path: Path) -> None:
    first, second = ShardStore(tmp_path), ShardStore(tmp_path)
    second.refresh()
    first.write("bbb", KEYS[:2], VECTORS[:2])
    second.write("aaa", KEYS[1:], VECTORS[1:] + 100)  # the name comes first, the vector does not
    expected = [VECTORS[0], VECTORS[1], VECTORS[2] + 100]
    first.refresh()
    for store in (first, second, opened(tmp_path)):
        np.testing.assert_array_equal(store.read(KEYS), expected)
    before = sorted(path.name for path in tmp_path.glob("*.shard"))
    second.write("ccc", KEYS, VECTORS + 200)
    assert sorted(path.name for path in tmp_path.glob("*.shard")) == before


def test_ragged_rows_that_are_there_are_left_out(tmp_path: Path) -> None:
    first, second = ShardStore(tmp_path), ShardStore(tmp_path)
    first.write_ragged("bbb", KEYS[:1], Ragged.of([VECTORS[:2]]))
    second.write_ragged("aaa", KEYS, Ragged.of([VECTORS[:1] + 100, VECTORS[:0], VECTORS[1:]]))
    for store in (second, opened(tmp_path)):
        found = store.read_ragged(KEYS)
        assert found.lengths.tolist() == [2, 0, 2]
        np.testing.assert_array_equal(found.rows, np.concatenate([VECTORS[:2], VECTORS[1:]]))


@pytest.mark.parametrize("older", ["aaa", "bbb"])
def test_of_a_text_that_is_there_twice_the_older_vector_counts(tmp_path: Path, older: str) -> None:
    """As where shards of two caches were copied into one folder."""
    for at, name in enumerate(("aaa", "bbb")):
        ShardStore(tmp_path / name).write(name, KEYS, VECTORS + at)
        os.utime((tmp_path / name / f"{name}.shard").rename(tmp_path / f"{name}.shard"), (1, 5 + (name != older)))
    np.testing.assert_array_equal(opened(tmp_path).read(KEYS), VECTORS + (older == "bbb"))
