"""The log of runs that end otherwise: with many calls at once, a listener's error, Ctrl-C, a full disk."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.agents import OddLLM, Question, Told, ask
from support.command import environment, python
from support.endpoint import EndpointServer

from toolbench_eval.errors import StorageError
from toolbench_eval.llms.base import LLM
from toolbench_eval.llms.load import load_llm
from toolbench_eval.runtime.samples import run_samples

inspect_log = pytest.importorskip("inspect_ai.log")


def test_every_call_that_an_endpoint_received_is_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    together = threading.Barrier(64, timeout=60)

    def four_turns(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        together.wait()
        return {"texts": [ask(llms["reader"], f"{item.text}, turn {turn}").text for turn in range(4)]}

    told = Told()
    with EndpointServer(latency=0.5) as server:
        llm = load_llm("openai-api/local/m", environment=server.env(), cache=tmp_path / "cache")
        items = [Question(f"q{at:02}", f"question {at}") for at in range(64)]
        run_samples(
            items,
            four_turns,
            {"reader": llm},
            name="many",
            log_file=tmp_path / "many.eval",
            concurrency=64,
            **told.listeners,
        )
    log = inspect_log.read_eval_log(str(tmp_path / "many.eval"))
    calls = [event for sample in log.samples for event in sample.events if event.event == "model"]
    sent = sorted(body["messages"][-1]["content"] for body in server.requests)
    assert len(sent) == 256
    assert sorted(call.input[-1].text for call in calls) == sent
    assert all(call.output.completion == call.input[-1].text for call in calls)
    assert all(call.working_time > 0.4 for call in calls)
    assert all((call.completed - call.timestamp).total_seconds() > 0.4 for call in calls)
    assert all(sample.total_time > 1.6 for sample in log.samples)
    assert server.most_at_once == 64
    assert len(told.done) == 64
    assert capfd.readouterr() == ("", "")


def test_what_a_listener_raises_leaves_a_log_that_says_so(tmp_path: Path) -> None:
    def full(item: Question, result: Mapping[str, Any]) -> None:
        raise StorageError("the disk is full")

    def solve_one(item: Question, llms: Mapping[str, LLM]) -> dict[str, Any]:
        return {"prediction": ask(llms["reader"], item.text).text}

    items = [Question("first", "hello"), *(Question(f"q{at}", "wait 0.3") for at in range(6))]
    with pytest.raises(StorageError, match="the disk is full"):
        run_samples(
            items, solve_one, {"reader": OddLLM()}, name="t", log_file=tmp_path / "t.eval", concurrency=2, on_done=full
        )
    log = inspect_log.read_eval_log(str(tmp_path / "t.eval"))
    assert log.status == "cancelled"
    assert "first" in {sample.id for sample in log.samples if not sample.error}
    assert list(tmp_path.iterdir()) == [tmp_path / "t.eval"]


ENDLESS = """
import sys, time
from pathlib import Path
from support.agents import OddLLM, Question, ask
from toolbench_eval.runtime.samples import run_samples

def solve(item, llms):
    ask(llms["reader"], item.text)
    return {"prediction": "solved"}

items = [Question("first", "hello"), *(Question(f"q{at}", "wait 30") for at in range(8))]
run_samples(items, solve, {"reader": OddLLM()}, name="t", log_file=Path(sys.argv[1]), concurrency=4,
            on_done=lambda item, result: print(item.id, flush=True))
"""


def test_a_run_that_is_stopped_leaves_a_log_of_what_was_done(tmp_path: Path) -> None:
    log_file = tmp_path / "t.eval"
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(log_file)],
        env=environment(PYTHONPATH=str(Path(__file__).parents[1])),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert list(tmp_path.iterdir()) == [log_file]
    log = inspect_log.read_eval_log(str(log_file))
    assert log.status == "cancelled"
    assert {sample.id for sample in log.samples if not sample.error} == {"first"}


FULL = """
import resource, sys
from pathlib import Path
from support.agents import OddLLM, Question
from toolbench_eval.errors import StorageError
from toolbench_eval.runtime.samples import run_samples

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
noise = "".join(chr(32 + at * at * 7919 % 89) for at in range(50_000))
items = [Question(f"q{at}", "?") for at in range(400)]
try:
    run_samples(items, lambda item, llms: {"prediction": noise[int(item.id[1:]):]}, {"reader": OddLLM()}, name="t",
                log_file=Path(sys.argv[1]), concurrency=4)
except StorageError as error:
    print(error)
"""


def test_a_full_disk_ends_the_run(tmp_path: Path) -> None:
    env = environment(PYTHONPATH=str(Path(__file__).parents[1]))
    done = python("-c", FULL, str(tmp_path / "t.eval"), cwd=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"cannot write the log {tmp_path / 't.eval'}: ")
    assert "File too large" in done.stdout
