"""Programs: what they can do, what comes back, and where they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from toolbench_eval.environments.base import ToolResult, ToolSpec
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.program_calls import function_names
from toolbench_eval.environments.sandbox import ProgramLimits, Sandbox

LIMITS = ProgramLimits(seconds=0.3, total=3.0, memory=30_000_000, output=2_000, calls=5, source=5_000)


def add(state: dict[str, int], a: int, b: int = 2) -> dict[str, int]:
    """Add."""
    if a == 13:
        raise ValueError("unlucky")
    state["calls"] += 1
    return {"sum": a + b}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS) as pool:
        yield pool


@pytest.fixture
def tools() -> FunctionEnvironment:
    return FunctionEnvironment({"add": add, "add more!": add}, state={"calls": 0})


def test_a_program_calls_tools_and_prints(sandbox: Sandbox, tools: FunctionEnvironment) -> None:
    outcome = sandbox.run("x = add(1, b=3)\nprint(x['sum'], add_more_(b=1, a=1))", tools)
    assert (outcome.status, outcome.ok, outcome.error) == ("ok", True, None)
    assert outcome.stdout == "4 {'sum': 2}\n"
    assert [(one.name, one.arguments, one.result.value) for one in outcome.calls] == [
        ("add", {"a": 1, "b": 3}, {"sum": 4}),
        ("add more!", {"b": 1, "a": 1}, {"sum": 2}),
    ]
    assert tools.snapshot() == {"calls": 2}
    assert outcome.seconds > 0


def test_values_are_set_before_it_begins(sandbox: Sandbox) -> None:
    response = {"items": [{"name": "a", "price": 1.5}, {"name": "b", "price": 2.5}]}
    outcome = sandbox.run("print(sum(one['price'] for one in response['items']))", values={"response": response})
    assert outcome.stdout == "4.0\n"
    assert response == {"items": [{"name": "a", "price": 1.5}, {"name": "b", "price": 2.5}]}


def test_the_usual_modules_are_there(sandbox: Sandbox) -> None:
    program = "import json, re, math, datetime, random\nprint(json.loads('[1]'), re.findall('a', 'aba'), math.pi > 3)"
    assert sandbox.run(program).stdout == "[1] ['a', 'a'] True\n"


def test_a_failed_call_is_an_exception_that_a_program_may_catch(sandbox: Sandbox, tools: FunctionEnvironment) -> None:
    caught = sandbox.run("try:\n    add(13)\nexcept RuntimeError as e:\n    print('caught', e)", tools)
    assert (caught.status, caught.stdout) == ("ok", 'caught {"error": "ValueError: unlucky"}\n')
    assert caught.calls[0].result.error == "tool_error"
    uncaught = sandbox.run("print('first')\nadd('x')\nprint('never')", tools)
    assert (uncaught.status, uncaught.stdout) == ("exception", "first\n")
    assert uncaught.error is not None
    assert (uncaught.error.type, uncaught.error.line) == ("RuntimeError", 2)
    assert "'x' is not of type 'integer'" in uncaught.error.text
    assert uncaught.calls[0].result.error == "invalid_arguments"


def test_arguments_without_a_place_are_told(sandbox: Sandbox, tools: FunctionEnvironment) -> None:
    extra = sandbox.run("add(1, 2, 3)", tools)
    assert (extra.calls[0].arguments, extra.calls[0].result.error) == (
        {"a": 1, "b": 2, "argument_3": 3},
        "invalid_arguments",
    )
    twice = sandbox.run("add(1, a=2)", tools)
    assert (twice.error and twice.error.type, twice.calls) == ("TypeError", ())


def test_a_function_that_nobody_has_is_a_call_of_an_unknown_tool(sandbox: Sandbox, tools: FunctionEnvironment) -> None:
    outcome = sandbox.run("multiply(2, by=[3])", tools)
    assert outcome.error is not None
    assert (outcome.status, outcome.error.text) == ("exception", "NameError: name 'multiply' is not defined (line 1)")
    (call,) = outcome.calls
    assert (call.name, call.arguments, call.result.error) == (
        "multiply",
        {"argument_1": 2, "by": [3]},
        "unknown_tool",
    )
    assert sandbox.run("exit()", tools).calls == ()
    assert sandbox.run("multiply(2)").calls == ()


@pytest.mark.parametrize(
    ("program", "kind", "line"),
    [
        ("print(1", "SyntaxError", 1),
        ("x = 1\nx.y", "AttributeError", 2),
        ("def f():\n    return 1 / 0\nf()", "ZeroDivisionError", 2),
        ("raise ValueError('a: b')", "ValueError", 1),
        ("assert False", "AssertionError", 1),
    ],
)
def test_an_exception_has_its_type_message_and_line(sandbox: Sandbox, program: str, kind: str, line: int) -> None:
    error = sandbox.run(program).error
    assert error is not None
    assert (error.type, error.line) == (kind, line)
    assert error.type in error.traceback


def test_a_message_is_whole(sandbox: Sandbox) -> None:
    error = sandbox.run("raise ValueError('a: b\\nc')").error
    assert error is not None
    assert error.message == "a: b\nc"


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("while True: pass", "timeout"),
        ("try:\n    while True: pass\nexcept BaseException:\n    print('caught')", "timeout"),
        ("x = []\nwhile True: x.append('a' * 100000)", "memory"),
        ("try:\n    x = 'a' * 10**10\nexcept BaseException:\n    print('caught')", "memory"),
        ("while True: print('a' * 100)", "output"),
        ("print('a' * 100000)", "output"),
        ("while True: add(1)", "calls"),
        ("while True:\n    try:\n        add(1)\n    except BaseException: pass", "calls"),
        ("open('/etc/passwd')", "refused"),
        ("import os\nos.environ['HOME']", "refused"),
        ("import socket", "refused"),
        ("class A(Exception): pass", "refused"),
        ("def f():\n    yield 1", "refused"),
        ("x = 1\n" * 1000, "refused"),
    ],
)
def test_where_programs_end(sandbox: Sandbox, tools: FunctionEnvironment, program: str, status: str) -> None:
    outcome = sandbox.run(program, tools)
    assert outcome.status == status
    assert outcome.error is not None
    assert "caught" not in outcome.stdout
    assert len(outcome.stdout) <= LIMITS.output
    assert len(outcome.calls) <= LIMITS.calls


def test_a_program_that_ends_before_it_is_ended_has_printed_too_much_all_the_same(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolbench_eval.environments.program_calls.os.kill", lambda *ignored: None)
    with sandbox.notebook() as notebook:
        assert notebook.run("x = 1").ok
        outcome = notebook.run(f"print('a' * {LIMITS.output + 1})")
        assert (outcome.status, len(outcome.stdout)) == ("output", LIMITS.output)
        assert outcome.error is not None and str(LIMITS.output) in outcome.error.message
        assert not notebook.run("print(x)").ok  # variables are gone, as after every bound
        assert notebook.run(f"print('a' * {LIMITS.output - 1})").ok


def test_what_was_denied_is_told_even_if_the_program_goes_on(sandbox: Sandbox) -> None:
    program = "for i in range(3):\n    try:\n        open('x')\n    except PermissionError:\n        print('went on')"
    outcome = sandbox.run(program)
    assert (outcome.status, outcome.refused, outcome.stdout) == ("ok", ("open",), "went on\n" * 3)


def test_time_of_calls_is_bounded_too() -> None:
    released = threading.Event()

    def hang() -> None:
        released.wait(30)

    with Sandbox(ProgramLimits(seconds=5, total=0.2)) as sandbox:
        outcome = sandbox.run("try:\n    hang()\nexcept BaseException:\n    pass", FunctionEnvironment([hang]))
    released.set()
    assert outcome.status == "timeout"
    assert outcome.calls[0].result.error == "timeout"


def test_time_of_calls_is_no_time_of_the_program(sandbox: Sandbox) -> None:
    def slow() -> None:
        time.sleep(0.4)

    assert sandbox.run("slow()\nprint('done')", FunctionEnvironment([slow])).stdout == "done\n"


def test_a_notebook_keeps_its_variables(sandbox: Sandbox, tools: FunctionEnvironment) -> None:
    with sandbox.notebook(tools, values={"v": 1}) as notebook:
        assert notebook.run("w = v + 1\ndef f(a): return add(a, w)").ok
        assert notebook.run("print(f(3))").stdout == "{'sum': 5}\n"
        assert notebook.run("1 / 0").status == "exception"
        assert notebook.run("print(w)").stdout == "2\n"
        assert len(notebook.run("for i in range(5): add(i)").calls) == 5
        assert notebook.run("add(1)").ok


@pytest.mark.parametrize(
    "bound", ["while True: pass", "x = 'a' * 10**10", "print('a' * 100000)", "for i in range(9): add(i)"]
)
def test_after_a_bound_a_notebook_begins_anew(sandbox: Sandbox, tools: FunctionEnvironment, bound: str) -> None:
    with sandbox.notebook(tools, values={"v": 1}) as notebook:
        notebook.run("w = 2")
        assert not notebook.run(bound).ok
        assert notebook.run("print(v)").stdout == "1\n"
        assert notebook.run("print(w)").status == "exception"


class Budget(Exception):  # noqa: N818
    """What an agent's session raises when it may not go on."""


