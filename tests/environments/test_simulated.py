"""Replies that a model makes up."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.recorded import RecordedEnvironment, recording_of
from toolbench_eval.environments.simulated import LLMSimulator
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling

TOOL = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


class Model:
    """Gives the replies it was given, and keeps what it was asked."""

    name, identity = "model", {}

    def __init__(self, *replies: str) -> None:
        self.replies, self.asked, self.attempts = list(replies), [], []  # type: ignore[var-annotated]

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.asked.append(messages)
        self.attempts.append(attempt)
        return Reply(self.replies.pop(0))


@pytest.mark.parametrize(
    ("reply", "status", "value"),
    [
        ('{"error": "", "response": {"sun": true}}', "ok", {"sun": True}),
        ('```json\n{"error": "", "response": [1]}\n```', "ok", [1]),
        ('{"error": "no such city", "response": null}', "error", {"error": "no such city"}),
    ],
)
def test_a_reply_is_read(reply: str, status: str, value: object) -> None:
    result = LLMSimulator(Model(reply))(TOOL, {"city": "x"}, [])
    assert (result.status, result.value, result.source) == (status, value, "simulated")


def test_what_cannot_be_read_is_asked_again_and_in_the_end_a_miss() -> None:
    model = Model("sunny", "[1]", '{"response": 1}', "never asked")
    result = LLMSimulator(model)(TOOL, {"city": "x"}, [])
    assert (result.error, result.source, model.attempts) == ("miss", "simulated", [0, 1, 2])


def test_the_model_is_shown_the_tool_the_call_and_the_nearest_recordings() -> None:
    model = Model('{"error": "", "response": 1}')
    recordings = [recording_of("weather", {"city": city}, {"of": city}) for city in ("Oslo", "Paris", "{city}")]
    replay = RecordedEnvironment([TOOL], recordings, "simulate", simulator=LLMSimulator(model))
    assert replay.call("weather", {"city": "Pariss"}).source == "simulated"
    shown = model.asked[0][1].text
    assert all(part in shown for part in ("weather", "Tells the weather.", '{"city": "Pariss"}', '{"city": "{city}"}'))
    assert shown.index('{"of": "Paris"}') < shown.index('{"of": "Oslo"}')
    assert json.dumps(dict(TOOL.parameters)) in shown


def test_without_recordings_the_prompt_says_so() -> None:
    model = Model('{"error": "", "response": 1}')
    LLMSimulator(model)(TOOL, {}, [])
    assert "(none)" in model.asked[0][1].text
