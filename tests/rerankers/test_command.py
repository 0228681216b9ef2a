"""The command line over an endpoint: a pipeline runs, fails clearly, and goes on where it was killed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from support.command import command, environment, evalharness, files_below
from support.endpoint import Body, EndpointServer

RUN = ("run", "--task", "sample/trips", "--model", "bm25>rankgpt:openai-api/local/m", "--instruction", "without")
NUMBERED = re.compile(r"\[(\d+)\] (.*)", re.DOTALL)


def longest_first(body: Body) -> str:
    sent = [NUMBERED.fullmatch(message["content"]) for message in body["messages"] if message["role"] == "user"]
    ranked = sorted((-len(found[2]), int(found[1])) for found in sent if found)
    return " > ".join(f"[{number}]" for _, number in ranked)


@pytest.fixture
def server():
    with EndpointServer(reply=longest_first) as running:
        yield running


def variables(server: EndpointServer, folder: Path) -> dict[str, str]:
    cache = {"EVALHARNESS_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hf")}
    return environment(**server.env(), **cache)


def canonical(folder: Path) -> dict[str, object]:
    """Every file of the results; of a result its canonical part."""
    found: dict[str, object] = dict(files_below(folder))
    for name, content in files_below(folder).items():
        if name.endswith("result.json"):
            found[name] = {key: value for key, value in json.loads(content).items() if key != "execution"}
    return found


def asked(server: EndpointServer) -> Counter[str]:
    return Counter(json.dumps(body["messages"]) for body in server.requests)


def test_killed_and_started_again(server, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    finished = evalharness(*RUN, "--json", cwd=whole, env=variables(server, whole))
    assert finished.returncode == 0, finished.stderr
    result = json.loads(finished.stdout)["results"][0]
    assert result["model"] == "bm25>rankgpt:openai-api/local/m"
    assert result["model_setting"]["reranker"]["options"]["prompt"] == "listwise-1"
    expected = asked(server)
    assert set(expected.values()) == {1}

    server.requests.clear()
    server.latency = 0.1
    process = subprocess.Popen(
        command(*RUN), cwd=killed, env=variables(server, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while len(server.requests) < len(expected) // 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.latency = 0.0
    time.sleep(0.3)  # the calls that were open end without anybody to read them
    again = evalharness(*RUN, cwd=killed, env=variables(server, killed))
    assert again.returncode == 0, again.stderr
    counts = asked(server)
    assert counts.keys() == expected.keys()
    assert sum(count - 1 for count in counts.values()) <= server.most_at_once  # only calls that were open
    assert canonical(killed / "results") == canonical(whole / "results")

    server.requests.clear()
    third = tmp_path / "third"
    third.mkdir()
    shared = variables(server, killed)
    assert evalharness(*RUN, cwd=third, env=shared).returncode == 0
    assert server.requests == []
    assert canonical(third / "results") == canonical(whole / "results")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda server: server.fail(401, text="wrong key sk-secret"), "refused the request: 401"),
        (lambda server: server.fail(429, retry_after="3600"), "http_429 x 1"),
    ],
)
def test_an_endpoint_that_fails_is_exit_code_3(server, tmp_path, fault, message):
    fault(server)
    failed = evalharness(*RUN, cwd=tmp_path, env=variables(server, tmp_path))
    assert failed.returncode == 3
    assert message in failed.stderr
    assert "openai-api/local at 127.0.0.1/v1 (model 'm')" in failed.stderr
    assert "sk-secret" not in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not list(tmp_path.rglob("result.json"))


def test_an_endpoint_that_is_not_named_is_exit_code_2(server, tmp_path):
    kept = {name: value for name, value in variables(server, tmp_path).items() if name != "LOCAL_BASE_URL"}
    failed = evalharness(*RUN, cwd=tmp_path, env=kept)
    assert failed.returncode == 2
    assert "LOCAL_BASE_URL" in failed.stderr
