"""Reversed construction: scene, steps, restart, forced answer, request; with models that say their lines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall, ToolCall
from toolbench_eval.environments.base import Environment
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.toolbox import ToolError
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.training.built import Built, DroppedError, Recipe, replays
from toolbench_eval.training.conversations import conversation_of
from toolbench_eval.training.reversed import Builder

ASK = json.dumps({"question": "What is it like?", "short": "17"})


def tools(count: int, made: list[int] | None = None) -> FunctionEnvironment:
    """Tools t0, t1 ... that give 17, 27, 37 ... and note that they were called."""

    def of(number: int) -> Callable[..., dict[str, int]]:
        def run(at: int = 0) -> dict[str, int]:
            """Look at something."""
            if made is not None:
                made.append(number)
            return {"value": 10 * (number + 1) + 7, "at": at}

        return run

    return FunctionEnvironment({f"t{number}": of(number) for number in range(count)})


def scene(*names: str, scenario: str = "Somebody looks.") -> str:
    return json.dumps({"scenario": scenario, "facts": ["at: 3"], "tools": list(names)})


def call(name: str, **arguments: object) -> str:
    return f"Thought: look\nAction: {name}[{json.dumps(arguments)}]"


class Play:
    """A model that says these lines in order, and what it was asked; `strong` says other lines."""

    def __init__(self, *lines: str, strong: Sequence[str] = (ASK,)) -> None:
        self.asked: list[list[Message]] = []
        self.told: list[list[Message]] = []
        self.left, self.strong = list(lines), list(strong)
        self.session = Session({"main": Scripted(self._main), "strong": Scripted(self._strong)}, seed=0)

    def _main(self, messages: Sequence[Message]) -> str:
        self.asked.append(list(messages))
        return self.left.pop(0)

    def _strong(self, messages: Sequence[Message]) -> str:
        self.told.append(list(messages))
        return self.strong.pop(0)

    @property
    def actions(self) -> list[tuple[str, str]]:
        """Who was asked for what."""
        return [(step.role, step.action) for step in self.session.steps if isinstance(step, LLMCall)]

    def build(self, environment: Environment, recipe: Recipe, seed: int = 0, leak: str | None = None) -> Built:
        names = (lambda text: leak if leak is not None and leak in text else None) if leak else (lambda text: None)
        builder = Builder(self.session, environment.tools(), environment, random.Random(seed), recipe, names)
        return builder.build()


def fixed(turns: int, **more: object) -> Recipe:
    return Recipe(turns=(turns, turns), **more)  # type: ignore[arg-type]


# the number of turns ------------------------------------------------------------------------------


@pytest.mark.parametrize("turns", [4, 5, 6, 7])
def test_the_last_turn_is_the_answer_and_the_one_before_is_announced(turns: int) -> None:
    made: list[int] = []
    steps = [call(f"t{number}", at=number) for number in range(turns - 1)]
    play = Play(scene(*(f"t{n}" for n in range(7))), *steps, strong=["Answer: 17 it is", ASK])
    built = play.build(tools(9, made), fixed(turns))
    assert made == list(range(turns - 1))
    assert [one.name for one in built.calls] == [f"t{n}" for n in range(turns - 1)]
    assert (built.turns, built.forced, built.answer, built.restarts) == (turns, True, "17 it is", 0)
    assert play.actions == [
        ("main", "scene"),
        *[("main", "step")] * (turns - 1),
        ("strong", "answer"),
        ("strong", "question"),
    ]
    announced = ["You may call one more tool at most" in asked[-1].text for asked in play.asked]
    assert announced == [False] * (turns - 1) + [True]  # the last step is asked for with c == n - 2 calls made
    assert play.told[0][-1].text.endswith("Answer: <the answer>")
    assert f"at most {turns - 1} in all" in play.asked[1][1].text


def test_the_model_may_answer_before() -> None:
    play = Play(scene("t0", "t1"), call("t0"), call("t1"), "Thought: done\nAction: Finish[It is 17.]")
    built = play.build(tools(3), fixed(7))
    assert (built.answer, built.forced, built.used) == ("It is 17.", False, ("t0", "t1"))
    assert (built.question, built.short) == ("What is it like?", "17")
    assert [role for role, _ in play.actions] == ["main"] * 4 + ["strong"]
    said = [(turn.role, "Observation (ok)" in turn.text) for turn in play.asked[-1]]
    assert said[:2] == [("system", False), ("user", False)]
    assert said[2:] == [("assistant", False), ("user", True)] * 2


def test_an_answer_that_comes_too_early_is_not_taken() -> None:
    finish = "Thought: done\nAction: Finish[17]"
    play = Play(scene("t0", "t1"), call("t0"), finish, call("t1"), finish)
    built = play.build(tools(2), fixed(5))
    assert [one.name for one in built.calls] == ["t0", "t1"]
    assert ("main", "retry") in play.actions
    assert "call at least 2 tools" in play.asked[3][-1].text


def test_a_reply_without_a_call_is_asked_for_again_and_in_the_end_dropped() -> None:
    play = Play(scene("t0"), "I think.", call("t0"), call("t0", at=1), "Action: Finish[17]")
    assert len(play.build(tools(2), fixed(5)).calls) == 2
    with pytest.raises(DroppedError, match="unreadable"):
        Play(scene("t0"), "no", "no", "no").build(tools(2), fixed(5))
    with pytest.raises(DroppedError, match="unreadable"):
        Play("no", "still no", "[]").build(tools(2), fixed(5))


# restart ------------------------------------------------------------------------------------------


def test_a_restart_begins_anew_with_another_window() -> None:
    restart = "Thought: broken\nAction: Restart[it fails]"
    play = Play(scene("t0"), call("t0"), restart, scene("t1"), call("t1"), call("t1", at=1), "Action: Finish[27]")
    built = play.build(tools(30), fixed(7))
    assert (built.restarts, built.used, built.answer) == (1, ("t1",), "27")
    first, second = ({json.loads(line)["name"] for line in block(asked)} for asked in (play.asked[0], play.asked[3]))
    assert len(first) == len(second) == 20
    assert first != second
    assert [step.action for step in play.session.steps if getattr(step, "step", "") == "note"] == ["restart"]


def test_restarts_come_to_an_end() -> None:
    restart = "Action: Restart[it fails]"
    with pytest.raises(DroppedError, match="restarted"):
        Play(*[scene("t0"), restart] * 3).build(tools(2), fixed(4, restarts=2))


def test_the_state_is_set_back_before_each_scene() -> None:
    def add(state: list[int]) -> int:
        """Add one."""
        state.append(1)
        return len(state)

    environment = FunctionEnvironment([add], state=[])
    play = Play(scene("add"), call("add"), "Action: Restart[no]", scene("add"), call("add"), "Action: Finish[1]")
    built = play.build(environment, fixed(4, least=1))
    assert built.calls[0].result.value == 1


# the scene ----------------------------------------------------------------------------------------


def block(asked: Sequence[Message]) -> list[str]:
    return asked[1].text.split("<tools>\n")[1].split("\n</tools>")[0].splitlines()


def test_the_window_is_a_stretch_of_the_circle_of_tools() -> None:
    for seed in range(12):
        play = Play(scene("nothing of the kind"), "no", "no", "no")
        with pytest.raises(DroppedError):
            play.build(tools(25), fixed(4), seed)
        names = [json.loads(line)["name"] for line in block(play.asked[0])]
        start = int(names[0][1:])
        assert names == [f"t{(start + at) % 25}" for at in range(20)]


def test_where_no_tool_of_the_window_is_named_five_are_drawn() -> None:
    play = Play(scene("elsewhere"), "no", "no", "no")
    with pytest.raises(DroppedError):
        play.build(tools(40), fixed(4))
    offered = {json.loads(line)["name"] for line in block(play.asked[1])}
    assert len(offered) == 5
    assert offered <= {json.loads(line)["name"] for line in block(play.asked[0])}


def test_only_the_tools_of_the_scene_can_be_called() -> None:
    made: list[int] = []
    play = Play(scene("t0", "t1", "t0"), call("t2"), call("t1"), call("t0"), "Action: Finish[17]")
    built = play.build(tools(3, made), fixed(7))
    assert made == [1, 0]
    assert [one.result.error for one in built.calls] == ["unknown_tool", None, None]
    assert built.used == ("t1", "t0")
    assert "t2" not in play.told[0][1].text  # what brought nothing is no part of the request


def test_more_tools_than_wanted_are_cut() -> None:
    play = Play(scene("t3", "t1", "t0", "t2"), "no", "no", "no")
    with pytest.raises(DroppedError):
        play.build(tools(5), fixed(4, chosen=(2, 2)))
    assert [json.loads(line)["name"] for line in block(play.asked[1])] == ["t3", "t1"]
    assert "would use 2 of these tools" in play.asked[0][1].text


# the request --------------------------------------------------------------------------------------


def test_a_request_that_names_a_tool_is_asked_for_again_then_dropped() -> None:
    leak = json.dumps({"question": "What does t0 say?"})
    lines = [scene("t0"), call("t0"), call("t0", at=1), "Action: Finish[17]"]
    built = Play(*lines, strong=[leak, ASK]).build(tools(1), fixed(5), leak="t0")
    assert built.question == "What is it like?"
    with pytest.raises(DroppedError, match="names a tool"):
        Play(*lines, strong=[leak, leak, leak]).build(tools(1), fixed(5), leak="t0")


@pytest.mark.parametrize(
    ("short", "kept"), [("17", "17"), ("18", ""), ("", ""), (17, "17"), ("What", ""), (["17"], "")]
)
def test_a_short_answer_stands_in_a_result_and_not_in_the_request(short: object, kept: str) -> None:
    lines = [scene("t0"), call("t0"), call("t0", at=1), "Action: Finish[17]"]
    strong = [json.dumps({"question": "What is it like?", "short": short})]
    assert Play(*lines, strong=strong).build(tools(1), fixed(5)).short == kept


def test_without_a_result_there_is_no_request() -> None:
    def empty() -> list[int]:
        """Find nothing."""
        return []

    def broken() -> None:
        """Fail."""
        raise ToolError("no")

    lines = [scene("empty", "broken"), call("empty"), call("broken"), "Action: Finish[nothing]"]
    with pytest.raises(DroppedError, match="no result"):
        Play(*lines).build(FunctionEnvironment([empty, broken]), fixed(5))


def test_from_documentation_alone() -> None:
    play = Play(scene("t1", "t0"), strong=[json.dumps({"question": "Where?"})])
    environment = tools(3)
    built = Builder(play.session, environment.tools(), None, random.Random(0), fixed(4), lambda text: None).imagine()
    assert (built.question, built.used, built.calls, built.answer) == ("Where?", ("t1", "t0"), (), "")
    assert not [step for step in play.session.steps if isinstance(step, ToolCall)]


# replay and export --------------------------------------------------------------------------------


def counter() -> FunctionEnvironment:
    count = iter(range(100))

    def ticket() -> int:
        """Draw a number."""
        return next(count)

    def fixed_price() -> float:
        """Tell the price."""
        return 2.0

    return FunctionEnvironment([ticket, fixed_price])


def test_a_replay_shows_whether_results_are_the_same() -> None:
    lines = [scene("ticket", "fixed_price"), call("fixed_price"), call("ticket"), "Action: Finish[0]"]
    environment = counter()
    built = Play(*lines).build(environment, fixed(5))
    assert not replays(built, environment)  # the next ticket
    assert replays(built, counter())
    steady = Play(scene("fixed_price"), call("fixed_price"), call("fixed_price"), "Action: Finish[2]")
    assert replays(steady.build(environment, fixed(5)), environment)


def test_only_calls_that_brought_something_are_replayed_and_exported() -> None:
    lines = [scene("t0", "t1"), call("t9"), call("t0", at=4), "Action: t1[{broken]", call("t1"), "Action: Finish[x]"]
    built = Play(*lines).build(tools(2), fixed(7))
    made: list[int] = []
    assert replays(built, tools(2, made))
    assert made == [0, 1]
    record = conversation_of("x-1", built)
    assert list(record) == ["id", "system", "conversations", "tools"]
    turns = record["conversations"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    asked = [turn["tool_calls"][0]["function"] for turn in turns if "tool_calls" in turn]
    assert asked == [{"name": "t0", "arguments": '{"at": 4}'}, {"name": "t1", "arguments": "{}"}]
    assert (turns[0]["content"], turns[-1]["content"]) == ("What is it like?", "x")
    assert json.loads(turns[2]["content"]) == {"value": 17, "at": 4}
    assert [tool["function"]["name"] for tool in json.loads(record["tools"])] == ["t0", "t1"]


# what always holds --------------------------------------------------------------------------------


def names_t0(text: str) -> str | None:
    return "t0" if "t0" in text else None


STEPS = st.sampled_from(
    [
        *[call("t0"), call("t0", at=2), call("t3", at=1), call("t3")] * 3,
        *[call("zz"), call("t3", at="x"), "Action: t0[{", "hm", ""],
        *["Action: Finish[17]"] * 3,
        *["Action: Restart[why]", "Answer: 17", "Answer: 17"],
    ]
)
SCENES = st.sampled_from([scene("t0", "t3"), scene("t3", "t0", "t1"), scene("zz", "t0"), scene("t3"), "hm"])
REQUESTS = st.sampled_from([ASK, ASK, "hm", json.dumps({"question": "t0?"})])


@given(
    st.lists(STEPS, min_size=20, max_size=40),
    st.lists(SCENES, min_size=10, max_size=10),
    st.lists(REQUESTS, min_size=3, max_size=3),
    st.integers(0, 99),
    st.integers(2, 7),
)
def test_whatever_the_model_says_the_bounds_hold(
    steps: list[str], scenes: list[str], requests: list[str], seed: int, turns: int
) -> None:
    lines = {"think up": iter(scenes), "ask an assistant": iter(requests), "": iter(steps)}

    def say(messages: Sequence[Message]) -> str:
        return next(next(said for part, said in lines.items() if part in messages[0].text), "nothing more")

    environment = tools(4)
    session, recipe = Session({"main": Scripted(say)}), Recipe(turns=(2, turns), window=4)
    builder = Builder(
        session,
        environment.tools(),
        environment,
        random.Random(seed),
        recipe,
        lambda text: "t0" if "t0" in text else None,
    )
    try:
        built = builder.build()
    except DroppedError as error:
        assert str(error) in {"unreadable", "restarted", "no result", "names a tool"}
        return
    assert 1 <= len(built.calls) <= built.turns - 1 <= turns - 1
    assert len(built.scene.tools) >= 1
    assert set(built.used) <= {tool.name for tool in built.scene.tools} <= set(built.scene.window)
    assert len(built.scene.window) == 4
    assert built.used
    assert built.question == "What is it like?"
    assert built.answer
    assert replays(built, tools(4))
    assert not built.forced or len(built.calls) == built.turns - 1
