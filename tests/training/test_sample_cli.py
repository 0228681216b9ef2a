"""`evalharness trajectories sample`, as users run it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import defaultdict

import pytest
from support.command import ROOT, command, environment, evalharness
from support.endpoint import EndpointServer
from support.tiny_chat import chat_model

TASK = ["trajectories", "sample", "--task", "sample-mhqa/bridge", "--model", "bm25"]
EXSEARCH = [*TASK, "--agent", "exsearch", "--set", "k=2", "--set", "max_hops=2"]
DRO = [*TASK, "--agent", "dro", "--set", "n=3", "--set", "k=2"]
SCRIPTED = ["--llm", "scripted/support.voices:searcher", "--weight", "reward", "-m", "2"]


def run(*arguments, cwd, **more):
    env = environment(HF_HOME=str(cwd / ".hf"), PYTHONPATH=str(ROOT / "tests"), **more)
    return evalharness(*arguments, cwd=cwd, env=env)


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("torch")
    return chat_model(tmp_path_factory.mktemp("tiny") / "model", spread=0.15)


def test_exsearch_with_a_local_model(tmp_path, model):
    from toolbench_eval.llms.base import Message
    from toolbench_eval.llms.load import load_llm
    from toolbench_eval.retrievers.base import Runtime

    asked = [*EXSEARCH, "--llm", f"hf/{model}", "--set", "max_tokens=12", "-m", "3", "--limit", "2", "--device", "cpu"]
    asked += ["--temperature", "0.8", "--out", "e.jsonl"]
    done = run(*asked, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary, lines = json.loads(done.stdout), lines_of(tmp_path / "e.jsonl")
    assert (summary["questions"], summary["drawn"]) == (2, 6)
    assert summary["kept"] + summary["unparsable"] == 6
    assert summary["kept"] == len(lines) > 3
    assert summary["elbo"] == pytest.approx(summary["log_evidence"])
    weights = defaultdict(float)
    for line in lines:
        weights[line["question_id"]] += line["weight"]
    assert list(weights.values()) == [pytest.approx(1)] * len(weights)
    llm = load_llm(f"hf/{model}", runtime=Runtime(device="cpu"))
    for line in lines:
        *before, gold = [Message(turn["role"], turn["content"]) for turn in line["messages"]]
        again = llm.score(before, gold.text)
        assert (line["loglik"], line["loglik_tokens"]) == (pytest.approx(again.logprob, abs=1e-3), again.tokens)
        assert all(line["messages"][at]["role"] == "assistant" for at in line["trainable"])
        assert line["trainable"][-1] == len(line["messages"]) - 1
        assert line["meta"]["llms"]["main"]["name"] == f"hf/{model}"
        assert line["meta"]["agent"]["options"]["temperature"] == 0.8
        assert sorted(line["meta"]["agent"]["prompts"]) == ["answer-1", "exsearch-1"]
    first = [line["messages"] for line in lines if line["question_id"] == lines[0]["question_id"]]
    assert len({json.dumps(turns) for turns in first}) == len(first)  # no draw was given out for another one
    content = (tmp_path / "e.jsonl").read_bytes()
    again = run(*asked, "--json", cwd=tmp_path)
    assert json.loads(again.stdout) == summary
    assert "already there" in again.stderr
    assert (tmp_path / "e.jsonl").read_bytes() == content


def test_dro_with_a_local_generator(tmp_path, model):
    asked = [
        *DRO,
        "--llm",
        "scripted/support.voices:selector",
        "--llm",
        f"generator=hf/{model}",
        "--set",
        "max_tokens=4",
    ]
    done = run(*asked, "-m", "8", "--limit", "3", "--device", "cpu", "--out", "d.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ess" in done.stdout
    lines = lines_of(tmp_path / "d.jsonl")
    for name in {line["question_id"] for line in lines}:
        own = [line for line in lines if line["question_id"] == name]
        assert [line["kind"] for line in own] == ["select", "answer"] * (len(own) // 2)
        selections = [line for line in own if line["kind"] == "select"]
        assert sum(line["weight"] for line in selections) == pytest.approx(1)
        assert len({line["messages"][-1]["content"] for line in selections}) == len(selections)
        best = max(selections, key=lambda line: line["loglik"])
        assert best["weight"] == max(line["weight"] for line in selections)
    summary = json.loads((tmp_path / "d.jsonl.meta.json").read_text())["summary"]
    left_out = sum(summary[reason] for reason in ("unparsable", "incomplete", "duplicate", "failed"))
    assert summary["kept"] + left_out == summary["drawn"] == 24
    assert summary["kept"] == len(lines) // 2
    assert summary["format_mass"] == pytest.approx(1 - (summary["unparsable"] + summary["incomplete"]) / 24)
    assert summary["elbo"] <= summary["log_evidence"]


def test_a_killed_command_continues_and_writes_the_same(tmp_path):
    slow = [*EXSEARCH, "--llm", "scripted/support.voices:slow_searcher", *SCRIPTED[2:], "--limit", "5"]
    slow += ["--concurrency", "1", "--out", "k.jsonl"]
    (tmp_path / "whole").mkdir()
    assert run(*slow, cwd=tmp_path / "whole").returncode == 0
    env = environment(HF_HOME=str(tmp_path / ".hf"), PYTHONPATH=str(ROOT / "tests"))
    partial = tmp_path / "k.jsonl.partial"
    with subprocess.Popen(command(*slow), cwd=tmp_path, env=env, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (partial.is_file() and partial.read_bytes().count(b"\n") >= 3):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "k.jsonl").exists()
    done = run(*slow, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "of 5 questions are there" in done.stderr
    assert (tmp_path / "k.jsonl").read_bytes() == (tmp_path / "whole" / "k.jsonl").read_bytes()
    assert not partial.exists()


def test_draws_that_fail_are_told_and_tried_again(tmp_path):
    def reply(body):
        last = body["messages"][-1]["content"]
        return "Grayle" if "The search is over" in last else "<THINK> x\n<FINAL>"

    with EndpointServer(reply=reply) as server:
        asked = [*EXSEARCH, "--llm", "openai-api/local/m", *SCRIPTED[2:], "--limit", "4", "--out", "f.jsonl"]
        server.fail(400, times=3)
        done = run(*asked, "--concurrency", "1", cwd=tmp_path, **server.env())
        assert done.returncode == 3
        assert "3 of 8 draws failed" in done.stderr
        assert len(lines_of(tmp_path / "f.jsonl")) == 5
        server.heal()
        done = run(*asked, "--concurrency", "1", cwd=tmp_path, **server.env())
        assert done.returncode == 0, done.stderr
        assert "2 of 4 questions are there" in done.stderr
    lines = lines_of(tmp_path / "f.jsonl")
    assert [line["question_id"] for line in lines] == [f"bridge-0{number}" for number in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert len({body["seed"] for body in server.requests}) == len(server.requests)


def test_a_model_that_cannot_score(tmp_path):
    done = run(*EXSEARCH, "--llm", "scripted", "--out", "x.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "'scripted' cannot tell how likely" in done.stderr
    assert "--weight reward" in done.stderr
    assert not (tmp_path / "x.jsonl.partial").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--agent", "rag"], "exsearch and dro can"),
        (["--temperature", "0"], "must be above 0"),
        (["--set", "temperature=1"], "--temperature"),
        (["--tau", "0"], "must be above 0"),
        (["--set", "best_of=4"], "best_of=1"),
        (["--task", "sample"], "one suite"),
    ],
)
def test_wrong_usage(tmp_path, more, said):
    done = run(*EXSEARCH, *SCRIPTED, "--out", "x.jsonl", *more, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_another_setting_does_not_go_into_the_same_file(tmp_path):
    asked = [*EXSEARCH, *SCRIPTED, "--limit", "1", "--out", "x.jsonl"]
    assert run(*asked, cwd=tmp_path).returncode == 0
    done = run(*asked, "--seed", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "another setting (seed, task_setting differ)" in done.stderr
