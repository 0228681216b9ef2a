"""What `run` and `tasks` print: parts of tasks, home measures, selections."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import evalharness
from support.results import made_result

from toolbench_eval.cli.summary import print_summary
from toolbench_eval.results.store import read_result

SUITE = """
name = "many"
version = "1"
metrics = ["nDCG@10"]
instruction = "both"
unit = "task"
group = "domain"
[headline]
metric = "nDCG@10"
aggregate = "task_macro"
[hub]
repo = "own/queries"
split = "*queries"
[hub.documents]
repo = "own/docs"
[columns]
id = "qid"
grade = "score"
[document_columns]
text = "doc"
[[tasks]]
task = "Parts"
category = "A"
[[tasks]]
task = "Twin"
category = "A"
[[tasks]]
task = "Core17"
category = "B"
home = "p-MRR"
[[tasks]]
task = "Lost"
category = "B"
home = "p-MRR"
"""
SPLITS = {
    "Parts": {"keywords__a_1_": ["1", "2"], "keywords__b_2_": ["1"], "startend__c_3_": ["1"]},
    "Twin": {"keywords__a_1_": ["1"], "other_": ["1"]},
    "Core17": {"": ["7-og", "7-changed"]},
    "Lost": {"": ["7", "8"]},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of MAIR's shape and its mirror."""
    root = tmp_path_factory.mktemp("tables")
    (root / "suite.toml").write_text(SUITE)
    texts = {"a": "red apple", "b": "red birch", "c": "red cedar"}
    documents = [{"id": name, "doc": text} for name, text in texts.items()]
    for task, splits in SPLITS.items():
        for split, ids in splits.items():
            asked = [
                {
                    "qid": qid,
                    "query": "red",
                    "instruction": "birch" if qid.endswith("changed") else "apple",
                    "labels": [{"id": "b", "score": 1}, {"id": "a", "score": 0 if qid.endswith("changed") else 1}],
                }
                for qid in ids
            ]
            for kind, rows in (("queries", asked), ("docs", documents)):
                path = root / "mirror" / "own" / kind / task / f"{split}{kind}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\n".join(map(json.dumps, rows)))
    return root


def run(place: Path, *more: str):
    told = ("--model", "bm25", "--data", "mirror", "--offline", "--tasks-dir", ".", "--out", "out", *more)
    return evalharness("run", "--task", "many", *told, cwd=place)


def test_parts_stand_below_their_task_and_home_measures_below_the_table(place: Path) -> None:
    done = run(place)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    names = [line.split("  0.")[0].rstrip() if "  0." in line else line.split("  1.")[0].rstrip() for line in lines]
    at = next(number for number, line in enumerate(lines) if line.startswith("  Parts "))
    assert [name.split()[0] for name in names[at : at + 6]] == [
        *("Parts", "keywords", "startend"),
        *("Twin", "keywords", "other"),
    ]
    assert lines[at + 1].startswith("    keywords ")
    # 'a' lost its relevance: without instructions nothing moves, with them it falls from 1 to 3 (behind c, a tie)
    assert "many/Core17  p-MRR w/o inst +0.000, w/ inst +0.667 (1 pair)" in lines
    assert "many/Lost  p-MRR not measured (no pairs)" in lines
    assert done.stderr.count("many/Lost: p-MRR is not measured: no two query ids are '<id>-og' and '<id>-changed'") == 2


def test_one_setting_needs_no_name(place: Path) -> None:
    lines = run(place, "--instruction", "with").stdout.splitlines()
    assert "many/Core17  p-MRR +0.667 (1 pair)" in lines


def test_nothing_measured_is_no_number_in_the_result(place: Path) -> None:
    told = json.loads(run(place, "--json").stdout)
    for result in told["results"]:
        assert result["tasks"]["many/Lost"]["home"] == {"p-MRR": None, "pairs": 0.0}
        assert result["tasks"]["many/Core17"]["home"].keys() == {"p-MRR", "pairs"}


def test_results_of_earlier_versions_say_0_pairs_and_are_read_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = made_result(tmp_path, {"made/T": [0.5]}, task={"home": {"pairwise-accuracy": 0.0, "pairs": 0.0}})
    print_summary([read_result(path)])
    assert "made/T  pairwise-accuracy not measured (no pairs)" in capsys.readouterr().out


def test_other_tables_end_with_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary([read_result(made_result(tmp_path, {"made/T": [0.5]}))])
    assert capsys.readouterr().out.splitlines()[-1].split() == ["T", "1", "0.5000"]


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_bad_measure_is_said_before_missing_data(tmp_path: Path, more: tuple[str, ...]) -> None:
    done = evalharness(
        "run", "--task", "mair", "--model", "bm25", "--offline", "--metrics", "nDCG@@10", *more, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "'nDCG@@10' is no measure" in done.stderr


def test_tasks_list_takes_what_run_takes(tmp_path: Path) -> None:
    told = json.loads(evalharness("tasks", "list", "mair:Code/Tool", "--json", cwd=tmp_path).stdout)
    assert len(told) == 8
    assert {row["subcategory"] for row in told} == {"Tool"}
    assert told[0]["task"] == "mair/FoodAPI"
    several = json.loads(evalharness("tasks", "list", "sampl?/t*", "--json", cwd=tmp_path).stdout)
    assert [row["task"] for row in several] == ["sample/trips", "sample/tunes", "sample/tabtext"]


@pytest.mark.parametrize(
    ("pattern", "tasks"),
    [("mair:Code", "18 of 126"), ("mair/IFEval", "1 of 126"), ("mair", "126"), ("sample:code", "2 of 8")],
)
def test_tasks_show_counts_what_is_named(tmp_path: Path, pattern: str, tasks: str) -> None:
    lines = evalharness("tasks", "show", pattern, cwd=tmp_path).stdout.splitlines()
    said = next(line for line in lines if line.startswith("tasks "))
    assert said.split(maxsplit=1)[1].partition(" (")[0] == tasks


def test_a_switch_that_no_protocol_changes_has_one_value(tmp_path: Path) -> None:
    lines = evalharness("tasks", "show", "mair", cwd=tmp_path).stdout.splitlines()
    switches = {line.split()[1].rstrip(":"): line for line in lines if line.startswith("switch ")}
    assert switches["length"].endswith("length (only dense): model_card")
    assert switches["missing"].endswith("missing: default zero, paper zero, released drop")
