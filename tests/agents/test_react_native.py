"""ReAct with native calls: a model that replies with calls, one reply after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.tool_stage import hall

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.react import React
from toolbench_eval.agents.session import MOST_WRITTEN, BudgetError, Limits, Session
from toolbench_eval.agents.trajectory import LLMCall, Note, ToolCall, Trajectory, from_json
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import GREEDY, Message, NativeCall, Reply, Sampling, Usage
from toolbench_eval.llms.scripted import Scripted

ASKED = Sample("t1", "What is Ada's phone number?")
FIND, PHONE = ("find", '{"name": "Ada"}'), ("phone", '{"person_id": "p-1"}')
DONE = "Answer: 555-0100"


@dataclass
class Lines:
    """Says these replies: a text, or calls with a text before them perhaps; asked for more, it fails the test."""

    left: list[Any]
    name: str = "lines"
    asked: list[tuple[list[Message], Sampling, int]] = field(default_factory=list)

    @property
    def identity(self) -> dict[str, Any]:
        return {}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.asked.append((list(messages), sampling, attempt))
        line = self.left.pop(0)
        if isinstance(line, str):
            return Reply(line, Usage(3, 2))
        text = line[0] if isinstance(line[0], str) else ""
        calls = line[1:] if text else line
        made = tuple(NativeCall(f"c{len(self.asked)}.{at}", *call) for at, call in enumerate(calls))
        return Reply(text, Usage(3, 2), "tool_calls", calls=made)


def play(*lines: Any, limits: Limits | None = None, **options: Any) -> tuple[Answer, Session, Lines]:
    llm = Lines(list(lines))
    session = Session({"main": llm}, environment=hall(), limits=limits or Limits())
    answer = React(calls="native", **options).solve(ASKED, session)
    assert not llm.left
    return answer, session, llm


def made(session: Session) -> list[tuple[str, Any, str]]:
    return [(one.name, one.arguments, one.status) for one in session.steps if isinstance(one, ToolCall)]


def actions(session: Session) -> list[tuple[str, int]]:
    return [(one.action, one.attempt) for one in session.steps if isinstance(one, LLMCall)]


def test_find_call_answer() -> None:
    answer, session, llm = play(["I look for\nher.", FIND], [PHONE], f"It is there.\n{DONE}")
    assert answer == Answer("555-0100", "answered", f"It is there.\n{DONE}")
    assert made(session) == [("find", {"name": "Ada"}, "ok"), ("phone", {"person_id": "p-1"}, "ok")]
    assert actions(session) == [("act", 0)] * 3
    turns, sampling, _ = llm.asked[-1]
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert (turns[2].text, turns[2].calls) == ("I look for\nher.", (NativeCall("c1.0", *FIND),))
    assert turns[3] == Message("tool", '{"person_id": "p-1"}', answers=NativeCall("c1.0", *FIND))
    assert "<tools>" not in turns[1].text  # they are offered by the request
    assert [tool.name for tool in sampling.tools] == ["find", "phone", "note", "evil", "long", "hang"]
    assert sampling.tools[1].description == "Tell a person's phone number."
    assert sampling.tools[1].parameters["required"] == ["person_id"]
    notes = [step.values for step in session.steps if isinstance(step, Note)]
    assert notes[0] == {"text": "I look for her.", "move": 'find[{"name": "Ada"}]'}


def test_calls_of_one_reply_are_made_in_order_and_answered_one_by_one() -> None:
    answer, session, llm = play([("note", '{"text": "a"}'), FIND, ("note", '{"text": "b"}')], DONE)
    assert answer.text == "555-0100"
    assert [name for name, _, _ in made(session)] == ["note", "find", "note"]
    assert [turn.text for turn in llm.asked[1][0][-3:]] == ["1", '{"person_id": "p-1"}', "2"]
    assert [turn.answers.id for turn in llm.asked[1][0][-3:]] == ["c1.0", "c1.1", "c1.2"]  # type: ignore[union-attr]


def test_an_answer_at_once_calls_nothing() -> None:
    answer, session, _ = play("Paris")
    assert answer == Answer("Paris", "answered", "Paris")
    assert made(session) == []


def test_malformed_arguments_and_invented_names_are_answered_and_recovered_from() -> None:
    answer, session, llm = play([("find", '{"name": Ada}'), ("hone", "{}")], [FIND], [PHONE], DONE)
    assert answer.text == "555-0100"
    assert made(session)[:2] == [("find", '{"name": Ada}', "error"), ("hone", {}, "error")]
    assert "the arguments are not JSON" in llm.asked[1][0][-2].text
    assert "there is no tool 'hone'" in llm.asked[1][0][-1].text


def test_neither_call_nor_answer_is_asked_for_again() -> None:
    answer, session, llm = play("", "<think>hm</think>", [FIND], DONE)
    assert answer.text == "555-0100"
    assert actions(session) == [("act", 0), ("retry", 1), ("retry", 2), ("act", 0)]
    assert [turn.text for turn in llm.asked[1][0][2:3]] == ["(nothing)"]
    assert llm.asked[1][0][3].text.startswith("There was neither a call nor an answer.")
    assert len(llm.asked[3][0]) == 4  # what could not be read is forgotten


def test_where_nothing_can_be_read_the_last_request_does_not_stand_behind_another_one() -> None:
    answer, session, llm = play("", "Answer: x", retries=0)
    assert answer == Answer("x", "parse_error", "Answer: x")
    assert [turn.role for turn in llm.asked[-1][0]] == ["system", "user"]
    assert "There are no calls left." in llm.asked[-1][0][-1].text
    assert actions(session) == [("act", 0), ("answer", 0)]
    assert play("", "", retries=0)[0] == Answer(None, "parse_error", "")


def test_the_bound_of_actions_counts_replies_and_then_asks_for_the_answer() -> None:
    answer, session, llm = play([FIND, PHONE], [("find", '{"name": "Bob"}')], DONE, max_actions=2)
    assert answer == Answer("555-0100", "max_hops", DONE)
    assert len(made(session)) == 3
    assert [turn.role for turn in llm.asked[-1][0][-2:]] == ["tool", "user"]
    assert llm.asked[-1][1].tools  # still on offer


def test_calls_after_the_bound_are_not_made() -> None:
    answer, session, _ = play([FIND], [PHONE], DONE, max_actions=1)
    assert answer == Answer("555-0100", "max_hops", DONE)
    assert len(made(session)) == 1


def test_the_same_again_is_no_progress() -> None:
    answer, session, _ = play([FIND], [FIND], DONE)
    assert answer == Answer("555-0100", "no_progress", DONE)
    assert len(made(session)) == 2


def test_a_limit_ends_it() -> None:
    with pytest.raises(BudgetError, match="limit of 1 calls"):
        play([FIND], [PHONE], limits=Limits(calls=1))


def test_what_a_model_babbles_into_arguments_ends_it_too() -> None:
    with pytest.raises(BudgetError, match="the model wrote more than"):
        play([("find", "x" * (MOST_WRITTEN + 1))])


def test_halves_of_characters_go_nowhere() -> None:
    _, session, llm = play([("find\ud83d", '{"name": "\ud83d"}')], DONE)
    json.dumps(Trajectory("s", None, "answered", steps=tuple(session.steps)).to_json(), ensure_ascii=False).encode()
    assert llm.asked[1][0][2].calls[0].name == "find\ufffd"


def test_the_trajectory_holds_the_calls_and_only_where_there_are_some() -> None:
    _, session, _ = play(["Thinking.", FIND, PHONE], DONE)
    trajectory = Trajectory("t1", "555-0100", "answered", DONE, tuple(session.steps))
    first, *_, last = trajectory.to_json()["steps"]
    assert list(first["calls"]) == [
        {"id": "c1.0", "name": "find", "arguments": '{"name": "Ada"}'},
        {"id": "c1.1", "name": "phone", "arguments": '{"person_id": "p-1"}'},
    ]
    assert "calls" not in last
    assert from_json(json.loads(json.dumps(trajectory.to_json()))) == trajectory


def test_no_tools_and_no_native_calls_are_said() -> None:
    with pytest.raises(UsageError, match="calls=native is for tasks with tools"):
        React(calls="native").solve(ASKED, Session({"main": Lines([])}))
    with pytest.raises(UsageError, match=r"'scripted' has no format of its own for calls.*--set calls=text"):
        React(calls="native").solve(ASKED, Session({"main": Scripted()}, environment=hall()))
