"""One small record of every format, made by hand, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.formats import FORMATS, check_format, records_of
from toolbench_eval.data.tools.toolbench import function_name, standardised
from toolbench_eval.errors import DataError, MissingDataError, UnknownNameError

OPENAPI = {
    "openapi": "3.0.0",
    "servers": [{"url": "https://films.example/3"}],
    "paths": {
        "/search/person": {"get": {"parameters": [{"name": "query", "in": "query", "schema": {"type": "string"}}]}},
        "/person/{person_id}/credits": {"get": {}},
    },
}


def read(name: str, values: dict[str, Any], companions: Companions | None = None) -> list[ToolProblem]:
    return list(FORMATS[name](Record(values, "records.jsonl", 4), companions or Companions()))


def one(name: str, values: dict[str, Any], companions: Companions | None = None) -> ToolProblem:
    (problem,) = read(name, values, companions)
    return problem


def fault(name: str, values: dict[str, Any], companions: Companions | None = None) -> DataError:
    with pytest.raises(DataError) as found:
        read(name, values, companions)
    assert (str(found.value.file), found.value.row) == ("records.jsonl", 4)
    return found.value


def written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_plain_is_the_problem_itself():
    problem = one(
        "plain",
        {
            "id": "p1",
            "text": "Buy a pen.",
            "answers": ["3", 3],
            "answer_type": "span",
            "candidates": ["buy", "price"],
            "gold_calls": ["price", ["buy", 2], {"name": "buy", "arguments": {"item": "pen"}, "times": 3}],
            "setup": {"prices": {"pen": 4}},
            "category": "change",
            "extra": {"state": {"pen": 1}},
        },
    )
    assert problem == ToolProblem(
        "p1",
        "Buy a pen.",
        ("3",),
        "span",
        ("buy", "price"),
        (GoldCall("price"), GoldCall("buy", times=2), GoldCall("buy", {"item": "pen"}, 3)),
        {"prices": {"pen": 4}},
        "change",
        {"state": {"pen": 1}},
    )


def test_plain_needs_a_text_only():
    assert one("plain", {"text": "Hello"}) == ToolProblem("4", "Hello")
    assert one("plain", {"text": "Open?", "answer": True}).answer_type == "boolean"
    assert fault("plain", {"id": "x"}).field == "text"


@pytest.mark.parametrize(
    "call", [3, [], ["buy"], ["buy", 0], ["buy", True], {"arguments": {}}, {"name": "buy", "arguments": 1}, ""]
)
def test_a_gold_call_that_is_none_is_named(call: Any):
    assert fault("plain", {"text": "t", "gold_calls": ["price", call]}).field == "gold_calls[1]"


SHAPES = [
    ["GET_a", "GET_b", "GET_a"],
    [{"api_name": "GET_a", "url": "https://x"}, {"api_name": "GET_b"}],
    {"GET_a": "https://x/a", "GET_b": "https://x/b"},
]


@pytest.mark.parametrize("listed", SHAPES, ids=["names", "objects", "addresses"])
def test_autotools_has_three_shapes_of_candidates_and_two_of_solutions(listed: Any):
    record = {"query": "q", "api_list": listed, "solution": [["GET_b", 2], "GET_a"], "dataset": "food", "qid": "q7"}
    problem = one("autotools", record)
    assert (problem.id, problem.category) == ("food/q7", "food")
    assert problem.candidates == ("GET_a", "GET_b")
    assert problem.gold_calls == (GoldCall("GET_b", times=2), GoldCall("GET_a"))


def test_autotools_numbers_and_faults():
    record = {"query": "q", "api_list": ["GET_a"], "solution": ["GET_a"], "dataset": "movie", "qid": 30}
    assert one("autotools", record).id == "movie/30"
    assert fault("autotools", {**record, "api_list": ["GET_a", {"name": "x"}]}).field == "api_list[1]"
    assert fault("autotools", {**record, "solution": [["GET_a", "2"]]}).field == "solution[0]"
    assert fault("autotools", {key: value for key, value in record.items() if key != "dataset"}).field == "dataset"


@pytest.fixture
def films(tmp_path: Path) -> Companions:
    return Companions(tools=written(tmp_path / "oas.json", OPENAPI))


def test_restbench_steps_become_names_of_operations(films: Companions):
    steps = [" GET /search/person ", "GET /person/{person_id}/credits", "GET /person/{movie_id}/credits"]
    problem = one("restbench", {"query": "q", "solution": steps}, films)
    names = ["GET_search_person", "GET_person_person_id_credits", "GET_person_movie_id_credits"]
    assert [call.name for call in problem.gold_calls] == names
    assert problem.id == "4"
    assert set(films.specs) == set(names[:2])  # what the document lacks cannot be called
    assert fault("restbench", {"query": "q", "solution": ["search"]}, films).field == "solution[0]"


def test_conagents_file_holds_records_and_whole_addresses(tmp_path: Path, films: Companions):
    data = [{"query": "q", "solution": ["GET https://films.example/3/search/person"], "q_id": 12}]
    (record,) = records_of(written(tmp_path / "tmdb.json", {"data": data, "tool": []}), "restbench")
    (problem,) = FORMATS["restbench"](record, films)
    assert (problem.id, problem.gold_calls) == ("12", (GoldCall("GET_search_person"),))
    (plain,) = records_of(written(tmp_path / "plain.json", [{"query": "q", "solution": []}]), "restbench")
    assert plain.values["query"] == "q"


def test_restbench_needs_its_document():
    with pytest.raises(MissingDataError, match="--corpus"):
        read("restbench", {"query": "q", "solution": ["GET /x"]})


DIALOGUE = {
    "file": "level-1-given-desc/x.jsonl",
    "turns": [
        {"role": "User", "text": "My name is Ann, my password is pw. Balance?"},
        {
            "role": "API",
            "api_name": "GetUserToken",
            "param_dict": {"username": "Ann", "password": "pw"},
            "result": {"input": {"username": "Ann", "password": "pw"}, "output": {"token": "t1"}, "exception": None},
        },
        {"role": "AI", "text": "One moment."},
        {
            "role": "API",
            "api_name": "QueryBalance",
            "param_dict": {"token": "t1"},
            "result": {"input": {"token": "t1"}, "output": 12.0, "exception": None},
        },
        {"role": "AI", "text": "It is 12."},
    ],
}


def test_each_call_of_a_dialogue_is_a_problem():
    first, second = read("apibank", DIALOGUE)
    assert [first.id, second.id] == ["level-1-given-desc/x.jsonl#1", "level-1-given-desc/x.jsonl#2"]
    assert first.gold_calls == (GoldCall("GetUserToken", {"username": "Ann", "password": "pw"}),)
    assert second.candidates == ("GetUserToken", "QueryBalance")
    assert 'API: GetUserToken({"username": "Ann", "password": "pw"}) -> {"token": "t1"}\nAI: One moment.' in second.text
    assert "12" not in first.text and "It is 12" not in second.text
    assert (first.setup["made"], second.setup["made"], second.category) == (0, 1, "level-1")


def test_level_2_offers_the_search_and_what_it_found():
    search = {
        "role": "API",
        "api_name": "ToolSearcher",
        "param_dict": {"keywords": "balance"},
        "result": {"input": {"keywords": "balance"}, "output": [{"name": "QueryBalance"}], "exception": None},
    }
    turns = [DIALOGUE["turns"][0], search, DIALOGUE["turns"][3]]
    first, second = read("apibank", {"file": "level-2-toolsearcher/y.jsonl", "turns": turns})
    assert (first.category, first.candidates) == ("level-2", ("ToolSearcher",))
    assert second.candidates == ("ToolSearcher", "QueryBalance")


def test_each_turn_after_a_call_is_a_response():
    first, second = read("apibank-responses", DIALOGUE)
    assert [one.id.rpartition("#")[2] for one in (first, second)] == ["1-response", "2-response"]
    assert [one.answers for one in (first, second)] == [("One moment.",), ("It is 12.",)]
    assert (first.gold_calls, first.setup["made"], second.setup["made"], second.category) == ((), 1, 2, "level-1")
    assert first.candidates == ("GetUserToken", "QueryBalance")
    assert first.text.count('-> {"token": "t1"}') == 1 and "One moment." not in first.text
    assert "API: QueryBalance" in second.text and "It is 12" not in second.text
    assert second.text != read("apibank", DIALOGUE)[1].text


def test_turns_that_follow_no_call_are_no_responses():
    user, token, ai, balance, _ = DIALOGUE["turns"]
    turns = [ai, user, token, balance, user, ai, token, ai, ai]
    (problem,) = read("apibank-responses", {"file": "level-2-toolsearcher/z.jsonl", "turns": turns})
    assert (problem.id, problem.category) == ("level-2-toolsearcher/z.jsonl#3-response", "level-2")
    assert read("apibank-responses", {"file": "x", "turns": []}) == []


LEVEL_3 = """Scene: Bank

