"""The same model with and without instructions: what must be equal, what the paper counts, groups of splits."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from support.command import evalharness
from support.endpoint import EndpointServer
from support.results import made_result

import toolbench_eval
from toolbench_eval.data.ids import string_array
from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.results.instruction_effect import find_pair, instruction_effect, published
from toolbench_eval.results.sidecars import write_per_query
from toolbench_eval.results.store import read_result
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model

MAIR = Registry().suite_files["mair"].parent
OF_THE_FIGURE = {
    "GritLM-7B": "gritlm",
    "NV-Embed-v1": "nv-embed",
    "gte-Qwen2-1.5B-instruct": "gte-qwen2",
    "e5-mistral-7b-instruct": "e5-mistral",
    "gpt-3.5-turbo": "openai-small>rankgpt:openai/gpt-3.5-turbo",
    "jina-reranker-v2-base": "openai-small>jina-reranker-v2",
    "text-embedding-3-small": "openai-small",
    "e5-base-v2": "e5",
    "monot5": "bm25>monot5",
    "e5-large-v2": "e5-large",
    "bge-reranker-v2-m3": "bm25>bge-reranker-v2-m3",
    "e5-small-v2": "e5-small",
    "mxbai-rerank-large-v1": "bge>mxbai-rerank",
    "bge-base-en-v1.5": "bge",
    "gte-large-en-v1.5": "gte-large",
    "gte-base-en-v1.5": "gte",
    "all-MiniLM-L6-v2": "minilm",
    "bge-reranker-v2-gemma": "bm25>monot5>bge-reranker-v2-gemma",
    "bge-large-en-v1.5": "bge-large",
}
"""How each model of MAIR's figure is named here; a pipeline is known by its last stage."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")


def pair(folder: Path, setting=None, without=None, **fields) -> tuple[Path, Path]:
    """Two stored results, without and with instructions; their model settings are equal unless `without` is given."""
    settings = {"with": setting or {}, "without": (setting or {}) if without is None else without}
    values = {"without": [0.0, 0.5, 1.0], "with": [0.5, 0.5, 1.0]}
    return tuple(
        made_result(
            folder / name,
            {"mair/T": values[name]},
            setting={"instruction": name},
            model_setting=settings[name],
            **fields,
        )
        for name in ("without", "with")
    )


def test_the_models_of_the_figure_are_those_of_the_table():
    with (MAIR / "instruction_effect.csv").open() as lines:
        rows = {row["model"]: row for row in csv.DictReader(lines)}
    assert rows.keys() == OF_THE_FIGURE.keys()
    assert {int(row["improved"]) + int(row["not_improved"]) for row in rows.values()} == {126}


@pytest.mark.parametrize("model", OF_THE_FIGURE)
def test_every_model_of_the_figure_gets_its_count(tmp_path, model):
    with (MAIR / "instruction_effect.csv").open() as lines:
        improved = {row["model"]: row["improved"] for row in csv.DictReader(lines)}
    setting = load_model(OF_THE_FIGURE[model], runtime=Runtime(trust_remote_code=True)).setting
    effect = instruction_effect(*pair(tmp_path, json.loads(json.dumps(setting))))
    assert published(effect, MAIR) == f"{improved[model]} of 126"


@pytest.mark.parametrize("model", ["bm25", "random", "bm25>qwen3-reranker", "bge-small"])
def test_other_models_get_none(tmp_path, model):
    setting = json.loads(json.dumps(load_model(model).setting))
    assert published(instruction_effect(*pair(tmp_path, setting)), MAIR) is None


def test_a_first_stage_of_the_figure_is_not_what_is_counted(tmp_path):
    setting = json.loads(json.dumps(load_model("e5>qwen3-reranker").setting))
    assert published(instruction_effect(*pair(tmp_path, setting)), MAIR) is None


@pytest.mark.parametrize("setting", [{"reranker": "my own"}, {"options": 3}, {}])
def test_settings_of_own_models_may_be_anything(tmp_path, setting):
    effect = instruction_effect(*pair(tmp_path, setting))
    assert (effect.hub, effect.hosted) == (None, None)


def test_the_effect_by_hand(tmp_path):
    effect = instruction_effect(*pair(tmp_path))
    task = effect.tasks[0]
    assert (task.without, task.with_, task.delta) == pytest.approx((0.5, 2 / 3, 1 / 6))
    assert (effect.improved, effect.not_improved) == (1, 0)
    assert task.subtasks == ()


TEMPLATES = {"with_instruction": "{instruction} {query}", "without_instruction": "{query}"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"templates": {**TEMPLATES, "with_instruction": "{instruction}{query}"}}, "templates.with_instruction"),
        ({"query_format": "st_prompt"}, "query_format"),
        ({"length": "benchmark"}, "length"),
        ({"pooling": "cls"}, "pooling"),
        ({"dtype": "float16"}, "dtype"),
        ({"options": {"k1": 0.9}}, "options.k1"),
        ({"reranker": {"max_length": 512}}, "reranker"),
    ],
)
def test_results_that_differ_in_more_are_refused_by_name(tmp_path, changed, named):
    usual = {
        "templates": TEMPLATES,
        "query_format": "model_card",
        "length": "model_card",
        "pooling": "mean",
        "dtype": "float32",
        "options": {"k1": 1.5},
    }
    with pytest.raises(UsageError, match=rf"more than the instruction: model_setting\.{named} \("):
        instruction_effect(*pair(tmp_path, {**usual, **changed}, usual))


def test_another_revision_is_refused(tmp_path):
    first, _ = pair(tmp_path / "a", model_revision="1" * 40)
    _, second = pair(tmp_path / "b", model_revision="2" * 40)
    with pytest.raises(UsageError, match="model_revision"):
        instruction_effect(first, second)


