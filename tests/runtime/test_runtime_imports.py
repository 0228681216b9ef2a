"""The runtime is imported where agents run, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import environment, python

CODE = """
import sys
{}
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("inspect_ai", "anyio", "openai")))
"""


@pytest.mark.parametrize(
    "code",
    [
        "import toolbench_eval",
        "import toolbench_eval.llms.runtime_provider, toolbench_eval.llms.load",
        "import toolbench_eval.runtime.samples, toolbench_eval.runtime.door",
    ],
    ids=["package", "models", "samples"],
)
def test_modules_import_it_in_functions_only(tmp_path: Path, code: str) -> None:
    env = environment(PYTHONPATH=str(Path(__file__).parents[1]))
    done = python("-c", CODE.format(code), cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_help_does_not_import_it(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['evalharness', '--help']; from toolbench_eval.cli.main import main; main()"
    done = python("-X", "importtime", "-c", code, cwd=tmp_path)
    assert done.returncode == 0
    assert "toolbench_eval.cli.main" in done.stderr
    assert "inspect_ai" not in done.stderr
    assert "toolbench_eval.runtime" not in done.stderr
