"""ATC: programs run in the sandbox, tools are blamed for failures, programs are revised."""

from __future__ import annotations

from collections import Counter

import pytest
from support.atc_stage import REQUEST, RIGHT, TOOLS, WRONG, actions, fenced, find_person, play, states

from toolbench_eval.agents.atc.agent import Atc
from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import build, under
from toolbench_eval.agents.session import BudgetError, Limits, Session
from toolbench_eval.agents.trajectory import LLMCall
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.replay import ReplayError, replay
from toolbench_eval.llms.scripted import Scripted

# Run, attribute, revise


def test_a_program_that_fails_is_blamed_and_revised_and_succeeds_at_the_second_run():
    found, trajectory, requests = play(Atc(), fenced(WRONG), fenced(RIGHT))
    assert (found.text, found.stop_reason) == ("1901", "answered")
    assert actions(trajectory) == ["program", "attribute", "revise"]
    assert states(trajectory) == [1, 0]
    assert [(call.name, call.status) for call in trajectory.tool_calls] == [
        ("find_person", "ok"),
        ("person_details", "error"),
        ("find_person", "ok"),
        ("person_details", "ok"),
    ]
    assert trajectory.tool_calls[1].arguments == {"id": 7}
    assert trajectory.notes("blame") == ({"tools": ["person_details"]},)
    _, reviewed, _ = requests[1]
    assert reviewed["program"] == WRONG
    assert "'id' was unexpected" in reviewed["fault"]
    _, revised, chat = requests[2]
    assert "'id' was unexpected" in revised["fault"]
    assert '"person_id"' in revised["blame"]
    assert '"find_person"' not in revised["blame"]
    assert [message.role for message in chat] == ["system", "user", "assistant", "user"]


def test_a_program_that_works_is_not_reviewed():
    found, trajectory, _ = play(Atc(), fenced(RIGHT))
    assert (found.text, actions(trajectory), states(trajectory)) == ("1901", ["program"], [0])


@pytest.mark.parametrize(
    ("options", "runs"), [({}, 3), ({"alpha": 1}, 1), ({"alpha": 2}, 2), ({"alpha": 1, "alpha_counts": "revisions"}, 2)]
)
def test_alpha_bounds_the_runs(options, runs):
    found, trajectory, _ = play(Atc(**options), fenced(WRONG))
    assert (found.text, found.stop_reason) == (None, "max_hops")
    assert len(trajectory.notes("run")) == runs
    assert actions(trajectory) == ["program", *["attribute", "revise"] * (runs - 1)]


def test_a_reply_without_a_fence_is_asked_for_again():
    found, trajectory, _ = play(Atc(), "I would look her up and read the year.", fenced(RIGHT))
    assert found.text == "1901"
    assert actions(trajectory) == ["program", "retry"]
    assert len(trajectory.notes("run")) == 1


def test_replies_that_never_hold_a_program_end_the_sample():
    found, trajectory, _ = play(Atc(retries=1), "no")
    assert (found.text, found.stop_reason, found.raw) == (None, "parse_error", "no")
    assert actions(trajectory) == ["program", "retry"]
    assert trajectory.tool_calls == ()


def test_an_endless_loop_is_ended_and_revised():
    found, trajectory, requests = play(Atc(program_seconds=0.2), fenced("while True:\n    pass"), fenced(RIGHT))
    assert found.text == "1901"
    assert [note["status"] for note in trajectory.notes("run")] == ["timeout", "ok"]
    assert "time limit" in requests[1][1]["fault"]


def test_calls_of_a_program_are_bounded():
    looping = "for turn in range(9):\n    find_person(name='x')\nprint('done')"
    _, trajectory, _ = play(Atc(alpha=1, program_calls=4), fenced(looping))
    assert trajectory.notes("run")[0]["status"] == "calls"
    assert len(trajectory.tool_calls) == 4


@pytest.mark.parametrize("blame", ["Tool: delete_everything", "no idea", "", "Tool: none", "person or find_person?"])
def test_blame_of_no_tool_or_an_unknown_one_revises_without_blame(blame):
    found, trajectory, requests = play(Atc(), fenced(WRONG), fenced(RIGHT), blame=blame)
    assert found.text == "1901"
    assert trajectory.notes("blame") == ({"tools": []},)
    assert requests[2][1]["blame"] == ""