def test_a_message_names_a_few_of_many_differences(tmp_path):
    usual = {f"switch{at}": "a" for at in range(9)}
    with pytest.raises(UsageError, match=r"switch4 .*; and 4 more$") as found:
        instruction_effect(*pair(tmp_path, dict.fromkeys(usual, "b"), usual))
    assert "switch5" not in str(found.value)


def test_the_command_refuses_with_exit_code_2(tmp_path):
    first, second = pair(tmp_path, {"query_format": "st_prompt"}, {"query_format": "model_card"})
    done = evalharness("instruction-effect", str(first), str(second), cwd=tmp_path)
    assert done.returncode == 2
    assert "model_setting.query_format ('model_card', 'st_prompt')" in done.stderr


@pytest.mark.parametrize("turned", [True, False])
def test_the_order_of_the_two_is_checked(tmp_path, turned):
    first, second = pair(tmp_path)
    with pytest.raises(UsageError, match="expected a result without and one with"):
        instruction_effect(*((second, first) if turned else (first, first)))


def test_results_of_agents_in_the_folder_are_passed_by(tmp_path):
    first, second = pair(tmp_path)
    path = made_result(tmp_path / "agent", {"mair/T": [1.0]})
    result = read_result(path)
    kept = {name: value for name, value in result.task_setting.items() if name != "instruction"}
    path.write_text(result.model_copy(update={"task_setting": kept}).with_identity().to_json())
    assert find_pair(tmp_path) == (first, second)


@pytest.fixture
def families(tmp_path_factory, monkeypatch):
    """Models of every kind, by a word for it: what is to be named on the command line."""
    from support.tiny_models import bert, sentence_transformer
    from support.tiny_rerankers import bert_cross_encoder

    root = tmp_path_factory.mktemp("families")
    bert_cross_encoder(root / "cross")
    dense = sentence_transformer(root / "dense", bert(root / "bert"), pooling="mean", normalize=True)
    cards = root / "models"
    cards.mkdir()
    (cards / "my-hosted.toml").write_text(
        'name = "my-hosted"\nfamily = "hosted"\n[options]\nendpoint = "openai-api/local/text-embedding-3-small"\n'
    )
    with EndpointServer() as server:
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        yield (
            root,
            {
                "lexical": "bm25",
                "dense": str(dense),
                "fusion": "bm25+tfidf",
                "cross-encoder": f"bm25>{root / 'cross'}",
                "list-wise": "bm25>rankgpt:scripted",
                "hosted": "my-hosted",
            },
        )


@pytest.mark.parametrize("family", ["lexical", "dense", "fusion", "cross-encoder", "list-wise", "hosted"])
def test_one_model_with_and_without_is_always_a_pair(tmp_path, families, family):
    root, models = families
    out = tmp_path / "out"
    toolbench_eval.evaluate("sample/trips", models[family], tasks_dir=root, out=out, instruction="both", limit=3, k=10)
    effect = instruction_effect(*find_pair(out))
    assert effect.tasks[0].queries == 3
    assert effect.hosted == ("openai-api/local/text-embedding-3-small" if family == "hosted" else effect.hosted)


def test_a_stored_first_stage_of_each_setting_is_no_difference(tmp_path):
    for setting in ("with", "without"):
        toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path / "first", instruction=setting)
        first = next((tmp_path / "first").rglob(f"{setting}-*/result.json"))
        toolbench_eval.evaluate(
            "sample/trips", "rankgpt:scripted", out=tmp_path / "out", instruction=setting, first_stage=first
        )
    assert len(instruction_effect(*find_pair(tmp_path / "out")).tasks) == 1


def test_another_protocol_of_the_first_stage_is_refused(tmp_path):
    def setting(protocol: str, identity: str, instruction: str) -> dict:
        recorded = {"instruction": instruction, "protocol": protocol, "k": 100}
        return {"first_stage": {"name": "bm25", "result": identity, "result_setting": recorded}}

    alike = pair(tmp_path / "a", setting("default", "1", "with"), setting("default", "2", "without"))
    assert instruction_effect(*alike).improved == 1
    with pytest.raises(UsageError, match=r"first_stage\.result_setting\.protocol"):
        instruction_effect(*pair(tmp_path / "b", setting("paper", "1", "with"), setting("default", "2", "without")))


def test_groups_of_splits_stand_below_their_task(tmp_path):
    first, second = pair(tmp_path, task={"subtasks": {"k": {"nDCG@10": 0.0}, "p": {"nDCG@10": 0.0}}})
    ids = string_array(["k__a_1/0", "k__b_2/0", "p__a_1/0"])
    for path, values in ((first, [0.0, 0.2, 0.9]), (second, [0.5, 0.3, 0.4])):
        for file in (path.parent / "per_query").glob("*.parquet"):
            write_per_query(file, ids, {"nDCG@10": np.array(values)})
    task = instruction_effect(first, second).tasks[0]
    assert [(part.task, part.queries) for part in task.subtasks] == [("k", 2), ("p", 1)]
    assert [part.delta for part in task.subtasks] == pytest.approx([0.3, -0.5])
    low, high = task.subtasks[0].ci95
    assert (low, high) == pytest.approx((0.1, 0.5))  # of two queries, one may be drawn twice
    done = evalharness("instruction-effect", str(tmp_path), cwd=tmp_path)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [line[:2] for line in lines] == [["k", "2"], ["p", "1"]]
    assert "+0.3000" in lines[0]
    told = json.loads(evalharness("instruction-effect", str(tmp_path), "--json", cwd=tmp_path).stdout)
    assert [part["task"] for part in told["tasks"][0]["subtasks"]] == ["k", "p"]
    assert told["published"] is None
