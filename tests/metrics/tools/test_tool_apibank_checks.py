"""The checks of API-Bank's APIs."""

from __future__ import annotations

from typing import Any

import pytest

from toolbench_eval.metrics.tools.apibank_checks import overlap, passes, same_arguments


def result(output: Any = "success", exception: Any = None, **arguments: Any) -> dict[str, Any]:
    return {"input": arguments, "output": output, "exception": exception}


def test_words_of_a_content_may_differ_but_for_half():
    assert overlap("Meeting with Ann", "meeting with Bob") == 0.5
    gold = {"token": "t", "content": "Meeting with Ann today", "time": "9"}
    assert same_arguments("AddReminder", {**gold, "content": "meeting with ann"}, gold)
    assert not same_arguments(
        "AddReminder", {**gold, "content": "meeting with Bob"}, {**gold, "content": "meeting with Ann"}
    )
    assert not same_arguments("AddReminder", {**gold, "time": "10"}, gold)
    assert same_arguments("AddReminder", {**gold, "token": "other"}, gold)
    assert not same_arguments("QueryBalance", {"token": "other"}, {"token": "t"})
    topic = {"token": "t", "meeting_topic": "Budget review of May"}
    assert same_arguments("AddMeeting", {**topic, "meeting_topic": "budget review May"}, topic)


@pytest.mark.parametrize(("given", "gold"), [({"n": "2"}, {"n": 2}), ({"formula": "1 + 2"}, {"formula": "1+2"})])
def test_blanks_and_types_do_not_count(given: dict[str, Any], gold: dict[str, Any]):
    assert same_arguments("Calculator", given, gold)


def test_arguments_too_many_or_too_few():
    assert not same_arguments("X", {"a": 1}, {"a": 1, "b": 2})
    assert not same_arguments("X", {"a": 1, "b": 2}, {"a": 1})


def test_output_and_exception_must_be_equal():
    assert passes("QueryBalance", result("5", token="t"), result("5", token="t"))
    assert not passes("QueryBalance", result("6", token="t"), result("5", token="t"))
    assert not passes("QueryBalance", result(None, "tool_error", token="t"), result(None, None, token="t"))
    assert passes("ToolSearcher", result("[x]", keywords="a"), result("[x]", keywords="b"))
    assert not passes("QueryBalance", result("5", token="u"), result("5", token="t"))
