"""Nothing heavy is imported before it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import evalharness, python

HEAVY = ("numpy", "torch", "transformers", "datasets", "pandas", "pyarrow", "sklearn", "huggingface_hub", "bm25s")
PROBE = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))
from toolbench_eval.cli.main import main
main()
"""


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """Modules in memory when a command ends."""
    done = python("-c", PROBE, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("run", "--help"),
        ("tasks", "list"),
        ("tasks", "list", "--json"),
        ("models", "list"),
        ("models", "list", "--json"),
    ],
    ids=" ".join,
)
def test_looking_around_imports_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    modules = loaded(*arguments, cwd=tmp_path)
    assert not modules & set(HEAVY)
    # No schema of ours either. Newer versions of typer read every argument with pydantic themselves.
    assert not {name for name in modules if name in ("toolbench_eval.suites", "toolbench_eval.cards")}
    assert "pydantic" not in modules or "typer._adapters" in modules


def test_scoring_again_loads_no_model_and_no_data_library(tmp_path: Path) -> None:
    assert evalharness("run", "--task", "sample/trips", "--model", "bm25", cwd=tmp_path).returncode == 0
    modules = loaded("rescore", "results", "--instruction", "with", cwd=tmp_path)
    # pandas is not ours: pyarrow imports it by itself where it is installed.
    assert not modules & (set(HEAVY) - {"numpy", "pyarrow", "pandas"})
    assert not {name for name in modules if name.startswith(("toolbench_eval.retrievers", "toolbench_eval.data.hub"))}
