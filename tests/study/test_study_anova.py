"""The paired analysis of variance against a value computed by hand, nested regressions, and all permutations."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from toolbench_eval.study.anova import blocked, interaction, permutation

Floats = npt.NDArray[np.float64]

HAND = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 0, 0]], dtype=np.float64)
"""Four samples, three levels. Level means 1, 1/2, 1/4; sample means 2/3, 1/3, 1, 1/3; grand mean 7/12."""


def test_by_hand() -> None:
    """Levels: 4 ((5/12)^2 + (1/12)^2 + (4/12)^2) = 7/6; samples: 3 (1 + 9 + 25 + 9) / 144 = 11/12;
    all: 7 (25/144) + 5 (49/144) = 35/12; error: 35/12 - 14/12 - 11/12 = 5/6; F = (7/6 / 2) / (5/6 / 6) = 4.2."""
    found = blocked(HAND, 100)
    assert found.ss_factor == pytest.approx(7 / 6)
    assert found.ss_block == pytest.approx(11 / 12)
    assert found.ss_error == pytest.approx(5 / 6)
    assert (found.df_factor, found.df_error) == (2, 6)
    assert found.f == pytest.approx(4.2)
    assert found.p_f == pytest.approx(float(stats.f.sf(4.2, 2, 6)))
    assert found.eta2 == pytest.approx((7 / 6) / 2)


def test_two_levels_are_the_paired_t_test() -> None:
    values = np.random.default_rng(1).normal(size=(20, 2))
    found = blocked(values, 2000)
    t = stats.ttest_rel(values[:, 0], values[:, 1])
    assert found.f == pytest.approx(t.statistic**2)
    assert found.p_f == pytest.approx(t.pvalue)
    assert found.epsilon == pytest.approx(1)
    assert found.p_permutation == pytest.approx(t.pvalue, abs=0.05)


def regression(values: Floats, *columns: Floats) -> float:
    """Residual sum of squares of the values on some columns."""
    design = np.stack([column.ravel() for column in columns], axis=1)
    residual = values.ravel() - design @ np.linalg.lstsq(design, values.ravel(), rcond=None)[0]
    return float(residual @ residual)


def dummies(index: npt.NDArray[np.int64]) -> list[Floats]:
    return [(index == value).astype(np.float64) for value in np.unique(index)]


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 8), st.integers(2, 5), st.integers(0, 10**6))
def test_sums_of_squares_are_those_of_nested_regressions(samples: int, levels: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(samples, levels))
    block, level = np.indices(values.shape)
    only_blocks = regression(values, *dummies(block))
    both = regression(values, *dummies(block), *dummies(level))
    found = blocked(values, 1)
    assert found.ss_factor == pytest.approx(only_blocks - both, abs=1e-9)
    assert found.ss_error == pytest.approx(both, abs=1e-9)
    total = float(((values - values.mean()) ** 2).sum())
    assert found.ss_factor + found.ss_block + found.ss_error == pytest.approx(total)


def test_the_interaction_is_that_of_nested_regressions() -> None:
    values = np.random.default_rng(3).normal(size=(7, 3, 2))
    block, first, second = np.indices(values.shape)
    mains = [*dummies(block * 3 + first), *dummies(block * 2 + second)]  # each sample has effects of its own
    cells = dummies(first * 2 + second)
    without, with_cells = regression(values, *mains), regression(values, *mains, *cells)
    found = interaction(values)
    assert found.ss_factor == pytest.approx(without - with_cells)
    assert found.ss_error == pytest.approx(with_cells)
    assert (found.df_factor, found.df_error) == (2, 12)
    assert found.p_f == pytest.approx(float(stats.f.sf(found.f, 2, 12)))
    # With two levels each, it is the t-test of the difference of differences.
    four = values[:, :2]
    contrast = four[:, 0, 0] - four[:, 0, 1] - four[:, 1, 0] + four[:, 1, 1]
    assert interaction(four).f == pytest.approx(stats.ttest_1samp(contrast, 0).statistic ** 2)


def test_permutations_come_to_the_share_of_all_of_them() -> None:
    found = float((HAND.mean(axis=0) ** 2).sum())
    hits = 0
    orders = list(permutations(range(3)))
    for chosen in product(orders, repeat=4):
        shuffled = np.stack([row[list(order)] for row, order in zip(HAND, chosen, strict=True)])
        hits += (shuffled.mean(axis=0) ** 2).sum() >= found - 1e-12
    assert permutation(HAND, 20_000) == pytest.approx(hits / len(orders) ** 4, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(2, 5)), elements=st.sampled_from([0.0, 0.5, 1.0])))
def test_bounds(values: Floats) -> None:
    found = blocked(values, 50)
    assert 1 / 51 <= found.p_permutation <= 1  # type: ignore[operator]
    if found.epsilon is not None:
        assert 1 / found.df_factor - 1e-9 <= found.epsilon <= 1 + 1e-9
    if found.eta2 is not None:
        assert 0 <= found.eta2 <= 1
    if found.ss_factor == 0:
        assert found.p_permutation == 1


def test_the_level_of_the_permutation_test_is_kept() -> None:
    rng = np.random.default_rng(5)
    rejected = sum(permutation(rng.integers(0, 2, (12, 3)).astype(np.float64), 99, at) <= 0.05 for at in range(400))
    assert rejected / 400 <= 0.08


def test_what_does_not_vary_has_no_f() -> None:
    same = blocked(np.repeat([[1.0], [0.0], [1.0]], 3, axis=1), 50)
    assert (same.f, same.p_f, same.eta2, same.p_permutation) == (None, None, None, 1)
    perfect = blocked(np.tile([1.0, 0.0], (5, 1)), 200)
    assert (perfect.f, perfect.eta2) == (None, 1)
    assert perfect.p_permutation < 0.15  # type: ignore[operator]  # all five alike by chance: 2 / 2 ** 5
    assert blocked(np.array([[1.0, 0.0]]), 50).f is None
