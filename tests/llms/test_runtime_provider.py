"""Models of the runtime's providers, asked outside of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.llms import runtime_provider
from toolbench_eval.llms.base import Message, Reply, Sampling, Token, Usage
from toolbench_eval.llms.concurrency import map_bounded
from toolbench_eval.llms.endpoint import Patience
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.runtime_provider import ProviderLLM

inspect_model = pytest.importorskip("inspect_ai.model")
ModelOutput, ModelUsage = inspect_model.ModelOutput, inspect_model.ModelUsage

QUICK = Patience(attempts=3, timeout=5.0, total=20.0, first_pause=0.001)
USAGE = ModelUsage(input_tokens=5, output_tokens=2, total_tokens=7)


def output(text: str, **more: Any) -> Any:
    made = ModelOutput.from_content("m", text)
    made.usage = more.pop("usage", USAGE)
    for name, value in more.items():
        setattr(made.choices[0], name, value)
    return made


class Busy(Exception):  # noqa: N818
    """A provider's way to say: later."""

    status_code = 429


@pytest.fixture
def provider() -> Callable[..., ProviderLLM]:
    """Makes a model whose answers, outputs or errors, are given in turn."""

    def make(*answers: Any, patience: Patience = QUICK, meter: Meter | None = None) -> ProviderLLM:
        turns, lock = iter(answers), threading.Lock()

        class Played(inspect_model.ModelAPI):
            async def generate(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
                with lock:
                    answer = next(turns)
                if callable(answer):
                    answer = await answer(input, config)
                if isinstance(answer, Exception):
                    raise answer
                return answer

            def should_retry(self, ex: Exception) -> Any:
                return isinstance(ex, Busy) and inspect_model.RetryDecision.rate_limit(retry_after=0.002)

        inspect_model.modelapi(name="played")(Played)
        return ProviderLLM("played/m", patience, meter or Meter())

    return make


def hello(llm: ProviderLLM, **how: Any) -> Reply:
    return llm.complete([Message("system", "be brief"), Message("user", "hello")], **how)


def test_messages_and_sampling_reach_the_provider(provider: Callable[..., ProviderLLM]) -> None:
    seen: list[Any] = []

    async def look(input: Any, config: Any) -> Any:
        seen.append(([(turn.role, turn.text) for turn in input], config))
        return output("hi")

    sampling = Sampling(0.5, 0.9, 32, ("\n",), 7, logprobs=True)
    assert hello(provider(look), sampling=sampling, attempt=3) == Reply("hi", Usage(5, 2))
    [(turns, config)] = seen
    assert turns == [("system", "be brief"), ("user", "hello")]
    assert (config.temperature, config.top_p, config.max_tokens, config.seed) == (0.5, 0.9, 32, 7)
    assert (config.stop_seqs, config.logprobs, config.extra_body) == (["\n"], True, None)


def test_tokens_end_and_cached_input_are_read(provider: Callable[..., ProviderLLM]) -> None:
    usage = ModelUsage(input_tokens=5, output_tokens=2, total_tokens=17, input_tokens_cache_read=10)
    logprobs = inspect_model.Logprobs(content=[inspect_model.Logprob(token="hi", logprob=-0.25)])
    reply = hello(provider(output("hi", usage=usage, stop_reason="max_tokens", logprobs=logprobs)))
    assert reply == Reply("hi", Usage(15, 2), "length", (Token("hi", -0.25),))


def test_an_answer_without_usage_says_so(provider: Callable[..., ProviderLLM]) -> None:
    assert hello(provider(output("hi", usage=None))).usage is None


def test_what_may_pass_is_tried_again_and_counted(provider: Callable[..., ProviderLLM]) -> None:
    meter = Meter()
    assert hello(provider(Busy("later"), ModelOutput(), output("hi"), meter=meter)).text == "hi"
    assert dict(meter.counts) == {"http_429": 1, "not_an_answer": 1}
    assert 0.002 < meter.waited < 0.1


def test_the_own_pause_is_the_least(provider: Callable[..., ProviderLLM]) -> None:
    meter = Meter()
    hello(provider(Busy("later"), output("hi"), meter=meter, patience=Patience(attempts=2, first_pause=0.1)))
    assert 0.075 <= meter.waited <= 0.1


def test_a_call_is_cut_at_the_bound_of_all_attempts(provider: Callable[..., ProviderLLM]) -> None:
    async def hang(input: Any, config: Any) -> Any:
        await asyncio.sleep(60)

    with pytest.raises(EndpointError, match="timeout x 1"):
        hello(provider(hang, patience=Patience(attempts=3, timeout=30.0, total=0.1, first_pause=0.001)))


def test_the_bound_on_attempts_holds(provider: Callable[..., ProviderLLM]) -> None:
    with pytest.raises(EndpointError, match=r"played/m gave no answer in 3 attempts .*http_429 x 3.*later"):
        hello(provider(*[Busy("later")] * 3))


def test_what_will_not_pass_is_said_at_once(provider: Callable[..., ProviderLLM]) -> None:
    meter = Meter()
    with pytest.raises(EndpointError, match="played/m refused the request: ValueError: no such model"):
        hello(provider(ValueError("no such model"), meter=meter))
    assert not meter.counts


def test_silence_is_a_fault(provider: Callable[..., ProviderLLM]) -> None:
    async def hang(input: Any, config: Any) -> Any:
        await asyncio.sleep(60)

    meter, patience = Meter(), Patience(attempts=2, timeout=0.05, first_pause=0.001)
    assert hello(provider(hang, output("hi"), meter=meter, patience=patience)).text == "hi"
    assert dict(meter.counts) == {"timeout": 1}


def test_many_threads_are_answered_at_once(provider: Callable[..., ProviderLLM]) -> None:
    together, arrived = asyncio.Event(), 0

    async def meet(input: Any, config: Any) -> Any:
        nonlocal arrived
        arrived += 1
        if arrived == 64:
            together.set()
        await together.wait()
        return output(input[-1].text)

    llm = provider(*[meet] * 64)
    texts = map_bounded(lambda at: llm.complete([Message("user", str(at))]).text, range(64), 64)
    assert texts == [str(at) for at in range(64)]


def test_a_provider_of_the_runtime_by_its_name() -> None:
    llm = ProviderLLM("mockllm/model", QUICK, Meter())
    llm._model.api.outputs = iter([output("mocked")])  # without usage it would count tokens with a tokenizer
    assert hello(llm) == Reply("mocked", Usage(5, 2))
    assert (llm.name, llm.identity) == ("mockllm/model", {"model": "mockllm/model", "endpoint": None})


def test_an_unknown_provider_is_an_error_of_the_user() -> None:
    with pytest.raises(UsageError, match=r"the model 'nonesuch/m' cannot be used: .*nonesuch"):
        ProviderLLM("nonesuch/m", QUICK, Meter())


def test_without_the_runtime_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_provider, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'toolbench-eval\[agents\]'"):
        ProviderLLM("anthropic/m", QUICK, Meter())


def test_providers_are_loaded_by_name_and_their_answers_are_cached(tmp_path: Path) -> None:
    llm = load_llm("mockllm/model", cache=tmp_path, patience=QUICK)
    llm._llm._model.api.outputs = iter([output("first"), output("second")])  # type: ignore[attr-defined]
    replies = [llm.complete([Message("user", "hello")], attempt=attempt) for attempt in (0, 0, 1)]
    assert [(reply.text, reply.cached) for reply in replies] == [("first", False), ("first", True), ("second", False)]


@pytest.mark.skipif(find_spec("mistralai") is not None, reason="its package is installed")
def test_a_provider_whose_package_is_missing_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the model 'mistral/m' cannot be used: .*pip install mistralai"):
        load_llm("mistral/m", cache=tmp_path)


def test_a_name_that_nobody_knows_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'nonesuch/m' is no language model; .*anthropic"):
        load_llm("nonesuch/m", cache=tmp_path)
