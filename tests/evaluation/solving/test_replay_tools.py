"""Replay of runs with tools: every agent, every way of offering tools, studies; and what forgers change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import replay_stage
from support.agent_stage import Done, Stage, samples, stage
from support.command import evalharness
from support.tool_suite import suite
from support.trajectory_forger import forge, steps

TASK = "sample-tools/chain"


def same(done: Done, number: int) -> None:
    said = f"{number} trajectories replayed: the same; 0 ended in an error or a limit: skipped\n"
    assert (done.code, done.out) == (0, said), done.err


def solved(run: Stage, *arguments: str) -> Path:
    done = run("--llm", "scripted", "--max-failures", "1", *arguments)
    assert done.code == 0, done.err
    return done.folder


@pytest.mark.parametrize("agent", ["react", "plan-execute", "dfsdt", "atc", "conagents", "rea360"])
def test_every_agent_with_tools_does_the_same_again(tmp_path: Path, agent: str) -> None:
    with stage(tmp_path) as run:
        folder = solved(run, "--task", "sample-tools", "--agent", agent, "--limit", "3")
        same(run.command("trajectories", "replay", str(folder)), 9)


@pytest.mark.parametrize(
    "options",
    [
        ("--model", "bm25", "--set", "tools_k=5"),
        ("--model", "bm25", "--set", "tools_k=5", "--set", "order=reversed"),
        ("--set", "toolset=gold+5", "--set", "order=gold-last", "--seed", "7"),
        ("--agent", "conagents", "--set", "version=v4"),
        ("--agent", "conagents", "--protocol", "released"),
        ("--agent", "atc", "--set", "mode=notebook", "--set", "encapsulation=false"),
        ("--agent", "dfsdt", "--protocol", "paper"),
    ],
    ids=" ".join,
)
def test_tools_are_offered_as_they_were(tmp_path: Path, options: tuple[str, ...]) -> None:
    with stage(tmp_path) as run:
        folder = solved(run, "--task", TASK, "--agent", "react", "--limit", "3", *options)
        same(run.command("trajectories", "replay", str(folder)), 3)


def test_the_command_in_a_process_of_its_own(tmp_path: Path) -> None:
    run = ("run", "--task", TASK, "--agent", "atc", "--llm", "scripted", "--limit", "2", "--max-failures", "1")
    assert evalharness(*run, cwd=tmp_path).returncode == 0
    done = evalharness("trajectories", "replay", "results", "--sample", "chain-02", cwd=tmp_path)
    assert (done.returncode, done.stdout[:23]) == (0, "1 trajectories replayed"), done.stderr


def test_what_a_judge_said_stays(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        folder = solved(run, "--task", TASK, "--agent", "react", "--judge", "scripted", "--limit", "3")
        done = run.command("trajectories", "replay", str(folder))
        same(done, 3)
        assert "verdicts are those that scripted gave then" in done.err


STUDY = """
name = "st"
paraphrases = "p.jsonl"
[base]
task = "sample-tools/lookup"
agent = "react"
llm = "scripted"
limit = 2
max_failures = 1
[factors]
query-style = ["original", "typos-2", "mine"]
system-prompt = ["default", "own"]
tool-order = ["released", "shuffle-3"]
toolset-size = ["released", "relevant", "+5:near-2"]
description-noise = ["none", "typos:0.3-2"]
observation-noise = ["none", "errors:0.4-1", "extra-fields:3"]
best-of = [1, 2]
temperature = ["own", 0.7]
[system-prompts]
own = "You work at the town hall."
"""


def test_runs_of_a_study_are_replayed_under_their_conditions(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        plain = solved(run, "--task", "sample-tools/lookup", "--agent", "react", "--limit", "2")
        texts = {name: record["gold"]["text"] for name, record in samples(plain, "lookup").items()}
        lines = [{"id": name, "style": "mine", "text": f"Well then. {text}"} for name, text in texts.items()]
        (tmp_path / "p.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (tmp_path / "st.toml").write_text(STUDY)
        made = run.command("study", str(tmp_path / "st.toml"), "--out", str(tmp_path / "st"))
        assert made.code == 0, made.err
        results = sorted((tmp_path / "st/runs").rglob("result.json"))
        assert len(results) == 12
        for path in results:
            same(run.command("trajectories", "replay", str(path)), 2)
        reworded = [path.parent for path in results if '"mine"' in path.read_text()]
        [record, _] = samples(reworded[0], "lookup").values()
        assert record["request"] == f"Well then. {record['gold']['text']}"
        shown = run.command("trajectories", "show", str(reworded[0]), "--limit", "1")
        assert "Well then. " in shown.out


def test_a_perturbation_of_somebody_else_is_refused(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        folder = solved(run, "--task", TASK, "--agent", "react", "--limit", "1")

        def perturb(result: dict[str, Any]) -> None:
            result["task_setting"]["perturbations"] = [{"factor": "weather", "level": "rain"}]

        _change_result(folder, perturb)
        done = run.command("trajectories", "replay", str(folder))
        assert (done.code, "the perturbation 'weather' is none of this program's" in done.err) == (2, True)


# What a forger changes, with digests that fit again


def _change_result(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    from toolbench_eval.results.schema import identity_of

    path = folder / "result.json"
    result = json.loads(path.read_text())
    change(result)
    result["identity"] = identity_of(result)
    path.write_text(json.dumps(result))


def answer(record: dict[str, Any]) -> None:
    record["trajectory"]["prediction"] = "Forged"


def tool_result(record: dict[str, Any]) -> None:
    steps(record, "tool")[0]["text"] = '{"forged": true}'


def arguments(record: dict[str, Any]) -> None:
    steps(record, "tool")[0]["arguments"] = {"forged": 1}


def another_tool(record: dict[str, Any]) -> None:
    steps(record, "tool")[0]["name"] = "forged"


def call_left_out(record: dict[str, Any]) -> None:
    record["trajectory"]["steps"].remove(steps(record, "tool")[0])


def call_added(record: dict[str, Any]) -> None:
    record["trajectory"]["steps"].append(steps(record, "tool")[0])


def note(record: dict[str, Any]) -> None:
    steps(record, "note")[0]["values"]["forged"] = True


def score(record: dict[str, Any]) -> None:
    record["scores"]["success"] = 1 - record["scores"]["success"]


def offer(record: dict[str, Any]) -> None:
    record["offered"].reverse()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stage, dict[str, Path]]:
    """A run of each kind of agent: one that writes moves, one that writes programs, one whose members share work."""
    folder = tmp_path_factory.mktemp("runs")
    agents = ("react", "atc", "conagents")
    with stage(folder) as run:
        made = {agent: solved(run, "--task", TASK, "--agent", agent, "--limit", "6") for agent in agents}
    return run, made


@pytest.mark.parametrize("agent", ["react", "atc", "conagents"])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        (answer, "the trajectory has 'Forged'"),
        (tool_result, ""),
        (arguments, "the trajectory "),
        (another_tool, "the trajectory forged("),
        (call_left_out, "the trajectory has LLMCall"),
        (call_added, "steps, the trajectory has"),
        (note, "step "),
        (score, "the steps are the same, the scores are not: success"),
        (offer, "the tools on offer are ["),
    ],
)
def test_a_forged_trajectory_is_found(
    runs: tuple[Stage, dict[str, Path]],
    tmp_path: Path,
    agent: str,
    change: Callable[[dict[str, Any]], None],
    found: str,
) -> None:
    run, made = runs
    folder = tmp_path / "forged"
    shutil.copytree(made[agent], folder)

    def forged(records: list[dict[str, Any]]) -> None:
        change(next(one for one in records if len(steps(one, "tool")) > 1 and one["trajectory"]["prediction"]))

    forge(folder, TASK, forged)
    done = run.command("trajectories", "replay", str(folder))
    assert done.code == 1
    assert "1 of 6 trajectories came out differently" in done.err
    assert found in done.err


def test_a_change_that_no_step_depends_on_is_found_by_its_digest(
    runs: tuple[Stage, dict[str, Path]], tmp_path: Path
) -> None:
    run, made = runs
    folder = tmp_path / "forged"
    shutil.copytree(made["atc"], folder)

    def forged(records: list[dict[str, Any]]) -> None:
        records[0]["trajectory"]["error"] = "forged"

    forge(folder, TASK, forged, mended=False)
    done = run.command("trajectories", "replay", str(folder))
    assert (done.code, "these are not the trajectories that the result was computed from" in done.err) == (1, True)


# What a trajectory holds


def test_tools_are_not_called_again_and_strings_stay_strings(tmp_path: Path) -> None:
    problem = {"id": "p", "text": "read:door count:door read:gate read:wall", "answers": "str int str str"}
    tasks = suite(tmp_path / "s", [problem], environment="support.replay_stage:house")
    with stage(tmp_path) as run:
        done = run(
            "--task", "tiny", "--tasks-dir", str(tasks), "--agent", "support.replay_stage:Types", "--llm", "scripted"
        )
        assert done.code == 0, done.err
        assert done.result["headline"]["value"] == 1
        record = samples(done.folder, "one")["p"]
        assert [step.get("value") for step in steps(record, "tool")] == ["42", None, "true", '{"a": 1}']
        made = len(replay_stage.CALLS)
        replayed = ("trajectories", "replay", str(done.folder), "--tasks-dir", str(tasks))
        same(run.command(*replayed, "--agent", "support.replay_stage:Types"), 1)
        assert len(replay_stage.CALLS) == made
        unknown = run.command(*replayed)
        assert (unknown.code, "unknown agent 'types'" in unknown.err) == (2, True)
        other = run.command(*replayed, "--agent", "react")
        assert (other.code, "the result is one of the agent 'types'" in other.err) == (2, True)


def test_what_was_found_out_once_a_run_cannot_be_replayed(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        folder = solved(run, "--task", TASK, "--agent", "atc", "--set", "mode=notebook", "--limit", "1")
        done = run.command("trajectories", "replay", str(folder))
        assert (done.code, "that is part of no trajectory" in done.err) == (2, True)
