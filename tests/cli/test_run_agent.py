"""`evalharness run --agent` and `agents`, each command in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.agent_stage import LLM, stage
from support.command import environment, evalharness, files_below
from support.endpoint import EndpointServer, scripted_reader

AGENTS = ["direct", "cot", "rag", "react", "self-ask", "iter-retgen", "ircot", "genground", "exsearch", "dro"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, without network."""
    folder = tmp_path_factory.mktemp("demo")
    command = ("--task", "sample-mhqa", "--agent", "genground", "--llm", "scripted", "--model", "bm25", "--offline")
    done = evalharness("run", *command, cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "stdout").write_text(done.stdout)
    (folder / "stderr").write_text(done.stderr)
    return folder


def test_the_demonstration_ends_with_a_table(demo: Path) -> None:
    lines = (demo / "stdout").read_text().splitlines()
    assert lines[0].startswith("F1 0.7")
    assert lines[0].endswith("· sample-mhqa task_macro · genground · scripted · bm25")
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    assert rows["queries"][:2] == ["F1", "EM"]
    assert [rows[task][0] for task in ("bridge", "comparison", "chain")] == ["26", "18", "16"]
    [note] = (demo / "stderr").read_text().splitlines()
    assert note.startswith("written: results/sample-mhqa/genground-scripted-bm25/")


def test_its_result_is_complete(demo: Path) -> None:
    [file] = (demo / "results").rglob("result.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["partial"] is False
    assert result["headline"]["metric"] == "F1"
    names = {
        name
        for task in result["tasks"].values()
        for name in (
            *(task[f"{kind}_file"] for kind in ("run", "per_query", "qrels", "documents", "trajectories")),
            task["solved"]["samples_file"],
        )
    }
    assert (
        set(files_below(file.parent)) == names | {"result.json"} == set(result["execution"]["files"]) | {"result.json"}
    )
    assert result["execution"]["cost"]["calls"] == 60 * result["aggregates"]["micro"]["llm_calls"]


def test_the_runtimes_log_holds_every_call(demo: Path) -> None:
    from inspect_ai.log import read_eval_log

    [file] = (demo / "results").rglob("chain.eval")
    log = read_eval_log(str(file))
    assert (log.status, log.eval.task, len(log.samples or [])) == ("success", "sample-mhqa/chain", 16)
    sample = next(one for one in log.samples or [] if one.id == "chain-01")
    assert sum(event.event == "model" for event in sample.events) == len(
        [step for step in sample.store["trajectory"]["steps"] if step["step"] == "llm"]
    )
    assert (sample.scores or {}).keys() >= {"EM", "F1", "llm_calls"}


def test_an_interrupted_endpoint_is_exit_3_and_json_stays_json(tmp_path: Path) -> None:
    with EndpointServer(scripted_reader) as server:
        server.fail(400, text="unknown model")
        command = ("--task", "sample-mhqa/bridge", "--agent", "direct", "--llm", LLM, "--limit", "2", "--json")
        env = environment(EVALHARNESS_CACHE=str(tmp_path / "cache"), **server.env())
        done = evalharness("run", *command, cwd=tmp_path, env=env)
    assert done.returncode == 3
    [result] = json.loads(done.stdout)["results"]
    assert result["partial"] is True
    assert result["tasks"]["sample-mhqa/bridge"]["failed"] == 2
    assert done.stderr.startswith("kept and marked: results/sample-mhqa/direct-openai-api_local_reader-none/")
    assert "error: 2 of 2 samples of sample-mhqa failed; the first: bridge-01: " in done.stderr


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    with stage(tmp_path_factory.mktemp("listed")) as run:
        return {row["agent"]: row["what"] for row in run.command("agents", "list", "--json").json}


@pytest.mark.parametrize("agent", AGENTS)
def test_every_agent_is_listed_and_shown(tmp_path: Path, listed: dict[str, str], agent: str) -> None:
    with stage(tmp_path) as run:
        shown = run.command("agents", "show", agent, "--json").json
        text = run.command("agents", "show", agent).out
    assert listed[agent]
    assert (shown["agent"], bool(shown["prompts"])) == (agent, True)
    assert {"option", "default", "paper", "released", "values", "meaning"} == shown["options"][0].keys()
    assert all(option["meaning"] for option in shown["options"])
    assert text.startswith(f"{agent}\n\n{listed[agent]}")
    assert all(option["option"] in text for option in shown["options"])


def test_roles_are_shown(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        assert run.command("agents", "show", "dro", "--json").json["roles"] == ["selector", "generator"]
        assert "roles: selector, generator (each may have a model of its own: --llm selector=L)" in (
            run.command("agents", "show", "dro").out
        )
        lost = run.command("agents", "show", "drro")
        assert (lost.code, "Did you mean dro" in lost.err) == (2, True)
