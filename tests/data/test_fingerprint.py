"""Fingerprints: content decides, order and files do not."""

from __future__ import annotations

import hashlib

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.fingerprint import combined, fingerprint_order, fingerprint_rows

ROWS = st.lists(st.tuples(st.text(max_size=4), st.none() | st.text(max_size=4), st.integers(-3, 3)), max_size=6)


def of(rows: list[tuple[object, ...]]) -> str:
    return fingerprint_rows(*zip(*rows, strict=True)) if rows else fingerprint_rows([], [], [])


def test_the_bytes_by_hand():
    """Length, colon, text; the rows' digests sorted and hashed once more."""
    rows = [b"1:a3:\xc3\xa9x", b"2:bb-:"]
    digests = sorted(hashlib.sha256(row).digest() for row in rows)
    assert fingerprint_rows(["a", "bb"], ["éx", None]) == hashlib.sha256(b"".join(digests)).hexdigest()


@given(ROWS, st.randoms())
def test_the_order_of_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert of(rows) == of(shuffled)


@given(ROWS, ROWS)
def test_different_rows_have_different_fingerprints(one, other):
    key = lambda row: [(value is None, str(value)) for value in row]  # noqa: E731
    assert (of(one) == of(other)) == (sorted(one, key=key) == sorted(other, key=key))


def test_what_must_not_be_confused():
    pairs = [
        (["ab", "c"], ["a", "bc"]),
        ([None], [""]),
        (["a", "a"], ["a"]),
        (["1:a"], ["a"]),
    ]
    for one, other in pairs:
        assert fingerprint_rows(one) != fingerprint_rows(other)
    assert fingerprint_rows(["ab"], ["c"]) != fingerprint_rows(["a"], ["bc"])
    assert fingerprint_rows(["a"], ["b"]) != fingerprint_rows(["b"], ["a"])


def test_arrow_and_python_columns_are_one():
    assert fingerprint_rows(pa.array(["a", None]), [1, 2]) == fingerprint_rows(["a", None], pa.array([1, 2]))


@given(ROWS)
def test_arrow_texts_are_read_as_python_ones(rows):
    names, texts, numbers = zip(*rows, strict=True) if rows else ([], [], [])
    for kind in (pa.string(), pa.large_string()):
        columns = pa.array(names, kind), pa.array(texts, kind), pa.array(numbers, pa.int64())
        assert fingerprint_rows(*columns) == of(rows)


@given(st.lists(st.text(max_size=3), max_size=6), st.lists(st.text(max_size=3), max_size=6))
def test_the_order_of_ids_has_a_digest_of_its_own(one, other):
    digests = [fingerprint_order(pa.array(ids, pa.large_string())) for ids in (one, other)]
    assert (digests[0] == digests[1]) == (one == other)
    sliced = pa.array(["x", *one, "y"], pa.large_string()).slice(1, len(one))
    assert fingerprint_order(sliced) == digests[0]


def test_one_fingerprint_stays_itself_and_several_depend_on_their_order():
    assert combined(["x"]) == "x"
    assert combined(["x", "y"]) != combined(["y", "x"])
