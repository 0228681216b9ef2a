"""A folder in BEIR's layout as a suite: `corpus.jsonl`, `queries.jsonl`, and a task for each file in `qrels/`.

Thakur et al., BEIR (NeurIPS 2021 Datasets and Benchmarks); the layout is that of its data loader.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toolbench_eval.declarations import validated
from toolbench_eval.errors import DataError

if TYPE_CHECKING:
    from toolbench_eval.suites import CorpusSource, Suite

PACKED = ("", ".gz", ".zst")


def is_beir(folder: Path) -> bool:
    """Whether a folder has BEIR's layout: corpus, queries and a folder of qrels."""
    return (folder / "qrels").is_dir() and _file(folder, "corpus") is not None and _file(folder, "queries") is not None


def beir_name(folder: Path) -> str:
    """Name of the suite: that of the folder."""
    return folder.resolve().name


def beir_splits(folder: Path) -> dict[str, str]:
    """Split -> name of its file of judgments, plain or packed."""
    files = sorted(path.name for path in (folder / "qrels").iterdir())
    return {name.split(".tsv")[0]: name for name in files if name.endswith(tuple(f".tsv{packed}" for packed in PACKED))}


def beir_suite(folder: Path) -> Suite:
    """The suite of a folder.

    Raises:
        DataError: There are no judgments, or they differ in compression.
    """
    from toolbench_eval.suites import Suite, SuiteDeclaration, TaskRow

    splits = beir_splits(folder)
    endings = {name.removeprefix(split) for split, name in splits.items()}
    if len(endings) != 1:
        found = f"found {', '.join(sorted(splits.values())) or 'none'}"
        raise DataError(f"expected .tsv files, all plain or all packed alike; {found}", file=folder / "qrels")
    values = {
        "name": beir_name(folder),
        "version": "1",
        "title": "BEIR folder",
        "corpus": beir_name(folder),
        "files": {"queries": _file(folder, "queries"), "qrels": f"qrels/{{task}}{endings.pop()}"},
        "columns": {"id": "_id", "query": "text"},
        "headline": {"metric": "nDCG@10", "aggregate": "subset_macro"},
    }
    spec = validated(SuiteDeclaration, values, folder)
    rows = tuple(validated(TaskRow, {"task": split}, folder / "qrels" / name) for split, name in splits.items())
    return Suite(folder=folder, spec=spec, rows=rows)


def beir_corpus(folder: Path) -> CorpusSource:
    """The corpus of a folder."""
    from toolbench_eval.suites import CorpusDeclaration, CorpusSource

    values = {
        "name": beir_name(folder),
        "files": [_file(folder, "corpus")],
        "columns": {"id": "_id", "text": "text", "title": "title"},
    }
    return CorpusSource(folder=folder, spec=validated(CorpusDeclaration, values, folder))


def _file(folder: Path, stem: str) -> str | None:
    names = [f"{stem}.jsonl{packed}" for packed in PACKED]
    return next((name for name in names if (folder / name).is_file()), None)
