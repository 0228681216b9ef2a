"""From texts to calls, and that nothing in a text is executed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools import java, javascript
from toolbench_eval.metrics.tools.arithmetic import calculate
from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.metrics.tools.decode import decode_json, decode_python, decode_source, split_items


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (
            "f(a=1, b='x', c=[1.5, -2], d={'k': None}, e=True)",
            {"a": 1, "b": "x", "c": [1.5, -2], "d": {"k": None}, "e": True},
        ),
        ("[f(a=(1, 2))]", {"a": (1, 2)}),
        ("```\n[f(a=1)]\n```", {"a": 1}),
        ("f(a=5 * 12 + 2**3)", {"a": 68}),
        ("f(a='x' + 'y')", {"a": "xy"}),
        ("f(a=metric)", {"a": "metric"}),
        ("f(a=g(1))", {"a": "g(1)"}),
        ("f(a=g(b=1))", {"a": {"g": {"b": 1}}}),
        ("f(a=b[0])", {"a": "b[0]"}),
        ("f(a=...)", {"a": "..."}),
        ("f(3, a=1)", {"a": 1}),
        ("f()", {}),
    ],
)
def test_python_calls(text: str, arguments: dict[str, Any]) -> None:
    assert decode_python(text) == [Call("f", arguments)]


def test_several_python_calls_and_dotted_names() -> None:
    assert decode_python("[a.b.c(x=1), d(y='z')]") == [Call("a.b.c", {"x": 1}), Call("d", {"y": "z"})]
    assert decode_python("[]") == []


@pytest.mark.parametrize(
    "text",
    [
        "I cannot do that.",
        "f(a=1",
        "[f(a=1), 2]",
        "f(a=lambda: 1)",
        "f(a=[i for i in range(3)])",
        "f(a=x.y)",
        "f(**{'a': 1})",
        "f(a={**b})",
        "f(a=1/0)",
        "f(a=9**9**9)",
        "f(a={[1]: 2})",
        "f(a=b + 1)",
        "f(a=" + "(" * 500 + "1" + ")" * 500 + ")",
        "(f)()()",
        "f(a='\x00')",
    ],
)
def test_what_is_no_python_call_is_not_decoded(text: str) -> None:
    assert decode_python(text) is None


def test_no_text_is_executed(tmp_path: Any) -> None:
    mark = tmp_path / "executed"
    touch = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    for text in (f"f(a={touch})", f"f(a=[{touch}])", f"f(a=1 + {touch})", f"[{touch}]", f"f(a='' + str({touch}))"):
        decode_python(text)
        calculate(text)
        calculate(touch)
    assert not mark.exists()


@given(
    st.dictionaries(
        st.from_regex("[a-z]{1,5}", fullmatch=True).filter(lambda name: name not in ("as", "if", "in", "is", "or")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_what_is_written_is_read_back(arguments: dict[str, Any]) -> None:
    names = {f"_{name}": value for name, value in arguments.items()}
    written = ", ".join(f"{name}={value!r}" for name, value in names.items())
    assert decode_python(f"[f({written})]") == [Call("f", names)]
    assert decode_json(json.dumps([{"name": "f", "arguments": names}])) == [Call("f", names)]


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "f", "arguments": {"a": 1}}]',
        '{"name": "f", "arguments": "{\\"a\\": 1}"}',
        '{"type": "function", "function": {"name": "f", "arguments": "{\\"a\\": 1}"}}',
        '[{"function": "f", "parameters": {"a": 1}}]',
        '[{"f": {"a": 1}}]',
        'Here you are:\n```json\n[{"name": "f", "arguments": {"a": 1}}]\n```',
    ],
)
def test_forms_of_json(text: str) -> None:
    assert decode_json(text) == [Call("f", {"a": 1})]


@pytest.mark.parametrize(
    "text", ["", "no", "[1]", '[{"name": 3}]', '[{"name": "f", "arguments": [1]}]', '{"name": "f", "arguments": "x"}']
)
def test_what_is_no_json_call_is_not_decoded(text: str) -> None:
    assert decode_json(text) is None
    assert decode_json("[]") == []


def test_a_java_call_keeps_the_source_of_its_values() -> None:
    text = (
        '[Tool.run(name="a, b", ids=new ArrayList<>(Arrays.asList(1, 2)), '
        'map=new HashMap<String, Object>() {{ put("k", 1); }}, n=5L)]'
    )
    assert decode_source(text) == [
        Call(
            "Tool.run",
            {
                "name": "a, b",
                "ids": "new ArrayList<>(Arrays.asList(1, 2))",
                "map": 'new HashMap<String, Object>() {{ put("k", 1); }}',
                "n": "5L",
            },
        )
    ]


def test_a_javascript_call_keeps_the_source_of_its_values() -> None:
    text = "run(f=(a, b) => { x = a; }, list=[1, 'two'], flag=true, positional)"
    assert decode_source(text) == [
        Call("run", {"f": "(a, b) => { x = a; }", "list": "[1, 'two']", "flag": "true, positional"})
    ]
    assert decode_source("run()") == [Call("run", {})]


@pytest.mark.parametrize("text", ["", "no call", "f(a=1", "f(a=[1)", "f(a=1, a=2)", "f(a=1) + 2"])
def test_what_is_no_source_call_is_not_decoded(text: str) -> None:
    assert decode_source(text) is None


def test_items_are_parted_outside_brackets_and_strings_only() -> None:
    assert list(split_items("a, [b, c], \"d, e\", f(g, h), 'i\\', j'")) == [
        "a",
        "[b, c]",
        '"d, e"',
        "f(g, h)",
        "'i\\', j'",
    ]
    assert list(split_items("")) == []


@pytest.mark.parametrize(
    ("text", "declared", "items", "expected"),
    [
        ("42", "integer", None, 42),
        ("4.2", "integer", None, "4.2"),
        ("42L", "long", None, 42),
        ("42", "long", None, "42"),
        ("3.5f", "float", None, 3.5),
        ("3.5", "float", None, "3.5"),
        ("3e-3", "double", None, 0.003),
        ("true", "boolean", None, True),
        ("True", "boolean", None, "True"),
        ("new Path()", "any", None, "new Path()"),
        ("abc", "String", None, "abc"),
        ("new int[]{1, 2, 3}", "Array", "integer", [1, 2, 3]),
        ("new int[] { }", "Array", "integer", []),
        ("new long[]{1L, 2}", "Array", "long", [1, "2"]),
        ('new String[]{"a, b", "c"}', "Array", "String", ["a, b", "c"]),
        ('new Object[]{1, "b", true}', "Array", None, [1, "b", True]),
        ('new Object[]{1, "b"}', "Array", "any", [1, "b"]),
        ("buffer", "Array", "char", "buffer"),
        ("new ArrayList<Integer>(Arrays.asList(1, 2))", "ArrayList", "integer", [1, 2]),
        ('new ArrayList<String>() {{ add("a"); add("b"); }}', "ArrayList", "String", ["a", "b"]),
        ("new ArrayList<>()", "ArrayList", "String", []),
        ("list", "ArrayList", "String", "list"),
        (
            'new HashMap<String, Object>() {{ put("a", 1); put("b", "c"); put("d", true); }}',
            "HashMap",
            None,
            {"a": 1, "b": "c", "d": True},
        ),
        ("new HashMap<>()", "HashMap", None, {}),
        ("map", "HashMap", None, "map"),
        ("x", "Set", None, "x"),
    ],
)
def test_java_values(text: str, declared: str, items: str | None, expected: object) -> None:
    found = java.value(text, declared, items)
    assert found == expected and type(found) is type(expected)


def test_bfcl_keeps_the_quotes_in_java_arrays() -> None:
    assert java.value('new String[]{"a"}', "Array", "String", quoted_arrays=True) == ['"a"']
    assert java.value('new ArrayList<>(Arrays.asList("a", 1))', "ArrayList", "any", quoted_arrays=True) == ['"a"', "1"]


@pytest.mark.parametrize(
    ("text", "declared", "items", "expected"),
    [
        ("12", "integer", None, 12),
        ("1.5", "integer", None, "1.5"),
        ("12", "float", None, 12.0),
        ("12n", "Bigint", None, 12),
        ("true", "Boolean", None, True),
        ("'x'", "String", None, "x"),
        ("x", "String", None, "x"),
        ("x", "any", None, "x"),
        ("[1, 2]", "array", "float", [1.0, 2.0]),
        ("new Array(1, 'a', true)", "array", None, [1, "a", True]),
        ("['a, b', \"c\"]", "array", "String", ["a, b", "c"]),
        ("[]", "array", "String", []),
        ("[[1, 2], [3]]", "array", "array", [[1, 2], [3]]),
        ("names", "array", "String", "names"),
        ("{a: 1, 'b': 'c', d: [1, 2], e: {f: true}}", "dict", None, {"a": 1, "b": "c", "d": [1, 2], "e": {"f": True}}),
        ("{url: 'http://x'}", "dict", None, {"url": "http://x"}),
        ("{}", "dict", None, {}),
        ("options", "dict", None, "options"),
        ("{options}", "dict", None, "{options}"),
    ],
)
def test_javascript_values(text: str, declared: str, items: str | None, expected: object) -> None:
    found = javascript.value(text, declared, items)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-7 // 2", -4),
        ("7 % 4", 3),
        ("1 / 4", 0.25),
        ("2 ** -1", 0.5),
        (" 5 ", 5),
    ],
)
def test_arithmetic(text: str, value: float) -> None:
    assert calculate(text) == value


@pytest.mark.parametrize(
    "text", ["", "x", "1 +", "abs(1)", "True", "'1'", "1 / 0", "10 ** 1000", "(-1) ** 0.5", "1 << 3", "[1]"]
)
def test_what_is_no_arithmetic_has_no_value(text: str) -> None:
    assert calculate(text) is None


@given(st.integers(-99, 99), st.integers(-99, 99), st.sampled_from(["+", "-", "*"]))
def test_arithmetic_is_that_of_python(a: int, b: int, sign: str) -> None:
    assert calculate(f"({a}) {sign} ({b})") == {"+": a + b, "-": a - b, "*": a * b}[sign]
