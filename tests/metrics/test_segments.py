"""Sums and running sums within queries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics import segments


@given(st.lists(st.lists(st.integers(-3, 3), max_size=5), max_size=8), st.sampled_from([1, 4, 1 << 20]))
def test_each_query_on_its_own(parts, cells):
    rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts]).astype(np.int64)
    values = np.array([value for part in parts for value in part], dtype=np.int64)
    n = len(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "_CELLS", cells)  # blocks of one query, of a few, of all
        assert segments.running_sums(rows, values / 2, n).tolist() == [
            value / 2 for part in parts for value in np.cumsum(part)
        ]
        assert segments.running_products(rows, values / 2, n).tolist() == pytest.approx(
            [value for part in parts for value in np.cumprod(np.array(part) / 2)]
        )
    assert segments.counts(rows, n).tolist() == [len(part) for part in parts]
    assert segments.sums(rows, values, n).tolist() == [sum(part) for part in parts]
    assert segments.maxima(rows, values.astype(float), n).tolist() == [max([0, *part]) for part in parts]
    assert segments.running(rows, values, n).tolist() == [value for part in parts for value in np.cumsum(part)]
    assert segments.places(rows, n).tolist() == [place for part in parts for place in range(len(part))]
