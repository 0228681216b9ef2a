"""Pins: data that is not the pinned data is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from support.mirrors import random_benchmark, write_declaration, write_mirror

import toolbench_eval
from toolbench_eval.data.pins import PINS_FILE, pinned_rows, pins_toml
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError
from toolbench_eval.evaluation.plan import load_data
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """A folder with a mirror, and a suite whose data is pinned."""
    benchmark = random_benchmark(seed=2, queries=6, tools=12)
    access = Access(mirror=write_mirror(tmp_path / "mirror", benchmark), offline=True)
    registry = Registry((write_declaration(tmp_path / "tasks", benchmark),))
    (selection,) = select(("gearbox",), registry)
    data = load_data(selection, Request(tasks=("gearbox",), access=access), registry, LoggingReporter())
    text = pins_toml(pinned_rows(selection.suite, data))
    (tmp_path / "tasks" / "gearbox" / PINS_FILE).write_text(text)
    return tmp_path


def run(folder: Path, **options: object):
    options = {"task": "gearbox", **options}
    return toolbench_eval.evaluate(
        model="bm25", data=folder / "mirror", tasks_dir=folder / "tasks", out=folder / "out", **options
    )


def test_what_is_pinned(pinned: Path):
    pins = tomllib.loads((pinned / "tasks" / "gearbox" / PINS_FILE).read_text())
    assert list(pins) == ["corpus:gearbox-tools", *(f"gearbox/{name}" for name in random_benchmark(2).subsets)]
    assert pins["corpus:gearbox-tools"].keys() == {"rows", "documents"}
    assert pins["corpus:gearbox-tools"]["rows"] == 36
    assert pins["gearbox/well"].keys() == {"rows", "queries", "qrels"}
    result = run(pinned)[0]
    assert pins["gearbox/well"]["qrels"] == result.tasks["gearbox/well"].qrels_fingerprint


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("corpus:gearbox-tools", "documents"),
        ("corpus:gearbox-tools", "rows"),
        ("gearbox/well", "queries"),
        ("gearbox/well", "qrels"),
    ],
)
def test_other_data_is_refused(name: str, kind: str, pinned: Path):
    path = pinned / "tasks" / "gearbox" / PINS_FILE
    text = path.read_text()
    pin = tomllib.loads(text)[name][kind]
    head, tail = text.split(f'["{name}"]')
    path.write_text(head + f'["{name}"]' + tail.replace(f"{kind} = {pin!r}".replace("'", '"'), f'{kind} = "other"', 1))
    with pytest.raises(
        DataError, match=rf"the data of '{name}' is not what was pinned \({kind}: {pin}, pinned other\)"
    ):
        run(pinned)


def test_only_what_is_used_is_compared(pinned: Path):
    path = pinned / "tasks" / "gearbox" / PINS_FILE
    path.write_text(path.read_text() + '\n["gearbox/elsewhere"]\nqueries = "x"\n')
    assert run(pinned, task="gearbox/well")


@pytest.mark.parametrize(
    ("pins", "message"),
    [
        ('["gearbox/well"]\nquerys = "x"\n', r"field 'querys': there is no such key; known: rows, documents, queries"),
        ('"gearbox/well" = "x"\n', "must be a table"),
        ("[", "not a TOML file"),
    ],
)
def test_pins_that_are_none(pins: str, message: str, pinned: Path):
    (pinned / "tasks" / "gearbox" / PINS_FILE).write_text(pins)
    with pytest.raises(DataError, match=message):
        run(pinned)
