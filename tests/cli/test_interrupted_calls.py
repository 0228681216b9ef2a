"""Ctrl-C ends a run at once, whatever an endpoint does; what was answered is kept."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import command, environment, evalharness
from support.endpoint import EndpointServer

INTERRUPTED = "error: interrupted; what is finished is kept, the same command continues\n"
RERANK = ("--model", "bm25>rankgpt:openai-api/local/m")
EMBED = ("--model", "mine", "--tasks-dir", "own")
SOLVE = ("--agent", "direct", "--llm", "openai-api/local/m")
SEARCH = ("--agent", "rag", "--llm", "scripted", "--model", "mine", "--tasks-dir", "own")


@pytest.fixture
def server():
    with EndpointServer() as running:
        yield running


def place(folder: Path, server: EndpointServer) -> dict[str, str]:
    card = folder / "own" / "models" / "mine.toml"
    card.parent.mkdir(parents=True)
    card.write_text('name = "mine"\nfamily = "hosted"\n[options]\nendpoint = "openai-api/local/e"\nbatch = 4\n')
    cache = {"EVALHARNESS_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hf")}
    return environment(**server.env(), **cache)


def started(*arguments: str, folder: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    """A run that hears of Ctrl-C, which the background job of a shell, and its children, do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        pipe = subprocess.PIPE
        return subprocess.Popen(command("run", *arguments), cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--task", "sample/trips", "--instruction", "without", *RERANK),
        ("--task", "sample/trips", "--instruction", "without", *EMBED),
        ("--task", "sample-mhqa/bridge", *SOLVE),
        ("--task", "sample-mhqa/bridge", *SEARCH),
    ],
    ids=["reranker", "embeddings", "agent", "agent's search"],
)
def test_ctrl_c_at_an_endpoint_that_never_answers(
    tmp_path: Path, server: EndpointServer, arguments: tuple[str, ...]
) -> None:
    env = place(tmp_path, server)
    server.hang()
    process = started(*arguments, folder=tmp_path, env=env)
    try:
        wait_for(lambda: server.at_once > 0, process)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=20)[1]  # a call of the endpoint may take ten minutes
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors == INTERRUPTED


def test_what_was_answered_before_is_not_asked_again(tmp_path: Path, server: EndpointServer) -> None:
    env = place(tmp_path, server)
    run = ("--task", "sample/trips", "--instruction", "without", "--concurrency", "1", *EMBED)
    server.hang(match=lambda body: len(server.requests) > 3)
    process = started(*run, folder=tmp_path, env=env)
    try:
        wait_for(lambda: len(server.requests) == 4, process)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=20)[1]
    finally:
        process.kill()
    assert (process.returncode, errors) == (130, INTERRUPTED)
    answered = {text for body in server.requests[:3] for text in body["input"]}
    server.heal()
    done = evalharness("run", *run, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert answered.isdisjoint(text for body in server.requests for text in body["input"])
