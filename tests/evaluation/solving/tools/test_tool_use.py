"""Tool use from the declaration to the result: what is offered, executed, scored, written and scored again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import Stage, samples, stage
from support.tool_agents import Obedient, script
from support.tool_suite import AGENT, INK, PEN, SHOP, again, solved, suite, values


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as run:
        yield run


def test_answers_depend_on_nothing_but_the_answer(at: Stage, tmp_path: Path):
    problems = [
        {"id": "right", "text": script(("price", PEN), answer="3"), "answers": ["3"], "answer_type": "span"},
        {"id": "wrong", "text": script(("price", PEN), answer="4"), "answers": ["3"], "answer_type": "span"},
        {"id": "long", "text": script(answer="It costs 3 crowns."), "answers": ["3"], "answer_type": "span"},
        {"id": "free", "text": script(answer="It costs 3 crowns."), "answers": ["3 crowns"]},
        {"id": "yes", "text": script(answer="Indeed, yes."), "answers": [True]},
        {"id": "none", "text": script(("price", PEN), answer=None), "answers": ["3"]},
    ]
    result, records, folder = solved(at, suite(tmp_path / "s", problems))
    assert values(records, "success") == {"right": 1, "wrong": 0, "long": 0, "free": 1, "yes": 1, "none": 0}
    assert values(records, "finished")["none"] == 0
    assert result["tasks"]["tiny/one"]["solved"]["profile"] == f"answer in {SHOP}"
    assert result["headline"]["value"] == 0.5
    assert result["tasks"]["tiny/one"]["failed"] == 1
    again(folder)


def test_calls_are_executed_and_counted(at: Stage, tmp_path: Path):
    calls = [("price", PEN), ("price", PEN), ("price", {"item": "gold"}), ("price", {"thing": 1}), ("sell", PEN)]
    gold = [["price", 2], "opening_hours"]
    problems = [{"id": "a", "text": script(*calls, ("buy", PEN)), "gold_calls": gold}]
    _, records, folder = solved(at, suite(tmp_path / "s", problems, scoring="path"))
    steps = [step for step in records["a"]["trajectory"]["steps"] if step["step"] == "tool"]
    assert [step["error"] for step in steps] == [None, None, "tool_error", "invalid_arguments", "unknown_tool", None]
    assert steps[0]["text"] == "3"
    scores = records["a"]["scores"]
    assert scores["hallucinated_tool_rate"] == pytest.approx(1 / 6)
    assert scores["incorrect_tool_rate"] == pytest.approx(1 / 6)  # buy
    assert scores["invalid_argument_rate"] == pytest.approx(1 / 5)
    assert scores["execution_error_rate"] == pytest.approx(1 / 4)
    assert scores["wasted_call_rate"] == pytest.approx(1 / 6)
    assert (scores["cpr_set"], scores["cpr_multiset"]) == (pytest.approx(1 / 2), pytest.approx(2 / 3))
    assert (scores["covered"], scores["success"], scores["candidate_recall"]) == (0, 0, 1)
    assert (scores["tool_calls"], scores["llm_calls"]) == (6, 0)
    again(folder)


def test_the_gold_path_has_full_marks_and_its_variants_differ(at: Stage, tmp_path: Path):
    gold = ["opening_hours", "price"]
    problems = [
        {"id": "gold", "text": script(("opening_hours", {}), ("price", PEN)), "gold_calls": gold},
        {"id": "turned", "text": script(("price", PEN), ("opening_hours", {})), "gold_calls": gold},
        {"id": "unfinished", "text": script(("buy", PEN), answer=None), "gold_calls": gold},
    ]
    result, records, _ = solved(at, suite(tmp_path / "s", problems, scoring="path"))
    names = ("success", "cpr_task", "path_lcs", "path_exact", "path_precision", "conagents_success_released")
    assert [records["gold"]["scores"][name] for name in names] == [1, 1, 1, 1, 1, 1]
    assert [records["turned"]["scores"][name] for name in names] == [1, 0, 0.5, 0, 1, 1]
    # The released precedence fault: a run that ended without any gold call passes.
    assert [records["unfinished"]["scores"][name] for name in names] == [0, 0, 0, 0, 0, 1]
    assert result["tasks"]["tiny/one"]["solved"]["left_out"] == []


def test_states_are_compared_with_that_after_the_gold_calls(at: Stage, tmp_path: Path):
    gold = [{"name": "buy", "arguments": {"item": "pen", "amount": 2}}]
    problems = [
        {"id": "same", "text": script(("price", PEN), ("buy", PEN), ("buy", PEN)), "gold_calls": gold},
        {"id": "less", "text": script(("buy", PEN)), "gold_calls": gold},
        {"id": "more", "text": script(("buy", {"item": "pen", "amount": 2}), ("buy", INK)), "gold_calls": gold},
        {
            "id": "told",
            "text": script(("buy", {"item": "pen", "amount": 2}), answer="6"),
            "gold_calls": gold,
            "answers": ["7"],
        },
        {
            "id": "given",
            "text": script(),
            "extra": {"state": {"prices": {"pen": 3, "ink": 7}, "bought": {}}},
            "gold_calls": gold,
        },
    ]
    _, records, folder = solved(at, suite(tmp_path / "s", problems, scoring="state"))
    assert values(records, "state_right") == {"same": 1, "less": 0, "more": 0, "told": 1, "given": 1}
    assert values(records, "success") == {"same": 1, "less": 0, "more": 0, "told": 0, "given": 1}
    assert records["same"]["state"]["bought"] == {"pen": 2}
    assert records["same"]["gold"]["extra"]["state"]["bought"] == {"pen": 2}
    assert "setup" not in records["same"]["gold"]
    again(folder)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ([], "neither a gold state nor a gold call"),
        (["buy"], "has no arguments"),
        ([{"name": "price", "arguments": {"item": "gold"}}], "there is no gold"),
    ],
)
def test_gold_calls_that_give_no_state_are_named(at: Stage, tmp_path: Path, gold: list[Any], message: str):
    folder = suite(tmp_path / "s", [{"id": "a", "text": "t", "gold_calls": gold}], scoring="state")
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT)
    assert done.code == 2
    assert message in done.err and "'a'" in done.err


CUPS = {"table_name": "cups", "table_info": {"columns": [{"name": "Colour"}, {"name": "Size"}], "rows": [["red", "3"]]}}


def test_sql_is_executed(at: Stage, tmp_path: Path):
    asked = {"description": "q", "type": ["other"], "label": ["red"], "table": CUPS}
    change = {**asked, "type": ["INSERT"], "label": ["INSERT INTO cups VALUES ('blue', '4')"]}
    insert = {"query": "INSERT INTO cups (Size, Colour) VALUES ('4', 'blue')"}
    scripts = {
        "committed": (
            asked,
            [("execute_sql", {"query": "SELECT Colour FROM cups"}), ("commit_final_answer", {"answers": ["Red"]})],
            None,
        ),
        "told": (asked, [], '["red"]'),
        "wrong": (asked, [("commit_final_answer", {"answers": ["blue"]})], "red"),
        "changed": (change, [("execute_sql", insert)], "done"),
        "twice": (change, [("execute_sql", insert), ("execute_sql", insert)], "done"),
        "idle": (change, [], "done"),
    }
    problems = [
        {**record, "id": name, "description": script(*calls, answer=answer)}
        for name, (record, calls, answer) in scripts.items()
    ]
    Obedient.scripts.update({name: {"calls": calls, "answer": answer} for name, (_, calls, answer) in scripts.items()})
    row = {"format": "dbbench", "environment": "sql", "scoring": "sql"}
    result, records, folder = solved(at, suite(tmp_path / "s", problems, **row))
    assert values(records, "success") == {"committed": 1, "told": 1, "wrong": 0, "changed": 1, "twice": 0, "idle": 0}
    assert values(records, "sql_released")["committed"] == 0  # with case
    assert result["tasks"]["tiny/one"]["solved"]["profile"] == "sql in sql"
    again(folder)


AREA = {
    "name": "area",
    "parameters": {"type": "dict", "properties": {"base": {"type": "integer"}}, "required": ["base"]},
}


def test_bfcl_scores_calls_and_calls_that_are_written(at: Stage, tmp_path: Path):
    scripts: dict[str, tuple[list[Any], str | None]] = {
        "simple_python_0": ([("area", {"base": 2})], "done"),
        "simple_python_1": ([("area", {"base": 3})], "done"),
        "simple_python_2": ([], "[area(base=2)]"),
        "simple_python_3": ([], '[{"name": "area", "arguments": {"base": 2}}]'),
        "irrelevance_0": ([], "None of these helps."),
        "irrelevance_1": ([("area", {"base": 2})], "done"),
        "irrelevance_2": ([], None),
    }
    turn = [[{"role": "user", "content": "q"}]]
    problems = [{"id": name, "question": turn, "function": [AREA]} for name in scripts]
    Obedient.scripts.update({name: {"calls": calls, "answer": answer} for name, (calls, answer) in scripts.items()})
    row = {"format": "bfcl", "environment": "declared", "scoring": "ast", "gold": "gold.jsonl"}
    folder = suite(tmp_path / "s", problems, **row)
    gold = [{"id": name, "ground_truth": [{"area": {"base": [2]}}]} for name in scripts if "irr" not in name]
    (folder / "gold.jsonl").write_text("".join(json.dumps(one) + "\n" for one in gold), encoding="utf-8")
    _, records, results = solved(at, folder)
    assert list(values(records, "success").values()) == [1, 0, 1, 1, 1, 0, 0]
    assert "cpr_set" not in records["simple_python_0"]["scores"]  # irrelevance has no gold path
    again(results)


def test_apibank_scores_the_first_call_by_its_result(at: Stage, tmp_path: Path):
    token = {"username": "Ann", "password": "pw"}
    turns = [
        {"role": "User", "text": "Remind me."},
        {
            "role": "API",
            "api_name": "GetUserToken",
            "param_dict": token,
            "result": {"input": token, "output": {"token": "t1"}, "exception": None},
        },
        {
            "role": "API",
            "api_name": "AddReminder",
            "param_dict": {},
            "result": {
                "input": {"token": "t1", "content": "Call Bob today", "time": "2023-01-01 09:00:00"},
                "output": "success",
                "exception": None,
            },
        },
    ]
    folder = suite(
        tmp_path / "s",
        [{"file": "level-1/a", "turns": turns}],
        format="apibank",
        environment="apibank",
        scoring="apibank",
        world="db",
    )
    (folder / "db").mkdir()
    tables = {"Account": {"Ann": {"password": "pw", "token": "t1"}}, "Reminder": {}}
    for name, table in tables.items():
        (folder / "db" / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    worded = {"token": "t1", "content": "call Bob", "time": "2023-01-01 09:00:00"}
    cases: list[tuple[list[Any], float]] = [
        ([("AddReminder", worded)], 1),
        ([("AddReminder", {**worded, "time": "2023-01-01 10:00:00"})], 0),
        ([("AddReminder", {**worded, "token": "t2"})], 0),
        ([("GetUserToken", token), ("AddReminder", worded)], 0),
        ([], 0),
    ]
    for number, (calls, success) in enumerate(cases):
        Obedient.scripts["level-1/a#1"] = {"calls": [("GetUserToken", token)], "answer": "done"}
        Obedient.scripts["level-1/a#2"] = {"calls": calls, "answer": "done"}
        # The scripts are no part of a result's identity: folders keep the results apart.
        out = str(tmp_path / f"out{number}")
        done = at("--out", out, "--task", "tiny", "--tasks-dir", str(folder), *AGENT)
        assert done.code == 0, done.err
        assert list(values(samples(done.folder, "one"), "success").values()) == [1, success], calls
        again(done.folder)


def test_responses_are_scored_by_rouge_l(at: Stage, tmp_path: Path):
    token = {"username": "Ann", "password": "pw"}
    result = {"input": token, "output": {"token": "t1"}, "exception": None}
    turns = [
        {"role": "User", "text": "Log me in."},
        {"role": "API", "api_name": "GetUserToken", "param_dict": token, "result": result},
        {"role": "AI", "text": "You are logged in now."},
    ]
    answers = {
        "same": "You are logged in now.",
        "named": "AI: You are logged in now.",
        "other": "No idea",
        "none": None,
    }
    Obedient.scripts.update({f"{name}#1-response": {"calls": [], "answer": told} for name, told in answers.items()})
    folder = suite(
        tmp_path / "s",
        [{"file": name, "turns": turns} for name in answers],
        metrics=("success", "rouge_l", "rouge_l_released"),
        format="apibank-responses",
        environment="apibank",
        scoring="response",
        world="db",
    )
    (folder / "db").mkdir()
    (folder / "db" / "Account.json").write_text(
        json.dumps({"Ann": {"password": "pw", "token": "t1"}}), encoding="utf-8"
    )
    _, records, results = solved(at, folder)
    assert list(values(records, "rouge_l").values()) == list(values(records, "success").values()) == [1, 1, 0, 0]
    assert list(values(records, "rouge_l_released").values()) == [1, round(10 / 11, 4), 0, 0]
    assert "cpr_set" not in records["same#1-response"]["scores"]  # no call is gold
    assert records["same#1-response"]["trajectory"]["steps"][0]["values"] == {"names": ["GetUserToken"]}
    again(results)


def test_every_gold_call_of_a_plan(at: Stage, tmp_path: Path):
    gold = [{"name": "buy", "arguments": PEN}, {"name": "buy", "arguments": PEN}]
    problems = [
        {"id": "all", "text": script(("buy", PEN), ("price", INK), ("buy", PEN)), "gold_calls": gold},
        {"id": "one", "text": script(("buy", PEN)), "gold_calls": gold},
        {"id": "other", "text": script(("buy", PEN), ("buy", INK)), "gold_calls": gold},
    ]
    _, records, _ = solved(at, suite(tmp_path / "s", problems, scoring="calls"))
    assert values(records, "api_level3") == {"all": 1, "one": 0, "other": 0}


def test_tasks_without_tools(at: Stage, tmp_path: Path):
    record = {"questions": ["Who?", "What?"], "answers": [["art"], ["Ann"]], "topic": "x"}
    Obedient.scripts["1"] = {"calls": [], "answer": "They start with Ann."}
    row = {"format": "trivia", "environment": "none", "scoring": "trivia"}
    _, records, folder = solved(at, suite(tmp_path / "s", [record], **row))
    scores = records["1"]["scores"]
    assert (scores["success"], scores["trivia_words"], scores["trivia"]) == (0.5, 0.5, 1)  # "start" holds "art"
    assert set(scores) == {
        "success",
        "finished",
        "trivia_words",
        "trivia",
        "tool_calls",
        "llm_calls",
        "prompt_tokens",
        "completion_tokens",
    }
    again(folder)


def test_measures_that_a_problem_lacks_gold_for_are_left_out_and_listed(at: Stage, tmp_path: Path):
    problems = [
        {"id": "a", "text": script(), "answers": ["done"], "gold_calls": ["price"]},
        {"id": "b", "text": script(), "answers": ["done"]},
    ]
    folder = suite(tmp_path / "s", problems, metrics=["success", "cpr_set", "hallucinated_tool_rate"])
    result, records, _ = solved(at, folder, "--metrics", "pass_rate")
    assert "cpr_set" not in records["a"]["scores"]
    assert result["tasks"]["tiny/one"]["solved"]["left_out"] == ["cpr_set", "pass_rate"]


def test_a_problem_without_what_its_scoring_needs_is_refused(at: Stage, tmp_path: Path):
    folder = suite(tmp_path / "s", [{"id": "a", "text": "t"}], scoring="answer")
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT)
    assert (done.code, "'a' has no accepted answer" in done.err) == (2, True)


def test_the_score_changes_when_a_tool_says_something_else(at: Stage, tmp_path: Path):
    """The same calls in another world: the state that they leave is another one."""
    gold = [{"name": "buy", "arguments": PEN}]
    same = {
        "text": script(("buy", PEN)),
        "gold_calls": gold,
        "extra": {"state": {"prices": {"pen": 3, "ink": 7}, "bought": {"pen": 1}}},
    }
    problems = [{**same, "id": "same"}, {**same, "id": "dearer", "setup": {"prices": {"pen": 5}}}]
    _, records, _ = solved(at, suite(tmp_path / "s", problems, scoring="state"))
    assert values(records, "success") == {"same": 1, "dearer": 0}


def test_a_run_that_is_taken_up_again_scores_the_same(at: Stage, tmp_path: Path):
    gold = [{"name": "buy", "arguments": PEN}]
    problems = [{"id": name, "text": script(("buy", PEN)), "gold_calls": gold} for name in "abc"]
    folder = suite(tmp_path / "s", problems, scoring="state")
    first, _, results = solved(at, folder)
    partial = results.with_name("elsewhere")
    results.rename(partial)
    second, _, _ = solved(at, folder)
    assert second["identity"] == first["identity"]


def test_judged_tasks_need_a_judge(at: Stage, tmp_path: Path):
    folder = suite(tmp_path / "s", [{"id": "a", "text": script()}], scoring="judge")
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT)
    assert (done.code, "--judge" in done.err) == (2, True)
    result, records, results = solved(at, folder, "--judge", "scripted/support.tool_verdicts:solved")
    assert records["a"]["scores"]["success"] == 1
    assert records["a"]["verdict"]["answer"] == "Solved"
    assert result["task_setting"]["judge"] == "scripted/support.tool_verdicts:solved"
    again(results)


def test_travel_plans_get_marks_by_criteria(at: Stage, tmp_path: Path):
    record = {"destination": "Rome", "days": "3", "description": "Old stones."}
    row = {"format": "travel-plan", "environment": "none", "scoring": "judge"}
    Obedient.scripts["1"] = {"calls": [], "answer": "Day 1: the forum."}
    judge = ("--judge", "scripted/support.tool_verdicts:marks")
    _, records, folder = solved(at, suite(tmp_path / "s", [record], **row), *judge)
    scores = records["1"]["scores"]
    assert (scores["success"], scores["criterion"], scores["criterion_missing"]) == (1, 50, 0.2)
    assert records["1"]["verdict"]["criteria"]["local insight"] is None
    again(folder)