def test_attribution_failures_are_attribution_calls():
    """Attribution calls are the failed runs that were followed by a revision; runs never exceed alpha."""
    for alpha in (1, 2, 3):
        _, trajectory, _ = play(Atc(alpha=alpha), fenced(WRONG))
        counted = Counter(actions(trajectory))
        assert counted["attribute"] == counted["revise"] == len(trajectory.notes("run")) - 1 == alpha - 1


def test_without_attribution_nobody_is_asked_and_nobody_is_blamed():
    with_blame = play(Atc(), fenced(WRONG), fenced(RIGHT))[1]
    found, without, requests = play(Atc(attribution="none"), fenced(WRONG), fenced(RIGHT))
    assert found.text == "1901"
    assert actions(without) == ["program", "revise"]
    assert requests[1][1]["blame"] == ""
    assert without.calls[-1].prompt != with_blame.calls[-1].prompt


def test_the_released_revision_has_the_name_of_the_blamed_tool_only():
    _, _, requests = play(Atc(blamed_docs=False), fenced(WRONG), fenced(RIGHT))
    assert "person_details" in requests[2][1]["blame"]
    assert "person_id" not in requests[2][1]["blame"]


def test_the_released_blame_takes_parts_of_names_for_tools():
    _, trajectory, _ = play(Atc(blame="substring"), fenced(WRONG), fenced(RIGHT))
    assert trajectory.notes("blame") == ({"tools": ["person", "person_details"]},)


def test_a_tool_that_fails_changes_the_outcome():
    def broken(person_id: int) -> dict:
        raise RuntimeError("the service is down")

    environment = FunctionEnvironment({"find_person": find_person, "person_details": broken})
    found, trajectory, _ = play(Atc(), fenced(RIGHT), environment=environment)
    assert (found.text, found.stop_reason, states(trajectory)) == (None, "max_hops", [1, 1, 1])
    assert play(Atc(), fenced(RIGHT))[0].text == "1901"


def test_a_tool_that_does_not_exist_is_called_and_recorded():
    _, trajectory, _ = play(Atc(alpha=1), fenced("print(age_of(name='Mara'))"))
    assert [(call.name, call.error) for call in trajectory.tool_calls] == [("age_of", "unknown_tool")]


def test_the_budget_ends_a_program_in_the_middle():
    printed = []

    def tell(word: str) -> str:
        """Tells a word."""
        printed.append(word)
        return word

    program = fenced("tell(word='one')\ntell(word='two')\nprint('done')")
    assert play(Atc(), program, tools=[tell], limits=Limits(calls=2))[0].text == "done"
    assert printed == ["one", "two"]
    with pytest.raises(BudgetError, match="limit of 1 calls is reached"):
        play(Atc(), program, tools=[tell], limits=Limits(calls=1))
    assert printed == ["one", "two"]


def test_costs_never_fall_and_each_call_is_counted():
    _, short, _ = play(Atc(), fenced(RIGHT))
    _, long, _ = play(Atc(), fenced(WRONG), fenced(RIGHT))
    assert 0 < sum(call.input_tokens for call in short.calls) < sum(call.input_tokens for call in long.calls)


def test_the_same_script_gives_the_same_log_and_can_be_replayed():
    first, second = (play(Atc(), fenced(WRONG), fenced(RIGHT))[1] for _ in range(2))
    assert first.canonical() == second.canonical()
    specs = FunctionEnvironment(TOOLS).tools()
    assert replay(Atc(), REQUEST, first, lambda ids: (), specs=specs).canonical() == first.canonical()
    with pytest.raises(ReplayError, match="q1"):
        replay(Atc(attribution="none"), REQUEST, first, lambda ids: (), specs=specs)


def test_an_agent_that_is_blind_to_the_order_of_tools_does_the_same_in_any_order():
    one = play(Atc(), fenced(RIGHT))
    other = play(Atc(), fenced(RIGHT), tools=TOOLS[::-1])
    assert one[0] == other[0]
    assert [call.name for call in one[1].tool_calls] == [call.name for call in other[1].tool_calls]


