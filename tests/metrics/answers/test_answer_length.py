"""Lengths of answers."""

from __future__ import annotations

import pytest

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.length import Lengths, lengths, words


def test_lengths():
    assert words(" the  U.S.\n of ") == 3
    assert lengths(["a b c d", "", "a", "a b"]) == Lengths(answers=4, empty=1, mean=1.75, median=1.5, longest=4)
    with pytest.raises(DataError, match="no predictions"):
        lengths([])