First Utterence: Help me with my money.

Key Info:
- "Ann":{"password":"pw"}
- salary: 30

- GT API Call:
GetUserToken(username="Ann", password="pw"): a note
AddAgenda(token=t1, content="Pay, at last", time="2023-04-15 00:00:00", location="bank")
"""


def test_level_3_is_read_from_its_text():
    problem = one("apibank-level-3", {"file": "Bank.txt", "text": LEVEL_3})
    assert problem.text.startswith(
        'Help me with my money.\n\nWhat is known:\n- "Ann":{"password":"pw"}\n- salary: 30\n'
    )
    assert "API Call" not in problem.text and "GetUserToken" not in problem.text
    moment = {"time": "2023-04-15 00:00:00", "location": "bank"}
    assert problem.gold_calls == (
        GoldCall("GetUserToken", {"username": "Ann", "password": "pw"}),
        GoldCall("AddAgenda", {"token": "t1", "content": "Pay, at last", **moment}),
    )
    assert fault("apibank-level-3", {"file": "a", "text": "Scene: x"}).field == "text"
    assert "no call" in fault("apibank-level-3", {"file": "a", "text": LEVEL_3.partition("GetUser")[0]}).message


FUNCTION = {
    "name": "area",
    "description": "The area.",
    "parameters": {"type": "dict", "properties": {"base": {"type": "float"}}, "required": ["base"]},
}


def bfcl(tmp_path: Path, name: str, answer: Any = None, **more: Any) -> ToolProblem:
    gold = written(tmp_path / "gold.json", [{"id": name, "ground_truth": answer}]) if answer is not None else None
    question = [[{"role": "user", "content": "How large?"}]]
    return one("bfcl", {"id": name, "question": question, "function": [FUNCTION], **more}, Companions(gold=gold))


def test_bfcl_takes_accepted_calls_by_id(tmp_path: Path):
    problem = bfcl(tmp_path, "simple_python_3", [{"area": {"base": [2, 2.0]}}])
    assert (problem.text, problem.category, problem.candidates) == ("How large?", "simple_python", ("area",))
    assert problem.extra == {"accepted": [{"area": {"base": [2, 2.0]}}], "functions": [FUNCTION]}
    assert problem.setup["tools"][0]["parameters"]["properties"] == {"base": {"type": "number"}}
    assert bfcl(tmp_path, "live_irrelevance_3").category == "live_irrelevance"
    turn = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hm?"}]]
    assert bfcl(tmp_path, "irrelevance_0", question=turn).text == "System: Be brief.\n\nUser: Hm?"


def test_bfcl_arguments_of_java_are_source_text(tmp_path: Path):
    problem = bfcl(tmp_path, "simple_java_1", [{"area": {"base": ["2f"]}}])
    (argument,) = problem.setup["tools"][0]["parameters"]["properties"].values()
    assert argument["type"] == "string" and "Java" in argument["description"] and "float" in argument["description"]


def test_bfcl_faults(tmp_path: Path):
    record = {"id": "simple_python_1", "question": [[{"role": "user", "content": "q"}]], "function": [FUNCTION]}
    assert "possible_answer" in fault("bfcl", record).message
    assert fault("bfcl", {**record, "id": "web_search_1"}).field == "id"
    assert fault("bfcl", {**record, "id": "irrelevance_1", "function": [{}]}).field == "function[0]"
    assert fault("bfcl", {**record, "id": "irrelevance_1", "question": [[], []]}).field == "question"


TABLE = {"table_name": "cups", "table_info": {"columns": [{"name": "Colour", "type": "TEXT"}], "rows": [["red"]]}}


def test_dbbench_questions_and_changes():
    asked = {
        "description": "Which?",
        "add_description": "One column.",
        "label": ["red"],
        "type": ["other"],
        "table": TABLE,
    }
    problem = one("dbbench", asked)
    assert (problem.id, problem.text, problem.answers) == ("4", "Which?\n\nOne column.", ("red",))
    assert (problem.category, problem.extra) == ("other", {})
    change = one("dbbench", {**asked, "type": ["INSERT"], "label": ["INSERT INTO cups VALUES ('blue')"]})
    assert (change.answers, change.extra) == ((), {"statement": "INSERT INTO cups VALUES ('blue')"})
    assert fault("dbbench", {**asked, "type": ["UPDATE"], "label": ["a", "b"]}).field == "label"
    assert fault("dbbench", {**asked, "table": {}}).field == "table.table_name"


def test_word_problems():
    problem = one("gsm8k", {"question": "How many?", "answer": "2*3 = <<2*3=6>>6\n#### 1,006"})
    assert (problem.answers, problem.extra) == (("1006",), {"calculations": [["2*3", "6"]]})
    assert fault("gsm8k", {"question": "q", "answer": "six"}).field == "answer"
    table = "Name: None\nContent:\nDay | Sold\nMonday | 4"
    problem = one("tabmwp", {"question": "How many?", "answer": 4.0, "table": table, "level": 2})
    assert (problem.answers, problem.setup, problem.category) == (("4",), {"table": table}, "2")
    assert fault("tabmwp", {"question": "q", "answer": "4", "table": table}).field == "answer"


def test_stories_puzzles_and_plans():
    record = {"questions": ["Who?", "Where?"], "answers": [["Ann", "ann"], ["Rome"]], "topic": "a lighthouse"}
    problem = one("trivia", record)
    assert "a lighthouse" in problem.text and "2. Where?" in problem.text
    assert problem.extra == {"aliases": [["Ann", "ann"], ["Rome"]]}
    assert fault("trivia", {**record, "answers": [["Ann"]]}).field == "answers"
    assert fault("trivia", {**record, "answers": [["Ann"], []]}).field == "answers[1]"
    puzzle = one("logic-grid", {"idx": 3, "inputs": "Which house?", "targets": ["2"]})
    assert (puzzle.id, puzzle.answers, puzzle.answer_type) == ("3", ("2",), "span")
    plan = {
        "destination": "Rome",
        "days": "3",
        "description": "Old stones.",
        "members": {"adults": 2},
        "interests": ["a", "b"],
    }
    assert one("travel-plan", plan).text == (
        "Plan a journey of 3 days to Rome.\ndescription: Old stones.\nmembers: adults 2\ninterests: a, b"
    )


def test_toolbench_apis_have_toolbench_names():
    api = {
        "tool_name": "Film-Finder",
        "api_name": "Search/By Title",
        "api_description": "Find films.",
        "required_parameters": [{"name": "title", "type": "STRING", "description": "A title.", "default": "Up"}],
        "optional_parameters": [{"name": "pageSize", "type": "NUMBER", "description": "", "default": ""}],
    }
    record = {"query": "q", "query_id": 7, "api_list": [api], "relevant APIs": [["Film-Finder", "Search/By Title"]]}
    problem = one("toolbench", record)
    assert problem.id == "7" and one("toolbench", {**record, "group": "G1"}).id == "G1/7"
    assert problem.candidates == ("search_by_title_for_film_finder",)
    assert problem.gold_calls == (GoldCall("search_by_title_for_film_finder"),)
    (tool,) = problem.setup["tools"]
    assert tool["parameters"] == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "A title.", "example": "Up"},
            "pagesize": {"type": "number", "description": ""},
        },
        "required": ["title"],
    }
    assert fault("toolbench", {**record, "relevant APIs": [["a"]]}).field == "relevant APIs[0]"


def test_toolbench_standardises_as_its_code_does():
    assert standardised("  24 Hours--A__Day! ") == "get_24_hours_a_day"
    assert function_name("T", "from") == "is_from_for_t"
    assert function_name("tool" * 30, "api") == ("tool" * 30)[-64:]


def test_unknown_formats_are_refused():
    check_format("bfcl")
    with pytest.raises(UnknownNameError, match="bfcl"):
        check_format("bflc")
