"""The page about measures: it lists all of them, with the parameters and defaults that they have."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from toolbench_eval.metrics.catalogue import CATALOGUE

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROWS = {
    re.match(r"`(\w+)", cells[0])[1]: cells
    for line in PAGE.splitlines()
    if line.startswith("| `") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}


def test_all_measures_are_listed():
    assert set(ROWS) == {definition.name for definition in CATALOGUE}


@pytest.mark.parametrize("definition", CATALOGUE, ids=lambda definition: definition.name)
def test_rows_say_what_the_catalogue_says(definition):
    name, meaning, parameters, source, oracle = ROWS[definition.name]
    listed = set(re.findall(r"`(\w+)(?:=|`)", parameters))
    assert listed == {parameter.name for parameter in definition.parameters}
    for parameter in definition.parameters:
        if isinstance(parameter.default, float) or (parameter.name == "max_rel" and parameter.default):
            assert f"`{parameter.name}={parameter.default}`" in parameters
    assert ("@" in name) == (definition.at is not None)
    if definition.at is not None:
        assert (f"`{definition.name}`" in name) == (not definition.at.required)
    assert all((meaning, source, oracle))


def test_the_measure_of_ones_own_works(make_run):
    from toolbench_eval.data.qrels import Qrels
    from toolbench_eval.metrics.align import align

    (code,) = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "Definition(" in block]
    scope: dict[str, object] = {}
    exec(code, scope)
    definition = scope["first_half"]
    _, judged = align(make_run({"q": {"a": 3.0, "b": 2.0, "c": 1.0}}), Qrels.of({"q": {"a": 1, "c": 1}}))
    values, at = definition.check({}, 4)
    np.testing.assert_array_equal(definition.kernel(judged, **values, cutoff=at), [0.5])
