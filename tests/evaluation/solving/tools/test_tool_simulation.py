"""Replies that a language model makes up: `--llm simulator=L`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import LLM, Done, Stage, samples, stage
from support.endpoint import Body, EndpointServer, told
from support.simulator_voice import service
from support.tool_agents import Obedient, script
from support.tool_suite import again, suite
from support.trajectory_forger import steps

from toolbench_eval.llms.base import Message
from toolbench_eval.prompts import load_prompt

SERVICE = "openai-api/local/service"
PLAYED = "scripted/support.simulator_voice:service"
PROMPT = "You play a web service"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [
    {"name": "weather", "description": "Tells the weather.", "parameters": CITY},
    {"name": "tides", "description": "Tells the tides.", "parameters": CITY},
]
RECORDED = [{"tool": "weather", "arguments": {"city": "Oslo"}, "value": {"sky": "clear"}}]
SETUP = {"tools": TOOLS, "recordings": RECORDED}
OSLO, BERGEN = {"city": "Oslo"}, {"city": "Bergen"}


def problem(name: str, *calls: tuple[str, Any], setup: dict[str, Any] = SETUP) -> dict[str, Any]:
    return {"id": name, "text": script(*calls), "gold_calls": ["weather"], "setup": setup}


PROBLEMS = [
    problem("known", ("weather", OSLO)),
    problem("unknown", ("weather", BERGEN), ("weather", BERGEN), ("tides", OSLO)),
    problem("wrong", ("weather", {"city": 1}), ("wether", OSLO)),
]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Stage]:
    Obedient.scripts.clear()
    with stage(tmp_path) as at:
        yield at


def tiny(at: Stage, environment: str, *arguments: str, problems: list[dict[str, Any]] = PROBLEMS) -> Done:
    folder = suite(at.folder / "s", problems, environment=environment, scoring="path")
    agent = ("--agent", "support.tool_agents:Obedient", "--llm", "scripted", "--max-failures", "1")
    return at("--task", "tiny", "--tasks-dir", str(folder), *agent, *arguments)


def said(folder: Path) -> dict[str, list[tuple[str, str, str | None]]]:
    """Text, source and error of every call."""
    found = samples(folder, "one").items()
    return {
        name: [(one["text"], one["source"], one["error"]) for one in steps(record, "tool")] for name, record in found
    }


def test_what_is_recorded_stays_and_what_is_not_is_made_up(run: Stage) -> None:
    done = tiny(run, "recorded", "--llm", f"simulator={PLAYED}")
    assert done.code == 0, done.err
    told_of = said(done.folder)
    assert told_of["known"] == [('{"sky": "clear"}', "recorded", None)]
    bergen = ('{"made_up_by": "weather", "for": {"city": "Bergen"}}', "simulated", None)
    tides = ('{"made_up_by": "tides", "for": {"city": "Oslo"}}', "simulated", None)
    assert told_of["unknown"] == [bergen, bergen, tides]
    assert [error for _, _, error in told_of["wrong"]] == ["invalid_arguments", "unknown_tool"]
    again(done.folder)


def test_it_is_never_silent(run: Stage) -> None:
    done = tiny(run, "recorded", "--llm", f"simulator={PLAYED}")
    result = done.result
    told_to_user = f"replies that are not recorded are made up by {PLAYED}, and marked as simulated"
    assert f"warning: one: {told_to_user}" in done.err
    assert "3 of 6 tool calls simulated" in done.out.splitlines()[0]
    assert result["tasks"]["tiny/one"]["solved"]["sources"] == {"local": 2, "recorded": 1, "simulated": 3}
    assert result["tasks"]["tiny/one"]["solved"]["profile"] == "path in recorded + simulator"
    assert result["task_setting"]["simulator"] == {
        "name": PLAYED,
        "script": "support.simulator_voice:service",
        "prompts": {"tool-simulator-1": load_prompt("tool-simulator-1").digest},
    }
    assert "simulator" not in result["model_setting"]["llms"]
    shown = run.command("trajectories", "show", str(done.folder), "--sample", "unknown")
    assert '{"city": "Bergen"} -> ok (simulated): {"made_up_by": "weather"' in " ".join(shown.out.split())


def test_without_it_a_call_that_is_not_recorded_is_a_miss(run: Stage) -> None:
    done = tiny(run, "recorded")
    assert done.result["tasks"]["tiny/one"]["solved"]["sources"] == {"local": 2, "miss": 3, "recorded": 1}
    made_up = tiny(run, "recorded", "--llm", f"simulator={PLAYED}")
    assert made_up.folder != done.folder
    compared = run.command("compare", str(done.folder), str(made_up.folder))
    assert (compared.code, "the task setting 'simulator' differs" in compared.err) == (2, True)


@pytest.mark.parametrize("environment", ["declared", "nearest"])
def test_environments_that_execute_nothing_are_played(run: Stage, environment: str) -> None:
    done = tiny(run, environment, "--llm", f"simulator={PLAYED}")
    assert [source for _, source, _ in said(done.folder)["unknown"]] == ["simulated"] * 3
    known = {
        # A service that is only declared has no recording, whatever lies beside it.
        "declared": ('{"made_up_by": "weather", "for": {"city": "Oslo"}}', "simulated", None),
        "nearest": ('{"sky": "clear"}', "recorded", None),
    }
    assert said(done.folder)["known"] == [known[environment]]
    assert "executes no calls" not in done.err


def test_tools_of_other_problems_are_played_too(run: Stage) -> None:
    alone = {"tools": TOOLS[:1], "recordings": RECORDED}
    other = {"tools": TOOLS[1:], "recordings": []}
    problems = [
        problem("here", ("tides", OSLO), setup=alone),
        {"id": "there", "text": script(), "gold_calls": ["tides"], "setup": other},
    ]
    done = tiny(run, "recorded", "--llm", f"simulator={PLAYED}", "--set", "toolset=gold+5", problems=problems)
    assert said(done.folder)["here"] == [('{"made_up_by": "tides", "for": {"city": "Oslo"}}', "simulated", None)]


def test_the_trajectories_replay_without_it(run: Stage) -> None:
    done = tiny(run, "recorded", "--llm", f"simulator={PLAYED}")
    given = ("--tasks-dir", str(run.folder / "s"), "--agent", "support.tool_agents:Obedient")
    replayed = run.command("trajectories", "replay", str(done.folder), *given)
    assert (replayed.code, replayed.out[:23]) == (0, "3 trajectories replayed"), replayed.err


def test_the_town_is_executed_and_questions_have_no_tools(run: Stage) -> None:
    town = run("--task", "sample-tools/lookup", "--agent", "react", "--llm", "scripted", "--llm", f"simulator={PLAYED}")
    assert (town.code, "are answered by 'toolbench_eval.environments.sample_town" in town.err) == (2, True)
    asked = run("--task", "sample-mhqa/bridge", "--agent", "rag", "--llm", "scripted", "--llm", f"simulator={PLAYED}")
    assert (asked.code, "the role 'simulator' makes up replies of tools" in asked.err) == (2, True)


# Through an endpoint


def replies(body: Body) -> str:
    return service([Message(one["role"], one["content"]) for one in body["messages"]])


def test_its_calls_are_asked_once_and_counted(tmp_path: Path) -> None:
    with EndpointServer(reply=replies) as server, stage(tmp_path, server) as run:
        done = tiny(run, "recorded", "--llm", f"simulator={SERVICE}")
        assert done.code == 0, done.err
        # Two calls of `weather` in Bergen are one, and so is each kept for the next run.
        assert len(server.requests) == 2
        assert {body["model"] for body in server.requests} == {"service"}
        assert {body["temperature"] for body in server.requests} == {0.0}
        assert all(PROMPT in body["messages"][0]["content"] for body in server.requests)
        read = sum(len(one["content"].split()) for body in server.requests for one in body["messages"])
        assert done.result["execution"]["cost"]["calls"] == 2
        assert done.result["execution"]["cost"]["input_tokens"] == read
        [bergen] = [body for body in server.requests if '"city": "Bergen"}\nReply:' in body["messages"][1]["content"]]
        assert 'Arguments: {"city": "Oslo"}\nReply: {"sky": "clear"}' in bergen["messages"][1]["content"]
        other = tiny(run, "recorded", "--llm", f"simulator={SERVICE}", "--seed", "1")
        assert (len(server.requests), other.result["execution"]["cost"]["cached"]) == (2, 2)


def test_a_simulator_that_fails_is_an_error_and_is_tried_again(tmp_path: Path) -> None:
    with EndpointServer(reply=replies) as server, stage(tmp_path, server) as run:
        server.fail(500, match=told("tides"))
        done = tiny(run, "recorded", "--llm", f"simulator={SERVICE}", "--max-failures", "0.1")
        assert done.code == 3
        stops = done.result["tasks"]["tiny/one"]["solved"]["stop_reasons"]
        assert stops == {"answered": 2, "error": 1}
        server.heal()
        done = tiny(run, "recorded", "--llm", f"simulator={SERVICE}", "--max-failures", "0.1")
        assert done.code == 0, done.err
        assert done.result["tasks"]["tiny/one"]["solved"]["stop_reasons"] == {"answered": 3}


def test_a_reply_that_cannot_be_read_is_a_miss(tmp_path: Path) -> None:
    with EndpointServer(reply=lambda body: "It is sunny.") as server, stage(tmp_path, server) as run:
        done = tiny(run, "recorded", "--llm", f"simulator={SERVICE}")
        assert done.result["tasks"]["tiny/one"]["solved"]["sources"] == {"local": 2, "miss": 3, "recorded": 1}
        [_, _, tides] = said(done.folder)["unknown"]
        assert tides == (json.dumps({"error": "no reply of tides could be simulated"}), "simulated", "miss")


def test_an_agent_and_its_services_have_models_of_their_own(tmp_path: Path) -> None:
    def spoken(body: Body) -> str:
        if body["model"] == "service":
            return replies(body)
        calls = sum("made_up_by" in one["content"] for one in body["messages"])
        move = "Finish[done]" if calls else 'weather[{"city": "Bergen"}]'
        return f"Thought: so\nAction: {move}"

    with EndpointServer(reply=spoken) as server, stage(tmp_path, server) as run:
        folder = suite(tmp_path / "s", PROBLEMS[:1], environment="recorded", scoring="path")
        arguments = ("--task", "tiny", "--tasks-dir", str(folder), "--agent", "react", "--llm", LLM)
        done = run(*arguments, "--llm", f"simulator={SERVICE}")
        assert done.code == 0, done.err
        assert done.result["headline"]["value"] == 1
        assert [body["model"] for body in server.requests] == ["reader", "service", "reader"]
        assert done.result["execution"]["cost"]["calls"] == 3
        # What the service says is no call of the agent's.
        record = samples(done.folder, "one")["known"]
        assert (record["scores"]["llm_calls"], record["scores"]["tool_calls"]) == (2, 1)
