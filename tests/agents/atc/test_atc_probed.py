"""ATC with probed documentation: probed once a run, beside the samples, within its budget."""

from __future__ import annotations

import pytest
from support.probing_stage import ENVIRONMENT, PROMPT, explorer, instance, list_shelves, notes, open_shelf, session_with

from toolbench_eval.agents.atc.agent import Atc
from toolbench_eval.agents.atc.probing import probe
from toolbench_eval.agents.session import BudgetError
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.llms.scripted import Scripted

ANSWER = "```python\nprint(open_shelf(shelf_id=list_shelves(room='hall')[0]['shelf_id'])['books'][0])\n```"
SAMPLE = Sample("q1", "Which book is in the hall?", "text")


def both(asked):
    def script(messages):
        asked.append(messages)
        return explorer(messages) if messages[0].text == PROMPT.texts["system"] else ANSWER

    return script


def test_tools_are_probed_once_a_run_and_what_that_cost_is_noted():
    asked: list = []
    run = RunAllowance()
    agent = Atc(documentation="probed", probe_rounds=2)
    sessions = [session_with(both(asked), FunctionEnvironment([list_shelves, open_shelf])) for _ in range(2)]
    sessions.append(session_with(both(asked), FunctionEnvironment([open_shelf, list_shelves])))
    for session in sessions:
        session.allowance = run
        assert agent.solve(SAMPLE, session).text == "Atlas"
    assert len([messages for messages in asked if messages[0].text == PROMPT.texts["system"]]) == 1 + 3 + 1 + 1
    (noted,) = notes(sessions[0], "documentation")
    assert (noted["documented"], noted["undocumented"]) == (["list_shelves", "open_shelf"], [])
    assert (noted["cost"]["llm_calls"], noted["cost"]["tool_calls"]) == (6, 1 + 3 + 2)
    assert notes(sessions[1], "documentation") == [noted]
    for session in sessions:  # probing is no part of a sample's trajectory
        assert [step.action for step in session.steps if step.step == "llm"] == ["program"]
        assert len([step for step in session.steps if step.step == "tool"]) == 2
    assert run.used_tokens > sum(step.input_tokens for one in sessions for step in one.steps if step.step == "llm")
    shown = asked[-1][1].text
    assert '"returns": [{"shelf_id": "int"' in shown
    assert '"example": {"query": "Show me."' in shown


def test_another_run_other_options_or_other_tools_are_probed_anew():
    asked: list = []
    run = RunAllowance()

    def count(allowance, tools=(list_shelves,), **options):
        before = len(asked)
        session = session_with(both(asked), FunctionEnvironment(tools), allowance=allowance)
        Atc(documentation="probed", alpha=1, **options).solve(SAMPLE, session)
        return len([one for one in asked[before:] if one[0].text == PROMPT.texts["system"]])

    assert [count(run), count(run), count(RunAllowance()), count(None), count(None)] == [1, 0, 1, 1, 1]
    assert count(run, probe_tries=2) == 1
    assert count(run, tools=(list_shelves, open_shelf)) > 0


def test_a_file_is_used_instead(tmp_path):
    file = tmp_path / "shelves.json"
    probed = probe(ENVIRONMENT.tools(), ENVIRONMENT, Scripted(explorer), file=file)
    asked: list = []
    session = session_with(both(asked))
    agent = Atc(documentation="probed", probes=str(file))
    assert agent.solve(SAMPLE, session).text == "Atlas"
    assert len(asked) == 1
    (noted,) = notes(session, "documentation")
    assert (noted["digest"], noted["undocumented"]) == (probed.digest, ["lost"])
    assert '"locked": "bool"' in asked[0][1].text


def test_after_probing_the_environment_is_as_it_was():
    def open_once(state: dict, name: str) -> int:
        """Counts."""
        state["opened"] += 1
        return state["opened"]

    environment = FunctionEnvironment([open_once], state={"opened": 0}, mutating=["open_once"])

    def script(messages):
        probing = messages[0].text == PROMPT.texts["system"]
        return instance("print(open_once(name='a'))") if probing else "```python\nprint(open_once(name='b'))\n```"

    session = session_with(script, environment)
    answer = Atc(documentation="probed", try_mutating=True).solve(SAMPLE, session)
    assert answer.text == "1"
    assert notes(session, "documentation")[0]["documented"] == ["open_once"]


def test_the_budget_of_the_run_ends_probing():
    session = session_with(both([]), allowance=RunAllowance(tokens=1))
    with pytest.raises(BudgetError):
        Atc(documentation="probed").solve(SAMPLE, session)
