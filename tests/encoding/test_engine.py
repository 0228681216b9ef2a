"""The encoding engine, with a model that is none: what is encoded, kept, resumed and shared."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.tiny_models import FakeModel, fake_vector, texts

from toolbench_eval.data.ids import string_array
from toolbench_eval.encoding import batching
from toolbench_eval.encoding.engine import Encoder
from toolbench_eval.encoding.space import Space
from toolbench_eval.encoding.store import _opened
from toolbench_eval.errors import StorageError

SPACE = Space("w", "mean", True, 512, False, "float32", "cpu", "torch 2")
TEXTS = texts(100)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "SHARD_TEXTS", 16)


def encoder(root: Path, model: FakeModel | None = None, **changes: object) -> Encoder:
    def load() -> FakeModel:
        if model is None:
            pytest.fail("a model was loaded")
        return model

    options: dict[str, object] = {"batch_tokens": 60, **changes}
    return Encoder("m", SPACE, load, root, **options)  # type: ignore[arg-type]


def array(values: list[str]) -> pa.LargeStringArray:
    return string_array(values)


def files(root: Path) -> dict[str, bytes]:
    """All files of a cache but locks, which are empty."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.name != ".lock" and path.is_file()
    }


def assert_right(vectors: np.ndarray, wanted: list[str]) -> None:
    """The vectors are those of the texts, but for the trace of their batches."""
    assert np.abs(vectors - np.stack([fake_vector(text) for text in wanted])).max() < 0.3


def test_vectors_are_in_the_order_of_the_texts(tmp_path: Path) -> None:
    vectors = encoder(tmp_path, FakeModel()).encode(array(TEXTS))
    assert vectors.dtype == np.float32
    assert_right(vectors, TEXTS)


def test_equal_texts_are_encoded_once(tmp_path: Path) -> None:
    model = FakeModel()
    ours = encoder(tmp_path, model)
    twice = [*TEXTS, *reversed(TEXTS)]
    vectors = ours.encode(array(twice))
    np.testing.assert_array_equal(vectors[:100], vectors[100:][::-1])
    ours.encode(array([*TEXTS[:50], "another one"]))
    assert sorted(model.encoded) == sorted([*TEXTS, "another one"])


def test_second_run_loads_nothing_and_writes_nothing(tmp_path: Path) -> None:
    first = encoder(tmp_path, FakeModel()).encode(array(TEXTS))
    before = files(tmp_path)
    np.testing.assert_array_equal(encoder(tmp_path).encode(array(TEXTS)), first)
    np.testing.assert_array_equal(encoder(tmp_path).encode(array(TEXTS[7:9])), first[7:9])
    assert files(tmp_path) == before
    assert not [name for name in before if not name.endswith((".shard", "space.json"))]


def test_a_cache_that_may_only_be_read_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encoder(tmp_path, FakeModel()).encode(array(TEXTS))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    np.testing.assert_array_equal(encoder(tmp_path).encode(array(TEXTS)), first)
    with pytest.raises(StorageError, match="EVALHARNESS_CACHE"):
        encoder(tmp_path, FakeModel()).encode(array(["a new text"]))


def test_no_texts_and_an_empty_text(tmp_path: Path) -> None:
    assert encoder(tmp_path).encode(array([])).shape == (0, 0)
    model = FakeModel()
    encoder(tmp_path, model).encode(array(["", "a"]))
    assert sorted(model.encoded) == [" ", "a"]


def test_longest_first_within_the_budget(tmp_path: Path) -> None:
    model = FakeModel()
    encoder(tmp_path, model).encode(array(TEXTS))
    characters = [len(text) for text in TEXTS]
    assert len(model.encoded[0]) >= sorted(characters)[-16]
    assert len(model.batches) > 100 * 15 / 60
    at = 0
    for size in model.batches:
        batch = model.encoded[at : at + size]
        assert size * max(len(text.split()) for text in batch) <= 60
        at += size


def test_interrupted_anywhere_and_continued_gives_the_same_bits(tmp_path: Path) -> None:
    whole = FakeModel()
    expected = encoder(tmp_path / "whole", whole).encode(array(TEXTS))
    total = len(whole.batches)
    for fail_at in range(0, total, 3):
        root = tmp_path / str(fail_at)
        first, second = FakeModel(fail_at=fail_at), FakeModel()
        with pytest.raises(KeyboardInterrupt):
            encoder(root, first).encode(array(TEXTS))
        np.testing.assert_array_equal(encoder(root, second).encode(array(TEXTS)), expected)
        assert files(root) == files(tmp_path / "whole")
        # What was done and is done again: the shard it was at, and what ran while that was collected.
        assert len(first.encoded) + len(second.encoded) - 100 <= 2 * 16


