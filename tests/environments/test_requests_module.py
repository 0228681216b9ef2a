"""Programs that use `requests`: addresses become calls, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.http_service import HttpService, Reply

from toolbench_eval.environments.openapi import read_openapi
from toolbench_eval.environments.rest import RestEnvironment
from toolbench_eval.environments.sandbox import ProgramLimits, Sandbox

PET = {"type": "object", "properties": {"name": {"type": "string"}, "id": {"type": "integer"}}}
BODY = {"content": {"application/json": {"schema": PET}}}
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
PATHS = {
    "/pets": {
        "get": {"operationId": "pets", "parameters": [LIMIT]},
        "post": {"operationId": "add", "requestBody": BODY},
    },
    "/pets/{id}": {"get": {"operationId": "pet", "parameters": [ID]}, "put": {"parameters": [ID], "requestBody": BODY}},
    "/text": {"get": {"operationId": "text"}},
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as pool:
        yield pool


@pytest.fixture
def service() -> Iterator[HttpService]:
    routes: dict[tuple[str, str], Any] = {
        ("GET", "/pets"): lambda request: [request.query],
        ("POST", "/pets"): lambda request: {"sent": request.body.decode()},
        ("GET", "/pets/7"): lambda request: {"name": "Rex"},
        ("GET", "/pets/8"): lambda request: Reply(404, b'{"message": "no such pet"}'),
        ("PUT", "/pets/7"): lambda request: {"sent": request.body.decode()},
        ("GET", "/text"): lambda request: Reply(content=b"plain", headers={"Content-Type": "text/plain"}),
    }
    with HttpService(routes) as service:
        yield service


@pytest.fixture
def tools(service: HttpService) -> Iterator[RestEnvironment]:
    document = {"openapi": "3.0.0", "servers": [{"url": service.url}], "paths": PATHS}
    with RestEnvironment(read_openapi(document), [service.host], mutating=True) as environment:
        yield environment


def run(sandbox: Sandbox, tools: RestEnvironment, service: HttpService, program: str) -> Any:
    return sandbox.run(f"import requests\nbase = '{service.url}'\n{program}", tools)


@pytest.mark.parametrize(
    ("program", "stdout", "call"),
    [
        ("print(requests.get(base + '/pets/7').json()['name'])", "Rex", ("pet", {"id": 7})),
        (
            "print(requests.get(f'{base}/pets?limit=3', headers={'A': 'b'}).json())",
            "[{'limit': ['3']}]",
            ("pets", {"limit": 3}),
        ),
        (
            "print(requests.get(base + '/pets', params={'limit': '3', 'api_key': 'k'}).ok)",
            "True",
            ("pets", {"limit": 3}),
        ),
        ("print(requests.get(base + '/pets', {'limit': 3}).status_code)", "200", ("pets", {"limit": 3})),
        ("print(requests.request('get', base + '/text', timeout=9).text)", "plain", ("text", {})),
        (
            "print(requests.post(base + '/pets', json={'name': 'a'}).json()['sent'])",
            '{"name": "a"}',
            ("add", {"name": "a"}),
        ),
        (
            "import json\nprint(requests.post(url=base + '/pets', data=json.dumps({'name': 'a'})).json()['sent'])",
            '{"name": "a"}',
            ("add", {"name": "a"}),
        ),
        (
            "print(requests.put(base + '/pets/7', json={'name': 'a', 'id': 8}).json()['sent'])",
            '{"name": "a", "id": 8}',
            ("PUT_pets_id", {"id": 7, "name": "a", "body_id": 8}),
        ),
    ],
)
def test_an_address_becomes_a_call(
    sandbox: Sandbox, tools: RestEnvironment, service: HttpService, program: str, stdout: str, call: Any
) -> None:
    outcome = run(sandbox, tools, service, program)
    assert (outcome.error, outcome.stdout.strip()) == (None, stdout)
    assert [(one.name, one.arguments) for one in outcome.calls] == [call]


def test_an_http_error_is_a_response(sandbox: Sandbox, tools: RestEnvironment, service: HttpService) -> None:
    program = """
r = requests.get(base + '/pets/8')
print(r.status_code, r.ok, r.json())
try:
    r.raise_for_status()
except requests.exceptions.HTTPError as error:
    print('caught', str(error)[:9])
"""
    outcome = run(sandbox, tools, service, program)
    assert outcome.stdout == "404 False {'message': 'no such pet'}\ncaught 404 Error\n"
    assert outcome.calls[0].result.error == "tool_error"


def test_text_is_no_json(sandbox: Sandbox, tools: RestEnvironment, service: HttpService) -> None:
    program = "try:\n    requests.get(base + '/text').json()\nexcept ValueError:\n    print('no JSON')"
    assert run(sandbox, tools, service, program).stdout == "no JSON\n"


def test_an_address_of_no_tool_is_a_call_of_an_unknown_tool(
    sandbox: Sandbox, tools: RestEnvironment, service: HttpService
) -> None:
    program = "print(requests.get('http://elsewhere.example/x', params={'a': 1}).status_code)"
    outcome = run(sandbox, tools, service, program)
    assert outcome.stdout == "404\n"
    (call,) = outcome.calls
    assert (call.name, call.result.error) == ("GET http://elsewhere.example/x", "unknown_tool")
    assert service.requests == []


def test_arguments_that_do_not_fit_are_a_response(
    sandbox: Sandbox, tools: RestEnvironment, service: HttpService
) -> None:
    outcome = run(sandbox, tools, service, "print(requests.get(base + '/pets/seven').status_code)")
    assert (outcome.stdout, outcome.calls[0].result.error) == ("400\n", "invalid_arguments")
    assert service.requests == []


@pytest.mark.parametrize(
    "call",
    [
        "requests.get()",
        "requests.get(base, params={'a': requests})",
        "requests.get(base, params=[1, 2])",
        "requests.get(base, params=7)",
        "requests.post(base, json=print)",
        "requests.get('x' * 2000000)",
    ],
)
def test_calls_that_cannot_be_read_raise_a_type_error(
    sandbox: Sandbox, tools: RestEnvironment, service: HttpService, call: str
) -> None:
    outcome = run(sandbox, tools, service, call)
    assert (outcome.status, outcome.error.type, outcome.calls) == ("exception", "TypeError", ())


@pytest.mark.parametrize("url", ["http://[::1", "//", "x", "file:///etc/passwd", "http://127.0.0.1:99999999/"])
def test_no_address_harms(sandbox: Sandbox, tools: RestEnvironment, service: HttpService, url: str) -> None:
    outcome = run(sandbox, tools, service, f"print(requests.get({url!r}).status_code)")
    assert (outcome.stdout, outcome.calls[0].result.error, service.requests) == ("404\n", "unknown_tool", [])


def test_calls_by_address_count_as_calls(tools: RestEnvironment, service: HttpService) -> None:
    with Sandbox(ProgramLimits(calls=3)) as sandbox:
        attempt = "    try:\n        requests.get(base + '/text')\n    except BaseException:\n        pass"
        program = f"for i in range(9):\n{attempt}"
        outcome = run(sandbox, tools, service, program)
    assert (outcome.status, len(outcome.calls), len(service.requests)) == ("calls", 3, 3)
