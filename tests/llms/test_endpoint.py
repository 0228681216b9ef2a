"""The door to hosted models: each fault is bounded, counted and named, and nothing but an answer counts as one."""

from __future__ import annotations

import email.utils
import json
import time

import pytest
from support.endpoint import EndpointServer

from toolbench_eval.errors import EndpointError, OutsideError, UsageError
from toolbench_eval.llms.base import Message, Sampling, Token, Usage
from toolbench_eval.llms.endpoint import Address, Patience, parse_address
from toolbench_eval.llms.load import load_llm

ASK = [Message("system", "Be short."), Message("user", "two words")]


def model(server: EndpointServer, patience: Patience, name: str = "openai-api/local/m"):
    return load_llm(name, patience=patience, environment=server.env())


def with_logprob(value: str) -> bytes:
    token = f'{{"token": "a", "logprob": {value}}}'
    return f'{{"choices": [{{"message": {{"content": "a"}}, "logprobs": {{"content": [{token}]}}}}]}}'.encode()


def test_an_answer_with_its_usage(server, quick):
    reply = model(server, quick).complete(ASK)
    assert (reply.text, reply.usage, reply.finish, reply.cached) == ("two words", Usage(4, 2), "stop", False)
    sent = server.requests[0]
    assert sent["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "two words"},
    ]
    assert sent["model"] == "m"
    assert sent["temperature"] == 0
    assert server.headers[0]["authorization"] == "Bearer sk-secret"


def test_all_of_the_sampling_is_sent(server, quick):
    sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=5, stop=("x", "y"), seed=3, logprobs=True)
    reply = model(server, quick).complete(ASK, sampling)
    sent = {key: value for key, value in server.requests[0].items() if key not in {"messages", "model"}}
    assert sent == {
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 5,
        "stop": ["x", "y"],
        "seed": 3,
        "logprobs": True,
    }
    assert reply.tokens == (Token("two", -0.5), Token("words", -0.5))


def test_too_many_requests_waits_as_long_as_it_is_told(server, quick):
    server.fail(429, times=2, retry_after="0.3")
    llm = model(server, quick)
    began = time.monotonic()
    assert llm.complete(ASK).text == "two words"
    assert time.monotonic() - began >= 0.6
    assert llm.meter.report()["http_429"] == 2
    assert llm.meter.report()["seconds_waited"] == 0.6
    assert len(server.requests) == 3


def test_retry_after_may_be_a_date(server):
    server.fail(429, times=1, retry_after=email.utils.formatdate(time.time() + 2, usegmt=True))
    llm = model(server, Patience(attempts=2, timeout=1, first_pause=0.0))
    llm.complete(ASK)
    assert 0.5 < llm.meter.report()["seconds_waited"] <= 2


def test_a_wait_beyond_the_bound_is_not_begun(server, quick):
    server.fail(429, retry_after="3600")
    began = time.monotonic()
    with pytest.raises(EndpointError, match="http_429 x 1"):
        model(server, quick).complete(ASK)
    assert time.monotonic() - began < 3
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (lambda server: server.fail(500), "http_500"),
        (lambda server: server.fail(429), "http_429"),
        (lambda server: server.answer(b"{not json"), "not_an_answer"),
        (lambda server: server.answer(b"<html>busy</html>"), "not_an_answer"),
        (lambda server: server.answer(b"<html>busy</html>", Content_Type="text/html"), "not_an_answer"),
        (lambda server: server.answer(b""), "not_an_answer"),
        (lambda server: server.answer(b"{}"), "not_an_answer"),
        (lambda server: server.answer(b"[1, 2]"), "not_an_answer"),
        (lambda server: server.answer(b'"text"'), "not_an_answer"),
        (lambda server: server.answer(b'{"choices": []}'), "not_an_answer"),
        (lambda server: server.answer(b'{"choices": [{"message": {"content": null}}]}'), "not_an_answer"),
        (lambda server: server.answer(b'{"choices": [{"message": {"content": ["a"]}}]}'), "not_an_answer"),
        (lambda server: server.answer(b'{"choices": [{"message": {"content": "a"}, "logprobs": 3}]}'), "not_an_answer"),
        (lambda server: server.answer(b'{"error": {"message": "busy"}}'), "not_an_answer"),
        (lambda server: server.answer(b"\x80\x81\x82"), "not_an_answer"),
        (lambda server: server.answer(b"[" * 200_000), "not_an_answer"),
        (lambda server: server.answer(b"1" * 5000), "not_an_answer"),
        (lambda server: server.answer(with_logprob('"abc"')), "not_an_answer"),
        (lambda server: server.answer(with_logprob("1" + "0" * 400)), "not_an_answer"),
        (lambda server: server.fail(429, retry_after="Fri, 01 Jan 999999999 00:00:00 GMT"), "http_429"),
        (lambda server: server.fail(429, retry_after="Wed, 99 Foo 99999 99:99:99 GMT"), "http_429"),
        (lambda server: server.fail(429, retry_after="nan"), "http_429"),
        (lambda server: server.fail(429, retry_after="-5"), "http_429"),
        (lambda server: server.cut(), "connection_lost"),
        (lambda server: server.hang(), "timeout"),
    ],
)
def test_a_fault_that_stays_is_bounded_counted_and_named(server, quick, fault, kind):
    fault(server)
    llm = model(server, quick)
    began = time.monotonic()
    with pytest.raises(EndpointError, match=rf"openai-api/local at 127.0.0.1/v1 \(model 'm'\).*{kind} x 3") as raised:
        llm.complete(ASK)
    assert time.monotonic() - began < 5
    assert isinstance(raised.value, OutsideError)
    assert raised.value.exit_code == 3
    assert len(server.requests) == 3
    assert llm.meter.report()[kind] == 3
    assert "calls" not in llm.meter.report()
    server.heal()
    assert llm.complete(ASK).text == "two words"  # nothing but the answer was kept
    assert len(server.requests) == 1


