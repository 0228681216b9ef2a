"""Turns with their history: of problems with gold calls, and of recorded conversations."""

from __future__ import annotations

import pytest
from support.tool_conversations import ASKED, HEARD, made, record

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.environments.declared import DeclaredEnvironment
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.toolbox import ToolError
from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import Message
from toolbench_eval.training.turns import turns_of_problem, turns_of_record


def find(name: str) -> dict[str, str]:
    """Find a person."""
    if name != "Ada":
        raise ToolError("nobody")
    return {"person_id": "p-1"}


def phone(person_id: str) -> str:
    """Tell the number."""
    return f"555-{person_id}"


PEOPLE = FunctionEnvironment([find, phone])


def problem(*gold: GoldCall) -> ToolProblem:
    return ToolProblem("q1", "What is Ada's number?", gold_calls=gold)


def test_the_history_of_a_problem_are_its_gold_calls_and_their_results() -> None:
    gold = GoldCall("find", {"name": "Ada"}, times=2), GoldCall("phone", {"person_id": "p-1"})
    turns = list(turns_of_problem(problem(*gold), PEOPLE, PEOPLE.tools()))
    assert [(turn.id, turn.gold.name) for turn in turns] == [("q1/0", "find"), ("q1/1", "find"), ("q1/2", "phone")]
    assert [len(turn.messages) for turn in turns] == [2, 4, 6]
    last = turns[2].messages
    assert "What is Ada's number?" in last[1].text
    assert '{"name": "phone"' in last[1].text
    assert last[2] == last[4] == Message("assistant", 'Action: find[{"name": "Ada"}]')
    assert last[3].text == 'Observation (ok):\n<result>\n{"person_id": "p-1"}\n</result>'
    assert last[-1].role == "user"


def test_a_history_ends_where_it_cannot_go_on() -> None:
    failing = problem(GoldCall("find", {"name": "Bob"}), GoldCall("phone", {"person_id": "p-1"}))
    assert [turn.id for turn in turns_of_problem(failing, PEOPLE, PEOPLE.tools())] == ["q1/0"]
    open_ended = problem(GoldCall("find", {"name": "Ada"}), GoldCall("phone"))
    assert [turn.id for turn in turns_of_problem(open_ended, PEOPLE, PEOPLE.tools())] == ["q1/0"]
    declared = DeclaredEnvironment(PEOPLE.tools())  # nobody executes: there is no result to show
    both = problem(GoldCall("find", {"name": "Ada"}), GoldCall("phone", {"person_id": "p-1"}))
    assert [turn.id for turn in turns_of_problem(both, declared, declared.tools())] == ["q1/0"]


def test_the_turns_of_a_conversation_in_the_samplers_format() -> None:
    turns = list(
        turns_of_record(
            record(
                ASKED,
                made(("find", '{"name": "Ada"}')),
                HEARD,
                made(("find", {"name": "a"}), ("find", {"name": "b"})),
                HEARD,
                HEARD,
                {"role": "assistant", "content": "Shall I go on?"},
                {"role": "user", "content": "Yes."},
                made(("find", {"name": "c"})),
            )
        )
    )
    assert [(turn.id, turn.gold.arguments) for turn in turns] == [("c1/0", {"name": "Ada"}), ("c1/2", {"name": "c"})]
    assert turns[0].messages[0].text.endswith("\n\nBe brief.")
    assert "Request: Who is Ada?" in turns[0].messages[1].text
    roles = [message.role for message in turns[1].messages]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]
    assert turns[1].messages[4].text == 'Action: find[{"name": "a"}]\nAction: find[{"name": "b"}]'
    assert turns[1].messages[5].text.count("Observation (ok)") == 2
    assert turns[1].messages[-1].text == "Yes."


@pytest.mark.parametrize(
    ("faulty", "told"),
    [
        (record(made(("find", {}))), "f.json, row 3, field 'conversations': nobody asks"),
        (record(ASKED, made(("find", "{broken"))), "field 'conversations\\[1\\].tool_calls\\[0\\].function.arguments'"),
        (record(ASKED, tools="{}"), "field 'tools': must be a list"),
        (record(ASKED, tools=[{"type": "function"}]), "a tool without a name"),
    ],
)
def test_what_is_no_such_conversation_is_refused_with_its_place(faulty: Record, told: str) -> None:
    with pytest.raises(DataError, match=told):
        list(turns_of_record(faulty))
