"""Which data is here."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.mirrors import random_benchmark, write_declaration, write_mirror

from toolbench_eval.data.availability import availability
from toolbench_eval.data.sources import Access
from toolbench_eval.registry import Registry


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry((write_declaration(tmp_path / "tasks", random_benchmark(seed=4)),))


def test_a_mirror_that_lacks_a_subset(tmp_path: Path, registry: Registry):
    mirror = write_mirror(tmp_path / "mirror", random_benchmark(seed=4), omit=["saw_2"])
    rows = availability("gearbox", registry, Access(mirror=mirror, offline=True))
    assert {(row["name"], row["source"]): row["here"] for row in rows} == {
        ("corpus:gearbox-tools", "gearbox-makers/things shed"): "yes",
        ("corpus:gearbox-tools", "gearbox-makers/things attic"): "yes",
        ("corpus:gearbox-tools", "gearbox-makers/things cellar"): "yes",
        ("gearbox/hammer-time", "gearbox-makers/asks hammer-time"): "yes",
        ("gearbox/saw_2", "gearbox-makers/asks saw_2"): "no",
        ("gearbox/Eclair", "gearbox-makers/asks Eclair"): "yes",
        ("gearbox/loft.v1", "gearbox-makers/asks loft.v1"): "yes",
        ("gearbox/well", "gearbox-makers/asks well"): "yes",
    }


def test_nothing_at_hand(registry: Registry):
    rows = availability("gearbox/well", registry, Access(offline=True))
    assert {row["here"] for row in rows} == {"no"}
    assert [row["name"] for row in rows] == ["corpus:gearbox-tools"] * 3 + ["gearbox/well"]


def test_a_broken_readme_is_told(tmp_path: Path, registry: Registry):
    mirror = write_mirror(tmp_path / "mirror", random_benchmark(seed=4))
    (mirror / "gearbox-makers" / "asks" / "README.md").write_text("---\nconfigs: [\n---\n")
    rows = availability("gearbox/well", registry, Access(mirror=mirror, offline=True))
    assert "not YAML" in rows[-1]["here"]


def test_what_ships_is_here():
    rows = availability("sample", Registry(), Access(offline=True))
    assert len(rows) == 11
    assert {row["here"] for row in rows} == {"yes"}


def test_files_of_judgments_count(tmp_path: Path):
    folder = tmp_path / "nf"
    (folder / "qrels").mkdir(parents=True)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        (folder / name).write_text("{}\n")
    registry = Registry((folder,))
    suite = registry.suite("nf")
    assert [row["here"] for row in availability("nf", registry, Access(offline=True))] == ["yes"] * 3
    (folder / "qrels" / "test.tsv").unlink()
    assert [row["here"] for row in availability("nf", registry, Access(offline=True))] == ["yes", "yes", "no"]
    assert suite.name == "nf"


def test_every_suite_without_a_pattern(registry: Registry):
    names = {row["name"].split("/")[0] for row in availability(None, registry, Access(offline=True))}
    assert {"gearbox", "sample", "toolret", "corpus:toolret"} <= names
