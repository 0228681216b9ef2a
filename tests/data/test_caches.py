"""What lies in caches, and removing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolbench_eval.data.caches import chosen, entries, remove
from toolbench_eval.errors import StorageError, UnknownNameError


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the harness that other tests have left nothing in."""
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "own"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache with one data set and one model, as huggingface-hub lays them out."""
    root = tmp_path / "hub"
    for name, size in (("datasets--own--tools", 300), ("models--own--encoder", 50)):
        commit = root / name / "snapshots" / ("a" * 40)
        (root / name / "blobs").mkdir(parents=True)
        (root / name / "refs").mkdir()
        commit.mkdir(parents=True)
        (root / name / "blobs" / "b1").write_bytes(b"x" * size)
        (root / name / "refs" / "main").write_text("a" * 40)
        (commit / "file.bin").symlink_to(root / name / "blobs" / "b1")
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(root), raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(root))
    return root


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Results: one finished, one that was interrupted."""
    unfinished = tmp_path / "results" / "sample" / "bm25" / "with-1.partial" / "runs"
    unfinished.mkdir(parents=True)
    (unfinished / "a.parquet").write_bytes(b"x" * 7)
    (tmp_path / "results" / "sample" / "bm25" / "without-2").mkdir()
    return tmp_path / "results"


def test_everything_is_listed(cache: Path, out: Path):
    found = {(entry.kind, entry.name): (entry.size, entry.path) for entry in entries(out)}
    assert found == {
        ("model", "own/encoder"): (50, cache / "models--own--encoder"),
        ("dataset", "own/tools"): (300, cache / "datasets--own--tools"),
        ("unfinished", "sample/bm25/with-1.partial"): (7, out / "sample" / "bm25" / "with-1.partial"),
    }


def test_nothing_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(tmp_path / "no"), raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "no"))
    assert entries(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["own/tools"], {"own/tools"}),
        (["dataset", "own/encoder"], {"own/tools", "own/encoder"}),
        (["unfinished"], {"sample/bm25/with-1.partial"}),
    ],
)
def test_names_and_kinds(cache: Path, out: Path, names: list[str], expected: set[str]):
    assert {entry.name for entry in chosen(names, out)} == expected


def test_unknown_names(cache: Path, out: Path):
    with pytest.raises(UnknownNameError, match=r"unknown cache entry 'own/tool'\. Did you mean own/tools"):
        chosen(["own/tool"], out)


def test_removing_leaves_the_rest(cache: Path, out: Path):
    for entry in chosen(["own/tools", "unfinished"], out):
        remove(entry)
    assert [entry.name for entry in entries(out)] == ["own/encoder"]
    assert (out / "sample" / "bm25" / "without-2").is_dir()


def test_a_disk_that_refuses(cache: Path, out: Path):
    (entry,) = chosen(["own/tools"], out)
    remove(entry)
    with pytest.raises(StorageError, match="cannot remove"):
        remove(entry)
