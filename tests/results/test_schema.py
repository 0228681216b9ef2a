"""What a result is: its schema, its identity, and that real ones keep to it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.command import ROOT, environment

import toolbench_eval
from toolbench_eval.errors import DataError
from toolbench_eval.results.schema import Headline, Result, TaskResult, canonical, identity_of, json_schema

STORED = ROOT / "toolbench_eval/results/result.schema.json"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Results as files hold them: both settings, and a partial one."""
    out = tmp_path_factory.mktemp("results")
    toolbench_eval.evaluate("sample", "bm25", out=out)
    toolbench_eval.evaluate("sample:web", "tfidf", out=out, limit=3, instruction="with", protocol="paper")
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.rglob("result.json"))]


def test_the_stored_schema_is_up_to_date() -> None:
    command = [sys.executable, "-m", "toolbench_eval.results.schema"]
    printed = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
    advice = "run: python -m toolbench_eval.results.schema > toolbench_eval/results/result.schema.json"
    assert STORED.read_text(encoding="utf-8") == printed, advice


def test_the_schema_is_one_and_real_results_keep_to_it(results: list[dict[str, Any]]) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator = jsonschema.Draft202012Validator(json_schema())
    assert [result["partial"] for result in results] == [False, False, True]
    for result in results:
        validator.validate(result)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("headline", "value"), "0.5"),
        (("headline", "ci95"), [0.1]),
        (("tasks", "sample/trips", "queries"), 1.5),
        (("schema_version",), 2),
        (("extra",), 1),
        (("identity",), None),
    ],
)
def test_the_schema_refuses_what_is_no_result(
    results: list[dict[str, Any]], place: tuple[str, ...], value: Any
) -> None:
    broken = json.loads(json.dumps(results[0]))
    inner = broken
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, json_schema())


def test_every_field_of_the_contract_is_there(results: list[dict[str, Any]]) -> None:
    for result in results:
        assert result["schema_version"] == 1
        assert result["kind"] == "retrieval"
        assert (result["agent"], result["llm"]) == (None, None)
        assert result["headline"]["metric"] == "nDCG@10"
        aggregate = result["aggregates"][result["headline"]["aggregate"]]
        assert aggregate["nDCG@10"] == result["headline"]["value"]
        low, high = result["headline"]["ci95"]
        assert low <= result["headline"]["value"] <= high
        assert set(result["execution"]["timing"]) == {"load", "index", "search", "score", "write", "total"}


def test_every_number_is_finite(results: list[dict[str, Any]]) -> None:
    def numbers(value: Any) -> Iterator[float]:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for inner in value:
                yield from numbers(inner)
        elif isinstance(value, float):
            yield value

    for result in results:
        found = list(numbers(result))
        assert len(found) > 50
        assert all(math.isfinite(number) for number in found)


def minimal(**changes: Any) -> Result:
    values = {
        "suite": "s",
        "suite_version": "1",
        "model": "modèle",
        "model_revision": None,
        "task_setting": {"k": 3, "instruction": "with"},
        "model_setting": {},
        "partial": False,
        "missing": [],
        "counts": {},
        "tasks": {},
        "aggregates": {"micro": {"AP": 0.1 + 0.2}},
        "headline": Headline(metric="AP", aggregate="micro", value=0.5, ci95=(0.25, 1.0)),
    }
    return Result.model_validate({**values, **changes}).with_identity()


def test_canonical_json_by_hand() -> None:
    values = {"b": 1, "a": {"é": None, "c": [0.1 + 0.2, True]}, "execution": {"x": 1}, "identity": "y"}
    assert canonical(values) == '{"a":{"c":[0.30000000000000004,true],"é":null},"b":1}'


def test_the_identity_depends_on_scores_and_settings_only() -> None:
    one = minimal()
    assert len(one.identity) == 64
    assert minimal(execution={"created": "2020-01-01", "timing": {"total": 3.0}}).identity == one.identity
    assert minimal(identity="forged").identity == one.identity
    assert minimal(task_setting={"instruction": "with", "k": 3}).identity == one.identity
    assert minimal(task_setting={"instruction": "with", "k": 4}).identity != one.identity
    assert minimal(aggregates={"micro": {"AP": 0.3}}).identity != one.identity
    assert minimal(partial=True).identity != one.identity


def test_the_identity_survives_the_file() -> None:
    one = minimal()
    values = json.loads(one.to_json())
    assert identity_of(values) == values["identity"] == one.identity
    assert Result.model_validate(values) == one


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_scores_that_are_no_numbers_are_refused_by_name(value: float) -> None:
    fields = dict.fromkeys(
        ("corpus_fingerprint", "queries_fingerprint", "qrels_fingerprint", "run_digest", "run_file", "per_query_file"),
        "x",
    )
    with pytest.raises(DataError, match=r"measure 'odd' came to"):
        TaskResult.model_validate(
            {**fields, "qrels_file": "x", "documents_file": "x", "queries": 1, "scores": {"AP": 0.5, "odd": value}}
        )
    with pytest.raises(ValueError, match="finite"):
        Headline(metric="AP", aggregate="micro", value=value, ci95=(0.0, 1.0))


def test_identity_ignores_where_and_when(tmp_path: Path) -> None:
    first = toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path / "a", instruction="with")[0]
    second = toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path / "x=1/b", instruction="with")[0]
    assert first.identity == second.identity
    assert first.execution.files == second.execution.files
