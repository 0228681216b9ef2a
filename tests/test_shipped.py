"""Where shipped data lies: inside the package (wheel) or beside it (checkout, editable install)."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolbench_eval import shipped as module
from toolbench_eval.errors import StorageError
from toolbench_eval.registry import Registry
from toolbench_eval.shipped import shipped


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site" / "toolbench_eval"
    folder.mkdir(parents=True)
    monkeypatch.setattr(module, "PACKAGE", folder)
    return folder


def test_this_installation_has_all_of_it():
    assert (shipped("tasks") / "sample" / "suite.toml").is_file()
    assert (shipped("corpora") / "sample.toml").is_file()


def test_a_checkout_has_it_beside_the_package(package: Path):
    (package.parent / "tasks").mkdir()
    assert shipped("tasks") == package.parent / "tasks"


def test_a_wheel_has_it_inside_the_package(package: Path):
    for folder in (package / "shipped" / "tasks", package.parent / "tasks"):
        folder.mkdir(parents=True)
    # Beside an installed package lies site-packages, where `tasks` would be somebody else's.
    assert shipped("tasks") == package / "shipped" / "tasks"


def test_a_broken_installation_says_what_to_do(package: Path):
    with pytest.raises(StorageError, match="'corpora' that ships with toolbench_eval is missing: reinstall"):
        shipped("corpora")


def test_the_registry_reads_the_layout_of_a_wheel(package: Path, monkeypatch: pytest.MonkeyPatch):
    suite = package / "shipped" / "tasks" / "tiny"
    suite.mkdir(parents=True)
    (package / "shipped" / "corpora").mkdir()
    (suite / "suite.toml").write_text('name = "tiny"\nversion = "1"\ncorpus = "c"\n[files]\nqueries = "q.jsonl"\n')
    (suite / "tasks.csv").write_text("task\na\n")
    registry = Registry()
    assert list(registry.suite_files) == ["tiny"]
    assert registry.corpus_files == {}
