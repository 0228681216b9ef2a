"""The tool use sample that ships: sizes, gold that was really executed, and agents that solve some of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.dfsdt.agent import Dfsdt
from toolbench_eval.agents.plan_execute import PlanExecute
from toolbench_eval.agents.react import React
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import ToolCall
from toolbench_eval.data.check import check_folder
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.load import load_problems
from toolbench_eval.environments.base import Arguments, ToolResult, answer, failure
from toolbench_eval.environments.offered import OfferedEnvironment
from toolbench_eval.environments.sample_town import FUNCTIONS, sample_town
from toolbench_eval.llms import scripts
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.voices import tool_steps
from toolbench_eval.metrics.answers.profiles import find_profile
from toolbench_eval.metrics.answers.score import score_answer
from toolbench_eval.registry import Registry
from toolbench_eval.shipped import shipped

SIZES = {"lookup": 18, "chain": 14, "change": 14}
AGENTS: dict[str, Agent] = {"react": React(), "plan-execute": PlanExecute(), "dfsdt": Dfsdt()}
TOOLS = {function.__name__ for function in FUNCTIONS}
COMPUTED = {"lookup-18": "71.65", "chain-12": "7, 9"}
"""Answers that no tool gives as they are."""


def problems() -> dict[str, tuple[ToolProblem, ...]]:
    suite = Registry().suite("sample-tools")
    return {row.task: load_problems(suite, row, Access(offline=True)).problems for row in suite.rows}  # type: ignore[arg-type]


TASKS = problems()
ALL = {problem.id: problem for task in TASKS.values() for problem in task}


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from leaves(inside)
    else:
        yield str(value)


def executed(problem: ToolProblem) -> tuple[list[ToolResult], Any]:
    """The results of the gold calls, and the state that they leave."""
    place = sample_town(problem.setup)
    results = [place.call(call.name, call.arguments or {}) for call in problem.gold_calls]
    return results, place.snapshot()


def test_sizes():
    assert {task: len(found) for task, found in TASKS.items()} == SIZES
    assert len(ALL) == 46
    assert {name for problem in ALL.values() for name in problem.candidates} == TOOLS


def test_it_has_no_fault():
    assert check_folder(shipped("tasks") / "sample-tools") == []


@pytest.mark.parametrize("name", ALL)
def test_candidates(name):
    problem = ALL[name]
    assert 10 <= len(problem.candidates) <= 12
    assert len(set(problem.candidates)) == len(problem.candidates)
    assert {call.name for call in problem.gold_calls} <= set(problem.candidates) <= TOOLS


def test_candidates_do_not_tell_the_solution():
    def in_order(problem: ToolProblem) -> bool:
        path = list(dict.fromkeys(call.name for call in problem.gold_calls))
        return [name for name in problem.candidates if name in path] == path

    longer = [problem for problem in ALL.values() if len({call.name for call in problem.gold_calls}) > 2]
    # Of n! orders one is right; a source that leaks has all of them.
    assert sum(map(in_order, longer)) < len(longer) / 2
    first = [problem.candidates[0] in {call.name for call in problem.gold_calls} for problem in ALL.values()]
    assert 0.1 < sum(first) / len(first) < 0.6


@pytest.mark.parametrize("name", ALL)
def test_gold_calls_bring_the_gold(name):
    problem = ALL[name]
    results, state = executed(problem)
    assert [result.status for result in results] == ["ok"] * len(results)
    first = sample_town(problem.setup).snapshot()
    effect = problem.extra.get("effect", {})
    for table, rows in effect.items():
        for key, row in rows.items():
            first[table].pop(key, None)
            first[table] |= {} if row is None else {key: row}
    assert state == first
    if name.startswith("change"):
        assert problem.answers == ()
        assert effect
        assert state != sample_town(problem.setup).snapshot()
    elif name in COMPUTED:
        assert problem.answers[0] == COMPUTED[name]
    else:
        said = {text for result in results for text in leaves(result.value)}
        said |= {text.removesuffix(".0") for text in said}
        assert problem.answers[0] in said


def test_computed_answers():
    prices = [row["price"] for row in sample_town().call("search_products", {"words": "barrel padlock"}).value]
    assert round(sum(prices), 2) == 71.65
    owed = {
        card: sample_town().call("library_account", {"card_number": card}).value["fees"]
        for card in ("LC-2122", "LC-2056")
    }
    assert owed["LC-2056"] > owed["LC-2122"]
    assert [row["line"] for row in sample_town().call("list_lines", {"stop_id": "s-4"}).value] == ["7", "9"]


@pytest.mark.parametrize("name", ALL)
def test_ids_have_to_be_looked_up(name):
    problem = ALL[name]
    results, _ = executed(problem)
    for at, call in enumerate(problem.gold_calls):
        earlier = {text for result in results[:at] for text in leaves(result.value)}
        for value in (call.arguments or {}).values():
            if re.fullmatch(r"[a-z]{1,2}-\d+(?:/.*)?|LC-\d+", str(value)):
                assert value in earlier
                assert value not in problem.text


def test_the_scripted_model_knows_no_answer_and_no_tool():
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(scripts.__file__).parent.glob("*.py"))
    answers = {answer for problem in ALL.values() for answer in problem.answers if len(answer) > 2}
    assert [answer for answer in answers if re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", source)] == []
    # Descriptions are asked for names in general; `find_person` is an example of how names are written.
    assert {name for name in TOOLS if name in source} <= {"find_person"}
    assert "sample_town" not in source


# agents ---------------------------------------------------------------------------------------


def speak(messages: Any) -> str:
    reply = tool_steps.reply(messages)
    assert reply is not None, messages[-1].text
    return reply


Tamper = Callable[[str, ToolResult], ToolResult]


class Tampered:
    """An environment where somebody changes what comes back."""

    def __init__(self, place: OfferedEnvironment, tamper: Tamper) -> None:
        self.place, self.tamper = place, tamper

    def tools(self):
        return self.place.tools()

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        return self.tamper(name, self.place.call(name, arguments))


def solve(agent: Agent, problem: ToolProblem, tamper: Tamper | None = None) -> tuple[bool, Session]:
    """Whether an agent with the scripted model solves a problem."""
    place = OfferedEnvironment(sample_town(problem.setup), problem.candidates)
    session = Session({"main": Scripted(speak)}, environment=place if tamper is None else Tampered(place, tamper))
    found = agent.solve(problem.sample, session)
    if not problem.answers:
        return place.snapshot() == executed(problem)[1], session
    scored = score_answer(found.text or "", problem.answers, find_profile("hippo-rag"))
    return scored["EM"] == 1.0, session


@pytest.mark.parametrize("name", AGENTS)
def test_each_agent_solves_some_and_fails_others_by_calls_that_were_made(name):
    solved = {}
    for problem in ALL.values():
        solved[problem.id], session = solve(AGENTS[name], problem)
        if solved[problem.id]:
            assert any(isinstance(step, ToolCall) and step.status == "ok" for step in session.steps)
    for task, size in SIZES.items():
        right = sum(solved[problem.id] for problem in TASKS[task])
        assert 0 < right < size, task
    assert 0.5 < sum(solved.values()) / len(solved) < 0.85


@pytest.mark.parametrize("name", AGENTS)
def test_another_value_or_an_error_changes_the_outcome(name):
    agent, problem = AGENTS[name], ALL["chain-04"]

    def lies(tool: str, result: ToolResult) -> ToolResult:
        return answer({**result.value, "fees": 9.99}) if tool == "library_account" else result

    def breaks(tool: str, result: ToolResult) -> ToolResult:
        return failure("unavailable", "the library is closed") if tool == "library_account" else result

    assert solve(agent, problem)[0]
    assert not solve(agent, problem, lies)[0]
    assert not solve(agent, problem, breaks)[0]


@pytest.mark.parametrize("name", AGENTS)
def test_a_tool_that_is_missing_changes_the_outcome(name):
    problem = ALL["change-02"]
    assert solve(AGENTS[name], problem)[0]
    without = tuple(one for one in problem.candidates if one != "search_products")
    assert not solve(AGENTS[name], replace(problem, candidates=without))[0]


@pytest.mark.parametrize("name", AGENTS)
def test_an_error_is_recovered_from(name):
    # The forecast does not know last week.
    solved, session = solve(AGENTS[name], ALL["lookup-06"])
    calls = [(step.name, step.status) for step in session.steps if isinstance(step, ToolCall)]
    assert solved
    assert calls == [("weather_forecast", "error"), ("past_weather", "ok")]
