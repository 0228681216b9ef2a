"""Runs the command line as users do: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """The environment without what changes the program, with the checkout first on the path and a cache of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EVALHARNESS", "HF_"))}
    kept.pop("COLUMNS", None)
    cache = f"{more['HF_HOME']}-evalharness" if "HF_HOME" in more else os.environ["EVALHARNESS_CACHE"]
    kept["EVALHARNESS_CACHE"] = cache
    paths = [str(ROOT), *filter(None, [more.pop("PYTHONPATH", "")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "HF_HUB_DISABLE_TELEMETRY": "1", **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "toolbench_eval", *arguments]


def python(
    *arguments: str,
    cwd: Path,
    env: dict[str, str] | None = None,
    preexec_fn: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment() if env is None else env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        preexec_fn=preexec_fn,
        stdin=subprocess.DEVNULL,
    )


def evalharness(
    *arguments: str,
    cwd: Path,
    env: dict[str, str] | None = None,
    preexec_fn: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `evalharness` to its end."""
    env = environment(HF_HOME=str(cwd / ".hf")) if env is None else env
    return python("-m", "toolbench_eval", *arguments, cwd=cwd, env=env, preexec_fn=preexec_fn)


def files_below(folder: Path) -> dict[str, bytes]:
    """Path and content of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
