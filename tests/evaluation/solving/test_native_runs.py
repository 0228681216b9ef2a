"""Runs of agents with native calls, from the command to the result, against an endpoint that computes its calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import LLM, Done, canonical, samples, stage
from support.command import environment, evalharness
from support.endpoint import Body, EndpointServer
from support.native_reader import called, native_reader, reply

TASKS = ("lookup", "chain", "change")
RUN = ("--agent", "react", "--set", "calls=native", "--llm", LLM)
AREA = {
    "name": "geometry.area",
    "description": "Area of a square.",
    "parameters": {"type": "dict", "properties": {"base": {"type": "integer"}}, "required": ["base"]},
}


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with EndpointServer(native_reader) as made:
        yield made


def tool_steps(record: dict[str, Any]) -> list[tuple[str, Any, str, str]]:
    steps = record["trajectory"]["steps"]
    return [(one["name"], one["arguments"], one["status"], one["text"]) for one in steps if one["step"] == "tool"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Done]:
    """All of sample-tools, with calls as text and with native ones."""
    folder = tmp_path_factory.mktemp("whole")
    with EndpointServer(native_reader) as server, stage(folder, server) as run:
        text = run("--task", "sample-tools", "--agent", "react", "--llm", "scripted")
        native = run("--task", "sample-tools", *RUN)
        assert (text.code, native.code) == (0, 0), text.err + native.err
        return text, native


def test_a_model_does_natively_what_it_does_in_text(whole: tuple[Done, Done]) -> None:
    text, native = whole
    for task in TASKS:
        said, called = samples(text.folder, task), samples(native.folder, task)
        assert list(said) == list(called)
        for name in said:
            assert tool_steps(called[name]) == tool_steps(said[name])
            for key in ("prediction", "stop_reason"):
                assert called[name]["trajectory"][key] == said[name]["trajectory"][key]
    assert native.result["headline"]["value"] == text.result["headline"]["value"] > 0.5


def test_the_result_says_how_tools_were_called_and_what_it_cost(whole: tuple[Done, Done]) -> None:
    result = whole[1].result
    agent = result["model_setting"]["agent"]
    assert agent["options"]["calls"] == "native"
    assert "react-native-1" in agent["prompts"]
    assert whole[0].result["model_setting"]["agent"]["options"]["calls"] == "text"
    cost, means = result["execution"]["cost"], result["aggregates"]["micro"]
    assert cost["calls"] == pytest.approx(46 * means["llm_calls"])
    assert (cost["input_tokens"], cost["output_tokens"]) == (10 * cost["calls"], 5 * cost["calls"])
    assert means["prompt_tokens"] == pytest.approx(10 * means["llm_calls"])


def test_the_trajectory_says_what_was_called_and_can_be_replayed(whole: tuple[Done, Done], tmp_path: Path) -> None:
    record = samples(whole[1].folder, "lookup")["lookup-01"]
    first = record["trajectory"]["steps"][0]
    assert first["calls"] == [{"id": "call00001", "name": "find_person", "arguments": '{"name": "Samir Okafor"}'}]
    with stage(tmp_path) as run:
        shown = run.command("trajectories", "show", str(whole[1].folder), "--sample", "lookup-01")
        assert 'find_person({"name": "Samir Okafor"})' in shown.out
        again = run.command("trajectories", "replay", str(whole[1].folder))
        assert again.code == 0, again.err
        assert again.out.startswith("46 trajectories replayed: the same")


def test_the_runtimes_log_holds_the_calls(whole: tuple[Done, Done]) -> None:
    from inspect_ai.log import read_eval_log

    log = read_eval_log(str(whole[1].folder / "trajectories/lookup.eval"), resolve_attachments=True)
    records = samples(whole[1].folder, "lookup")
    for sample in log.samples or []:
        calls = [event for event in sample.events if event.event == "model"]
        made = [call for event in calls for call in event.output.message.tool_calls or ()]
        assert [(call.function, call.arguments) for call in made] == [
            (name, arguments) for name, arguments, _, _ in tool_steps(records[str(sample.id)])
        ]
        results = [turn.text for turn in calls[-1].input if turn.role == "tool"]
        assert results == [text for *_, text in tool_steps(records[str(sample.id)])]
        assert {tool.name for tool in calls[0].tools} == {tool["name"] for tool in records[str(sample.id)]["offered"]}


def test_what_was_answered_is_not_asked_for_again(tmp_path: Path, server: EndpointServer) -> None:
    env = environment(EVALHARNESS_CACHE=str(tmp_path / "cache"), **server.env())
    task = ("--task", "sample-tools/lookup", *RUN, "--limit", "6")
    first = evalharness("run", *task, "--out", "one", cwd=tmp_path, env=env)
    assert first.returncode == 0, first.stderr
    asked = len(server.requests)
    assert asked > 6
    second = evalharness("run", *task, "--out", "two", cwd=tmp_path, env=env)
    assert second.returncode == 0, second.stderr
    assert len(server.requests) == asked
    one, two = (json.loads(next((tmp_path / out).rglob("result.json")).read_text()) for out in ("one", "two"))
    assert canonical(one) == canonical(two)
    assert two["execution"]["cost"]["cached"] == asked


def test_a_run_that_was_broken_off_goes_on_and_comes_to_the_same(tmp_path: Path, server: EndpointServer) -> None:
    task = ("--task", "sample-tools/chain", *RUN, "--limit", "6", "--concurrency", "1")
    with stage(tmp_path / "whole", server) as run:
        whole = run(*task)
    asked = len(server.requests)
    server.heal()
    with stage(tmp_path / "parts", server) as run:
        server.fail(401, match=lambda body: len(server.requests) > asked // 2)
        assert run(*task).code != 0
        answered = len(server.requests)
        server.heal()
        done = run(*task)
    assert done.code == 0, done.err
    assert canonical(done.result) == canonical(whole.result)
    assert len(server.requests) < asked  # replies that came before the break are not asked for again
    assert answered > asked // 2


# what models do ---------------------------------------------------------------------------------


def lookup(tmp_path: Path, server: EndpointServer, *more: str) -> tuple[Done, dict[str, Any]]:
    """One sample of sample-tools."""
    with stage(tmp_path, server) as run:
        done = run("--task", "sample-tools/lookup", *RUN, "--limit", "1", *more)
    [record] = samples(done.folder, "lookup").values()
    return done, record


def test_parallel_calls_and_malformed_ones(tmp_path: Path, server: EndpointServer) -> None:
    def play(body: Body) -> Body:
        came = called(body)
        if not came:
            asked = [("find_person", '{"name": "Samir Okafor"}'), ("get_person", '{"person_id": '), ("nobody", "{}")]
            return reply("Three at once.", asked)
        if len(came) == 3:
            person = came[0][1][0]["person_id"]
            assert "not JSON" in came[1][1]["error"]
            assert "there is no tool 'nobody'" in came[2][1]["error"]
            return reply(None, [("get_person", json.dumps({"person_id": person}))])
        return reply(f"Answer: {came[-1][1]['phone']}")

    server.reply = play
    done, record = lookup(tmp_path, server)
    assert done.code == 0, done.err
    assert [step[:3] for step in tool_steps(record)] == [
        ("find_person", {"name": "Samir Okafor"}, "ok"),
        ("get_person", '{"person_id": ', "error"),
        ("nobody", {}, "error"),
        ("get_person", {"person_id": "p-104"}, "ok"),
    ]
    assert record["trajectory"]["prediction"] == "555-0148"
    assert (record["scores"]["success"], record["scores"]["hallucinated_tool_rate"]) == (1, 0.25)
    assert [call["id"] for call in record["trajectory"]["steps"][0]["calls"]] == ["call00001", "call00002", "call00003"]


def test_a_text_at_once(tmp_path: Path, server: EndpointServer) -> None:
    server.reply = lambda body: "555-0148"
    done, record = lookup(tmp_path, server)
    assert done.code == 0, done.err
    assert (record["trajectory"]["prediction"], tool_steps(record)) == ("555-0148", [])
    assert [step["step"] for step in record["trajectory"]["steps"]] == ["llm"]
    assert "calls" not in record["trajectory"]["steps"][0]


def test_an_endpoint_that_takes_no_tools(tmp_path: Path, server: EndpointServer) -> None:
    server.fail(400, text="tool choice requires --enable-auto-tool-choice", match=lambda body: "tools" in body)
    done, record = lookup(tmp_path, server, "--max-failures", "1")
    assert done.code == 0, done.err
    assert record["trajectory"]["stop_reason"] == "error"
    assert "400 Bad Request" in record["trajectory"]["error"]
    assert "--enable-auto-tool-choice" in done.result["tasks"]["sample-tools/lookup"]["solved"]["failures"]["lookup-01"]


def test_what_has_no_native_calls_is_said(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        done = run("--task", "sample-tools/lookup", "--agent", "react", "--llm", "scripted", "--set", "calls=native")
        assert done.code == 2
        assert "'scripted' has no format of its own for calls of tools" in done.err
        assert "--set calls=text" in done.err
        done = run("--task", "sample-mhqa/bridge", "--agent", "react", "--llm", "scripted", "--set", "calls=native")
        assert done.code == 2
        assert "calls=native is for tasks with tools" in done.err


# BFCL -------------------------------------------------------------------------------------------


def test_bfcl_names_with_dots_come_back_as_they_were(tmp_path: Path, server: EndpointServer) -> None:
    ids = ("simple_python_0", "simple_python_1", "parallel_0", "irrelevance_0", "irrelevance_1")
    folder = tmp_path / "bfcl"
    folder.mkdir()
    (folder / "suite.toml").write_text(
        'name = "tiny"\nversion = "1"\nkind = "tool-use"\nmetrics = ["success"]\nunit = "task"\n'
        '[headline]\nmetric = "success"\naggregate = "task_macro"\n[[tasks]]\ntask = "one"\nfile = "p.jsonl"\n'
        'format = "bfcl"\nenvironment = "declared"\nscoring = "ast"\ngold = "gold.jsonl"\n'
    )
    problems = [{"id": one, "question": [[{"role": "user", "content": one}]], "function": [AREA]} for one in ids]
    (folder / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in problems))
    truth = {one: [{"geometry.area": {"base": [2]}}] for one in ids if one.startswith("simple")}
    truth["parallel_0"] = [{"geometry.area": {"base": [side]}} for side in (2, 3)]
    gold = [{"id": one, "ground_truth": calls} for one, calls in truth.items()]
    (folder / "gold.jsonl").write_text("".join(json.dumps(one) + "\n" for one in gold))

    def play(body: Body) -> Body:
        assert [tool["function"]["name"] for tool in body["tools"]] == ["geometry_area"]
        if called(body):
            return reply("Answer: done")
        two, three = ("geometry_area", '{"base": 2}'), ("geometry_area", '{"base": 3}')
        question = body["messages"][1]["content"].splitlines()[0].removeprefix("Request: ")
        calls = {
            "simple_python_0": [two],
            "simple_python_1": [three],
            "parallel_0": [three, two],
            "irrelevance_1": [two],
        }
        return reply(None, calls[question]) if question in calls else reply("None of these helps.")

    server.reply = play
    for most in ("12", "1"):  # with max_actions=1 the leaderboard's single turn
        with stage(tmp_path / most, server) as run:
            done = run("--task", "tiny", "--tasks-dir", str(folder), *RUN, "--set", f"max_actions={most}")
        assert done.code == 0, done.err
        records = samples(done.folder, "one")
        assert {name: record["scores"]["success"] for name, record in records.items()} == {
            "simple_python_0": 1,
            "simple_python_1": 0,
            "parallel_0": 1,
            "irrelevance_0": 1,
            "irrelevance_1": 0,
        }
        assert [step[:2] for step in tool_steps(records["parallel_0"])] == [
            ("geometry.area", {"base": 3}),
            ("geometry.area", {"base": 2}),
        ]
        assert records["parallel_0"]["scores"]["hallucinated_tool_rate"] == 0
