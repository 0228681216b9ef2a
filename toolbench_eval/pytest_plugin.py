"""The gate as a pytest marker: `@pytest.mark.evalharness(candidate=..., baseline=..., max_drop=0.01)`.

The test's own body runs first, so that it may make the candidate. Paths are relative to pytest's root folder.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from toolbench_eval.comparison.check import Checked

MARKER = (
    "evalharness(candidate, baseline, max_drop=0.0, non_inferiority=None, alpha=0.05, per_task=False, ...): "
    "fails where the candidate's result is worse than the baseline's; options as of 'evalharness check'"
)
PLACES = ("candidate", "baseline")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check the gates of a test after its body."""
    outcome = yield
    for marker in item.iter_markers("evalharness"):
        _gate(item, marker)
    return outcome


def _gate(item: pytest.Item, marker: pytest.Mark) -> None:
    from toolbench_eval.comparison.gate import Verdict
    from toolbench_eval.errors import EvalHarnessError

    try:
        checked = _checked(item, marker)
    except EvalHarnessError as error:
        raise pytest.fail.Exception(f"evalharness: {error}", pytrace=False) from None
    item.user_properties.append(("evalharness", checked.summary))
    item.add_report_section("call", "evalharness", _listed(checked))
    if checked.stopped:
        pytest.fail(f"evalharness: {checked.summary}", pytrace=False)
    if checked.verdict is Verdict.INCONCLUSIVE:
        item.warn(pytest.PytestWarning(f"evalharness: {checked.summary}"))


def _checked(item: pytest.Item, marker: pytest.Mark) -> Checked:
    from toolbench_eval.comparison.interface import check
    from toolbench_eval.errors import UnknownNameError, UsageError

    options: dict[str, Any] = dict(marker.kwargs)
    if marker.args or not set(PLACES) <= options.keys():
        raise UsageError("write @pytest.mark.evalharness(candidate=..., baseline=...), all by name")
    unknown = options.keys() - inspect.signature(check).parameters
    if unknown:
        raise UnknownNameError("option of the marker", min(unknown), inspect.signature(check).parameters)
    return check(**options | {place: item.config.rootpath / options[place] for place in PLACES})


def _listed(checked: Checked) -> str:
    return "\n".join(f"{gate.verdict.value}: {gate.name}: {gate.reason}" for gate in checked.gates)
