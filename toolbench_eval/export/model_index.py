"""A result as the hub's `model-index`: the metadata at the head of a model card.

See https://github.com/huggingface/hub-docs/blob/main/modelcard.md for the format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.export.mteb import dataset_revision, mteb_name
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import read_result

TASK_TYPE = "text-retrieval"


def export_model_index(path: Path, out: Path) -> list[Path]:
    """Write `model-index.md`: the YAML head that goes on top of a model card's README.

    Raises:
        DataError: The file is not a result.
        StorageError: The folder cannot be written.
    """
    import yaml  # type: ignore[import-untyped]

    head = yaml.safe_dump(model_index(read_result(path)), sort_keys=False, allow_unicode=True)
    file = out / "model-index.md"
    write_text(file, f"---\n{head}---\n")
    return [file]


def model_index(result: Result) -> dict[str, Any]:
    """The metadata: averages of the suite first, then each task.

    The headline's average is named as the suite names it; values are as in the result (0 to 1).
    """
    headline = result.headline.aggregate
    averages = [headline, *(name for name in result.aggregates if name != headline and not name.startswith("by_"))]
    results = [_part(result, name, result.aggregates[name]) for name in averages]
    results += [
        _part(result, name.removeprefix(f"{result.suite}/"), task.scores) for name, task in result.tasks.items()
    ]
    return {"model-index": [{"name": result.model, "results": results}]}


def _part(result: Result, name: str, scores: dict[str, float]) -> dict[str, Any]:
    instruction = f"{result.task_setting['instruction']} instruction"
    revision = dataset_revision(result)
    return {
        "task": {"type": TASK_TYPE, "name": "Retrieval"},
        "dataset": {
            "name": f"{result.suite} {result.suite_version} {name} ({instruction})",
            "type": result.suite,
            "config": f"{name}-{result.task_setting['instruction']}",
            "split": "test",
            **({"revision": revision} if revision else {}),
        },
        "metrics": [
            {"type": mteb_name(parse_measure(measure)), "value": value, "name": measure}
            for measure, value in scores.items()
        ],
    }
