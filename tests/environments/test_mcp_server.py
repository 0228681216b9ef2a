"""A real MCP server, made with the SDK's own class, over both transports."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mcp_servers import listening

from toolbench_eval.environments.mcp_server import McpAddress, McpEnvironment, McpProgram
from toolbench_eval.errors import OutsideError

pytest.importorskip("mcp", reason="needs the MCP SDK (extra agents)")

SERVER = '''
import os, sys, time
from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("test", log_level="CRITICAL")
count = 0

@server.tool()
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    global count
    count += 1
    return a + b

@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def counted() -> int:
    return count

@server.tool()
def pair() -> dict[str, int]:
    return {"a": 1, "b": 2}

@server.tool()
def fail() -> str:
    raise ValueError("half-way")

@server.tool()
def hang(seconds: float) -> str:
    time.sleep(seconds)
    return "awake"

@server.tool()
def large() -> str:
    return "x" * 3_000_000

@server.tool()
def variables() -> list[str]:
    return sorted(os.environ)

@server.tool()
def crash() -> str:
    os._exit(3)

if len(sys.argv) > 1:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
else:
    server.run()
'''


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mcp") / "server.py"
    path.write_text(SERVER)
    return path


@pytest.fixture(scope="module")
def program(script: Path) -> McpProgram:
    return McpProgram(sys.executable, (str(script),), {"GIVEN": "1"})


@pytest.fixture(scope="module")
def address(script: Path) -> Iterator[McpAddress]:
    with listening(script) as url:
        yield McpAddress(url, {"X-Key": "k"})


@pytest.fixture(params=["program", "address"], scope="module")
def environment(request: pytest.FixtureRequest) -> Iterator[McpEnvironment]:
    with McpEnvironment(request.getfixturevalue(request.param), seconds=20) as environment:
        yield environment


def test_its_tools_have_their_schemas(environment: McpEnvironment) -> None:
    tools = {tool.name: tool for tool in environment.tools()}
    assert list(tools)[:3] == ["add", "counted", "pair"]
    assert (tools["add"].description, tools["add"].required) == ("Add two numbers.", ("a",))
    assert tools["add"].properties["b"]["default"] == 2
    assert (tools["add"].mutating, tools["counted"].mutating) == (True, False)


def test_calls_are_answered(environment: McpEnvironment) -> None:
    result = environment.call("add", '{"a": 1}')
    assert (result.status, result.value, result.text, result.source) == ("ok", 3, "3", "live")
    assert environment.call("pair", {}).value == {"a": 1, "b": 2}
    assert len(environment.call("large", {}).text) == 3_000_000


def test_mistakes_and_failures_are_results(environment: McpEnvironment) -> None:
    assert environment.call("add", {"a": "x"}).error == "invalid_arguments"
    assert environment.call("ad", {}).error == "unknown_tool"
    failed = environment.call("fail", {})
    assert (failed.error, "fail" in failed.text) == ("tool_error", True)
    assert environment.call("counted", {}).status == "ok"


def test_a_tool_that_hangs_is_a_timeout(program: McpProgram) -> None:
    with McpEnvironment(program, seconds=0.2) as environment:
        assert environment.call("hang", {"seconds": 1.0}).error == "timeout"
        time.sleep(1)  # until the server, which works on one call at a time, is free again
        assert environment.call("add", {"a": 1}).value == 3


def test_a_server_that_dies_is_unavailable_until_the_reset(program: McpProgram) -> None:
    with McpEnvironment(program, seconds=10) as environment:
        environment.call("add", {"a": 1})
        assert environment.call("counted", {}).value == 1
        assert environment.call("crash", {}).error == "unavailable"
        assert environment.call("add", {"a": 1}).error == "unavailable"
        environment.reset()
        assert environment.call("counted", {}).value == 0
        assert environment.snapshot() is None


def test_a_program_gets_no_variables_but_harmless_ones(program: McpProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with McpEnvironment(program, seconds=10) as environment:
        variables = environment.call("variables", {}).value
    assert "GIVEN" in variables
    assert "OPENAI_API_KEY" not in variables


def test_a_closed_environment_is_unavailable_and_leaves_no_process(program: McpProgram) -> None:
    environment = McpEnvironment(program, seconds=10)
    environment.close()
    assert environment.call("add", {"a": 1}).error == "unavailable"
    environment.close()


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (McpProgram("/no/such/program"), "No such file"),
        (McpProgram(sys.executable, ("-c", "import sys; sys.exit('own words')")), "own words"),
        (McpProgram(sys.executable, ("-c", "import time; time.sleep(60)")), "no answer within 0.5 s"),
        (McpAddress("http://127.0.0.1:1/mcp"), "cannot be reached"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named(server: McpProgram | McpAddress, told: str) -> None:
    limit = 0.5 if "sleep" in repr(server) else 20.0
    with pytest.raises(OutsideError, match=told):
        McpEnvironment(server, connect=limit)


def test_keys_are_not_shown() -> None:
    assert "secret" not in repr(McpAddress("http://x", {"key": "secret"}))
    assert "secret" not in repr(McpProgram("x", environment={"key": "secret"}))
    assert os.environ.get("GIVEN") is None
