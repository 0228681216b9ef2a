"""What holds for any outcomes whatever (the specification's invariants), and for what agents did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.usage import Cost, Usage
from toolbench_eval.study.analysis import NOISE, SAME, UNTESTED, Analysis, analyse
from toolbench_eval.study.design import make_design
from toolbench_eval.study.grid import Grid
from toolbench_eval.study.observed import Observed, observe

LEVELS = ["released", "reversed", "gold-first"]


def seen(outcome: float, sample: str = "s", path: Sequence[str] = (), **more: Any) -> Observed:
    return Observed("t", sample, outcome, "answered", False, Usage(), Cost(), tuple(path), ("a", "b"), **more)


def grid(values: np.ndarray[Any, Any], kind: Any = "one_factor", **factors: list[str]) -> Grid:
    """Outcomes of shape (samples, conditions, seeds) as a grid."""
    design = make_design(kind, factors or {"tool-order": LEVELS})
    samples = [f"s{at}" for at in range(len(values))]
    cells = [
        [
            [seen(float(one), name) for one, name in zip(values[:, c, s], samples, strict=True)]
            for s in range(values.shape[2])
        ]
        for c in range(values.shape[1])
    ]
    named = tuple(("t", name) for name in samples)
    return Grid(design, tuple(range(values.shape[2])), named, values.astype(np.float64), cells)


def analysed(values: Any, kind: Any = "one_factor", **factors: list[str]) -> Analysis:
    made = grid(np.asarray(values), kind, **factors)
    return analyse(made, factors or {"tool-order": LEVELS}, "success", 500)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 10**6), st.floats(0, 1))
def test_invariants(samples: int, repeats: int, seed: int, share: float) -> None:
    values = (np.random.default_rng(seed).random((samples, 3, repeats)) < share).astype(float)
    factor = analysed(values).factors[0]
    base = factor.levels[0]
    rates = [one.success.value for one in factor.levels]
    assert all(0 <= rate <= 1 for rate in rates)
    assert factor.all_conditions <= min(rates) + 1e-12  # type: ignore[operator]
    assert max(rates) <= factor.any_condition + 1e-12  # type: ignore[operator]
    assert factor.range.value == pytest.approx(max(rates) - min(rates))
    assert factor.max_drop <= factor.range.value + 1e-12
    for one in factor.levels:
        assert one.success.low <= one.success.value <= one.success.high
        assert one.pass_hat[0] == pytest.approx(one.success.value)
        assert list(one.pass_hat) == sorted(one.pass_hat, reverse=True)
        assert (one.spread is None) == (repeats == 1)
        if one is not base:
            assert one.flips_up + one.flips_down >= abs(one.success.value - base.success.value) - 1e-12  # type: ignore[operator]
            assert one.flips_up - one.flips_down == pytest.approx(one.success.value - base.success.value)  # type: ignore[operator]
            assert one.delta is not None
            assert one.delta.low - 1e-12 <= one.delta.value <= one.delta.high + 1e-12


def test_a_range_below_twice_the_run_spread_is_no_evidence() -> None:
    # Repeats come to 3/4 and 1/4, 3/4 and 1/2, 1 and 1/2: variances 1/8, 1/32, 1/8; means 1/2, 5/8, 3/4
    noisy = np.array(
        [[[1, 1], [1, 1], [1, 1]], [[1, 0], [1, 1], [1, 1]], [[1, 0], [1, 0], [1, 0]], [[0, 0], [0, 0], [1, 0]]]
    )
    factor = analysed(noisy).factors[0]
    assert factor.spread == pytest.approx(np.sqrt(9 / 96))
    assert factor.range.value == 0.25
    assert factor.verdict == NOISE
    assert analysed(np.ones((4, 3, 2))).factors[0].verdict == SAME
    few = np.array([[[1], [0], [1]], [[1], [1], [1]], [[0], [0], [0]]])
    assert analysed(few).factors[0].verdict == UNTESTED


def test_p_values_are_corrected_for_the_number_of_factors() -> None:
    values = np.ones((8, 3, 1))
    values[:, 1] = 0  # the first factor matters, the second does not
    found = analysed(values, **{"tool-order": ["released", "reversed"], "best-of": ["1", "2"]})
    first, second = found.factors
    assert first.anova.p_permutation is not None
    assert first.p_holm == pytest.approx(2 * first.anova.p_permutation)
    assert (second.p_holm, second.verdict) == (1, SAME)
    assert first.verdict == "significant; the run spread was not measured"


def test_main_effects_of_a_full_design_average_over_the_other_factor() -> None:
    values = np.zeros((4, 4, 1))
    values[:, 0], values[:, 1] = 1, np.array([[1], [1], [0], [0]])  # base; best-of=2; reversed; both
    found = analysed(values, "full", **{"tool-order": ["released", "reversed"], "best-of": ["1", "2"]})
    order, chains = found.factors
    assert [one.success.value for one in order.levels] == [0.75, 0]
    assert [one.success.value for one in chains.levels] == [0.5, 0.25]
    assert order.levels[1].flips_down == 6 / 8
    assert order.any_condition == 6 / 8
    assert order.levels[1].mcnemar_p is None  # each sample stands there twice
    assert len(found.interactions) == 1


def test_graded_outcomes_have_no_mcnemar() -> None:
    values = np.array([[[0.5], [1.0], [0.0]], [[1.0], [1.0], [1.0]]])
    level = analysed(values).factors[0].levels[1]
    assert level.mcnemar_p is None
    assert (level.flips_up, level.flips_down) == (0.5, 0)


def test_calls_that_are_answered_live_and_missed_ones_are_noted() -> None:
    made = grid(np.ones((2, 3, 1)))
    made.seen[0][0][0] = seen(1, "s0", sources={"live": 2, "miss": 1})  # type: ignore[index]
    notes = analyse(made, {"tool-order": LEVELS}, "success", 100).notes
    assert "2 calls were answered by live services, which may change between conditions" in notes
    assert "1 calls had no recorded reply" in notes
    assert any("each condition was run once" in note for note in notes)


TRAJECTORY = {
    "sample": "s",
    "prediction": "x",
    "stop_reason": "answered",
    "steps": [
        {"step": "llm", "action": "act", "role": "main", "model": "m", "prompt": "", "reply": "one",
         "input_tokens": 5, "output_tokens": 2},
        {"step": "tool", "name": "find", "arguments": {"name": "Ada"}, "status": "ok", "text": "p-1"},
        {"step": "tool", "name": "find", "arguments": {"name": "Ada"}, "status": "ok", "text": "p-1"},
        {"step": "tool", "name": "find", "arguments": "nonsense", "status": "error", "text": "",
         "error": "malformed_arguments"},
        {"step": "tool", "name": "fnd", "arguments": {}, "status": "error", "text": "", "error": "unknown_tool"},
        {"step": "tool", "name": "phone", "arguments": {}, "status": "error", "text": "", "error": "miss",
         "source": "recorded"},
    ],
}  # fmt: skip
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def record(**scores: float) -> dict[str, Any]:
    offered = [{"name": "find", "parameters": SCHEMA}, {"name": "phone", "parameters": {}}]
    return {"trajectory": TRAJECTORY, "gold": {"gold_calls": [{"name": "find"}]}, "offered": offered, "scores": scores}


def test_what_is_seen_of_a_run() -> None:
    found = observe("suite/task", record(success=1.0), "success")
    assert (found.task, found.sample, found.outcome) == ("suite/task", "s", 1.0)
    assert found.path == ("find", "find", "find", "fnd", "phone")
    assert found.first_call == "find"
    assert found.offered == ("find", "phone")
    assert found.usage == Usage(
        calls=5, hallucinated=1, incorrect=1, invalid=1, failed=1, wasted=1, runs=1, hallucinating=1
    )
    assert found.cost == Cost(prompt_tokens=5, completion_tokens=2, model_calls=1, tool_calls=5)
    assert found.sources == {"local": 4, "miss": 1}
    offered = found.usage.calls - found.usage.hallucinated
    assert found.usage.hallucinated + offered == found.usage.calls


def test_outcomes_are_measures_from_0_to_1() -> None:
    with pytest.raises(Exception, match=r"unknown measure of these results 'sucess'.*Did you mean success"):
        observe("t", record(success=1.0), "sucess")
    with pytest.raises(Exception, match="from 0 to 1, and 'tool_calls' came to 5"):
        observe("t", record(tool_calls=5.0), "tool_calls")
