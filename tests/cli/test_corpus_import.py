"""`evalharness corpus import`: every kind of source, what it writes, and what it refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT, environment, evalharness, files_below
from support.http_service import HttpService
from support.mcp_servers import listening

from toolbench_eval.data.check import check_folder
from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError, OutsideError, UsageError
from toolbench_eval.toolset.corpora import read_toolset
from toolbench_eval.toolset.importing import import_toolset
from toolbench_eval.toolset.reading import Source, read_source
from toolbench_eval.toolset.services import allow_service, read_service, toolset_environment

OPENAPI = """
openapi: 3.0.3
info: {title: Pets, version: 2031-05-12}
servers: [{url: "%s"}]
paths:
  /pets:
    get:
      operationId: list_pets
      summary: List the pets of a kind.
      parameters:
        - {name: kind, in: query, required: true, schema: {type: string, enum: [dog, cat]}}
        - {name: X-Key, in: header, required: true, schema: {type: string}}
      responses: {200: {description: ok}}
  /pets/{pet_id}:
    delete:
      summary: Remove a pet.
      parameters:
        - {name: pet_id, in: path, required: true, schema: {type: integer, example: 3}}
"""
TOOL_FILE = {
    "servers": [{"url": "http://weather.example"}],
    "endpoints": [
        {
            "method": "GET",
            "url": "/now",
            "name": "now",
            "description": "Tell the weather.",
            "parameters": [{"name": "city", "in": "query", "required": True, "schema": {"type": "string"}}],
        }
    ],
}
PLAIN = {
    "name": "add",
    "description": "Add two numbers.",
    "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
}
MODULE = '''
"""Tools."""
from math import floor


def half(number: float) -> float:
    """Halve a number.

    Args:
        number: Any number, e.g. 7.
    """
    return number / 2


def bare(number: float) -> float:
    return number


def _hidden() -> None:
    """Nothing."""


class Other:
    """No function."""
'''
SERVER = '''
import os, sys
from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("test", log_level="CRITICAL")

@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def double(number: int) -> int:
    """Double a number."""
    return 2 * number

@server.tool()
def given() -> str:
    """Tell the variable that the server was given."""
    return os.environ.get("GIVEN", "nothing")

if len(sys.argv) > 1:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
else:
    server.run()
'''


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "tools.jsonl").read_text().splitlines()]
    assert all(set(line) == {"id", "documentation"} for line in lines)
    return {line["id"]: json.loads(line["documentation"]) for line in lines}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


# kinds of sources ---------------------------------------------------------------------------------


def test_an_openapi_document_in_yaml_with_a_live_service(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpService({("GET", "/pets"): lambda request: [{"id": 3}]}) as service:
        (here / "pets.yaml").write_text(OPENAPI % service.url)
        made = import_toolset(Source("pets.yaml", headers={"X-Key": "PET_KEY"}), here / "pets")
        assert (made.name, [tool.name for tool in made.tools]) == ("pets", ["list_pets", "DELETE_pets_pet_id"])
        assert service.requests == []  # importing calls nothing
        assert check_folder(here / "pets") == []
        found = documents(here / "pets")
        assert list(found["list_pets"]) == ["name", "description", "parameters"]
        assert found["list_pets"]["parameters"]["properties"]["kind"]["enum"] == ["dog", "cat"]
        assert found["DELETE_pets_pet_id"]["parameters"]["properties"]["pet_id"]["example"] == 3
        kept = json.loads((here / "pets" / "environment.json").read_text())
        assert (kept["kind"], kept["hosts"], kept["headers"]) == ("http", [service.host], {"X-Key": "PET_KEY"})
        assert "X-Key" not in found["list_pets"]["parameters"]["properties"]  # no caller has to give it
        live = toolset_environment({"toolset": kept})
        with pytest.raises(UsageError, match="the environment variable PET_KEY"):
            live.call("list_pets", {"kind": "dog"})
        monkeypatch.setenv("PET_KEY", "secret-value")
        assert live.call("list_pets", {"kind": "dog"}).value == [{"id": 3}]
        assert service.requests[0].headers["x-key"] == "secret-value"
        assert live.call("DELETE_pets_pet_id", {"pet_id": 3}).error == "refused"
        changing = toolset_environment({"toolset": kept, "changes": True})
        with pytest.raises(UsageError, match=f"changes {service.host} and hands out PET_KEY, which was not allowed"):
            changing.call("DELETE_pets_pet_id", {"pet_id": 3})
        allow_service(read_service(kept), changes=True)
        assert changing.call("DELETE_pets_pet_id", {"pet_id": 3}).error == "tool_error"  # sent, and answered with 404
    assert not any(b"secret-value" in content for content in files_below(here).values())


def test_json_and_another_server(here: Path) -> None:
    import yaml

    (here / "pets.json").write_text(json.dumps(yaml.safe_load(OPENAPI % "/relative"), default=str))
    with pytest.raises(DataError, match=r"pets\.json, field 'servers'"):
        read_source(Source("pets.json"))
    found = read_source(Source("pets.json", server="http://other.example/v1"))
    assert found.tools[0][0].url == "http://other.example/v1/pets"
    assert str(found.tools[0][1]) == str(read_source(Source("pets.json", server="http://x.example")).tools[0][1])


def test_a_tool_file(here: Path) -> None:
    (here / "weather.json").write_text(json.dumps(TOOL_FILE))
    made = import_toolset(Source("weather.json"), here / "out", "weather", "CC0-1.0")
    assert (made.name, made.licence, documents(here / "out")["now"]["description"]) == (
        "weather",
        "CC0-1.0",
        "Tell the weather.",
    )
    moved = read_source(Source("weather.json", server="http://127.0.0.1:9"))
    assert moved.tools[0][0].url == "http://127.0.0.1:9/now"


@pytest.mark.parametrize("name", ["tools.jsonl", "tools.json"])
def test_tools_in_openais_format_and_plain(here: Path, name: str) -> None:
    rows = [PLAIN, {"type": "function", "function": {"name": "now", "description": "Tell the time."}}]
    lines = json.dumps(rows) if name.endswith(".json") else "".join(json.dumps(row) + "\n" for row in rows)
    (here / name).write_text(lines)
    made = import_toolset(Source(name), here / "out")
    assert made.service is None
    assert documents(here / "out") == {
        "add": PLAIN,
        "now": {"name": "now", "description": "Tell the time.", "parameters": {"type": "object", "properties": {}}},
    }
    assert not (here / "out" / "environment.json").exists()
    assert read_toolset(here / "out").tools[0].properties == PLAIN["parameters"]["properties"]


def test_a_python_module(here: Path) -> None:
    (here / "halves.py").write_text(MODULE)
    found = read_source(Source("halves"))
    assert found.notes == ("halves: without a docstring and left out: bare",)
    tool, place = found.tools[0]
    assert (tool.name, tool.description, place.row) == ("half", "Halve a number.", 6)
    import_toolset(Source("halves"), here / "out")
    live = toolset_environment({"toolset": json.loads((here / "out" / "environment.json").read_text())})
    assert live.call("half", {"number": 7}).value == 3.5


def test_an_environment_of_ones_own(here: Path) -> None:
    made = import_toolset(Source("toolbench_eval.environments.sample_town:sample_town"), here / "town")
    assert len(made.tools) == 27
    live = toolset_environment({"toolset": json.loads((here / "town" / "environment.json").read_text())})
    assert live.call("find_person", {"name": "Petra Lund"}).status == "ok"
    with pytest.raises(UsageError, match=r"has a parameter 'state'.*package\.module:function"):
        read_source(Source("toolbench_eval.environments.sample_town.library"))
    for function in ("toolbench_eval.environments.sample_town.data:town", "toolbench_eval.shipped:shipped"):
        with pytest.raises(UsageError, match=f"'{function}' makes no environment"):
            read_source(Source(function))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mcp", reason="needs the MCP SDK (extra agents)")
    path = tmp_path_factory.mktemp("mcp") / "server.py"
    path.write_text(SERVER)
    return path


def test_an_mcp_program(here: Path, server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIVEN", "secret-value")
    command = f"{sys.executable} {server}"
    made = import_toolset(Source(command=command, variables=("GIVEN",)), here / "out")
    assert [(tool.name, tool.mutating) for tool in made.tools] == [("double", False), ("given", True)]
    live = toolset_environment({"toolset": json.loads((here / "out" / "environment.json").read_text())})
    assert [tool.name for tool in live.tools()] == ["double", "given"]
    assert live.call("double", {"number": 4}).value == 8
    assert live.call("given", {}).value == "secret-value"
    live.reset()
    assert live.call("double", {"number": 5}).value == 10
    assert b"secret-value" not in (here / "out" / "environment.json").read_bytes()


@pytest.fixture(scope="module")
def address(server: Path) -> Iterator[str]:
    with listening(server) as url:
        yield url


def test_an_mcp_address(here: Path, address: str) -> None:
    made = import_toolset(Source(address), here / "out", "remote")
    assert [tool.name for tool in made.tools] == ["double", "given"]
    live = toolset_environment({"toolset": json.loads((here / "out" / "environment.json").read_text())})
    assert live.call("double", {"number": 4}).value == 8
    with pytest.raises(OutsideError, match="cannot be reached"):
        read_source(Source("http://127.0.0.1:1/mcp"))


def test_nothing_is_started_contacted_or_handed_out_that_was_not_allowed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that somebody sends names programs, hosts and variables: listing its tools is safe, calls are refused."""
    tool = {"name": "double", "parameters": {"type": "object", "properties": {}}}
    program = toolset_environment({"toolset": {"kind": "mcp", "command": ["/no/such/program", "x y"], "tools": [tool]}})
    assert program.tools()[0].name == "double"
    assert program.snapshot() is None
    program.reset()
    with pytest.raises(UsageError, match="starts the program '/no/such/program 'x y'', which was not allowed"):
        program.call("double", {})
    address = {"kind": "mcp", "url": "http://127.0.0.1:1/", "headers": {"X": "HOME"}, "tools": [tool]}
    with pytest.raises(UsageError, match=r"contacts http://127\.0\.0\.1:1/, which was not allowed"):
        toolset_environment({"toolset": address}).call("double", {})
    with HttpService({("GET", "/x"): lambda request: 1}) as service:
        operation = {"tool": {**tool, "method": "GET", "url": f"{service.url}/x"}, "places": {}}
        http = {"kind": "http", "hosts": [service.host], "headers": {"X": "HOME"}, "operations": [operation]}
        with pytest.raises(UsageError, match=f"contacts {service.host} and hands out HOME, which was not allowed"):
            toolset_environment({"toolset": http}).call("double", {})
        assert service.requests == []
        monkeypatch.setenv("EVALHARNESS_ALLOW_SERVICES", "1")
        assert toolset_environment({"toolset": http}).call("double", {}).value == 1
    with pytest.raises(OutsideError, match="cannot be reached"):
        program.call("double", {})
    with pytest.raises(DataError, match=r"field 'setup\.toolset'"):
        toolset_environment({})
    with pytest.raises(DataError, match="describes no service"):
        toolset_environment({"toolset": {"kind": "shell"}})


