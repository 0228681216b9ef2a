"""Running a stored setting again: same, within tolerance, different and where."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from support.mirrors import random_benchmark, write_declaration, write_mirror

import toolbench_eval
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.evaluation.reproduce import reproduce
from toolbench_eval.evaluation.request import Request
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import identity_of
from toolbench_eval.results.store import find_result, read_result
from toolbench_eval.retrievers.base import Runtime


def made(folder: Path, model: str = "bm25", **options) -> Path:
    options = {"task": "sample", "instruction": "without", **options}
    toolbench_eval.evaluate(model=model, out=folder, offline=True, **options)
    return find_result(folder)


def again(path: Path, out: Path, registry: Registry | None = None, tolerance: float = 0.001, mirror=None):
    request = Request(tasks=("all",), out=out, access=Access(mirror=mirror, offline=True))
    return reproduce(path, request, registry or Registry(), LoggingReporter(), tolerance)


def change(path: Path, edit) -> None:
    result = json.loads(path.read_text())
    edit(result)
    result["identity"] = identity_of(result)
    path.write_text(json.dumps(result))


OPTIONS = {
    "plain": {},
    "with": {"instruction": "with"},
    "one task": {"task": "sample/trips"},
    "category": {"task": "sample:web"},
    "protocol": {"protocol": "paper"},
    "switches": {"switches": {"ties": "stable", "wo_inst_template": "scaffold"}},
    "depth, limit, measures": {"k": 7, "limit": 5, "metrics": ["RR@3"]},
    "seed": {"runtime": Runtime(seed=4)},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_setting_comes_out_the_same(tmp_path, name):
    path = made(tmp_path / "first", "random" if name == "seed" else "bm25", **OPTIONS[name])
    found = again(path, tmp_path / "second")
    assert found.verdict == "same"
    assert found.settings == ()
    assert found.again.identity == read_result(path).identity
    assert [task.where for task in found.tasks] == [""] * len(found.tasks)


def test_the_depth_of_a_reranker_is_set_again(tmp_path):
    path = made(tmp_path / "first", "bm25>oracle", task="sample/trips", depth=3)
    assert read_result(path).model_setting["depth"] == 3
    found = again(path, tmp_path / "second")
    assert (found.verdict, found.settings) == ("same", ())
    assert "--depth 3" in found.command
    assert found.again.identity == read_result(path).identity


def test_switches_of_a_card_are_set_again(tmp_path):
    switches = {"last_window": "dropped", "attempts": "1"}
    path = made(tmp_path / "first", "bm25>rankgpt:scripted", task="sample/trips", limit=3, switches=switches)
    options = read_result(path).model_setting["reranker"]["options"]
    assert (options["last_window"], options["attempts"]) == ("dropped", 1)
    found = again(path, tmp_path / "second")
    assert found.verdict == "same"
    assert found.settings == ()
    assert "--set attempts=1" in found.command
    assert "--set last_window=dropped" in found.command


def test_the_command_does_the_same(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from toolbench_eval.cli.main import app

    options = {"switches": {"ties": "stable"}, "k": 7, "protocol": "paper", "metrics": ["RR@3", "P@2"]}
    path = made(tmp_path / "first", "bm25+tfidf", **options)
    found = again(path, tmp_path / "second")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*shlex.split(found.command)[1:], "--out", "third"])
    assert done.exit_code == 0, done.output
    assert read_result(find_result(tmp_path / "third")).identity == read_result(path).identity


def test_scores_that_differ_little_and_much(tmp_path):
    path = made(tmp_path / "first")

    def edit(result):
        result["tasks"]["sample/trips"]["scores"]["nDCG@10"] += 0.0004
        result["tasks"]["sample/tunes"]["scores"]["R@10"] -= 0.25
        result["tasks"]["sample/office"]["run_digest"] = "0" * 64

    change(path, edit)
    found = again(path, tmp_path / "second")
    assert found.verdict == "within tolerance"
    where = {task.task: (task.verdict, task.where) for task in found.tasks}
    assert where["sample/trips"] == ("within tolerance", "1 of 9 measures, most nDCG@10 -0.0004")
    assert where["sample/tunes"] == ("within tolerance", "1 of 9 measures, most R@10 +0.2500")
    assert where["sample/office"] == ("within tolerance", "rankings, but no score")
    assert where["sample/darkroom"] == ("same", "")
    assert again(path, tmp_path / "third", tolerance=0.0001).verdict == "different"


def test_other_data_is_different_whatever_the_scores(tmp_path):
    path = made(tmp_path / "first")
    change(path, lambda result: result["tasks"]["sample/trips"].update({"qrels_fingerprint": "0" * 64}))
    found = again(path, tmp_path / "second", tolerance=1.0)
    assert found.verdict == "different"
    assert [task.where for task in found.tasks if task.verdict == "different"] == ["other qrels"]


def test_data_with_another_label(tmp_path):
    benchmark = random_benchmark(seed=2)
    tasks_dir = write_declaration(tmp_path / "tasks", benchmark)
    mirror = write_mirror(tmp_path / "mirror", benchmark)
    path = made(tmp_path / "first", task="gearbox", data=mirror, tasks_dir=tasks_dir)
    registry = Registry((tasks_dir,))
    assert again(path, tmp_path / "second", registry, mirror=mirror).verdict == "same"
    query = benchmark.subsets["well"].queries[0]
    query.labels[next(iter(query.labels))] += 1
    other = write_mirror(tmp_path / "other", benchmark)
    found = again(path, tmp_path / "third", registry, mirror=other)
    assert found.verdict == "different"
    assert [task.task for task in found.tasks if task.verdict == "different"] == ["gearbox/well"]


def test_a_model_that_was_changed_is_named(tmp_path):
    path = made(tmp_path / "first")
    change(path, lambda result: result["model_setting"]["options"].update({"k1": 0.9}))
    found = again(path, tmp_path / "second")
    assert found.verdict == "same"
    assert len(found.settings) == 1
    assert found.settings[0].startswith("model_setting.options: ")


def test_a_setting_that_cannot_be_asked_for(tmp_path):
    path = made(tmp_path / "first")
    change(path, lambda result: result["task_setting"].update({"ties": "mine"}))
    with pytest.raises(toolbench_eval.errors.DataError, match="cannot be asked for"):
        again(path, tmp_path / "second")


def test_another_version_is_refused(tmp_path):
    path = made(tmp_path / "first")
    change(path, lambda result: result.update({"suite_version": "0"}))
    with pytest.raises(UsageError, match="version 0"):
        again(path, tmp_path / "second")
