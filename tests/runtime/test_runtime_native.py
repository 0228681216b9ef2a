"""Native calls through the runtime: in its log, and by models that it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support.agents import Question, Told

from toolbench_eval.llms.base import GREEDY, LLM, Message, NativeCall, OfferedTool, Reply, Sampling, Usage
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.endpoint import Patience
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.runtime_forms import messages_of, reply_of, tools_of
from toolbench_eval.llms.runtime_provider import ProviderLLM
from toolbench_eval.runtime.samples import run_samples

inspect_log = pytest.importorskip("inspect_ai.log")
inspect_model = pytest.importorskip("inspect_ai.model")
inspect_tool = pytest.importorskip("inspect_ai.tool")

SCHEMA = {
    "type": "object",
    "properties": {"x": {"type": "string", "description": "what"}, "n": {"anyOf": [{"type": "integer"}]}},
    "required": ["x"],
    "additionalProperties": False,
}
FIND = OfferedTool("find", "Find it.", SCHEMA)
ODD = OfferedTool("odd", "Odd.", {"type": "object", "properties": {"x": True}})
CALLS = NativeCall("c1", "find", '{"x": "1"}'), NativeCall("c2", "find", "{bro\ud83dken")
TALK = [
    Message("user", "go"),
    Message("assistant", "so", CALLS),
    *(Message("tool", text, answers=call) for text, call in zip(("one", "no \ud83d"), CALLS, strict=True)),
]


class Calling:
    """Calls `find` once, then answers."""

    name, identity = "calling/model", {"c": 1}

    def complete(self, messages: Any, sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        if messages[-1].role == "user" and sampling.tools:
            return Reply("so", Usage(3, 2), "tool_calls", calls=CALLS)
        return Reply("done", Usage(5, 1))


def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
    tools = Sampling(tools=(FIND, ODD))
    first = llms["main"].complete(TALK[:1], tools)
    assert first.calls == CALLS  # the agent gets them as the model wrote them, the log without halves of characters
    return {"prediction": llms["main"].complete(TALK, tools).text}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The calls of a run as its log holds them, after the runtime's own reader."""
    file, told = tmp_path_factory.mktemp("run") / "run.eval", Told()
    run_samples([Question("a", "go")], solve, {"main": Calling()}, name="n", log_file=file, **told.listeners)
    assert not told.errors
    [sample] = inspect_log.read_eval_log(str(file), resolve_attachments=True).samples
    assert sample.output.completion == "done"
    return [event for event in sample.events if event.event == "model"]


def test_the_log_shows_what_was_offered(calls: list[Any]) -> None:
    find, odd = calls[0].tools
    assert (find.name, find.description) == ("find", "Find it.")
    assert find.parameters.model_dump(exclude_none=True) == SCHEMA
    assert odd.description == 'Odd.\nArguments, as a JSON schema: {"type": "object", "properties": {"x": true}}'


def test_the_log_shows_calls_and_results(calls: list[Any]) -> None:
    made = calls[0].output.message
    assert (made.text, calls[0].output.stop_reason) == ("so", "tool_calls")
    assert [(one.id, one.function, one.arguments) for one in made.tool_calls] == [
        ("c1", "find", {"x": "1"}),
        ("c2", "find", {}),
    ]
    assert [one.parse_error for one in made.tool_calls] == [None, "no JSON object: {bro\ufffdken"]
    _, said, one, two = calls[1].input
    assert [call.id for call in said.tool_calls] == ["c1", "c2"]
    assert [(turn.role, turn.text, turn.tool_call_id, turn.function) for turn in (one, two)] == [
        ("tool", "one", "c1", "find"),
        ("tool", "no \ufffd", "c2", "find"),
    ]
    assert calls[1].output.message.tool_calls is None
    assert [call.output.usage.total_tokens for call in calls] == [5, 6]


def test_a_conversation_in_the_runtimes_form_without_calls_is_as_before() -> None:
    turns = messages_of([Message("system", "s"), Message("user", "u"), Message("assistant", "a")])
    assert [(type(turn).__name__, turn.text) for turn in turns] == [
        ("ChatMessageSystem", "s"),
        ("ChatMessageUser", "u"),
        ("ChatMessageAssistant", "a"),
    ]
    assert tools_of([]) == []


def asked_natively(*outputs: Any) -> tuple[CachedLLM, list[Any]]:
    """A provider of the runtime that plays these outputs, and what it was asked."""
    left, seen = list(outputs), []

    class Played(inspect_model.ModelAPI):  # type: ignore[misc]
        async def generate(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
            seen.append((input, tools))
            return left.pop(0)

    inspect_model.modelapi(name="native")(Played)
    return CachedLLM(ProviderLLM("native/m", Patience(attempts=1), Meter()), None, Meter()), seen


def test_models_of_the_runtimes_providers_are_offered_tools() -> None:
    made = [
        inspect_tool.ToolCall("x", "find", {"x": "é"}),
        inspect_tool.ToolCall("x", "find", {}, parse_error="cannot be parsed: {bro"),
    ]
    message = inspect_model.ChatMessageAssistant(content="so", tool_calls=made)
    choice = inspect_model.ChatCompletionChoice(message=message, stop_reason="tool_calls")
    output = inspect_model.ModelOutput(model="m", choices=[choice])
    llm, seen = asked_natively(output)
    reply = llm.complete(TALK, Sampling(tools=(FIND,)))
    assert reply.calls == (
        NativeCall("call00001", "find", '{"x": "\\u00e9"}'),
        NativeCall("call00002", "find", "cannot be parsed: {bro"),
    )
    assert (reply.text, reply.finish) == ("so", "tool_calls")
    [(turns, tools)] = seen
    assert [tool.name for tool in tools] == ["find"]
    assert [turn.role for turn in turns] == ["user", "assistant", "tool", "tool"]
    assert reply_of(inspect_model.ModelOutput.from_content("m", "hi")).calls == ()