def test_the_fake_model_betrays_other_batches(tmp_path: Path) -> None:
    """Without a fixed plan the test above would fail: other company, other bits."""
    whole = encoder(tmp_path / "whole", FakeModel()).encode(array(TEXTS))
    alone = encoder(tmp_path / "alone", FakeModel())
    one_by_one = np.concatenate([alone.encode(array([text])) for text in TEXTS])
    assert not np.array_equal(whole, one_by_one)
    assert_right(one_by_one, TEXTS)


def test_an_old_plan_stands_though_others_filled_the_cache_since(tmp_path: Path) -> None:
    expected = encoder(tmp_path / "whole", FakeModel()).encode(array(TEXTS))
    root = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        encoder(root, FakeModel(fail_at=0)).encode(array(TEXTS))
    other = encoder(root, FakeModel()).encode(array(TEXTS[:10]))
    model = FakeModel()
    vectors = encoder(root, model).encode(array(TEXTS))
    assert len(model.encoded) == 100
    np.testing.assert_array_equal(vectors[:10], other)
    np.testing.assert_array_equal(vectors[10:], expected[10:])


def test_a_plan_that_lacks_a_text_is_replaced(tmp_path: Path) -> None:
    encoder(tmp_path, FakeModel()).encode(array(TEXTS[:10]))
    with pytest.raises(KeyboardInterrupt):
        encoder(tmp_path, FakeModel(fail_at=1)).encode(array(TEXTS))
    for shard in tmp_path.rglob("*.shard"):
        shard.unlink()
    model = FakeModel()
    assert_right(encoder(tmp_path, model).encode(array(TEXTS)), TEXTS)
    assert sorted(model.encoded) == sorted(TEXTS)


def test_a_damaged_shard_is_encoded_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = encoder(tmp_path, FakeModel()).encode(array(TEXTS))
    before = files(tmp_path)
    damaged = sorted(tmp_path.rglob("*.shard"))[2]
    damaged.write_bytes(damaged.read_bytes()[:-3])
    model = FakeModel()
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        np.testing.assert_array_equal(encoder(tmp_path, model).encode(array(TEXTS)), first)
    assert 0 < len(model.encoded) <= 16
    assert damaged.name in caplog.text
    assert files(tmp_path) == before


def test_another_space_shares_nothing(tmp_path: Path) -> None:
    encoder(tmp_path, FakeModel()).encode(array(TEXTS))
    model = FakeModel()
    other = Space("w", "cls", True, 512, False, "float32", "cpu", "torch 2")
    Encoder("m", other, lambda: model, tmp_path, batch_tokens=60).encode(array(TEXTS))  # type: ignore[arg-type, return-value]
    assert len(model.encoded) == 100


def test_several_devices_give_the_same_bits(tmp_path: Path) -> None:
    one = encoder(tmp_path / "one", FakeModel()).encode(array(TEXTS))
    three = encoder(tmp_path / "three", FakeModel(copies=[None] * 3)).encode(array(TEXTS))
    np.testing.assert_array_equal(one, three)


def test_two_at_once_encode_everything_once(tmp_path: Path) -> None:
    models = [FakeModel(), FakeModel()]
    found: dict[int, np.ndarray] = {}

    def work(number: int) -> None:
        found[number] = encoder(tmp_path, models[number]).encode(array(TEXTS))

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found[0], found[1])
    assert sorted(models[0].encoded + models[1].encoded) == sorted(TEXTS)


def test_progress_counts_what_is_encoded(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    steps: list[int] = []

    @contextmanager
    def track(what: str, total: int) -> Iterator[object]:
        told.append((what, total))
        yield steps.append

    ours = encoder(tmp_path, FakeModel(), track=track)
    ours.encode(array([*TEXTS, *TEXTS]))
    assert told == [("encode m", 100)]
    assert sum(steps) == 100
    assert len(steps) > 10
    ours.encode(array(TEXTS))
    assert len(told) == 1


KILLED = """
import sys, time
from pathlib import Path
from toolbench_eval.data.ids import string_array
from toolbench_eval.encoding import batching
from toolbench_eval.encoding.engine import Encoder
from toolbench_eval.encoding.space import Space
from support.tiny_models import FakeModel, texts

batching.SHARD_TEXTS = 16

class Slow(FakeModel):
    def vectors(self, *args):
        time.sleep(0.004)
        found = super().vectors(*args)
        print(len(self.encoded), flush=True)
        return found

space = Space("w", "mean", True, 512, False, "float32", "cpu", "torch 2")
Encoder("m", space, Slow, Path(sys.argv[1]), batch_tokens=60).encode(string_array(texts(300)))
"""


def start(root: Path) -> subprocess.Popen[str]:
    paths = os.pathsep.join(str(Path(__file__).parents[up]) for up in (1, 2))
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(root)], env=environment, stdout=subprocess.PIPE, text=True
    )


