"""Work that is done once for a run, whoever asks first."""

from __future__ import annotations

import threading

import pytest

from toolbench_eval.agents.session import BudgetError
from toolbench_eval.agents.shared.once import KEPT, once


def test_many_threads_do_it_once():
    done, run = [], object()
    barrier = threading.Barrier(8)

    def ask():
        barrier.wait()
        once(run, "key", lambda: done.append(1))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [1]


def test_work_that_failed_is_done_by_the_next():
    run = object()

    def fail():
        raise BudgetError("no")

    with pytest.raises(BudgetError):
        once(run, "key", fail)
    assert once(run, "key", lambda: 3) == 3
    assert once(run, "key", fail) == 3


def test_only_so_many_pieces_are_kept():
    run, done = object(), []
    for number in range(KEPT + 1):
        once(run, str(number), lambda: None)
    once(run, "0", lambda: done.append(0))
    once(run, str(KEPT), lambda: done.append(KEPT))
    assert done == [0]
