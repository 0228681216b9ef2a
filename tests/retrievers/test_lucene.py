"""Lucene's BM25: what is said where pyserini or Java is missing or too old (scores: real/test_lucene_scores.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolbench_eval.errors import UsageError
from toolbench_eval.retrievers import lucene
from toolbench_eval.retrievers.load import load_model


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command `java` of our own, the only one on the path."""
    command = tmp_path / "java"
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return command


def says(command: Path, line: str, status: int = 0) -> None:
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f"#!/bin/sh\necho '{line}' >&2\nexit {status}\n")
    command.chmod(0o755)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ("no such thing", None),
    ],
)
def test_java_version_is_read(java: Path, line: str, expected: int | None) -> None:
    says(java, line)
    assert lucene.java_found() == expected


def test_no_java_and_a_broken_java(java: Path) -> None:
    assert lucene.java_found() is None
    says(java, 'openjdk version "17.0.1"', status=1)
    assert lucene.java_found() is None


def test_java_home_wins(java: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(java, 'openjdk version "11.0.1"')
    says(tmp_path / "home" / "bin" / "java", 'openjdk version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert lucene.java_found() == 21


@pytest.mark.parametrize(
    ("pyserini", "needed"), [("0.22.1", 11), ("0.25.0", 11), ("0.34.9", 11), ("0.35.0", 21), ("1.6.0", 21), ("2.0", 21)]
)
def test_java_needed_by_each_pyserini(pyserini: str, needed: int) -> None:
    assert lucene.java_needed(pyserini) == needed


def test_too_old_java_is_told_with_both_ways_out(java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lucene, "version", lambda _: "1.6.0")
    says(java, 'openjdk version "17.0.15"')
    with pytest.raises(UsageError, match=r"pyserini 1\.6\.0 needs Java 21 or newer, found Java 17.*'pyserini<0\.35'"):
        lucene.check_java()
    says(java, 'java version "1.8.0_402"')
    with pytest.raises(UsageError, match=r"found Java 8: install it$"):
        lucene.check_java()
    java.unlink()
    with pytest.raises(UsageError, match="there is none: set JAVA_HOME or PATH"):
        lucene.check_java()


def test_fitting_java_is_accepted(java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lucene, "version", lambda _: "0.25.0")
    says(java, 'openjdk version "17.0.15"')
    lucene.check_java()


def test_missing_pyserini_is_told_when_the_model_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> str:
        raise lucene.PackageNotFoundError

    monkeypatch.setattr(lucene, "version", absent)
    model = load_model("bm25-lucene")
    assert model.setting["options"] == {"k1": 0.9, "b": 0.4}
    with pytest.raises(UsageError, match=r"pip install 'toolbench-eval\[lucene\]'.*The model 'bm25' needs neither"):
        model.index_bytes  # noqa: B018 - the first use loads
