"""The runtime is imported by nobody but the process that keeps the log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.command import environment

CODE = """
import sys
{}
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("inspect_ai", "anyio", "openai")))
"""
RUN = """
from support.agents import OddLLM, Question, ask
from toolbench_eval.runtime.samples import run_samples
from pathlib import Path
run_samples([Question("a", "b")], lambda item, llms: {}, {"reader": OddLLM()}, name="t", log_file=Path("t.eval"))
assert Path("t.eval").stat().st_size
"""


@pytest.mark.parametrize(
    "code",
    ["import toolbench_eval", "import toolbench_eval.llms.runtime_provider, toolbench_eval.llms.load", RUN],
    ids=["package", "models", "run"],
)
def test_inspect_stays_out_of_this_process(tmp_path: Path, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(code)],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(Path(__file__).parents[1])),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_help_does_not_import_it(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['evalharness', '--help']; from toolbench_eval.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "toolbench_eval.cli.main" in done.stderr
    assert "inspect_ai" not in done.stderr
    assert "toolbench_eval.runtime" not in done.stderr
