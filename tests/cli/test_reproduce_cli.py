"""`evalharness reproduce`: exit codes, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

from support.command import ROOT, evalharness

from toolbench_eval.results.schema import identity_of

ENTRY = next((ROOT / "leaderboards/sample/1").glob("bm25-with-*"))


def test_an_entry_comes_out_the_same(tmp_path: Path):
    done = evalharness("reproduce", str(ENTRY), "--offline", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    first, second, *_, last = done.stdout.splitlines()
    assert first == "same: bm25 on sample, nDCG@10"
    assert second == "category_macro: stored 0.6396, now 0.6396 (+0.0000)"
    assert last == "the command: evalharness run --task sample --model bm25 --instruction with"
    assert [path.name for path in tmp_path.iterdir() if path.name != ".hf"] == []


def test_a_difference_leaves_with_1(tmp_path: Path):
    result = json.loads((ENTRY / "result.json").read_text())
    result["tasks"]["sample/tunes"]["scores"]["nDCG@10"] = 0.9
    result["identity"] = identity_of(result)
    (tmp_path / "result.json").write_text(json.dumps(result))
    done = evalharness("reproduce", "result.json", "--offline", "--json", "--out", "kept", cwd=tmp_path)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["verdict"] == "different"
    different = {task["task"]: task["where"] for task in found["tasks"] if task["verdict"] == "different"}
    assert different == {"sample/tunes": "1 of 9 measures, most nDCG@10 -0.2490"}
    assert list((tmp_path / "kept").rglob("result.json"))
    assert evalharness("reproduce", "result.json", "--tolerance", "0.3", cwd=tmp_path).returncode == 0


def test_what_is_no_result(tmp_path: Path):
    (tmp_path / "x.json").write_text("{}")
    assert evalharness("reproduce", "x.json", cwd=tmp_path).returncode == 2
    assert evalharness("reproduce", "gone", cwd=tmp_path).returncode == 2
