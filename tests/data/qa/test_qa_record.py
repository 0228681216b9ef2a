"""Fields of records, and what is said of wrong ones."""

from __future__ import annotations

import pytest

from toolbench_eval.data.qa.record import Record
from toolbench_eval.errors import DataError


def record(flat: bool = False, **values: object) -> Record:
    return Record(values, "dev.json", 7, flat=flat)


def test_texts_and_numbers():
    one = record(id=12, name="x", share=1.5, digits="42", whole=3.0)
    assert (one.text("id"), one.text("name"), one.text("share")) == ("12", "x", "1.5")
    assert (one.number("id"), one.number("digits"), one.number("whole")) == (12, 42, 3)
    assert one.text("_id", "id") == "12"
    assert one.maybe("other") is None


@pytest.mark.parametrize(
    ("read", "field", "message"),
    [
        (lambda one: one.text("absent"), "absent", "is missing"),
        (lambda one: one.text("empty"), "empty", "is missing"),
        (lambda one: one.text("absent", "other"), "absent", "or other"),
        (lambda one: one.text("flag"), "flag", "must be text, found a boolean"),
        (lambda one: one.number("name"), "name", "must be a whole number"),
        (lambda one: one.number("share"), "share", "must be a whole number"),
        (lambda one: one.items("name"), "name", "must be a list"),
        (lambda one: one.texts("mixed"), "mixed[1]", "must be text, found a list"),
        (lambda one: list(one.objects("mixed")), "mixed[0]", "must be an object"),
        (lambda one: list(one.pairs("mixed")), "mixed[0]", "must be a list of two"),
        (lambda one: one.object("name"), "name", "must be an object"),
        (lambda one: one.object("inner").text("title"), "inner.title", "is missing"),
        (lambda one: next(one.objects("rows")).number("idx"), "rows[0].idx", "must be a whole number"),
        (lambda one: one.answers("inner"), "inner", "must be text, found an object"),
    ],
)
def test_faults_name_file_row_and_field(read, field, message):
    one = record(name="x", empty=None, flag=True, share=1.5, mixed=["a", []], inner={}, rows=[{"idx": "one"}])
    with pytest.raises(DataError, match=message) as caught:
        read(one)
    assert (caught.value.file, caught.value.row, caught.value.field) == ("dev.json", 7, field)


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("Paris", ("Paris",)),
        (["Paris", "paris", "Paris"], ("Paris", "paris")),
        (True, ("yes",)),
        ([False], ("no",)),
        (1999, ("1999",)),
        ("", ()),
        (["", None, "x"], ("x",)),
        (None, ()),
    ],
)
def test_answers(value, answers):
    assert record(answer=value).answers("answer") == answers


def test_booleans_are_booleans_only():
    assert record(answer=False).is_boolean("answer")
    assert record(answer=[True, False]).is_boolean("answer")
    assert not record(answer="yes").is_boolean("answer")
    assert not record(answer=1).is_boolean("answer")
    assert not record(answer=[]).is_boolean("answer")
    assert not record().is_boolean("answer")


def test_only_flat_records_hold_lists_as_json():
    assert record(flat=True, answer='["a", "b"]').answers("answer") == ("a", "b")
    assert record(answer='["a", "b"]').answers("answer") == ('["a", "b"]',)
    assert record(flat=True, answer="[sic").answers("answer") == ("[sic",)