class Session:
    """Hands out a tool, and has a budget."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def tools(self) -> list[ToolSpec]:
        return [ToolSpec("note")]

    def call(self, name: str, arguments: Any) -> ToolResult:
        self.left -= 1
        if self.left < 0:
            raise Budget("used up")
        return ToolResult("ok", name, name)


def test_what_a_session_raises_ends_the_program_and_reaches_the_agent(sandbox: Sandbox) -> None:
    program = "while True:\n    try:\n        note()\n    except BaseException:\n        pass"
    with sandbox.notebook(Session(2)) as notebook:
        with pytest.raises(Budget, match="used up"):
            notebook.run(program)
        assert notebook.run("print('still here')").stdout == "still here\n"


def test_a_mistake_of_our_own_is_no_exception_of_the_program(sandbox: Sandbox) -> None:
    class Broken(Session):
        def call(self, name: str, arguments: Any) -> ToolResult:
            raise ValueError("a fault of the harness")

    with pytest.raises(ValueError, match="fault of the harness"):
        sandbox.run("try:\n    note()\nexcept ValueError:\n    pass", Broken(1))


def test_programs_do_the_same_every_time(sandbox: Sandbox) -> None:
    program = "import random\nprint(random.random(), random.sample(range(100), 3))"
    assert sandbox.run(program).stdout == sandbox.run(program).stdout
    with Sandbox(seed=1) as other:
        assert other.run(program).stdout != sandbox.run(program).stdout


def test_the_clock_can_stand_still() -> None:
    with Sandbox(now=datetime(2024, 5, 6, 7, 8, 9)) as sandbox:  # noqa: DTZ001 - the wall time that programs see
        program = "import datetime\nprint(datetime.datetime.now(), datetime.date.today())"
        assert sandbox.run(program).stdout == "2024-05-06 07:08:09 2024-05-06\n"


def test_programs_see_nothing_of_each_other(sandbox: Sandbox) -> None:
    assert sandbox.run("secret = 1\nimport json\njson.x = 1").status in {"ok", "exception"}
    assert sandbox.run("print(secret)").status == "exception"


def test_several_threads_may_use_one_sandbox(sandbox: Sandbox) -> None:
    outcomes: dict[int, str] = {}

    def work(n: int) -> None:
        tools = FunctionEnvironment({"add": add}, state={"calls": 0})
        outcomes[n] = sandbox.run(f"print(add({n}, {n})['sum'])", tools).stdout

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20, 32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {n: f"{2 * n}\n" for n in range(20, 32)}


def test_a_closed_sandbox_starts_again_when_it_is_used() -> None:
    sandbox = Sandbox()
    assert sandbox.run("print(1)").stdout == "1\n"
    sandbox.close()
    assert sandbox.run("print(2)").stdout == "2\n"
    sandbox.close()


def test_names_of_tools_become_names_of_functions() -> None:
    tools = [ToolSpec(name) for name in ("get-a", "get_a", "get a", "2nd", "class", "", "größe")]
    assert function_names(tools) == ["get_a", "get_a_2", "get_a_3", "_2nd", "_class", "_", "größe"]
