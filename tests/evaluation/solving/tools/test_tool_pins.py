"""Pins of tool use: problems, or an environment, that are not the pinned ones are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from support.agent_stage import stage
from support.command import ROOT, environment, evalharness
from support.tool_agents import script
from support.tool_suite import AGENT, PEN, suite


def written(folder: Path, **changes: Any) -> Path:
    """A suite of two problems, its first changed."""
    first = {"id": "a", "text": script(("price", PEN), answer="3"), "answers": ["3"]}
    second = {"id": "b", "text": script(answer="no"), "answers": ["yes"]}
    return suite(folder, [first | changes, second])


def test_other_problems_and_another_shop_are_refused(tmp_path: Path):
    folder = written(tmp_path / "tiny")
    place = ("--tasks-dir", str(folder))
    pinned = evalharness(
        "data",
        "pin",
        "tiny",
        *place,
        "--out",
        str(folder / "pins.toml"),
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT / "tests")),
    )
    assert pinned.returncode == 0, pinned.stderr
    pins = tomllib.loads((folder / "pins.toml").read_text(encoding="utf-8"))["tiny/one"]
    assert pins.keys() == {"rows", "queries", "documents"}
    command = ("--task", "tiny", *place, *AGENT)
    with stage(tmp_path) as run:
        done = run(*command)
        assert done.code == 0, done.err
        task = done.result["tasks"]["tiny/one"]
        assert (task["queries_fingerprint"], task["corpus_fingerprint"]) == (pins["queries"], pins["documents"])

        written(folder, answers=["4"])
        refused = run(*command)
        assert refused.code == 2
        assert "the data of 'tiny/one' is not what was pinned (queries: " in refused.err

        written(folder, setup={"prices": {"pen": 5}})
        assert run(*command).code == 2
        assert run(*command, "--limit", "1").code == 0  # a part is not what the pins speak of


def test_the_first_state_of_the_world_is_part_of_what_answers(tmp_path: Path):
    found = []
    for price in (3, 5):
        folder = written(tmp_path / "tiny", setup={"prices": {"pen": price}})
        with stage(tmp_path) as run:
            done = run("--task", "tiny", "--tasks-dir", str(folder), *AGENT, "--out", str(tmp_path / f"r{price}"))
            assert done.code == 0, done.err
            found.append(done.result["tasks"]["tiny/one"]["corpus_fingerprint"])
    assert found[0] != found[1]
