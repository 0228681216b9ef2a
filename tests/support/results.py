"""Stored results for tests: real ones of the sample suite, and ones made of given per-query scores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toolbench_eval
from toolbench_eval.data.ids import string_array
from toolbench_eval.metrics.segments import Floats
from toolbench_eval.results.aggregate import TaskScores, aggregates, bootstrap
from toolbench_eval.results.schema import Count, Execution, Headline, Result, TaskResult
from toolbench_eval.results.sidecars import write_per_query
from toolbench_eval.results.store import RESULT_FILE

MODELS = ("bm25", "tfidf", "random")
SETTING = {"instruction": "with", "protocol": "default", "k": 100, "limit": None, "seed": 0, "missing": "zero"}


def sample_results(factory: pytest.TempPathFactory) -> Path:
    """A folder with results of the sample suite: `sample/<model>/<setting>`; made once in a session."""
    out = factory.getbasetemp() / "sample-results"
    for model in MODELS:
        toolbench_eval.evaluate("sample", model, out=out)
    return out / "sample"


def made_result(
    folder: Path,
    values: Mapping[str, Sequence[float] | Floats],
    *,
    model: str = "model",
    measure: str = "nDCG@10",
    categories: Mapping[str, str] | None = None,
    setting: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    execution: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Path:
    """A result without runs: per-query scores of tasks, and a result file that fits them.

    Args:
        folder: Where it is written.
        values: Scores of the queries of each task; names as `made/t1`.
        model: Name of the model.
        measure: What the scores are.
        categories: Category of each task.
        setting: What differs from `SETTING`.
        task: Fields of every task that differ.
        execution: Fields of the execution.
        fields: Fields of the result that differ.
    """
    scored, tasks = {}, {}
    for name, given in values.items():
        numbers = np.asarray(given, dtype=np.float64)
        short = name.partition("/")[2]
        ids = string_array(f"{short}_{at}" for at in range(len(numbers)))
        file = f"per_query/{short}.parquet"
        write_per_query(folder / file, ids, {measure: numbers})
        category = (categories or {}).get(name)
        scored[name] = TaskScores(category, {measure: float(numbers.mean())}, {measure: numbers})
        tasks[name] = TaskResult(
            **{
                "category": category,
                "scores": scored[name].scores,
                "queries": len(numbers),
                "corpus_fingerprint": _print("corpus"),
                "queries_fingerprint": _print(f"queries {name}"),
                "qrels_fingerprint": _print(f"qrels {name}"),
                "run_digest": _print(model),
                "run_file": f"runs/{short}.parquet",
                "per_query_file": file,
                "qrels_file": f"qrels/{short}.parquet",
                "documents_file": "documents/all.parquet",
                **(task or {}),
            }
        )
    averages = aggregates(scored)
    kind = next(iter(averages))
    headline = Headline(
        metric=measure,
        aggregate=kind,
        value=averages[kind][measure],
        ci95=bootstrap(scored, measure, kind, 0, samples=10),
    )
    result = Result(
        **{
            "suite": next(iter(values)).partition("/")[0],
            "suite_version": "1",
            "model": model,
            "model_revision": None,
            "task_setting": {**SETTING, **(setting or {})},
            "model_setting": {},
            "partial": False,
            "missing": [],
            "counts": {name: Count(expected=one.queries, found=one.queries) for name, one in tasks.items()},
            "tasks": tasks,
            "aggregates": averages,
            "headline": headline,
            "execution": Execution(**{"queries_per_second": 100.0, **(execution or {})}),
            **fields,
        }
    ).with_identity()
    (folder / RESULT_FILE).write_text(result.to_json(), encoding="utf-8")
    return folder / RESULT_FILE


def _print(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
