"""`evalharness queries generate` and `accept`, with real services and scripted writers."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT, environment, evalharness, files_below
from support.endpoint import EndpointServer, scripted_reader
from support.http_service import HttpService

from toolbench_eval import evaluate
from toolbench_eval.data.check import check_folder
from toolbench_eval.errors import DataError, OutsideError, UsageError
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripted import by_script
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.toolset.accepting import accept
from toolbench_eval.toolset.generating import GenerateRequest, generate
from toolbench_eval.toolset.importing import import_toolset
from toolbench_eval.toolset.reading import Source

KITCHEN = '''
"""Tools of a kitchen."""
import itertools
from typing import Literal

from toolbench_eval.environments.functions import FunctionEnvironment

count = itertools.count()


def find_recipe(dish: Literal["bread", "cake", "soup"]) -> dict:
    """Find the recipe of a dish with its recipe_id."""
    return {"recipe_id": f"rc-{len(dish)}{dish[0]}", "minutes": 10 * len(dish)}


def list_ingredients(recipe_id: str, persons: int) -> dict:
    """List the grams of flour that a recipe needs.

    Args:
        recipe_id: Id of a recipe, from find_recipe.
        persons: How many eat.
    """
    return {"flour_grams": 90 * persons}


def price_of(item: Literal["flour", "butter", "sugar"]) -> dict:
    """Tell the price of something."""
    return {"price": {"flour": 1.2, "butter": 2.6, "sugar": 1.1}[item]}


def next_ticket(desk: Literal["a", "b"]) -> dict:
    """Draw the number of a desk."""
    return {"number": next(count)}


def order(item: Literal["flour", "butter"], state: list) -> dict:
    """Order something for the larder."""
    state.append(item)
    return {"ordered": item, "total": len(state)}


def kitchen(setup):
    return FunctionEnvironment([find_recipe, list_ingredients, price_of, order], state=[], mutating=["order"])


def lottery(setup):
    return FunctionEnvironment([next_ticket, price_of])
'''
OPENAPI = {
    "openapi": "3.0.3",
    "servers": [{"url": "URL"}],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "list_pets",
                "summary": "List the pets of a kind.",
                "parameters": [
                    {
                        "name": "kind",
                        "in": "query",
                        "required": True,
                        "schema": {"type": "string", "enum": ["dog", "cat"]},
                    }
                ],
            },
            "post": {"operationId": "add_pet", "summary": "Add a pet."},
        },
        "/keepers": {
            "get": {
                "operationId": "find_keeper",
                "summary": "Find the keeper of a house.",
                "parameters": [
                    {"name": "house", "in": "query", "required": True, "schema": {"type": "string", "enum": ["A", "B"]}}
                ],
            }
        },
    },
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of tools, on the path, and its corpus."""
    name = f"kitchen_{abs(hash(tmp_path)) % 10**9}"  # modules of different tests must not be one
    (tmp_path / f"{name}.py").write_text(KITCHEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import_toolset(Source(f"{name}:kitchen"), tmp_path / "kitchen")
    (tmp_path / "name").write_text(name)
    return tmp_path


def request(place: Path, **more: Any) -> GenerateRequest:
    wanted = {"corpus": place / "kitchen", "llms": {"main": "scripted"}, "number": 6, "out": place / "out"}
    return GenerateRequest(**{**wanted, **more})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def decide(place: Path, change: Callable[[int, dict[str, str]], None]) -> Path:
    """Change the rows of the review file."""
    found = rows(place / "out" / "review.csv")
    for number, row in enumerate(found):
        row["keep?"] = "yes"
        change(number, row)
    path = place / "out" / "reviewed.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return path


def evaluated(place: Path, task: str, *, tasks: str = "out", out: str = "results", **how: Any) -> float:
    """The headline of a model, or of the scripted agent, on a task that was generated."""
    system = how or {"agent": "react", "llm": "scripted"}
    return evaluate(task, tasks_dir=place / tasks, out=place / out, **system)[0].headline.value


# what is written ----------------------------------------------------------------------------------


def test_queries_come_from_calls_and_are_tasks_like_any_other(place: Path) -> None:
    summary = generate(request(place, per_query=(1, 2)))
    assert (summary["kept"], summary["executed"]) == (6, True)
    assert check_folder(place / "out") == []
    queries, problems = lines(place / "out/queries/generated.jsonl"), []
    for scoring in ("answer", "path"):
        path = place / f"out/calls/generated-{scoring}.jsonl"
        problems += lines(path) if path.is_file() else []
    assert sorted(one["id"] for one in problems) == sorted(one["id"] for one in queries)
    by_id = {one["id"]: one for one in problems}
    for query in queries:
        problem = by_id[query["id"]]
        labels = [label["id"] for label in query["labels"]]
        assert 1 <= len(labels) <= 2
        assert "order" not in labels  # it changes something
        assert problem["text"] == query["query"]
        assert list(dict.fromkeys(call["name"] for call in problem["gold_calls"])) == labels
        assert set(labels) <= set(problem["candidates"]) <= {"find_recipe", "list_ingredients", "price_of"}
        assert query["instruction"].startswith("Given")
        assert all(answer not in query["query"] for answer in problem["answers"])
    assert any(len(one["labels"]) == 2 for one in queries)
    assert evaluated(place, "kitchen", model="bm25") > 0.5
    assert evaluated(place, "kitchen-calls") > 0.5


def test_what_the_tools_say_decides_the_score(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problems are solved by calls: with another tool behind them they fail."""
    generate(request(place, per_query=(1, 1)))
    task = "kitchen-calls/generated-answer"
    before = evaluated(place, task)
    module = import_module((place / "name").read_text())

    def find_recipe(dish: str) -> dict[str, Any]:
        """Find the recipe of a dish with its recipe_id."""
        return {"recipe_id": "rc-0", "minutes": 1}

    monkeypatch.setattr(module, "find_recipe", find_recipe)
    assert evaluated(place, task, out="other") < before
    suite = place / "out/calls/suite.toml"
    suite.write_text(suite.read_text().replace("toolbench_eval.toolset.services:toolset_environment", "recorded"))
    assert evaluated(place, task, out="recorded") == before  # the recorded calls still stand


def test_everything_is_written_for_a_reviewer_and_for_trainers(place: Path) -> None:
    generate(request(place, number=4))
    found = rows(place / "out/review.csv")
    assert list(found[0])[:6] == ["id", "keep?", "query", "instruction", "tools", "short_answer"]
    assert [row["keep?"] for row in found] == [""] * 4
    assert all(" -> " in row["calls"] for row in found)
    assert {row["made_from"] for row in found} == {"calls"}
    conversations = lines(place / "out/conversations.jsonl")
    assert [one["id"] for one in conversations] == [row["id"] for row in found]
    assert conversations[0]["conversations"][0] == {"role": "user", "content": found[0]["query"]}
    texts = (place / "out/queries/suite.toml").read_text()
    assert 'version = "draft"' in texts
    assert "main scripted; seed 0) from calls that were executed and gave the same again. Nobody has reviewed" in texts
    meta = json.loads((place / "out/candidates.jsonl.meta.json").read_text())
    assert meta["setting"]["recipe"]["turns"] == [4, 5]
    assert sorted(meta["setting"]["prompts"]) == [
        "tool-instruction-1",
        "tool-question-1",
        "tool-scene-1",
        "tool-step-1",
    ]


def test_from_documentation_alone_it_says_so(place: Path) -> None:
    assert not generate(request(place, environment="none", number=5))["executed"]
    assert check_folder(place / "out") == []
    assert not (place / "out/calls").exists()
    assert not (place / "out/conversations.jsonl").exists()
    assert "from documentation alone: no call was executed" in (place / "out/queries/suite.toml").read_text()
    assert {row["made_from"] for row in rows(place / "out/review.csv")} == {"documentation"}
    labels = [label["id"] for one in lines(place / "out/queries/generated.jsonl") for label in one["labels"]]
    assert set(labels) <= {"find_recipe", "list_ingredients", "price_of", "order"}


def test_the_same_again_whatever_the_concurrency(place: Path) -> None:
    for out, concurrency in (("a", 1), ("b", 8)):
        generate(request(place, out=place / out, runtime=Runtime(seed=3, concurrency=concurrency)))
    assert files_below(place / "a") == files_below(place / "b")
    generate(request(place, out=place / "c", runtime=Runtime(seed=4)))
    assert (place / "a/candidates.jsonl").read_bytes() != (place / "c/candidates.jsonl").read_bytes()
    before = files_below(place / "a")
    (place / "a/review.csv").write_text("mine\n")
    generate(request(place, out=place / "a", runtime=Runtime(seed=3)))
    assert files_below(place / "a") == before | {"review.csv": b"mine\n"}
    with pytest.raises(UsageError, match="number differ"):
        generate(request(place, out=place / "a", number=7, runtime=Runtime(seed=3)))


# real services ------------------------------------------------------------------------------------


def test_a_live_http_service_is_really_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = {
        ("GET", "/pets"): lambda asked: [{"pet": "Rex", "age": 7 if asked.query["kind"] == ["dog"] else 12}],
        ("GET", "/keepers"): lambda asked: {"keeper": f"Kim {asked.query['house'][0]}"},
        ("POST", "/pets"): lambda asked: {"id": 1},
    }
    with HttpService(routes) as service:
        (tmp_path / "pets.json").write_text(json.dumps(OPENAPI).replace("URL", service.url))
        env = environment(HF_HOME=str(tmp_path / ".hf"), PET_KEY="secret-value")
        monkeypatch.setenv("EVALHARNESS_CACHE", env["EVALHARNESS_CACHE"])  # where the service is allowed
        done = evalharness(
            "corpus", "import", "pets.json", "--out", "pets", "--header", "X-Key=PET_KEY", cwd=tmp_path, env=env
        )
        assert done.returncode == 0, done.stderr
        asked = ["queries", "generate", "--corpus", "pets", "--llm", "scripted", "-n", "3", "--tools-per-query", "1..2"]
        done = evalharness(*asked, "--out", "q", cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("q: 3 queries from calls that were executed; ")
        assert {request.headers.get("x-key") for request in service.requests} == {"secret-value"}
        assert {(request.method, request.path) for request in service.requests} == {
            ("GET", "/pets"),
            ("GET", "/keepers"),
        }
        made = len(service.requests)
        assert made >= 6  # each call once, and once again in the replay
        monkeypatch.setenv("PET_KEY", "secret-value")
        assert evaluated(tmp_path, "pets-calls", tasks="q") > 0
        assert len(service.requests) > made
        assert check_folder(tmp_path / "q") == []
    written = files_below(tmp_path / "q")
    assert not any(b"secret-value" in content for content in written.values())
    queries = lines(tmp_path / "q/queries/generated.jsonl")
    assert not any(word in one["query"] for one in queries for word in ("list_pets", "find_keeper", "127.0.0.1"))


def test_a_real_mcp_server(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="needs the MCP SDK (extra agents)")
    (tmp_path / "server.py").write_text(
        "from typing import Literal\n"
        "from mcp.server import MCPServer\n"
        "from mcp.types import ToolAnnotations\n"
        'server = MCPServer("test", log_level="CRITICAL")\n'
        "@server.tool(annotations=ToolAnnotations(read_only_hint=True))\n"
        'def height_of(hill: Literal["Tor", "Rigi"]) -> dict[str, int]:\n'
        '    """Tell the height of a hill."""\n'
        '    return {"metres": {"Tor": 517, "Rigi": 1798}[hill]}\n'
        "@server.tool()\n"
        "def climb(hill: str) -> str:\n"
        '    """Climb a hill."""\n'
        '    return "up"\n'
        "server.run()\n"
    )
    import_toolset(Source(command=f"{sys.executable} {tmp_path / 'server.py'}"), tmp_path / "hills")
    wanted = GenerateRequest(tmp_path / "hills", {"main": "scripted"}, 1, tmp_path / "out", per_query=(1, 1))
    assert generate(wanted)["kept"] == 1
    [problem] = lines(tmp_path / "out/calls/generated-answer.jsonl")
    [call] = problem["gold_calls"]
    assert call["name"] == "height_of"  # the server does not say that `climb` reads only
    assert problem["answers"] == [{"Tor": "517", "Rigi": "1798"}[call["arguments"]["hill"]]]
    assert check_folder(tmp_path / "out") == []


# what is dropped ----------------------------------------------------------------------------------


def writer(**replies: str | Callable[[str], str]) -> Callable[[Sequence[Message]], str]:
    """The scripted writer, whose replies to some prompts are others: by a word of their system line."""

    def say(messages: Sequence[Message]) -> str:
        said = by_script(messages)
        for word, reply in replies.items():
            if word in messages[0].text:
                return reply(said) if callable(reply) else reply
        return said

    return say


def leaking(messages: Sequence[Message]) -> str:
    return writer(messages=lambda said: said.replace("I ", "Call price_of, since I "))(messages)


def instructing(messages: Sequence[Message]) -> str:
    return writer(search=json.dumps({"instruction": "Given x, retrieve tools such as find_recipe"}))(messages)


def monotonous(messages: Sequence[Message]) -> str:
    return writer(messages=json.dumps({"question": "What now?"}))(messages)


def mute(messages: Sequence[Message]) -> str:
    return "I would rather not."


def test_queries_that_name_a_tool_are_dropped(place: Path) -> None:
    summary = generate(request(place, llms={"main": f"scripted/{__name__}:leaking"}, number=8))
    texts = [one["query"] for one in lines(place / "out/queries/generated.jsonl")]
    assert summary["dropped"]["names a tool"] > 0
    assert texts
    assert not any("price_of" in text for text in texts)
    with pytest.raises(UsageError, match="no query came about in 8 tries; dropped: names a tool 8"):
        generate(request(place, llms={"main": f"scripted/{__name__}:instructing"}, number=2, out=place / "i"))


def test_of_queries_with_the_same_words_the_first_stays(place: Path) -> None:
    summary = generate(request(place, llms={"main": f"scripted/{__name__}:monotonous"}, number=3))
    assert (summary["kept"], summary["tried"]) == (1, 12)
    assert summary["dropped"]["same words"] + summary["dropped"].get("same calls", 0) == 11


def test_queries_with_the_same_solution_are_one(place: Path) -> None:
    """A toolset with so few possible calls has no more queries, however they are worded."""
    generate(request(place, number=40, per_query=(1, 1)))
    found = lines(place / "out/queries/generated.jsonl")
    calls = [json.dumps(one["gold_calls"]) for path in (place / "out/calls").glob("*.jsonl") for one in lines(path)]
    assert len(set(calls)) == len(calls) == len(found) <= 6  # three dishes, three items


def test_calls_that_give_other_results_again_are_dropped(place: Path) -> None:
    name = (place / "name").read_text()
    import_toolset(Source(f"{name}:lottery"), place / "lottery")
    summary = generate(request(place, corpus=place / "lottery", per_query=(1, 1), number=3))
    assert summary["dropped"]["not replayed"] > 0
    labels = Counter(label["id"] for one in lines(place / "out/queries/generated.jsonl") for label in one["labels"])
    assert set(labels) == {"price_of"}


def test_what_changes_something_is_called_only_if_that_is_allowed(place: Path) -> None:
    generate(request(place, changes=True, per_query=(1, 1), number=5))
    problems = lines(place / "out/calls/generated-state.jsonl")
    assert all(problem["gold_calls"][0]["name"] == "order" for problem in problems)
    assert [problem["extra"]["state"] for problem in problems] == [
        [problem["gold_calls"][0]["arguments"]["item"]] for problem in problems
    ]
    assert all(problem["setup"]["changes"] for problem in problems)
    assert check_folder(place / "out") == []
    assert evaluated(place, "kitchen-calls/generated-state") > 0


def test_what_cannot_be_made_is_refused(place: Path) -> None:
    with pytest.raises(UsageError, match="3 tools can be used and a query is to need 4; tools that may change"):
        generate(request(place, per_query=(4, 4)))
    with pytest.raises(UsageError, match="there are main and strong"):
        generate(request(place, llms={"main": "scripted", "judge": "scripted"}))
    with pytest.raises(UsageError, match="auto, none or package"):
        generate(request(place, environment="kitchen"))
    with pytest.raises(UsageError, match="dropped: unreadable 4"):
        generate(request(place, llms={"main": f"scripted/{__name__}:mute"}, number=1))
    with pytest.raises(DataError, match="make it with 'evalharness corpus import'"):
        generate(request(place, corpus=place))


def test_an_endpoint_that_fails_is_tried_again_by_the_same_command(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EndpointServer(reply=scripted_reader) as server:
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        asked = request(place, llms={"main": "openai-api/local/m"}, number=3, runtime=Runtime(concurrency=1))
        server.fail(400, times=1)
        with pytest.raises(OutsideError, match="1 of 3 tries failed"):
            generate(asked)
        assert not (place / "out/review.csv").exists()
        server.heal()
        assert generate(asked)["kept"] == 3
    plain = request(place, number=3, out=place / "plain")
    generate(plain)
    assert lines(place / "out/queries/generated.jsonl") == lines(place / "plain/queries/generated.jsonl")


# the review ---------------------------------------------------------------------------------------


def test_a_review_becomes_the_final_suite(place: Path) -> None:
    generate(request(place))
    first = lines(place / "out/queries/generated.jsonl")

    def change(number: int, row: dict[str, str]) -> None:
        if number == 0:
            row["keep?"] = "No"
        if number == 1:
            row["query"], row["instruction"], row["short_answer"] = "What does it cost me?", "", "1.2"
        if number == 2:
            row["tools"] = "order"

    done = accept(decide(place, change), place / "final", "2")
    assert (len(done.accepted), done.refused, done.edited, done.relabelled) == (5, 1, 2, (first[2]["id"],))
    queries = lines(place / "final/queries/generated.jsonl")
    assert [one["id"] for one in queries] == [one["id"] for one in first[1:]]
    assert (queries[0]["query"], queries[0]["instruction"]) == ("What does it cost me?", None)
    assert queries[1]["labels"] == [{"id": "order", "relevance": 1}]
    problems = [one for path in (place / "final/calls").glob("*.jsonl") for one in lines(path)]
    assert first[2]["id"] not in {one["id"] for one in problems}  # its calls solve it no longer
    edited = next(one for one in problems if one["id"] == first[1]["id"])
    assert (edited["text"], edited["answers"]) == ("What does it cost me?", ["1.2"])
    conversations = {one["id"]: one for one in lines(place / "final/conversations.jsonl")}
    assert conversations[first[1]["id"]]["conversations"][0]["content"] == "What does it cost me?"
    text = (place / "final/queries/suite.toml").read_text()
    assert 'version = "2"' in text
    assert "Reviewed: 5 kept, 2 of them edited, 1 refused." in text
    assert check_folder(place / "final") == []
    assert evaluated(place, "kitchen", tasks="final", model="bm25") > 0
    with pytest.raises(UsageError, match="is not empty"):
        accept(place / "out/reviewed.csv", place / "final")


def test_every_fault_of_a_review_is_named_with_its_row(place: Path) -> None:
    generate(request(place))
    found = rows(place / "out/review.csv")

    def change(number: int, row: dict[str, str]) -> None:
        row |= [
            {"keep?": ""},
            {"keep?": "perhaps"},
            {"query": "Use price_of now"},
            {"tools": "price_of | spoon"},
            {"query": " ", "tools": ""},
            {"id": found[3]["id"], "query": found[3]["query"].upper() + "!"},
        ][number]

    with pytest.raises(DataError) as told:
        accept(decide(place, change), place / "final")
    assert str(told.value).splitlines()[0] == "8 faults"
    places = [line.split(", ", 1)[1] for line in str(told.value).splitlines()[1:]]
    assert places == [
        "row 2, field 'keep?': write yes or no, found ''",
        "row 3, field 'keep?': write yes or no, found 'perhaps'",
        "row 4, field 'query': gives 'price_of' away",
        "row 5, field 'tools': the corpus has no tool 'spoon' (several are parted by ' | ')",
        "row 6, field 'query': the query is empty",
        "row 6, field 'tools': a query needs a tool",
        "row 7, field 'id': the same as in row 5",
        "row 7, field 'query': the same as in row 5",
    ]
    assert not (place / "final").exists()
    with pytest.raises(UsageError, match="keeps no query"):
        accept(decide(place, lambda number, row: row.update({"keep?": "no"})), place / "final")
    (place / "out/x.csv").write_text("id;keep?\n")
    with pytest.raises(DataError, match="row 1: lacks the column 'id'"):
        accept(place / "out/x.csv", place / "final")


def test_the_commands(place: Path) -> None:
    env = environment(HF_HOME=str(place / ".hf"), PYTHONPATH=f"{place}:{ROOT}")
    asked = ["queries", "generate", "--corpus", "kitchen", "--llm", "scripted", "-n", "2", "--out", "q"]
    done = evalharness(*asked, "--environment", "none", "--json", cwd=place, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept"] == 2
    assert done.stderr.startswith("warning: nobody executes")
    review = place / "q/review.csv"
    review.write_text(review.read_text().replace("kitchen-0000,,", "kitchen-0000,x,").replace("01,,", "01,n,"))
    done = evalharness("queries", "accept", "q/review.csv", "--out", "final", cwd=place, env=env)
    assert (done.returncode, done.stdout) == (0, "final: 1 queries kept, 0 of them edited, 1 refused\n")
    for wrong in ("3..1", "0", "a..b"):
        done = evalharness(*asked, "--tools-per-query", wrong, cwd=place, env=env)
        assert (done.returncode, "must be" in done.stderr) == (2, True)
    for command in ("generate", "accept"):
        text = evalharness("queries", command, "--help", cwd=place, env=env | {"COLUMNS": "80"}).stdout
        examples = [line for line in text.splitlines() if line.startswith(f"    evalharness queries {command}")]
        assert examples
        assert all(len(line) <= 80 for line in text.splitlines() if line not in examples)
