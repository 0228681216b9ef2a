"""Pools of experience from stored runs of 360°REA, as users make and use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import LLM, Stage, samples, stage
from support.command import evalharness
from support.endpoint import EndpointServer, scripted_reader, told

from toolbench_eval.agents.rea360.experience import read_pool

LOOKUP, CHAIN = "sample-tools/lookup", "sample-tools/chain"


def crew(run: Stage, task: str, *arguments: str) -> Any:
    return run("--task", task, "--agent", "rea360", "--llm", "scripted", "--max-failures", "1", *arguments)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as at:
        yield at


def test_a_pool_from_one_task_helps_with_another_and_is_refused_for_its_own(tmp_path: Path) -> None:
    rea = ("--agent", "rea360", "--llm", "scripted")
    assert evalharness("run", "--task", LOOKUP, *rea, "--limit", "3", "--out", "train", cwd=tmp_path).returncode == 0
    made = evalharness("trajectories", "lessons", "train", "--llm", "scripted", "--out", "pool.json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(
        "3 samples gave lessons, 0 were there, 0 have no crew; the pool 'sample-tools/lookup ("
    )
    used = ("--set", "pool=pool.json", "--limit", "2")
    done = evalharness("run", "--task", CHAIN, *rea, *used, "--out", "test", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = evalharness("trajectories", "show", "test", "--limit", "1", cwd=tmp_path)
    assert "sum_leader" in shown.stdout
    assert '"entries": 3, "used": 3, "leak": false' in " ".join(shown.stdout.split())
    assert evalharness("trajectories", "replay", "test", cwd=tmp_path).returncode == 0
    refused = evalharness("run", "--task", LOOKUP, *rea, *used, cwd=tmp_path)
    assert (refused.returncode, "holds experience with 1 of the tasks to be solved" in refused.stderr) == (2, True)


def test_entries_are_the_samples_in_order_without_anything_gold(run: Stage, tmp_path: Path) -> None:
    folder = crew(run, LOOKUP, "--limit", "4").folder
    pool = tmp_path / "pool.json"
    made = run.command("trajectories", "lessons", str(folder), "--llm", "scripted", "--out", str(pool), "--json")
    assert made.code == 0, made.err
    found = made.json
    assert {name: found[name] for name in ("entries", "written", "there", "left_out")} == {
        "entries": 4,
        "written": 4,
        "there": 0,
        "left_out": 0,
    }
    records = samples(folder, "lookup")
    read = read_pool(pool)
    assert [entry.task for entry in read.entries] == [record["gold"]["text"] for record in records.values()]
    assert read.split == found["split"]
    assert all(entry.leader and len(entry.members) == 2 for entry in read.entries)


def test_what_is_there_is_not_written_again_and_another_run_is_added_by_name(run: Stage, tmp_path: Path) -> None:
    first, second = crew(run, LOOKUP, "--limit", "3").folder, crew(run, CHAIN, "--limit", "2").folder
    pool = tmp_path / "pool.json"

    def lessons(folder: Path, *more: str) -> Any:
        return run.command(
            "trajectories", "lessons", str(folder), "--llm", "scripted", "--out", str(pool), "--json", *more
        )

    assert lessons(first, "--split", "mine", "--limit", "2").json["written"] == 2
    on = lessons(first, "--split", "mine").json
    assert (on["written"], on["there"], on["entries"]) == (1, 2, 3)
    before = pool.read_bytes()
    assert lessons(first, "--split", "mine").json["written"] == 0
    assert pool.read_bytes() == before
    refused = lessons(second)
    assert (refused.code, "holds experience with 'mine'" in refused.err) == (2, True)
    assert lessons(second, "--split", "mine").json["entries"] == 5


def test_an_endpoint_that_fails_keeps_what_was_written(tmp_path: Path) -> None:
    pool = tmp_path / "pool.json"
    with EndpointServer(reply=scripted_reader) as server, stage(tmp_path, server) as run:
        folder = crew(run, LOOKUP, "--limit", "3").folder
        text = list(samples(folder, "lookup").values())[2]["gold"]["text"]
        server.fail(500, match=told(text))
        lessons = ("trajectories", "lessons", str(folder), "--llm", LLM, "--out", str(pool), "--concurrency", "1")
        broken = run.command(*lessons)
        assert broken.code == 3
        assert len(read_pool(pool).entries) == 2
        server.heal()
        mended = run.command(*lessons, "--json")
        assert (mended.json["written"], mended.json["there"]) == (1, 2)
        assert len(server.requests) == 4  # leader's lesson, guidance, two members


def test_the_crew_is_shown_scores_with_their_meaning_and_roles_may_have_models(tmp_path: Path) -> None:
    with EndpointServer(reply=scripted_reader) as server, stage(tmp_path, server) as run:
        folder = crew(run, LOOKUP, "--limit", "1").folder
        lessons = ("trajectories", "lessons", str(folder), "--out", str(tmp_path / "pool.json"))
        done = run.command(*lessons, "--llm", "scripted", "--llm", f"leader={LLM}")
        assert done.code == 0, done.err
        assert len(server.requests) == 2  # the leader's
        told_of = server.requests[0]["messages"][1]["content"]
        assert "success: the task is done, as the way of scoring of its task says" in told_of
        assert "success 0.00" in told_of
        [record] = samples(folder, "lookup").values()
        assert not any(answer in told_of for answer in record["gold"]["answers"])


def test_what_gives_no_lessons(run: Stage, tmp_path: Path) -> None:
    other = run("--task", LOOKUP, "--agent", "react", "--llm", "scripted", "--limit", "1").folder
    lessons = ("--out", str(tmp_path / "pool.json"), "--llm", "scripted")
    refused = run.command("trajectories", "lessons", str(other), *lessons)
    assert (refused.code, "lessons are written after runs of rea360, this is one of react" in refused.err) == (2, True)
    folder = crew(run, LOOKUP, "--limit", "1").folder
    role = run.command("trajectories", "lessons", str(folder), *lessons, "--llm", "writer=scripted")
    assert (role.code, "unknown role of the agent rea360 'writer'" in role.err) == (2, True)
    without = crew(run, LOOKUP, "--limit", "2", "--token-limit", "1").folder
    done = run.command("trajectories", "lessons", str(without), *lessons, "--json")
    assert (done.json["written"], done.json["left_out"]) == (0, 2)
    assert not (tmp_path / "pool.json").exists()
    (tmp_path / "pool.json").write_text(json.dumps({"experience": []}))
    broken = run.command("trajectories", "lessons", str(folder), *lessons)
    assert (broken.code, "field 'split'" in broken.err) == (2, True)