def last_number(output: str) -> int:
    return int(output.rsplit(maxsplit=1)[-1]) if output.split() else 0


def test_kill_minus_9_and_the_same_command(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole")
    whole.communicate(timeout=60)
    expected, root = files(tmp_path / "whole"), tmp_path / "cut"
    done = 0
    for encoded in (5, 40, 100, 130):
        process = start(root)
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= encoded:
                break
        process.send_signal(signal.SIGKILL)
        rest = process.communicate(timeout=60)[0]
        made = max(int(line), last_number(rest))
        kept = sum(1 for name in files(root) if name.endswith(".shard"))
        # Whole shards stay. Lost is the one it was at, and what ran while that was collected and written.
        assert kept * 16 >= done + made - 2 * 16
        done = kept * 16
    last = start(root)
    output = last.communicate(timeout=60)[0]
    assert last.returncode == 0
    assert 0 < last_number(output) <= 300 - done
    assert files(root) == expected


def test_two_processes_share_a_cache(tmp_path: Path) -> None:
    alone = start(tmp_path / "alone")
    alone.communicate(timeout=60)
    both = [start(tmp_path / "shared") for _ in range(2)]
    numbers = [last_number(process.communicate(timeout=60)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(numbers) == 300
    assert files(tmp_path / "shared") == files(tmp_path / "alone")


AT_ONCE = """
import hashlib, sys, time
from pathlib import Path
from toolbench_eval.data.ids import string_array
from toolbench_eval.encoding import batching
from toolbench_eval.encoding.engine import Encoder
from toolbench_eval.encoding.space import Space
from support.tiny_models import FakeModel, texts

batching.SHARD_TEXTS = 16
root, first, last, others = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])

class Waiting(FakeModel):
    def vectors(self, *args):
        (root / f"{first}.begun").touch()
        while len(list(root.glob("*.begun"))) < others:
            time.sleep(0.002)
        return super().vectors(*args)

space = Space("w", "mean", True, 512, False, "float32", "cpu", "torch 2")
encoder = Encoder("m", space, Waiting, root, batch_tokens=60)
print(hashlib.sha256(encoder.encode(string_array(texts(300)[first:last])).tobytes()).hexdigest())
"""


def at_once(root: Path, *jobs: tuple[int, int]) -> list[str]:
    """What each of several processes made of its texts, all of which plan theirs before any publishes a shard."""
    paths = os.pathsep.join(str(Path(__file__).parents[up]) for up in (1, 2))
    environment = {**os.environ, "PYTHONPATH": paths}
    root.mkdir(exist_ok=True)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE, str(root), *map(str, job), str(len(jobs))],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for job in jobs
    ]
    found = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(jobs)
    return found


def test_two_jobs_that_share_texts_agree_for_ever(tmp_path: Path) -> None:
    jobs = ((0, 200), (100, 300))
    made = at_once(tmp_path / "both", *jobs)
    assert [at_once(tmp_path / "both", job)[0] for job in jobs] == made
    kept = [digest for shard in (tmp_path / "both").rglob("*.shard") for digest in _opened(shard)[1]]
    assert len(kept) == len(set(kept)) == 300
    assert made[0] != at_once(tmp_path / "alone", jobs[0])[0] or made[1] != at_once(tmp_path / "alone", jobs[1])[0]


def test_what_killed_processes_left_half_written_is_removed(tmp_path: Path) -> None:
    encoder(tmp_path, FakeModel()).encode(array(TEXTS))
    before = files(tmp_path)
    space = next(tmp_path.rglob("space.json")).parent
    next(tmp_path.rglob("*.shard")).unlink()
    for name in (".space.json.a1.tmp", "plans/.b2.npz.c3.tmp", "shards/.d4.shard.e5.tmp", "shards/.max_length.f6.tmp"):
        (space / name).write_bytes(b"half")
    encoder(tmp_path, FakeModel()).encode(array(TEXTS))
    assert files(tmp_path).keys() == before.keys()


def test_an_error_stops_the_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = FakeModel()
    ours = encoder(tmp_path, model)

    def full(*_: object) -> None:
        raise StorageError("full")

    monkeypatch.setattr(ours._store, "write", full)
    with pytest.raises(StorageError, match="full"):
        ours.encode(array(TEXTS))
    so_far = len(model.encoded)
    time.sleep(0.05)
    assert len(model.encoded) == so_far
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("encode", "tokenise"))]
