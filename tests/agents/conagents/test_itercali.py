"""ConAgents' IterCali: a request is repaired by what the tool's server says, a program by what the interpreter says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.conagents_stage import CAST, FINAL, FIND, PRINTS, SAMPLE, Scene, fenced, film_cast, request

from toolbench_eval.agents.conagents.agent import ConAgents
from toolbench_eval.agents.conagents.itercali import read_request, unfilled
from toolbench_eval.agents.conagents.observing import tidied, tree
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.prompts import load_prompt

# With the tool's server


def test_a_request_is_repaired_by_what_the_environment_says():
    scene = Scene(ConAgents(), CAST, request(film_id="seven"), request(film_id=8), request(film_id=7), PRINTS, FINAL)
    assert scene.order[:7] == [
        *("ground", "execute", "film_cast"),
        *("repair_request", "film_cast", "repair_request", "film_cast"),
    ]
    assert [call.error for call in scene.calls] == ["invalid_arguments", "tool_error", None]
    assert "'seven' is not of type 'integer'" in scene.asked[2][-1].text
    assert "film 8 is not known" in scene.asked[3][-1].text
    assert scene.notes("calibrate") == [
        {"agent": "execution", "attempt": 1, "kind": "invalid_arguments", "repaired": True},
        {"agent": "execution", "attempt": 2, "kind": "tool_error", "repaired": True},
    ]
    assert scene.answer.text == "Ida Moss"


@pytest.mark.parametrize("calibration", ["off", "observation"])
def test_without_calibration_there_is_one_request(calibration):
    scene = Scene(ConAgents(calibration=calibration), CAST, request(film_id=8), FINAL)
    assert scene.order == ["ground", "execute", "film_cast", "ground"]
    assert scene.notes("calibrate") == [{"agent": "execution", "attempt": 1, "kind": "tool_error", "repaired": False}]
    assert "(the call failed)" in scene.prompts("grounding")[1]
    assert "film 8 is not known" in scene.prompts("grounding")[1]


def test_after_the_last_try_the_error_is_told_or_as_released_read_like_a_response():
    failing = [CAST, *[request(film_id=8)] * 3]
    told = Scene(ConAgents(), *failing, FINAL)
    assert told.order.count("extract") == 0
    observed = Scene(ConAgents(after_failure="observed"), *failing, "there is no film 8", FINAL)
    assert observed.order[-2:] == ["extract", "ground"]
    assert "film 8 is not known" in observed.prompts("observation")[0]
    assert "there is no film 8" in observed.prompts("grounding")[1]


def test_variables_are_found_before_any_call():
    scene = Scene(ConAgents(), CAST, request(film_id="{film_id}"), request(film_id=7), PRINTS, FINAL)
    assert len(scene.calls) == 1
    assert "no value yet: film_id" in scene.asked[2][-1].text
    assert scene.notes("calibrate")[0]["kind"] == "unfilled"


def test_a_reply_that_is_no_request_is_repaired_or_as_released_the_end():
    scene = Scene(ConAgents(), FIND, "find_film('x')", request(title="x"), "7", FINAL)
    assert scene.notes("calibrate")[0]["kind"] == "unreadable"
    assert scene.answer.text == "Ida Moss"
    released = Scene(ConAgents(reading="released"), FIND, "find_film('x')")
    assert released.answer.text is None
    assert released.answer.stop_reason == "parse_error"


@given(st.lists(st.sampled_from([request(film_id=8), "nonsense", request(film_id=7)]), min_size=45, max_size=45))
def test_requests_are_at_most_three_a_step(replies):
    left = iter(replies)

    def speak(messages):
        actions = {"grounding": CAST, "execution": None, "observation": "nothing"}
        role = next(role for role in actions if messages[0].text == load_prompt("conagents-1").texts[f"system_{role}"])
        return actions[role] or next(left)

    session = Session({"main": Scripted(speak)}, environment=FunctionEnvironment([film_cast]))
    assert ConAgents(observation="text").solve(SAMPLE, session).stop_reason == "max_hops"
    roles = [step.role for step in session.steps if isinstance(step, LLMCall)]
    assert 5 <= roles.count("execution") <= 15


# With the interpreter


def test_a_program_is_repaired_by_what_the_interpreter_says():
    wrong = fenced("for one in response['actors']:\n    print(one)")
    scene = Scene(ConAgents(), CAST, request(film_id=7), wrong, PRINTS, FINAL)
    assert scene.order == ["ground", "execute", "film_cast", "observe", "repair_program", "ground"]
    assert "KeyError" in scene.asked[3][-1].text
    programs = scene.notes("program")
    assert [(note["attempt"], note["printed"]) for note in programs] == [(1, 0), (2, 12)]
    assert programs[0]["error"].startswith("KeyError")
    (calibrated,) = scene.notes("calibrate")
    assert (calibrated["agent"], calibrated["attempt"], calibrated["repaired"]) == ("observation", 1, True)
    assert "['Ida Moss']" in scene.prompts("grounding")[1]
    assert "Ida Moss" not in scene.prompts("observation")[0]
    assert "cast: list of 301" in scene.prompts("observation")[0]


@pytest.mark.parametrize("calibration", ["off", "execution"])
def test_without_calibration_there_is_one_program_and_then_the_text(calibration):
    scene = Scene(
        ConAgents(calibration=calibration), CAST, request(film_id=7), fenced("print(nothing)"), "cut off", FINAL
    )
    assert scene.order == ["ground", "execute", "film_cast", "observe", "extract", "ground"]
    assert scene.notes("observe")[0]["how"] == "fallback"
    assert scene.notes("calibrate")[0]["repaired"] is False


@pytest.mark.parametrize("printed", ["", "print(None)", "print([])"])
def test_a_program_that_prints_nothing_is_followed_by_the_text(printed):
    scene = Scene(ConAgents(), CAST, request(film_id=7), fenced(f"x = 1\n{printed}"), "cut off", FINAL)
    assert scene.order[3:5] == ["observe", "extract"]
    assert scene.notes("calibrate") == []


def test_programs_have_no_files(tmp_path):
    file = tmp_path / "written"
    stealing = fenced(f"open({str(file)!r}, 'w').write('x')")
    scene = Scene(ConAgents(code_tries=1), CAST, request(film_id=7), stealing, "cut off", FINAL)
    assert not file.exists()
    assert scene.notes("program")[0]["error"]


def test_as_text_no_program_is_written():
    scene = Scene(ConAgents(observation="text", shown=50), CAST, request(film_id=7), "cut off", FINAL)
    assert scene.order == ["ground", "execute", "film_cast", "extract", "ground"]
    assert "Ida Moss" not in scene.prompts("observation")[0]
    assert "[cut: 50 of" in scene.prompts("observation")[0]


def test_short_responses_are_read_directly():
    scene = Scene(ConAgents(short=100_000, shown=100_000), CAST, request(film_id=7), "Ida Moss", FINAL)
    assert scene.order[3] == "extract"
    assert "Ida Moss" in scene.prompts("observation")[0]


def test_the_structure_of_a_value():
    assert list(tree({"a": [{"b": 1}, {"c": 2}], "d": None, "e": [], "f\ng": 1.5})) == [
        "response: object",
        "  a: list of 2",
        "    a[0]: object",
        "      b: int",
        "  d: null",
        "  e: list of 0",
        "  f g: float",
    ]


def test_tidying_keeps_signs_and_as_released_does_not():
    assert tidied("from -3\nto 12-4", "plain", 100) == "from -3 to 12-4"
    assert tidied("from -3\nto 12-4", "released", 100) == "from 3 to 124"
    assert tidied("x" * 200, "plain", 100).startswith("x" * 100 + " [cut: 100 of 200")
    assert len(tidied("x" * 5000, "released", 100)) == 5000
    assert len(tidied("xy " * 1001, "released", 100)) == 1000


# Reading requests


@pytest.mark.parametrize(
    ("reply", "arguments"),
    [
        ('{"arguments": {"a": {"b": 1}}}', {"a": {"b": 1}}),
        ('Here: ```json\n{"params": {"a": 1}, "description": "d"}\n```', {"a": 1}),
        ('{"a": 1, "output_instructions": "x"}', {"a": 1}),
        ('{oh} {"arguments": {}}', {}),
        ('{"arguments": "{\\"a\\": 1}"}', '{"a": 1}'),
    ],
)
def test_requests(reply, arguments):
    found = read_request(reply)
    assert found is not None
    assert found.arguments == arguments


def test_no_requests():
    assert read_request("[1, 2]") is None
    assert read_request("{") is None
    assert unfilled({"a": "{a}", "b": "x {y}"}, ToolSpec("t", url="https://x/{c}/{b}")) == ["a", "c"]


@given(st.text() | st.text(alphabet='{}[]":,arguments 1'))
def test_reading_requests_never_fails(text):
    request = read_request(text)
    assert request is None or isinstance(request.arguments, dict | str)
    assert request is None or "{" in text