# what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "error", "told"),
    [
        (Source("nothing.yaml"), MissingDataError, "no such file"),
        (Source("no/such.thing"), MissingDataError, "no such file"),
        (Source("no_such_module.of_mine"), UsageError, "cannot be imported: ModuleNotFoundError"),
        (Source("what is this?"), UsageError, "say what it is with --kind"),
        (Source(), UsageError, "name one source"),
        (Source("x", command="y"), UsageError, "name one source"),
        (Source("json"), UsageError, "cannot be a tool"),
        (Source("toolbench_eval.errors"), DataError, "no public function with a docstring"),
    ],
)
def test_a_source_that_is_none(here: Path, source: Source, error: type[EvalHarnessError], told: str) -> None:
    with pytest.raises(error, match=told):
        read_source(source)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.yaml", "a: [", "a.yaml, row 1: not YAML"),
        ("a.json", "{", "not JSON"),
        ("a.json", "3", "must be an object"),
        ("a.json", "[3]", "row 1: must be an object"),
        ("a.json", '{"swagger": "2.0", "paths": {}}', "not an OpenAPI 3 document"),
        ("a.json", '{"endpoints": [{"method": "GET"}]}', "a.json, row 1, field 'endpoints': lacks 'url'"),
        ("a.jsonl", "[]\n", "row 1: must be an object"),
        ("a.jsonl", "", "there is no tool in it"),
    ],
)
def test_files_that_cannot_be_read(here: Path, name: str, content: str, told: str) -> None:
    (here / name).write_text(content)
    with pytest.raises(DataError, match=told):
        import_toolset(Source(name), here / "out")
    assert not (here / "out").exists()


