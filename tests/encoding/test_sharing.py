"""Pieces of work on several copies: their order stays, no copy has two at once, and all of them work together."""

from __future__ import annotations

import threading
import time

import pytest

from toolbench_eval.encoding.sharing import shared_out


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_results_are_in_the_order_of_the_work(copies: int) -> None:
    def run(copy: int, piece: int) -> int:
        time.sleep(0.002 * (piece % 3))
        return piece * piece

    assert shared_out(range(copies), range(20), run) == [piece * piece for piece in range(20)]
    assert shared_out(range(copies), [], run) == []


def test_copies_work_at_the_same_time_and_each_on_one_piece() -> None:
    """Every piece waits for another one that is under way, which only another copy can be at."""
    together, busy = threading.Barrier(2, timeout=30), {"a": threading.Lock(), "b": threading.Lock()}

    def run(copy: str, piece: int) -> str:
        assert busy[copy].acquire(blocking=False)
        together.wait()
        busy[copy].release()
        return copy

    found = shared_out(["a", "b"], range(10), run)
    assert sorted(found) == ["a"] * 5 + ["b"] * 5


def test_an_error_ends_the_work() -> None:
    done: list[int] = []

    def run(copy: str, piece: int) -> None:
        if piece == 3:
            raise OSError("no space left")
        time.sleep(0.005)
        done.append(piece)

    with pytest.raises(OSError, match="no space left"):
        shared_out(["a"], range(500), run)
    assert len(done) < 400
