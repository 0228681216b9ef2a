"""The GitHub Action: its declaration, and its script run as GitHub's runner does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command import ROOT, environment, evalharness
from support.results import sample_results

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_results(tmp_path_factory)


def substituted(text: str, inputs: dict[str, str]) -> str:
    """The text with GitHub's expressions put in: `inputs.x`, or `inputs.x || github.action_path`."""

    def value(expression: re.Match[str]) -> str:
        first, _, second = expression[1].partition(" || ")
        found = inputs[first.removeprefix("inputs.")]
        assert second in ("", "github.action_path")
        return found or (str(ROOT) if second else "")

    return EXPRESSION.sub(value, text)


def run_check(folder: Path, **given: str) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """Run the step; returns the process, the outputs and the step's summary."""
    step = STEPS["Check"]
    unknown = given.keys() - {name.replace("-", "_") for name in ACTION["inputs"]}
    assert not unknown
    inputs = {
        name: given.get(name.replace("-", "_"), declared.get("default", ""))
        for name, declared in ACTION["inputs"].items()
    }
    files = {name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    script = folder / "script.sh"
    script.write_text(step["run"])
    env = environment(GITHUB_ACTIONS="true", **{name: str(file) for name, file in files.items()})
    env |= {name: substituted(text, inputs) for name, text in step["env"].items()}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done, *(file.read_text(encoding="utf-8") for file in files.values())


def test_every_input_reaches_the_script_and_none_is_pasted_into_it() -> None:
    for step in STEPS.values():
        assert step["shell"] == "bash"
        assert not EXPRESSION.search(step["run"])
        assert {name for name in step["env"] if not re.search(rf"\${name}\b", step["run"])} == set()
    used = {
        name
        for step in STEPS.values()
        for text in step["env"].values()
        for name in re.findall(r"inputs\.([\w-]+)", text)
    }
    assert used == ACTION["inputs"].keys()
    assert ACTION["outputs"]["verdict"]["value"] == "${{ steps.check.outputs.verdict }}"
    assert STEPS["Check"]["id"] == "check"


def test_every_option_of_the_script_is_one_of_the_command() -> None:
    help_text = evalharness("check", "--help", cwd=ROOT).stdout
    options = set(re.findall(r"--[a-z-]+", STEPS["Check"]["run"]))
    assert options
    assert all(re.search(rf"{option}\b", help_text) for option in options)


def test_what_is_installed_is_the_actions_own_checkout_unless_named() -> None:
    step = STEPS["Install evalharness"]
    assert substituted(step["env"]["INSTALL"], {"install": ""}) == str(ROOT)
    assert substituted(step["env"]["INSTALL"], {"install": "toolbench-eval==1"}) == "toolbench-eval==1"
    assert (ROOT / "pyproject.toml").is_file()


def test_a_failed_gate_fails_the_step(sample: Path, tmp_path: Path) -> None:
    done, output, summary = run_check(
        tmp_path,
        candidate=str(sample / "random"),
        baseline=str(sample / "bm25"),
        instruction="with",
        per_task="true",
        junit="junit.xml",
    )
    assert done.returncode == 1
    assert output == "verdict=failed\n"
    assert "evalharness check: failed" in summary
    assert "sample/trips" in summary
    assert "::error title=" in done.stderr
    assert (tmp_path / "junit.xml").is_file()


def test_a_passed_gate_passes_and_limits_are_heeded(sample: Path, tmp_path: Path) -> None:
    places = {"candidate": str(sample / "random"), "baseline": str(sample / "bm25"), "instruction": "with"}
    done, output, summary = run_check(tmp_path, **places, max_drop="0.9", metric="R@10", task="sample/trips")
    assert done.returncode == 0, done.stderr
    assert output == "verdict=passed\n"
    assert "R@10 sample/trips" in summary


def test_inputs_are_text_and_never_code(tmp_path: Path) -> None:
    nasty = '$(touch hacked) `touch hacked`; touch hacked "x" --force'
    done, output, _ = run_check(tmp_path, candidate=nasty, baseline="--help")
    assert done.returncode == 2
    assert output == "verdict=error\n"
    assert "no such result" in done.stderr
    assert not (tmp_path / "hacked").exists()
