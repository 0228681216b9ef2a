"""The registry: ours, and measures of other packages."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.metrics.catalogue import CATALOGUE
from toolbench_eval.metrics.registry import Definition, find, names
from toolbench_eval.metrics.score import score_run

MODULE = """
import numpy as np
from toolbench_eval.metrics.parameters import number, whole
from toolbench_eval.metrics.registry import Definition

def kernel(judged, cutoff=None, weight=1.0):
    return weight * judged.lengths.astype(np.float64)

weight = number("weight", 1.0)
measure = Definition("Weighted", "Documents times a weight.", kernel, (weight,), whole("cutoff", least=1))
wrong = 5
"""


@pytest.fixture
def other_package(tmp_path, monkeypatch):
    """A package, installed as pip would, that registers measures."""
    (tmp_path / "other_measures.py").write_text(MODULE, encoding="utf-8")
    info = tmp_path / "other_measures-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-measures\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[toolbench_eval.metrics]\nWeighted = other_measures:measure\nWrong = other_measures:wrong\n"
        "Absent = no_such_module:measure\nAP = other_measures:wrong\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("other_measures", None)


@pytest.mark.usefixtures("other_package")
def test_measures_of_other_packages(make_run):
    assert "Weighted" in names()
    assert "other_measures" not in sys.modules  # listing loads nothing
    scores = score_run(
        make_run({"q": {"a": 1.0, "b": 0.0}}), Qrels.of({"q": {"a": 1}}), "Weighted(weight=2.5)@3 Weighted"
    )
    assert {name: float(values[0]) for name, values in scores.values.items()} == {
        "Weighted(weight=2.5)@3": 5.0,
        "Weighted": 2.0,
    }
    assert isinstance(find("Weighted"), Definition)


@pytest.mark.usefixtures("other_package")
def test_faults_of_other_packages_name_them():
    with pytest.raises(UsageError, match=r"'Absent' \(no_such_module:measure\) cannot be loaded"):
        find("Absent")
    with pytest.raises(UsageError, match=r"'Wrong' \(other_measures:wrong\) is no .*Definition"):
        find("Wrong")


@pytest.mark.usefixtures("other_package")
def test_our_names_stay_ours():
    assert find("AP") in CATALOGUE
    assert names().count("AP") == 1


def test_unknown_name():
    with pytest.raises(UnknownNameError, match=r"unknown measure 'nDCGG'. Did you mean .*nDCG"):
        find("nDCGG")


def test_names_and_aliases_are_unique():
    every = [name for definition in CATALOGUE for name in (definition.name, *definition.aliases)]
    assert len(every) == len(set(every))
    assert names() == sorted(definition.name for definition in CATALOGUE)


def test_every_definition_is_described_and_scores(make_case, make_run):
    case = make_case(0)
    run, qrels = make_run(case.run), Qrels.of(case.qrels)
    for definition in CATALOGUE:
        assert definition.description.endswith(".")
        required = ",".join(f"{p.name}=4" for p in definition.parameters if p.required)
        at = "@1" if definition.at is not None else ""
        scores = score_run(run, qrels, f"{definition.name}({required}){at}" if required else f"{definition.name}{at}")
        (values,) = scores.values.values()
        assert values.dtype == np.float64
        assert values.shape == (len(qrels),)
        assert np.isfinite(values).all()
