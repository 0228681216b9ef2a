"""A folder with tools of a kitchen."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.kitchen import KITCHEN

from toolbench_eval.toolset.importing import import_toolset
from toolbench_eval.toolset.reading import Source


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of tools, on the path, and its corpus."""
    name = f"kitchen_{abs(hash(tmp_path)) % 10**9}"  # modules of different tests must not be one
    (tmp_path / f"{name}.py").write_text(KITCHEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import_toolset(Source(f"{name}:kitchen"), tmp_path / "kitchen")
    (tmp_path / "name").write_text(name)
    return tmp_path