FAULTY = [
    {"name": "a", "parameters": {"type": "object", "properties": {}, "required": ["gone"]}},
    {"name": "b", "description": "x", "parameters": {"type": "dict"}},
    {"description": "no name"},
    {"name": "two words", "description": "x"},
    {"name": "c", "description": "x", "parameters": {"type": "object", "properties": {"p": {"type": "txt"}}}},
    {"name": "a", "description": "again"},
    {"name": "d", "description": "x", "parameters": "none"},
]


def test_all_faults_are_named_with_file_row_and_field(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(one) + "\n" for one in FAULTY))
    done = evalharness("corpus", "import", "t.jsonl", "--out", "x", cwd=tmp_path)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0].startswith("warning: t.jsonl, row 1, field 'description': 'a' has no description")
    assert lines[1] == "warning: t.jsonl, row 1, field 'parameters': 'a' requires gone, which no property describes"
    assert lines[2] == "error: 6 faults"
    assert [line.split(": ")[0] for line in lines[3:]] == [
        "t.jsonl, row 3, field 'name'",
        "t.jsonl, row 7, field 'parameters'",
        "t.jsonl, row 2, field 'parameters'",
        "t.jsonl, row 4, field 'name'",
        "t.jsonl, row 5, field 'parameters'",
        "t.jsonl, row 6, field 'name'",
    ]
    assert lines[-1].endswith("the name 'a' stands twice (first in row 1)")
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_not_empty_and_names_that_are_none(here: Path) -> None:
    (here / "t.jsonl").write_text(json.dumps(PLAIN))
    with pytest.raises(UsageError, match="is not empty"):
        import_toolset(Source("t.jsonl"), here)
    with pytest.raises(UsageError, match="use --name"):
        import_toolset(Source("t.jsonl"), here / "my tools")
    assert import_toolset(Source("t.jsonl"), here / "my tools", "mine").name == "mine"


def test_the_command(here: Path) -> None:
    (here / "halves.py").write_text(MODULE)
    env = environment(HF_HOME=str(here / ".hf"), PYTHONPATH=f"{here}:{ROOT}")
    done = evalharness("corpus", "import", "halves", "--out", "halves", cwd=here, env=env)
    assert (done.returncode, done.stdout) == (0, "halves: 1 tools, corpus 'halves'; calls: functions\n")
    assert done.stderr == "warning: halves: without a docstring and left out: bare\n"
    done = evalharness("corpus", "import", "halves", "--out", "h2", "--name", "h", "--json", cwd=here, env=env)
    assert json.loads(done.stdout) == {"corpus": "h", "tools": 1, "executed": "functions", "folder": "h2"}
    done = evalharness("corpus", "import", "halves", "--out", "h3", "--header", "X=", cwd=here, env=env)
    assert (done.returncode, "NAME=VARIABLE" in done.stderr) == (2, True)
    text = evalharness("corpus", "import", "--help", cwd=here, env=env | {"COLUMNS": "80"}).stdout
    examples = [line for line in text.splitlines() if line.startswith("    evalharness corpus import")]
    assert examples
    assert all(len(line) <= 80 for line in text.splitlines() if line not in examples)
