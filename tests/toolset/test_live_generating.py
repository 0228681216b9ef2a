"""`queries generate` with services that are really called: HTTP and MCP."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.command import environment, evalharness, files_below
from support.http_service import HttpService
from support.kitchen import evaluated, lines

from toolbench_eval.data.check import check_folder
from toolbench_eval.toolset.generating import GenerateRequest, generate
from toolbench_eval.toolset.importing import import_toolset
from toolbench_eval.toolset.reading import Source

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
