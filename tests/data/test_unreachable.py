"""Labels that name no document."""

from __future__ import annotations

import pyarrow as pa

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.unreachable import unreachable


def test_labels_are_counted_not_documents_and_for_each_judgments_alone():
    one = Qrels.of({"a": {"d1": 1, "gone": 1}, "b": {"gone": 0, "d2": 1}})
    other = Qrels.of({"a": {"d2": 2}})
    third = Qrels.of({"a": {"lost": 2, "gone": 1, "d1": 1}})
    assert unreachable([one, other, third], string_array(["d1", "d2", "d3"])) == [2, 0, 2]


def test_entries_of_the_vocabulary_without_a_label_do_not_count():
    """`--limit` keeps the first labels and the whole vocabulary."""
    assert unreachable([Qrels.of({"a": {"d1": 1}, "b": {"gone": 1}}).head(1)], string_array(["d1"])) == [0]


def test_no_labels_and_no_documents():
    assert unreachable([Qrels.of({})], string_array([])) == [0]
    assert unreachable([Qrels.of({"a": {"d": 1}})], pa.array([], pa.large_string())) == [1]