def test_a_task_without_tools_is_refused():
    with pytest.raises(UsageError, match="the task has none"):
        play(Atc(), fenced(RIGHT), environment=FunctionEnvironment([]))


def test_a_prompt_above_the_limit_gives_the_sample_up_and_keeps_it():
    found, trajectory, requests = play(Atc(prompt_limit=10), fenced(RIGHT))
    assert (found.text, found.stop_reason, requests) == (None, "budget", [])
    assert trajectory.notes("prompt_limit")[0]["limit"] == 10
    assert play(Atc(prompt_limit=13_000), fenced(RIGHT))[0].text == "1901"


@pytest.mark.parametrize(("kind", "expected"), [("text", "Her year: 1901"), ("span", "1901")])
def test_the_answer_is_what_was_printed_or_its_last_line(kind, expected):
    found, _, _ = play(Atc(), fenced("print('Her year:')\nprint('1901')"), sample=Sample("q", "When?", kind))
    assert (found.text, found.stop_reason) == (expected, "answered")


@pytest.mark.parametrize("output", ["1901", "[]", ""])
def test_output_that_holds_no_answer_looks_wrong(output):
    sample = Sample("q", "Was she born in 1901?", "boolean")
    found, trajectory, _ = play(Atc(alpha=2), fenced(f"print('{output}')"), sample=sample)
    assert states(trajectory) == [2, 2]
    assert (found.text, found.stop_reason) == (None, "max_hops")
    found, trajectory, _ = play(Atc(states="phrases"), fenced(f"print('{output}')"), sample=sample)
    assert states(trajectory) == [0]
    assert (found.text, found.stop_reason) == (None, "parse_error")


CAUGHT = "try:\n    person_details(person_id=3)\nexcept RuntimeError as error:\n    print('It says', error)"


def test_output_that_looks_wrong_is_revised_and_blamed_and_stands_at_the_end():
    found, trajectory, requests = play(Atc(alpha=2), fenced(CAUGHT))
    assert states(trajectory) == [2, 2]
    assert actions(trajectory) == ["program", "attribute", "revise"]
    assert requests[2][0] == "revise_output"
    assert found.stop_reason == "max_hops"
    assert "nobody has this id" in found.text


def test_the_released_code_does_not_attribute_output():
    _, trajectory, _ = play(Atc(alpha=2, attribution="exceptions"), fenced(CAUGHT))
    assert actions(trajectory) == ["program", "revise"]
    _, trajectory, _ = play(Atc(alpha=2, attribution="exceptions"), fenced(WRONG))
    assert actions(trajectory) == ["program", "attribute", "revise"]


# Options


def test_protocols():
    assert agent_class("atc") is Atc
    assert under(Atc, "paper") == {"calls": "requests", "try_mutating": True}
    released = build(Atc, "released")
    assert (released.alpha, released.temperature, released.blame, released.prompt_limit) == (
        1,
        1.0,
        "substring",
        13_000,
    )
    assert (released.states, released.blamed_docs, released.probe_rounds) == ("phrases", False, 1)
    assert build(Atc, "default", {"prompt_limit": "none", "alpha": "5"}).alpha == 5


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"alpha": "0"}, "alpha is at least 1; found 0"),
        ({"retries": "-1"}, "retries is at least 0; found -1"),
        ({"program_seconds": "0"}, "program_seconds is above 0; found 0"),
        ({"probes": "x.json"}, "probes needs documentation=probed"),
        ({"probe_rounds": "0"}, "probe_rounds is at least 1; found 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(given, told):
    with pytest.raises(UsageError, match=told):
        build(Atc, "default", given)


def test_the_temperature_is_that_of_every_call():
    seen = []

    class Watching(Scripted):
        def complete(self, messages, sampling, attempt=0):
            seen.append((sampling.temperature, sampling.max_tokens))
            return super().complete(messages, sampling, attempt)

    session = Session({"main": Watching(lambda messages: fenced(WRONG))}, environment=FunctionEnvironment(TOOLS))
    Atc(temperature=1.0, max_tokens=99, alpha=2).solve(REQUEST, session)
    assert seen == [(1.0, 99)] * 3
    assert [step.action for step in session.steps if isinstance(step, LLMCall)] == ["program", "attribute", "revise"]