def test_a_call_ends_at_its_bound_though_bytes_still_come(server):
    server.drip(pause=0.2)
    llm = model(server, Patience(attempts=3, timeout=1.0, total=1.5, first_pause=0.01))
    began = time.monotonic()
    with pytest.raises(EndpointError, match=r"timeout x 1\); the last: no whole answer within the 1.5 s of a call"):
        llm.complete(ASK)
    assert 1.5 <= time.monotonic() - began < 5
    until = time.monotonic() + 20
    while server.at_once and time.monotonic() < until:  # the server notices when it writes to a connection that is cut
        time.sleep(0.05)
    assert server.at_once == 0


@pytest.mark.parametrize("asked", ["0", "0.01", "Fri, 01 Jan 2021 00:00:00 GMT"])
def test_the_own_pause_is_the_least(server, asked):
    server.fail(429, times=2, retry_after=asked)
    llm = model(server, Patience(attempts=3, timeout=1.0, total=9.0, first_pause=0.2, longest_pause=0.4))
    llm.complete(ASK)
    assert 0.75 * (0.2 + 0.4) <= llm.meter.report()["seconds_waited"] <= 0.6


@pytest.mark.parametrize("count", ["-1", "1.5", '"4"', "1" + "0" * 400])
def test_a_usage_that_is_none(server, quick, count):
    server.answer(b'{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": %s}}' % count.encode())
    llm = model(server, quick)
    assert llm.complete(ASK).usage is None
    assert llm.meter.report()["without_usage"] == 1


def test_a_text_that_cannot_be_sent(server, quick):
    with pytest.raises(EndpointError, match="cannot be sent a text that is no Unicode"):
        model(server, quick).complete([Message("user", "half a pair: \ud800")])
    assert server.requests == []


def test_a_fault_that_passes_leaves_no_trace_in_the_answer(server, quick):
    server.fail(503, times=1)
    server.cut(times=1)
    llm = model(server, quick)
    assert llm.complete(ASK).text == "two words"
    assert llm.meter.report() == {
        "calls": 1.0,
        "connection_lost": 1.0,
        "http_503": 1.0,
        "input_tokens": 4.0,
        "output_tokens": 2.0,
        "seconds_waited": pytest.approx(llm.meter.waited, abs=1e-3),
    }


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_tried_again(server, quick, status):
    server.fail(status, text="no such model, key sk-secret")
    with pytest.raises(EndpointError, match=f"refused the request: {status}") as raised:
        model(server, quick).complete(ASK)
    assert len(server.requests) == 1
    assert "sk-secret" not in str(raised.value)


def test_an_empty_purse_is_not_tried_again(server, quick):
    server.fail(429, text="insufficient_quota")
    with pytest.raises(EndpointError, match="refused"):
        model(server, quick).complete(ASK)
    assert len(server.requests) == 1


def test_nobody_listens(server, quick):
    environment = server.env() | {"LOCAL_BASE_URL": "http://127.0.0.1:9/v1"}
    with pytest.raises(EndpointError, match="connection_lost x 3"):
        load_llm("openai-api/local/m", patience=quick, environment=environment).complete(ASK)


def test_a_refusal_of_the_model_is_an_answer(server, quick):
    body = {"choices": [{"message": {"content": None, "refusal": "I will not."}, "finish_reason": "stop"}]}
    server.answer(json.dumps(body).encode(), times=1)
    reply = model(server, quick).complete(ASK)
    assert (reply.text, reply.usage) == ("I will not.", None)


def test_names_of_endpoints():
    environment = {"MY_LAB_2_BASE_URL": "http://lab/v1", "MY_LAB_2_API_KEY": "k", "OPENAI_API_KEY": "o"}
    assert parse_address("openai-api/my-lab.2/org/model", environment) == (
        Address("openai-api/my-lab.2", "http://lab/v1", "k"),
        "org/model",
    )
    address, name = parse_address("openai/gpt-4o", environment)
    assert (address.url, address.key, name) == ("https://api.openai.com/v1", "o", "gpt-4o")
    assert address.official
    proxied, _ = parse_address("openai/gpt-4o", {"OPENAI_BASE_URL": "http://here/v1"})
    assert (proxied.url, proxied.key, proxied.official) == ("http://here/v1", "none", False)
    assert "'k'" not in repr(parse_address("openai-api/my-lab.2/m", environment))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("openai/gpt-4o", "OPENAI_API_KEY"),
        ("openai-api/lab/m", "LAB_BASE_URL"),
        ("openai-api/lab", "openai-api/<name>/<model>"),
        ("openai/", "openai/<model>"),
        ("gpt-4o", "openai/<model>"),
        ("hf/", "hf/<id or folder>"),
        ("scripted/nothing", "scripted/package.module:function"),
        ("scripted/json:nothing", "cannot be imported"),
    ],
)
def test_names_that_are_none(name, message):
    with pytest.raises(UsageError, match=message):
        load_llm(name, environment={})
