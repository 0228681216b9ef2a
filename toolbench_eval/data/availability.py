"""Which data is here, without reading it."""

from __future__ import annotations

from typing import Any

from toolbench_eval.data.sources import Access, available
from toolbench_eval.errors import EvalHarnessError
from toolbench_eval.evaluation.select import select
from toolbench_eval.registry import Registry


def availability(pattern: str | None, registry: Registry, access: Access) -> list[dict[str, Any]]:
    """A row for each corpus and task: where it is declared to be, and whether it is there."""
    rows: list[dict[str, Any]] = []
    for selection in select((pattern,) if pattern else tuple(registry.suite_files), registry):
        suite = selection.suite
        corpus = registry.corpus(suite.spec.corpus, suite) if suite.spec.corpus is not None else None
        if corpus is None:
            pass
        elif corpus.spec.hub is not None:
            rows += [
                _hub_row(f"corpus:{corpus.spec.name}", corpus.spec.hub, config, access)
                for config in corpus.spec.hub.configs
            ]
        else:
            names = corpus.spec.files or []
            files = list(names.values()) if isinstance(names, dict) else names
            rows += [_file_row(f"corpus:{corpus.spec.name}", corpus.folder / name) for name in files]
        for row in selection.rows:
            name = f"{suite.name}/{row.task}"
            if suite.spec.hub is not None:
                config = suite.spec.hub.config.replace("{task}", row.task)
                rows.append(_hub_row(name, suite.spec.hub, config, access))
            elif suite.spec.files is not None:
                rows.append(_file_row(name, suite.folder / suite.spec.files.queries.replace("{task}", row.task)))
    return rows


def _file_row(name: str, path: Any) -> dict[str, Any]:
    return {"name": name, "source": str(path), "revision": "", "here": "yes" if path.is_file() else "no"}


def _hub_row(name: str, hub: Any, config: str, access: Access) -> dict[str, Any]:
    row = {"name": name, "source": f"{hub.repo} {config}", "revision": (hub.revision or "main")[:12]}
    try:
        splits = available(hub.repo, hub.revision, access).get(config, [])
    except EvalHarnessError:
        splits = []
    return {**row, "here": "yes" if hub.split in splits else "no"}
