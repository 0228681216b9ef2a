"""Declared types of answers."""

from __future__ import annotations

import pytest
from support.qa_records import record

from toolbench_eval.data.qa.typed import typed
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import DataError


@pytest.mark.parametrize(
    ("answers", "found"), [(("True",), ("yes",)), (("no", "false"), ("no",)), (("1",), ("yes",)), ((), ())]
)
def test_declared_booleans_become_yes_and_no(answers: tuple[str, ...], found: tuple[str, ...]):
    typed_question = typed(Question("q", "Is it?", answers), "boolean", record({}))
    assert (typed_question.answers, typed_question.answer_type) == (found, "boolean")


def test_what_is_no_boolean_is_refused():
    with pytest.raises(DataError, match="must be a boolean") as caught:
        typed(Question("q", "Is it?", ("Marl",)), "boolean", record({}))
    assert caught.value.row == 3
    assert typed(Question("q", "Why?", ("So",)), "text", record({})).answer_type == "text"
    assert typed(Question("q", "Why?", ("So",)), None, record({})).answer_type == "span"
