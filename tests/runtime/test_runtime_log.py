"""The log of a run, as inspect_ai reads it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.agents import OddLLM, Question, Told, ask

from toolbench_eval.errors import EndpointError
from toolbench_eval.llms.base import LLM, Message, Sampling
from toolbench_eval.llms.endpoint import Patience
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.runtime_provider import ProviderLLM
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.runtime.samples import run_samples

inspect_log = pytest.importorskip("inspect_ai.log")
inspect_model = pytest.importorskip("inspect_ai.model")
ITEMS = [
    Question("plain", "what is asked", ("yes", "no")),
    Question("roles", "two models"),
    Question("sampled", "tokens"),
    Question("uncounted", "nothing counted"),
    Question("again", "kept"),
    Question("refused", "refuse"),
    Question("caught", "refuse"),
    Question("broken", "division"),
    Question("late", "wait 8"),
    Question("odd", "no JSON"),
    Question("many", "at once"),
    Question("foreign", "another provider"),
    Question("strange", "half a pair \ud83d, a null \x00, \u2028 and ]]>"),
]
SAMPLING = Sampling(0.7, 0.9, 64, ("\n", "###"), 11, logprobs=True)


def solve(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:  # noqa: PLR0911
    """Does with each sample what the tests look for."""
    reader = llms["reader"]
    match item.id:
        case "plain":
            turns = [Message("system", "be brief"), Message("user", "hi"), Message("user", item.text)]
            text = reader.complete([*turns, Message("assistant", "well"), Message("user", "now")]).text
            return {"prediction": text, "scores": {"em": 1.0, "f1": 0.25}, "steps": [{"tool": "search", "hits": 3}]}
        case "roles":
            plan = ask(llms["planner"], item.text)
            return {"prediction": ask(reader, plan.text).text, "scores": {"em": 0.0, "f1": 0.75}}
        case "sampled":
            return {"prediction": ask(reader, item.text, sampling=SAMPLING, attempt=2).text}
        case "caught":
            try:
                ask(reader, item.text)
            except EndpointError as error:
                return {"prediction": f"gave up: {error}"}
        case "broken":
            ask(reader, item.text)
            return {"prediction": 1 // 0}
        case "odd":
            return {"prediction": object()}
        case "many":
            calls = [threading.Thread(target=ask, args=(reader, f"part {at}")) for at in range(5)]
            for call in calls:
                call.start()
            for call in calls:
                call.join()
            return {}
        case "foreign":
            return {"prediction": ask(llms["foreign"], item.text).text}
    return {"prediction": ask(reader, item.text).text}


def mocked(text: str) -> Any:
    """An output of the runtime's own stand-in for a provider."""
    output = inspect_model.ModelOutput.from_content("mockllm", text)
    output.usage = inspect_model.ModelUsage(input_tokens=2, output_tokens=2, total_tokens=4)
    return output


