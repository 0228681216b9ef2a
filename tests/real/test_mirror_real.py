"""The real data folder as a mirror: every config that its manifests list, with its rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from toolbench_eval.data.sources import Access, HubSplit, available, load_split

pytestmark = pytest.mark.real

QUERIES, TOOLS = "mangopy/ToolRet-Queries", "mangopy/ToolRet-Tools"


@pytest.fixture
def mirror(shared_data: Path) -> Access:
    return Access(shared_data / "hub", offline=True)


def rows(mirror: Access, repo: str, config: str, split: str) -> int:
    return load_split(HubSplit(repo, config, split, None), mirror).table.num_rows


def test_toolret_tools(mirror: Access) -> None:
    assert available(TOOLS, None, mirror) == {"code": ["tools"], "web": ["tools"], "customized": ["tools"]}
    counts = {config: rows(mirror, TOOLS, config, "tools") for config in ("code", "web", "customized")}
    assert counts == {"code": 2465, "web": 15405, "customized": 1810}
    assert sum(counts.values()) == 19680


def test_toolret_queries(mirror: Access) -> None:
    configs = available(QUERIES, None, mirror)
    assert len(configs) == 16
    assert set(map(tuple, configs.values())) == {("queries",)}
    assert sum(rows(mirror, QUERIES, config, "queries") for config in configs) == 5253


def test_toolret_columns(mirror: Access) -> None:
    table = load_split(HubSplit(QUERIES, "toolbench", "queries", None), mirror).table
    assert table.column_names == ["id", "query", "instruction", "labels", "category"]
    labels = json.loads(table["labels"][0].as_py())
    assert {"id", "relevance"} <= set(labels[0])


@pytest.mark.parametrize(("repo", "kind", "total"), [("MAIR-Queries", "queries", 3771), ("MAIR-Docs", "docs", 30867)])
def test_mair(mirror: Access, repo: str, kind: str, total: int) -> None:
    repo = f"MAIR-Bench/{repo}"
    configs = available(repo, None, mirror)
    assert len(configs) == 17
    several = {config: splits for config, splits in configs.items() if splits != [kind]}
    assert {config: len(splits) for config, splits in several.items()} == {"IFEval": 9}
    assert {f"punctuation_{kind}", f"detectable_content_{kind}", f"keywords_{kind}"} < set(several["IFEval"])
    assert sum(rows(mirror, repo, config, split) for config, splits in configs.items() for split in splits) == total


def test_labels_of_mair_are_text_like_those_of_toolret(mirror: Access) -> None:
    table = load_split(HubSplit("MAIR-Bench/MAIR-Queries", "FoodAPI", "queries", None), mirror).table
    assert {"id", "score"} <= set(json.loads(table["labels"][0].as_py())[0])


@pytest.mark.parametrize("repo", [QUERIES, "MAIR-Bench/MAIR-Queries"])
def test_every_row_of_the_manifest(mirror: Access, shared_data: Path, repo: str) -> None:
    with (shared_data / "hub" / repo / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        manifest = [(row["name"], row["split"], int(row["rows"])) for row in csv.DictReader(stream)]
    assert manifest
    for name, split, expected in manifest:
        assert (name, split, rows(mirror, repo, name, split)) == (name, split, expected)
