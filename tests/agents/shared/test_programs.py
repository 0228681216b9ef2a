"""Programs of agents: reading one out of a reply, and the state of a run."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.agents.shared.programs import ERROR_PHRASES, judged, read_program
from toolbench_eval.environments.base import CallRecord, answer, failure
from toolbench_eval.environments.sandbox import Execution

# The state of a run


def execution(output="", *records, status="ok"):
    return Execution(status, output, None, tuple(records), (), 0.0)


GOOD = CallRecord("a", {}, answer({"id": 1}))
BAD = CallRecord("a", {}, failure("tool_error", "there is no such film"))


@pytest.mark.parametrize(
    ("done", "corrected", "released"),
    [
        (execution("1901\n", GOOD), 0, 0),
        (execution("", GOOD), 2, 0),
        (execution("1901"), 0, 0),
        (execution("Sorry: there is no such film", GOOD, BAD), 2, 0),
        (execution("The Comedy of Errors", GOOD), 0, 2),
        (execution("It is not available before May", GOOD), 0, 2),
        (execution("found nothing", BAD), 2, 0),
        (execution("1901", GOOD, BAD), 0, 0),
        (execution("1901", GOOD, status="timeout"), 1, 1),
    ],
)
def test_states(done, corrected, released):
    assert judged(done, "calls").state == corrected
    assert judged(done, "phrases").state == released


@pytest.mark.parametrize("phrase", ERROR_PHRASES)
def test_the_released_rule_doubts_legitimate_answers(phrase):
    assert judged(execution(f"An {phrase.upper()}!", GOOD), "phrases").state == 2
    assert judged(execution(f"An {phrase.upper()}!", GOOD), "calls").state == 0


# Reading


@pytest.mark.parametrize(
    ("reply", "program"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("```\nprint(1)\n```", "print(1)"),
        ("```py\nprint(1)", "print(1)"),
        ("a\n```text\nnot this\n```\nb\n```python\nx = 2 ** 3\nprint(x)\n```\nc", "x = 2 ** 3\nprint(x)"),
        ("```python\nfirst()\n```\nor better\n```python\nsecond()\n```", "second()"),
        ("<think>```python\nno()\n```</think>```python\nyes()\n```", "yes()"),
        ("<think>```python\nno()\n```</think>\n```python\nyes()\n```", "yes()"),
        ("print(find_person(name='x'))", "print(find_person(name='x'))"),
        ("x = 3", None),
        ("I cannot do that.", None),
        ("```json\n{}\n```", None),
        ("", None),
        ("```python\n\n```", None),
        ("(" * 500, None),
    ],
)
def test_reading_a_program(reply, program):
    assert read_program(reply) == program


@given(
    st.text(max_size=200) | st.lists(st.sampled_from(["```", "python", "\n", "f(1)", "x = 3", "<think>"])).map("".join)
)
def test_what_is_read_stood_in_a_fence_or_is_python_that_calls_something(text):
    program = read_program(text)
    if program is not None:
        assert program.strip()
        assert program in text
        assert "```" in text or any(isinstance(node, ast.Call) for node in ast.walk(ast.parse(program)))
