"""Many calls at a time, never more than the bound."""

from __future__ import annotations

import threading

import pytest
from support.endpoint import EndpointServer

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.concurrency import left_alone, map_bounded
from toolbench_eval.llms.load import load_llm


def test_answers_keep_the_order_of_the_questions(quick):
    with EndpointServer(latency=0.05) as server:
        llm = load_llm("openai-api/local/m", patience=quick, environment=server.env())
        found = map_bounded(lambda n: llm.complete([Message("user", f"text {n}")]).text, range(20), 5)
        assert found == [f"text {n}" for n in range(20)]
        assert server.most_at_once == 5
        assert llm.meter.report()["calls"] == 20


def test_the_first_error_stops_what_has_not_begun():
    begun = []
    gate = threading.Event()

    def work(n: int) -> int:
        begun.append(n)
        if n == 0:
            raise ValueError("zero")
        gate.wait(0.2)
        return n

    with pytest.raises(ValueError, match="zero"):
        map_bounded(work, range(50), 2)
    assert len(begun) < 10


def test_the_error_of_the_first_value_is_raised():
    gate = threading.Barrier(2)

    def work(n: int) -> int:
        gate.wait(10)
        raise ValueError(f"value {n}")

    with pytest.raises(ValueError, match="value 0"):
        map_bounded(work, range(2), 2)


def test_nothing_to_do():
    assert map_bounded(str, [], 4) == []
    assert not left_alone()
