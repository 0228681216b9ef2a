"""`evalharness reproduce` of agents' results: the same command again, or why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import evalharness

from toolbench_eval.results.schema import identity_of
from toolbench_eval.results.store import find_result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a result, options and limits set."""
    folder = tmp_path_factory.mktemp("reproduce")
    asked = ("--task", "sample-mhqa/chain", "--agent", "rag", "--llm", "scripted", "--set", "k=3", "--limit", "4")
    done = evalharness("run", *asked, "--token-limit", "9000", "--metrics", "gold_recall@2", "--offline", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def edited(folder: Path, place: Path, change) -> None:
    result = json.loads(find_result(folder / "results").read_text())
    change(result)
    result["identity"] = identity_of(result)
    (place / "result.json").write_text(json.dumps(result))


def test_a_result_comes_out_the_same(folder):
    done = evalharness("reproduce", "results", "--offline", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first == "same: rag · scripted · bm25 on sample-mhqa, F1"
    command = "evalharness run --task sample-mhqa/chain --agent rag --llm scripted --model bm25 --set k=3"
    assert last == f"the command: {command} --limit 4 --token-limit 9000 --metrics gold_recall@2"


def test_differences_leave_with_1(folder, tmp_path):
    def change(result: dict) -> None:
        result["tasks"]["sample-mhqa/chain"]["scores"]["F1"] = 0.99

    edited(folder, tmp_path, change)
    done = evalharness("reproduce", "result.json", "--offline", "--json", cwd=tmp_path)
    assert done.returncode == 1
    (task,) = json.loads(done.stdout)["tasks"]
    assert (task["verdict"], task["where"].split(",")[0]) == ("different", "1 of 23 measures")


def test_other_trajectories_are_not_the_same(folder, tmp_path):
    def change(result: dict) -> None:
        result["tasks"]["sample-mhqa/chain"]["solved"]["samples_digest"] = "0" * 64

    edited(folder, tmp_path, change)
    done = evalharness("reproduce", "result.json", "--offline", "--json", cwd=tmp_path)
    assert done.returncode == 0
    (task,) = json.loads(done.stdout)["tasks"]
    assert (task["verdict"], task["where"]) == ("within tolerance", "trajectories, but no score")


def test_hosted_models_are_not_asked_again(folder, tmp_path):
    def change(result: dict) -> None:
        result["llm"] = result["model_setting"]["llms"]["main"]["name"] = "openai/gpt-4o-mini"

    edited(folder, tmp_path, change)
    done = evalharness("reproduce", "result.json", "--offline", cwd=tmp_path)
    assert done.returncode == 2
    assert "'openai/gpt-4o-mini' is a hosted model" in done.stderr
    assert "evalharness trajectories replay" in done.stderr
    assert "evalharness run --task sample-mhqa/chain --agent rag --llm openai/gpt-4o-mini" in done.stderr
    assert "Traceback" not in done.stderr


CHANGES = {
    "study": (lambda r: r["task_setting"].update(perturbations=[{"factor": "x"}]), "the result is one of a study"),
    "prompts": (
        lambda r: r["model_setting"]["agent"]["prompts"].update({"rag-1": "0"}),
        "prompts of 'rag' have changed",
    ),
    "options": (lambda r: r["model_setting"]["agent"]["options"].update({"more": 1}), "has other options today"),
    "unknown": (lambda r: r.update({"agent": "mine"}), "mine"),
    "no models": (lambda r: r["model_setting"].pop("llms"), "cannot be asked for"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_cannot_be_run_again(folder, tmp_path, name):
    change, words = CHANGES[name]
    edited(folder, tmp_path, change)
    done = evalharness("reproduce", "result.json", "--offline", cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
