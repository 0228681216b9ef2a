"""The same inputs give the same result, however the samples were solved."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from support.agent_stage import LLM, canonical, samples, stage
from support.endpoint import Body, EndpointServer, scripted_reader, told

RUN = ("--task", "sample-mhqa/bridge", "--task", "sample-mhqa/chain", "--agent", "genground", "--model", "bm25")
MORE = ("--llm", LLM, "--limit", "6")


def unpunctual(body: Body) -> str:
    """Answers that come in another order than they were asked for."""
    time.sleep(random.random() * 0.02)
    return scripted_reader(body)


def digests(result: dict[str, Any]) -> dict[str, str]:
    return {name: task["solved"]["samples_digest"] for name, task in result["tasks"].items()}


def test_concurrency_folder_cache_and_interruptions_change_nothing(tmp_path: Path) -> None:
    results, times = {}, {}
    for name, concurrency in (("one at a time", "1"), ("sixteen at a time", "16"), ("interrupted", "4")):
        folder = tmp_path / name
        folder.mkdir()
        with EndpointServer(unpunctual) as server, stage(folder, server) as run:
            if name == "interrupted":
                for town in ("Kestrel", "Pellworth"):
                    server.fail(503, match=told(town))
                failed = run(*RUN, *MORE, "--concurrency", concurrency)
                assert failed.code == 3
                server.heal()
            done = run(*RUN, *MORE, "--concurrency", concurrency)
            assert done.code == 0, done.err
            results[name] = done.result
            times[name] = [one["trajectory"]["seconds"] for one in samples(done.folder).values()]
    first, second, third = results.values()
    assert canonical(first) == canonical(second) == canonical(third)
    assert first["identity"] == second["identity"] == third["identity"]
    assert digests(first) == digests(second) == digests(third)
    assert third["execution"]["resumed"] is True
    assert len({str(seconds) for seconds in times.values()}) == 3


def test_a_lost_log_is_written_anew_without_calls(tmp_path: Path) -> None:
    """All samples were solved, and the process was killed before the log was whole."""
    run_one = ("--task", "sample-mhqa/bridge", "--agent", "rag", "--model", "bm25", *MORE)
    with EndpointServer(scripted_reader) as server, stage(tmp_path, server) as run:
        judged = (*run_one, "--judge", LLM)
        server.fail(503, match=told("graded"))
        assert run(*judged).code == 3  # nobody judges: every sample is solved, no task is
        [log] = tmp_path.rglob("*.eval")
        log.unlink()
        server.heal()
        done = run(*judged)
        assert done.code == 0, done.err
        assert all("graded" in body["messages"][0]["content"] or "grade" in str(body) for body in server.requests)
        assert len(server.requests) == 6
        task = done.result["tasks"]["sample-mhqa/bridge"]
        assert task["trajectories_file"] == "trajectories/bridge.eval"
        assert (done.folder / task["trajectories_file"]).is_file()
