"""The second version of ConAgents: choices and programs are reviewed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.conagents_stage import CAST, FINAL, FIND, Scene, choose, fenced

from toolbench_eval.agents.conagents.agent import ConAgents
from toolbench_eval.agents.conagents.reviewing import Verdict, read_verdict

V4 = {"version": "v4"}
CALLS = fenced("print(find_film(title='x')[0]['film_id'])")
PASS, REVISE = "Verdict: pass\nAdvice:", "Verdict: revise\nAdvice: take film 7"


def test_automatic_communication_reviews_every_action():
    scene = Scene(ConAgents(**V4), FIND, PASS, CALLS, PASS, FINAL, PASS)
    assert scene.order == ["ground", "review", "program", "find_film", "review", "ground", "review"]
    assert set(scene.roles) == {"grounding", "execution", "review"}
    assert [note["of"] for note in scene.notes("review")] == ["choice", "program", "choice"]
    assert '"observation": "7"' in scene.prompts("grounding")[1]
    assert scene.answer.text == "Ida Moss"


def test_adaptive_communication_reviews_failures_only():
    fine = Scene(ConAgents(communication="adaptive", **V4), FIND, CALLS, FINAL)
    assert fine.order == ["ground", "program", "find_film", "ground"]
    fails = fenced("print(film_cast(film_id=8))")
    repaired = fenced("print(film_cast(film_id=7)['cast'][-1]['actor'])")
    scene = Scene(ConAgents(communication="adaptive", **V4), CAST, fails, REVISE, repaired, FINAL)
    assert scene.order == ["ground", "program", "film_cast", "review", "repair_program", "film_cast", "ground"]
    assert "film 8 is not known" in scene.prompts("review")[0]
    assert "take film 7" in scene.prompts("execution")[1]
    assert [note["failed"] for note in scene.notes("program")] == [True, False]
    assert '"observation": "Ida Moss"' in scene.prompts("grounding")[1]


def test_a_tool_that_does_not_exist_is_reviewed_and_chosen_anew():
    scene = Scene(ConAgents(communication="adaptive", **V4), choose("weather"), REVISE, FIND, CALLS, FINAL)
    assert scene.order[:3] == ["ground", "review", "ground"]
    assert "there is no tool 'weather'" in scene.prompts("review")[0]
    assert "take film 7" in scene.prompts("grounding")[1]
    assert scene.notes("match")[0]["tool"] == "find_film"


def test_reviews_are_bounded_and_may_be_switched_off():
    agent = ConAgents(review_turns=2, max_steps=1, **V4)
    scene = Scene(agent, FIND, REVISE, FIND, REVISE, FIND, CALLS, REVISE, CALLS, REVISE, CALLS)
    assert scene.order.count("review") == 4
    assert scene.left == []
    off = Scene(ConAgents(calibration="off", **V4), FIND, fenced("print(nothing)"), FINAL)
    assert off.order == ["ground", "program", "ground"]
    assert "(the call failed)" in off.prompts("grounding")[1]


def test_a_program_reaches_the_chosen_tool_only():
    other = fenced("print(find_film(title='x'))\n")
    scene = Scene(ConAgents(calibration="off", **V4), CAST, other, FINAL)
    assert scene.calls == []
    assert [note["failed"] for note in scene.notes("program")] == [True]
    assert "find_film" in scene.prompts("grounding")[1]
    assert "(the call failed)" in scene.prompts("grounding")[1]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Verdict: pass\nAdvice: none", Verdict(True, "none")),
        ("**Verdict:** Revise\n**Advice:** do\nit", Verdict(False, "do it")),
        ("Fine with me.", Verdict(True, parsed=False)),
    ],
)
def test_verdicts(reply, verdict):
    assert read_verdict(reply) == verdict


@given(st.text() | st.lists(st.sampled_from(["Verdict: ", "pass", "revise", "Advice: ", "\n", "x "])).map("".join))
def test_a_verdict_that_cannot_be_read_lets_pass(text):
    verdict = read_verdict(text)
    assert verdict.passed or verdict.parsed
    assert verdict.advice == " ".join(verdict.advice.split())
