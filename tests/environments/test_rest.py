"""Operations over real HTTP on 127.0.0.1."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from support.http_service import HttpService, Reply, Request

from toolbench_eval.environments.openapi import read_openapi
from toolbench_eval.environments.operations import Operation
from toolbench_eval.environments.rest import RestEnvironment
from toolbench_eval.errors import UsageError

SECRET = "s3cret-key-0815"


def echo(request: Request) -> dict[str, Any]:
    return {"query": request.query, "body": request.body.decode(), "type": request.headers.get("content-type", "")}


def redirect(status: int, target: str) -> Any:
    return lambda request: Reply(status, headers={"Location": target})


@pytest.fixture
def service() -> Iterator[HttpService]:
    routes: dict[tuple[str, str], Any] = {
        ("GET", "/v1/pets/7"): lambda request: {"name": "Rex"},
        ("GET", "/v1/pets/a%2F..%2Fb%3Fx"): lambda request: "odd",
        ("GET", "/v1/search"): echo,
        ("POST", "/v1/pets"): echo,
        ("POST", "/v1/form"): echo,
        ("DELETE", "/v1/pets/7"): lambda request: Reply(204),
        ("GET", "/v1/text"): lambda request: Reply(content=b"plain", headers={"Content-Type": "text/plain"}),
        ("GET", "/v1/latin"): lambda request: Reply(
            content=b"caf\xe9", headers={"Content-Type": "text/plain; charset=latin-1"}
        ),
        ("GET", "/v1/binary"): lambda request: Reply(content=b"\0\1\2", headers={"Content-Type": "image/png"}),
        ("GET", "/v1/broken"): lambda request: Reply(content=b'{"half": '),
        ("GET", "/v1/large"): lambda request: Reply(content=b"x" * 3_000_000, headers={"Content-Type": "text/plain"}),
        ("GET", "/v1/bomb"): lambda request: Reply(
            content=gzip.compress(b"x" * 5_000_000), headers={"Content-Type": "text/plain", "Content-Encoding": "gzip"}
        ),
        ("GET", "/v1/secret"): lambda request: {"you sent": request.headers["x-key"]},
        ("GET", "/v1/hang"): lambda request: service.released.wait(30),
        ("GET", "/v1/cookie"): lambda request: Reply(
            content=json.dumps(request.headers.get("cookie")).encode(), headers={"Set-Cookie": "seen=1"}
        ),
    }
    for status in (400, 401, 403, 404, 408, 429, 500, 503, 504):
        routes["GET", f"/v1/status/{status}"] = lambda request, status=status: Reply(status, b'{"why": "told"}')
    with HttpService(routes) as service:
        routes["GET", "/v1/inside"] = redirect(302, "/v1/pets/7")
        routes["GET", "/v1/outside"] = redirect(302, "http://localhost:1/v1/pets/7")
        routes["GET", "/v1/elsewhere"] = redirect(307, f"http://localhost:{service.port}/v1/pets/7")
        routes["GET", "/v1/file"] = redirect(302, "file:///etc/passwd")
        routes["GET", "/v1/round"] = redirect(302, "/v1/round")
        routes["POST", "/v1/moved"] = redirect(308, "/v1/pets")
        routes["POST", "/v1/done"] = redirect(303, "/v1/pets/7")
        service.routes.update(routes)
        yield service


def operations(url: str) -> list[Operation]:
    def parameter(name: str, where: str, **schema: Any) -> dict[str, Any]:
        return {"name": name, "in": where, "required": where == "path", "schema": schema}

    pet = {"type": "object", "properties": {"name": {"type": "string"}, "tags": {"type": "array"}}}
    paths: dict[str, Any] = {
        "/pets/{id}": {
            "parameters": [parameter("id", "path")],
            "get": {"operationId": "pet"},
            "delete": {"operationId": "remove"},
        },
        "/search": {
            "get": {
                "operationId": "search",
                "parameters": [
                    parameter("q", "query", type="string"),
                    parameter("tags", "query", type="array"),
                    {**parameter("ids", "query", type="array"), "explode": False},
                    parameter("all", "query", type="boolean"),
                    parameter("api_key", "query", type="string"),
                    parameter("X-Lang", "header", type="string"),
                    parameter("X-Key", "header", type="string"),
                    parameter("session", "cookie", type="string"),
                ],
            }
        },
        "/pets": {"post": {"operationId": "add", "requestBody": body("application/json", pet)}},
        "/form": {"post": {"operationId": "form", "requestBody": body("application/x-www-form-urlencoded", pet)}},
        "/moved": {"post": {"operationId": "moved", "requestBody": body("application/json", pet)}},
        "/done": {"post": {"operationId": "done", "requestBody": body("application/json", pet)}},
        "/status/{status}": {"get": {"operationId": "status", "parameters": [parameter("status", "path")]}},
    }
    names = ["text", "latin", "binary", "broken", "large", "bomb", "secret", "hang", "cookie"]
    names += ["inside", "outside", "elsewhere", "file", "round"]
    paths |= {f"/{name}": {"get": {"operationId": name}} for name in names}
    return read_openapi({"openapi": "3.0.0", "servers": [{"url": f"{url}/v1"}], "paths": paths})


def body(media: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {media: {"schema": schema}}}


@pytest.fixture
def environment(service: HttpService) -> Iterator[RestEnvironment]:
    with RestEnvironment(
        operations(service.url),
        [service.host],
        headers={"X-Key": f"Bearer {SECRET}"},
        query={"api_key": SECRET},
        mutating=True,
        seconds=5,
    ) as environment:
        yield environment


def test_a_reply_is_a_live_result(environment: RestEnvironment, service: HttpService) -> None:
    result = environment.call("pet", {"id": 7})
    assert (result.status, result.value, result.text, result.source) == (
        "ok",
        {"name": "Rex"},
        '{"name": "Rex"}',
        "live",
    )
    assert service.requests[0].headers["x-key"] == f"Bearer {SECRET}"
    assert service.requests[0].query == {"api_key": [SECRET]}


def test_arguments_go_where_they_belong(environment: RestEnvironment, service: HttpService) -> None:
    arguments = {"q": "a b&c=d", "tags": [1, "x"], "ids": [1, 2], "all": True, "X-Lang": "de", "session": "a b"}
    assert environment.call("search", arguments).status == "ok"
    request = service.requests[0]
    assert request.query == {"q": ["a b&c=d"], "tags": ["1", "x"], "ids": ["1,2"], "all": ["true"], "api_key": [SECRET]}
    assert (request.headers["x-lang"], request.headers["cookie"]) == ("de", "session=a%20b")


def test_bodies_are_json_or_forms(environment: RestEnvironment) -> None:
    added = environment.call("add", {"name": "ü", "tags": [1]}).value
    assert (json.loads(added["body"]), added["type"]) == ({"name": "ü", "tags": [1]}, "application/json")
    sent = environment.call("form", {"name": "a b"}).value
    assert (sent["body"], sent["type"]) == ("name=a+b", "application/x-www-form-urlencoded")
    assert environment.call("add", {}).value["body"] == ""


def test_what_we_send_ourselves_is_no_argument(environment: RestEnvironment) -> None:
    search = next(tool for tool in environment.tools() if tool.name == "search")
    assert not {"api_key", "X-Key"} & set(search.properties)
    assert environment.call("search", {"api_key": "mine"}).error == "invalid_arguments"


def test_a_path_variable_stays_in_its_place(environment: RestEnvironment, service: HttpService) -> None:
    assert environment.call("pet", {"id": "a/../b?x"}).value == "odd"
    for value in ("..", ".", "", " "):
        result = environment.call("pet", {"id": value})
        assert (result.error, "cannot be" in result.text) == ("invalid_arguments", True)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "tool_error"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (404, "tool_error"),
        (408, "timeout"),
        (429, "rate_limited"),
        (500, "unavailable"),
        (503, "unavailable"),
        (504, "timeout"),
    ],
)
def test_an_http_error_is_a_result_with_its_body(environment: RestEnvironment, status: int, kind: str) -> None:
    result = environment.call("status", {"status": status})
    assert (result.status, result.error) == ("error", kind)
    assert (result.value["status"], result.value["body"]) == (status, {"why": "told"})


def test_bodies_of_other_kinds(environment: RestEnvironment) -> None:
    assert environment.call("text", {}).value == "plain"
    assert environment.call("latin", {}).value == "café"
    assert environment.call("binary", {}).value == "[3 bytes of image/png]"
    assert environment.call("broken", {}).value == '{"half": '
    removed = environment.call("remove", {"id": 7})
    assert (removed.value, removed.text) == (None, "(empty reply, HTTP 204)")


@pytest.mark.parametrize("name", ["large", "bomb"])
def test_megabytes_are_not_read(environment: RestEnvironment, name: str) -> None:
    result = environment.call(name, {})
    assert (result.status, result.error) == ("cut", "too_large")
    assert result.text.startswith("xxx")
    assert result.text.endswith("[cut: 2000000 bytes are shown]")
    assert len(result.text) < 2_000_100


def test_a_secret_that_comes_back_is_taken_out(environment: RestEnvironment) -> None:
    result = environment.call("secret", {})
    assert SECRET not in result.text + str(result.value)
    assert "***" in result.text


def test_a_service_that_hangs_is_a_timeout(service: HttpService) -> None:
    with RestEnvironment(operations(service.url), [service.host], seconds=0.1) as environment:
        assert environment.call("hang", {}).error == "timeout"


def test_a_service_that_is_gone_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host = f"127.0.0.1:{closed.getsockname()[1]}"
    with RestEnvironment(operations(f"http://{host}"), [host]) as environment:
        result = environment.call("text", {})
        assert (result.error, result.source) == ("unavailable", "live")


def test_a_redirect_within_the_host_is_followed(environment: RestEnvironment, service: HttpService) -> None:
    assert environment.call("inside", {}).value == {"name": "Rex"}
    moved = environment.call("moved", {"name": "a"})
    assert json.loads(moved.value["body"]) == {"name": "a"}
    assert environment.call("done", {"name": "a"}).value == {"name": "Rex"}
    assert [one.method for one in service.requests] == ["GET", "GET", "POST", "POST", "POST", "GET"]


@pytest.mark.parametrize("name", ["outside", "elsewhere", "file"])
def test_a_redirect_to_another_place_is_refused(environment: RestEnvironment, service: HttpService, name: str) -> None:
    result = environment.call(name, {})
    assert (result.error, "not allowed" in result.text) == ("refused", True)
    assert [one.path for one in service.requests] == [f"/v1/{name}"]


def test_redirects_without_end_come_to_one(environment: RestEnvironment, service: HttpService) -> None:
    assert environment.call("round", {}).error == "unavailable"
    assert len(service.requests) == 6


def test_what_changes_something_is_listed_and_not_sent(service: HttpService) -> None:
    with RestEnvironment(operations(service.url), [service.host]) as environment:
        assert "remove" in [tool.name for tool in environment.tools()]
        assert environment.call("remove", {"id": 7}).error == "refused"
        assert environment.call("add", {"name": "a"}).error == "refused"
        assert environment.call("pet", {"id": 7}).status == "ok"
    assert [one.method for one in service.requests] == ["GET"]


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1"], ["example.org"], ["127.0.0.1:1"]])
def test_a_host_that_is_not_allowed_is_refused_before_anything_is_sent(service: HttpService, hosts: list[str]) -> None:
    with pytest.raises(UsageError, match=service.host):
        RestEnvironment(operations(service.url), hosts)
    assert service.requests == []


def test_a_host_without_port_means_the_usual_one() -> None:
    RestEnvironment(operations("https://api.example"), ["API.example"]).close()
    RestEnvironment(operations("http://api.example:80"), ["api.example"]).close()
    for url in ("https://api.example:8443", "https://user@api.example", "https://api.example.evil.example"):
        with pytest.raises(UsageError):
            RestEnvironment(operations(url), ["api.example"])


def test_a_proxy_of_the_surroundings_is_not_used(service: HttpService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with RestEnvironment(operations(service.url), [service.host]) as environment:
        assert environment.call("pet", {"id": 7}).status == "ok"


def test_a_header_cannot_smuggle_another_one(environment: RestEnvironment, service: HttpService) -> None:
    assert environment.call("search", {"X-Lang": "de\r\nX-Evil: 1"}).error == "invalid_arguments"
    assert environment.call("search", {"X-Lang": "日本"}).error == "invalid_arguments"
    assert service.requests == []


def test_a_reset_forgets_cookies(environment: RestEnvironment) -> None:
    assert [environment.call("cookie", {}).value for _ in range(2)] == [None, "seen=1"]
    environment.reset()
    assert environment.call("cookie", {}).value is None
    assert environment.snapshot() is None
