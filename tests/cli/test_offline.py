"""`--offline` holds for every library of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.command import environment

CODE = """
import sys
import huggingface_hub.constants as constants
sys.argv = ["evalharness", *sys.argv[1:]]
from toolbench_eval.cli.main import main
try:
    main()
except SystemExit as end:
    print("code", end.code, "offline", constants.HF_HUB_OFFLINE)
"""


@pytest.mark.parametrize("offline", [True, False])
def test_libraries_that_were_imported_before_are_kept_offline_too(tmp_path: Path, offline: bool) -> None:
    arguments = ["run", "--task", "sample/darkroom", "--model", "random", "--dry-run", "--json"]
    command = [sys.executable, "-c", CODE, *arguments, *(["--offline"] if offline else [])]
    env = environment(HF_HOME=str(tmp_path))
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == f"code 0 offline {offline}"
