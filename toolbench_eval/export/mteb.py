"""A result as mteb stores results: `<model>/<revision>/<Task>.json` and `model_meta.json`.

The format is mteb's `TaskResult` (mteb 2): for each split a list with the scores of each subset.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.metrics.language import Measure, parse_measure
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import read_result, slug

TASKS = {("toolret", "without"): "ToolRetrieval", ("toolret", "with"): "ToolRetrievalInstruction"}
"""Suites that mteb has, too, by instruction setting; its subsets are our tasks."""

SPLIT = "test"
NO_REVISION = "no_revision_available"

_NAMES = {
    "nDCG": "ndcg",
    "AP": "map",
    "R": "recall",
    "P": "precision",
    "RR": "mrr",
    "Success": "hit_rate",
    "C": "completeness",
}


def export_mteb(path: Path, out: Path, language: str = "eng-Latn") -> list[Path]:
    """Write a result so that mteb reads it.

    Args:
        path: The result file.
        out: Folder to write in; mteb's `results/`.
        language: Language and script of the queries, as mteb writes them.

    Returns:
        The files, the result first.

    Raises:
        DataError: The file is not a result.
        StorageError: The folder cannot be written.
    """
    result = read_result(path)
    revision = result.model_revision or NO_REVISION
    name = str(result.model_setting.get("hub") or result.model)
    folder = out / "__".join(slug(part) for part in name.split("/")) / slug(revision)
    task = task_result(result, language)
    files = {folder / f"{slug(task['task_name'])}.json": task}
    files[folder / "model_meta.json"] = {"name": name, "revision": revision, "loader": None}
    for file, values in files.items():
        write_text(file, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return list(files)


def task_result(result: Result, language: str = "eng-Latn") -> dict[str, Any]:
    """The fields of mteb's `TaskResult`."""
    instruction = str(result.task_setting["instruction"])
    return {
        "dataset_revision": dataset_revision(result) or result.suite_version,
        "task_name": TASKS.get((result.suite, instruction), f"{result.suite}-{instruction}-instruction"),
        "mteb_version": None,  # not made by mteb, and mteb's reader takes null
        "scores": {SPLIT: [_subset(result, name, language) for name in result.tasks]},
        "evaluation_time": result.execution.timing.get("total", 0.0),
        "kg_co2_emissions": None,
    }


def mteb_name(measure: Measure) -> str:
    """A measure as mteb writes it: `ndcg_at_10`."""
    if measure.name in _NAMES and not measure.parameters and measure.cutoff is not None:
        return f"{_NAMES[measure.name]}_at_{measure.cutoff}"
    return re.sub(r"[^a-z0-9]+", "_", str(measure).lower()).strip("_")


def dataset_revision(result: Result) -> str | None:
    """Commit of the queries, where they came from the hub."""
    tasks = result.execution.sources.get("tasks") or {}
    revisions = {source.get("revision") for source in tasks.values() if isinstance(source, dict)}
    return revisions.pop() if len(revisions) == 1 else None


def _subset(result: Result, name: str, language: str) -> dict[str, Any]:
    scores = {mteb_name(parse_measure(measure)): value for measure, value in result.tasks[name].scores.items()}
    main = result.tasks[name].scores[result.headline.metric]
    subset = name.removeprefix(f"{result.suite}/")
    return {**scores, "main_score": main, "hf_subset": subset, "languages": [language]}
