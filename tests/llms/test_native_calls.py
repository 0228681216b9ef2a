"""Native calls on the wire, in keys and in the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.endpoint import EndpointServer
from support.native_reader import reply

from toolbench_eval.agents.trajectory import prompt_digest
from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.llms.base import Message, NativeCall, OfferedTool, Reply, Sampling, Usage
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.native_calls import numbered, object_of
from toolbench_eval.memo import Memo

ASK = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "integer"}}, "required": ["x"]}
TOOL = OfferedTool("find", "Find it.", SCHEMA)
TOOLS = Sampling(tools=(TOOL,))
CALL = NativeCall("i1", "find", '{"x": "1"}')
TALK = (*ASK, Message("assistant", "", (CALL, replace(CALL, id="i2"))), Message("tool", "one", answers=CALL))


@pytest.fixture
def llm(server: EndpointServer, quick: Any) -> CachedLLM:
    return load_llm("openai-api/local/m", patience=quick, environment=server.env())


# keys ------------------------------------------------------------------------------------------


def test_what_uses_no_tools_has_the_key_and_the_digest_of_before() -> None:
    """The literals were computed before there were native calls: caches and trajectories of then stay good."""

    class Named:
        name, identity = "f", {"model": "m", "endpoint": "e"}

    sampling = Sampling(0.5, stop=("x",), seed=3)
    key = CachedLLM(Named(), None, Meter())._key(ASK, sampling, 1)  # type: ignore[arg-type]
    assert key.hex() == "a78d0a93b87ae4f5f75299304056e622bd97e2d4e1b295db0600f822c077b16a"
    assert prompt_digest(ASK, sampling) == "928d090da5b969e3"


def ordered(*names: str) -> Sampling:
    properties = {name: SCHEMA["properties"][name] for name in names}  # type: ignore[index]
    return Sampling(tools=(replace(TOOL, parameters={**SCHEMA, "properties": properties}),))


@pytest.mark.parametrize(
    "change",
    [
        (ASK, TOOLS),
        (TALK, Sampling()),
        (TALK, ordered("y", "x")),
        (TALK, Sampling(tools=(TOOL, replace(TOOL, name="g")))),
        (TALK, Sampling(tools=(replace(TOOL, description="Find."),))),
        (TALK, Sampling(0.1, tools=(TOOL,))),
        ((*TALK[:-2], replace(TALK[-2], calls=(CALL,)), TALK[-1]), TOOLS),
        ((*TALK[:-2], replace(TALK[-2], calls=(replace(CALL, arguments="{}"), CALL)), TALK[-1]), TOOLS),
        ((*TALK[:-1], replace(TALK[-1], answers=replace(CALL, id="i2"))), TOOLS),
        ((*TALK[:-1], Message("tool", "one")), TOOLS),
    ],
)
def test_every_part_of_tools_and_calls_is_in_key_and_digest(tmp_path: Path, change: Any) -> None:
    class Named:
        name, identity = "f", {"model": "m"}

    cached = CachedLLM(Named(), None, Meter())  # type: ignore[arg-type]
    assert cached._key(TALK, ordered("x", "y"), 0) == cached._key(TALK, TOOLS, 0)
    assert cached._key(*change, 0) != cached._key(TALK, TOOLS, 0)
    assert prompt_digest(*change) != prompt_digest(TALK, TOOLS)


# the wire --------------------------------------------------------------------------------------


def test_a_request_without_tools_is_as_it_always_was(server: EndpointServer, llm: CachedLLM) -> None:
    llm.complete(ASK)
    [body] = server.requests
    assert body == {
        "model": "m",
        "messages": [{"role": one.role, "content": one.text} for one in ASK],
        "temperature": 0.0,
        "top_p": 1.0,
    }


def test_tools_calls_and_results_are_sent(server: EndpointServer, llm: CachedLLM) -> None:
    server.reply = lambda body: reply("done")
    broken = NativeCall("i3", "find", '{"x": ')
    llm.complete([*TALK, Message("assistant", "hm", (broken,)), Message("tool", "no", answers=broken)], TOOLS)
    [body] = server.requests
    assert body["tools"] == [
        {"type": "function", "function": {"name": "find", "description": "Find it.", "parameters": SCHEMA}}
    ]
    *_, made, came, again, _ = body["messages"]
    function = {"name": "find", "arguments": '{"x": "1"}'}
    assert made == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": one, "type": "function", "function": function} for one in ("i1", "i2")],
    }
    assert came == {"role": "tool", "content": "one", "tool_call_id": "i1"}
    # Servers that read arguments for their template would refuse what is no JSON.
    assert again["content"] == "hm"
    assert again["tool_calls"][0]["function"]["arguments"] == "{}"


def test_calls_are_read_numbered_and_counted(server: EndpointServer, llm: CachedLLM) -> None:
    server.reply = lambda body: reply(calls=[("find", '{"x": "1"}'), ("find", "{broken")], read=7, wrote=3)
    calls = NativeCall("call00001", "find", '{"x": "1"}'), NativeCall("call00002", "find", "{broken")
    assert llm.complete(ASK, TOOLS) == Reply("", Usage(7, 3), "tool_calls", calls=calls)
    assert llm.meter.usage == Usage(7, 3)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ({"name": "f", "arguments": {"a": 1}}, '{"a": 1}'),  # some servers give the object
        ({"name": "f", "arguments": None}, ""),
        ({"name": "f"}, ""),
        ({"name": "f", "arguments": ""}, ""),
    ],
)
def test_spellings_of_arguments(server: EndpointServer, llm: CachedLLM, function: Any, arguments: str) -> None:
    body = reply("text")
    body["choices"][0]["message"]["tool_calls"] = [{"type": "function", "function": function}]
    server.reply = lambda asked: body
    said = llm.complete(ASK, TOOLS)
    assert (said.text, said.calls) == ("text", (NativeCall("call00001", "f", arguments),))


@pytest.mark.parametrize("calls", [[{}], [{"function": {}}], [{"function": {"name": 1}}], ["f"], "f", 1, [None]])
def test_calls_that_are_none_are_no_answer(server: EndpointServer, llm: CachedLLM, calls: Any) -> None:
    body = reply("text")
    body["choices"][0]["message"]["tool_calls"] = calls
    server.reply = lambda asked: body
    with pytest.raises(EndpointError, match=r"not_an_answer x 3.*the body holds no message"):
        llm.complete(ASK, TOOLS)


@pytest.mark.parametrize("calls", [None, []])
def test_no_text_and_no_call_is_no_answer(server: EndpointServer, llm: CachedLLM, calls: Any) -> None:
    body = reply()
    body["choices"][0]["message"]["tool_calls"] = calls
    server.reply = lambda asked: body
    with pytest.raises(EndpointError, match="the body holds no message"):
        llm.complete(ASK, TOOLS)


def test_an_endpoint_that_takes_no_tools_refuses_the_request(server: EndpointServer, llm: CachedLLM) -> None:
    server.fail(400, text="tools are not supported", match=lambda body: "tools" in body)
    with pytest.raises(EndpointError, match=r"refused the request: 400 Bad Request.*tools are not supported"):
        llm.complete(ASK, TOOLS)
    assert llm.complete(ASK).text == "c"


# cache -----------------------------------------------------------------------------------------


def test_calls_are_kept(server: EndpointServer, llm: CachedLLM) -> None:
    server.reply = lambda body: reply("so", calls=[("find", "{}")])
    first = llm.complete(ASK, TOOLS)
    assert llm.complete(ASK, TOOLS) == replace(first, cached=True)
    assert first.calls
    assert len(server.requests) == 1


def test_a_reply_that_was_kept_before_there_were_calls_is_read(tmp_path: Path) -> None:
    class Silent:
        name, identity = "f", {"model": "m"}

    memo = Memo(tmp_path / "m.sqlite")
    cached = CachedLLM(Silent(), memo, Meter())  # type: ignore[arg-type]
    memo.put({cached._key(ASK, Sampling(), 0): b'{"text": "t", "usage": null, "finish": "stop", "tokens": null}'})
    assert cached.complete(ASK) == Reply("t", cached=True)


def test_ids_are_those_that_the_conversation_does_not_have() -> None:
    free = NativeCall("same", "f", "{}")
    assert [call.id for call in numbered([free, free], ASK)] == ["call00001", "call00002"]
    talk = [Message("assistant", "", (replace(free, id="call00002"),)), *ASK]
    assert [call.id for call in numbered([free, free], talk)] == ["call00001", "call00003"]
    assert numbered([], ASK) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": [1]}', {"a": [1]}),
        (" ", {}),
        ("[]", None),
        ("{", None),
        ("[" * 100_000, None),
        ('{"a": NaN}', {"a": "NaN"}),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
    ],
)
def test_arguments_as_an_object(text: str, found: Any) -> None:
    assert object_of(NativeCall("i", "f", text)) == found


def test_a_script_has_no_native_calls() -> None:
    with pytest.raises(
        UsageError, match=r"'scripted' has no format of its own for calls of tools\. Models with native"
    ):
        load_llm("scripted").complete(ASK, TOOLS)