class Logged:
    """A finished run: what was told, its log, what appeared on the terminal and in the folders."""

    def __init__(self, folder: Path, foreign: LLM) -> None:
        self.folder, self.file, self.told = folder, folder / "logs" / "run.eval", Told()
        llms = {"reader": OddLLM(), "planner": Scripted(), "foreign": foreign}
        run_samples(
            ITEMS,
            solve,
            llms,
            name="trips",
            log_file=self.file,
            concurrency=8,
            metadata={"seed": 7},
            time_limit=4,
            **self.told.listeners,
        )
        self.log = inspect_log.read_eval_log(str(self.file))
        self.samples = {sample.id: sample for sample in self.log.samples}

    def calls(self, sample: str) -> list[Any]:
        return [event for event in self.samples[sample].events if event.event == "model"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """One run in a place where everything is set to lead the runtime astray."""
    folder, foreign = tmp_path_factory.mktemp("run"), ProviderLLM("mockllm/model", Patience(), Meter())
    foreign._model.api.outputs = iter([mocked("mocked answer")])
    (folder / ".env").write_text(f"INSPECT_LOG_DIR={folder / 'astray'}\nOPENAI_API_KEY=leaked\n")
    home = folder / "home"
    home.mkdir()
    hostile = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "INSPECT_LOG_DIR": str(folder / "astray"),
        "INSPECT_LOG_LEVEL": "debug",
        "INSPECT_DISPLAY": "plain",
        "INSPECT_TRACE_FILE": str(folder / "astray.log"),
        "INSPECT_DISABLE_MODEL_API": "1",
        "INSPECT_EVAL_MODEL": "openai/none",
        "INSPECT_TELEMETRY": "no.such.telemetry",
        "INSPECT_REQUIRED_HOOKS": "no/such_hook",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in hostile.items():
            patch.setenv(name, value)
        return Logged(folder, foreign)


def test_the_log_lies_where_it_should_and_nothing_else_anywhere(run: Logged) -> None:
    assert sorted(path.name for path in run.folder.iterdir()) == [".env", "home", "logs"]
    assert list((run.folder / "logs").iterdir()) == [run.file]
    assert list((run.folder / "home").rglob("*")) == []
    assert "leaked" not in os.environ.values()


def test_listeners_and_log_agree(run: Logged) -> None:
    assert set(run.told.done) == {
        "plain",
        "roles",
        "sampled",
        "uncounted",
        "again",
        "caught",
        "many",
        "foreign",
        "strange",
    }
    assert set(run.told.errors) == {"refused", "broken", "late", "odd"}
    assert {id for id, sample in run.samples.items() if sample.error} == set(run.told.errors)
    assert run.told.steps == len(ITEMS)


def test_the_run_is_named_in_the_log(run: Logged) -> None:
    spec = run.log.eval
    assert run.log.status == "success"
    assert (spec.task, spec.metadata, spec.model) == ("trips", {"seed": 7}, "toolbench_eval/odd/model")
    assert {role: model.model for role, model in spec.model_roles.items()} == {
        "reader": "toolbench_eval/odd/model",
        "planner": "toolbench_eval/scripted",
        "foreign": "toolbench_eval/mockllm/model",
    }
    assert spec.dataset.sample_ids == [item.id for item in ITEMS]


def test_a_sample_is_in_the_log_with_input_output_result_and_scores(run: Logged) -> None:
    sample = run.samples["plain"]
    assert (sample.input, sample.target) == ("what is asked", ["yes", "no"])
    assert sample.output.completion == "answer to now"
    assert sample.store == run.told.done["plain"]
    assert sample.store["steps"] == [{"tool": "search", "hits": 3}]
    assert {name: score.value for name, score in sample.scores.items()} == {"em": 1.0, "f1": 0.25}


def test_scores_are_summed_up_where_the_viewer_looks(run: Logged) -> None:
    means = {score.name: next(iter(score.metrics.values())).value for score in run.log.results.scores}
    assert means == {"em": 0.5, "f1": 0.5}


def test_a_conversation_is_logged_turn_by_turn(run: Logged) -> None:
    [call] = run.calls("plain")
    assert [(turn.role, turn.text) for turn in call.input] == [
        ("system", "be brief"),
        ("user", "hi"),
        ("user", "what is asked"),
        ("assistant", "well"),
        ("user", "now"),
    ]
    assert call.output.completion == "answer to now"
    assert (call.output.usage.input_tokens, call.output.usage.output_tokens) == (1, 3)
    assert call.config.extra_body is None


def test_calls_are_logged_by_role(run: Logged) -> None:
    assert [(call.role, call.model, call.input[-1].text) for call in run.calls("roles")] == [
        ("planner", "toolbench_eval/scripted", "two models"),
        ("reader", "toolbench_eval/odd/model", "two models"),
    ]
    assert run.samples["roles"].role_usage["planner"].total_tokens == 4


def test_a_model_of_another_provider_comes_through_the_same_door(run: Logged) -> None:
    [call] = run.calls("foreign")
    assert (call.role, call.model, call.output.completion) == (
        "foreign",
        "toolbench_eval/mockllm/model",
        "mocked answer",
    )
    assert run.told.done["foreign"] == {"prediction": "mocked answer"}


def test_strange_characters_do_not_lose_a_sample(run: Logged) -> None:
    [call] = run.calls("strange")
    assert run.samples["strange"].error is None
    assert call.output.completion.startswith("answer to half a pair ")
    assert call.output.completion.endswith(", a null \x00, \u2028 and ]]>")


def test_sampling_attempt_tokens_and_end_are_logged(run: Logged) -> None:
    [call] = run.calls("sampled")
    config = call.config
    assert (config.temperature, config.top_p, config.max_tokens, config.seed) == (0.7, 0.9, 64, 11)
    assert (config.stop_seqs, config.logprobs, config.extra_body) == (["\n", "###"], True, {"attempt": 2})
    [choice] = call.output.choices
    assert choice.stop_reason == "max_tokens"
    assert [(token.token, token.logprob) for token in choice.logprobs.content] == [("a", -0.5), (" b", -1.5)]


def test_usage_is_always_logged(run: Logged) -> None:
    [call] = run.calls("uncounted")
    assert call.output.usage.total_tokens == 0
    assert call.output.choices[0].stop_reason == "unknown"


def test_answers_of_the_cache_are_marked(run: Logged) -> None:
    [call] = run.calls("again")
    assert call.output.metadata == {"cached": True}


@pytest.mark.parametrize("sample", ["refused", "caught"])
def test_a_call_without_an_answer_is_logged(run: Logged, sample: str) -> None:
    [call] = run.calls(sample)
    assert call.error == "EndpointError: the endpoint is closed"


def test_an_agent_that_handles_the_error_goes_on(run: Logged) -> None:
    assert run.told.done["caught"] == {"prediction": "gave up: the endpoint is closed"}


def test_an_error_is_logged_with_the_line_of_the_agent(run: Logged) -> None:
    error = run.samples["broken"].error
    assert error.message.startswith("ZeroDivisionError")
    assert 'return {"prediction": 1 // 0}' in error.traceback
    assert isinstance(run.told.errors["broken"], ZeroDivisionError)
    assert len(run.calls("broken")) == 1


def test_a_sample_without_time_is_logged_with_the_call_it_waited_for(run: Logged) -> None:
    assert run.samples["late"].error.message == "TimeoutError: not solved within 4 s"
    [call] = run.calls("late")
    assert call.error == "the sample ended before the answer came"


def test_a_result_that_is_no_json_is_an_error_of_its_sample(run: Logged) -> None:
    assert isinstance(run.told.errors["odd"], TypeError)
    assert run.samples["odd"].error.message.startswith("TypeError")


def test_parallel_calls_of_one_agent_are_logged_with_their_own_answers(run: Logged) -> None:
    pairs = {(call.input[0].text, call.output.completion) for call in run.calls("many")}
    assert pairs == {(f"part {at}", f"answer to part {at}") for at in range(5)}
