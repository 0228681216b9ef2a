"""What is installed from a wheel does what the checkout does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.command import ROOT, environment, evalharness, files_below

pytest.importorskip("hatchling", reason="building the wheel needs hatchling (extra dev)")
pytest.importorskip("build", reason="building the wheel needs build (extra dev)")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    options = ("--wheel", "--no-isolation", "--outdir", str(out), str(ROOT))
    done = subprocess.run([sys.executable, "-m", "build", *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, and nothing of the checkout on the path."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True)
    return target


def in_wheel(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**environment(), "PYTHONPATH": str(installed)}
    probe = "import toolbench_eval, sys; print(toolbench_eval.__file__)"
    where = subprocess.run([sys.executable, "-c", probe], cwd=cwd, env=env, capture_output=True, text=True, check=True)
    assert Path(where.stdout.strip()).is_relative_to(installed)
    command = [sys.executable, "-m", "toolbench_eval", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_everything_that_ships_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    for kind in ("tasks", "corpora", "leaderboards"):
        for name, content in files_below(ROOT / kind).items():
            assert inside.get(f"toolbench_eval/shipped/{kind}/{name}") == content, name
    for path in (ROOT / "toolbench_eval/models").glob("*.toml"):
        assert f"toolbench_eval/models/{path.name}" in inside
    assert "toolbench_eval/py.typed" in inside
    assert json.loads(inside["toolbench_eval/results/result.schema.json"])["title"] == "Result"


def test_no_more_than_that_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("METADATA"))).decode()
    assert all(top == "toolbench_eval" or top.endswith(".dist-info") for top in tops)
    assert "License-Expression: Apache-2.0" in metadata
    assert "License-File: LICENSE" in metadata


@pytest.mark.parametrize("arguments", [("tasks", "list", "--json"), ("models", "list", "--json"), ("--version",)])
def test_the_wheel_knows_what_the_checkout_knows(installed: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    there = in_wheel(installed, *arguments, cwd=tmp_path)
    assert there.returncode == 0, there.stderr
    assert there.stdout == evalharness(*arguments, cwd=tmp_path).stdout


def test_the_wheel_comes_to_the_same_result(installed: Path, tmp_path: Path) -> None:
    arguments = ("run", "--task", "sample", "--model", "bm25", "--json")
    there = in_wheel(installed, *arguments, "--out", "there", cwd=tmp_path)
    assert there.returncode == 0, there.stderr
    here = evalharness(*arguments, "--out", "here", cwd=tmp_path)
    ours, theirs = (json.loads(done.stdout)["results"] for done in (here, there))
    assert [one["identity"] for one in ours] == [one["identity"] for one in theirs]
    assert not os.path.lexists(installed / "toolbench_eval/shipped/tasks/sample/results")
