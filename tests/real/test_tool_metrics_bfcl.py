"""BFCL's single-turn categories: right calls made from the gold answers pass, damaged ones fail by name."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.metrics.tools.ast import TYPES, Convention, Verdict
from toolbench_eval.metrics.tools.bfcl import SINGLE_TURN, check_sample, language_of
from toolbench_eval.metrics.tools.calls import Call, Gold, Tool
from toolbench_eval.metrics.tools.decode import decode_json, decode_python, decode_source

pytestmark = pytest.mark.real

ANSWERED = tuple(category for category in SINGLE_TURN if "relevance" not in category)
UNPASSABLE = {
    "live_multiple_862-181-3",
    "live_multiple_964-207-0",
    "live_simple_106-63-0",
    "live_simple_112-68-0",
    "simple_java_36",
    "simple_java_64",
    "simple_java_78",
    "simple_java_85",
    "simple_java_90",
    "simple_java_91",
}
"""Samples whose gold answer no call can meet under the released convention."""


@dataclass(frozen=True)
class Sample:
    """A sample with a right call for each gold call."""

    id: str
    category: str
    tools: list[Tool]
    golds: list[Gold]

    def tool(self, name: str) -> Tool:
        return next(tool for tool in self.tools if tool.name == name)

    def right(self) -> list[Call]:
        return [Call(gold.name, self.arguments(gold)) for gold in self.golds]

    def arguments(self, gold: Gold) -> dict[str, Any]:
        tool = self.tool(gold.name)
        given = {
            name: first_value(accepted)
            for name, accepted in gold.accepted.items()
            if "" not in accepted or name in tool.required
        }
        if language_of(self.category) == "python":
            return given
        return {name: source(value, tool.properties[name], self.category) for name, value in given.items()}

    def check(self, calls: list[Call], convention: Convention = "corrected") -> Verdict:
        return check_sample(self.category, calls, self.golds, self.tools, convention)


def first_value(accepted: list[Any]) -> Any:
    """The first accepted value that is not the mark of an omissible parameter, and the same inside dictionaries."""
    if not accepted:
        return []
    return concrete(next((value for value in accepted if value != ""), ""))


def concrete(value: Any) -> Any:
    if isinstance(value, Mapping):
        lists = {key: values if isinstance(values, list) else [values] for key, values in value.items()}
        return {key: first_value(values) for key, values in lists.items() if "" not in values}
    return [concrete(item) for item in value] if isinstance(value, list) else value


def source(value: Any, schema: Mapping[str, Any], category: str) -> str:
    """A value as the source text of an argument."""
    if isinstance(value, str):
        return value
    if category == "simple_javascript":
        return json.dumps(value)
    suffix = {"long": "L", "float": "f"}
    items = schema.get("items", {}).get("type")
    if isinstance(value, list):
        elements = ", ".join(json.dumps(item) + suffix.get(items, "") for item in value)
        return (
            f"new ArrayList<>(Arrays.asList({elements}))" if schema["type"] == "ArrayList" else f"new T[]{{{elements}}}"
        )
    if isinstance(value, Mapping):
        puts = " ".join(f"put({json.dumps(key)}, {json.dumps(item)});" for key, item in value.items())
        return f"new HashMap<String, Object>() {{{{ {puts} }}}}"
    return json.dumps(value) + suffix.get(schema["type"], "")


def records(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@pytest.fixture(scope="module")
def bfcl(shared_data: Path) -> Path:
    folder = shared_data / "agents" / "bfcl"
    if not folder.is_dir():
        pytest.skip(f"no BFCL data: {folder} is no folder")
    return folder


def samples(folder: Path, category: str) -> list[Sample]:
    file = folder / "possible_answer" / f"{category}.jsonl.gz"
    answers = {record["id"]: record["ground_truth"] for record in records(file)} if file.is_file() else {}
    return [
        Sample(
            record["id"],
            category,
            [Tool.of(function) for function in record["function"]],
            [Gold.of(gold) for gold in answers.get(record["id"], [])],
        )
        for record in records(folder / f"{category}.jsonl.gz")
    ]


@pytest.mark.parametrize("category", ANSWERED)
def test_right_calls_are_accepted(bfcl: Path, category: str) -> None:
    found = samples(bfcl, category)
    assert found
    assert {sample.id for sample in found if not sample.check(sample.right()).correct} == set()
    rejected = {sample.id for sample in found if not sample.check(sample.right(), "released").correct}
    assert rejected == UNPASSABLE & {sample.id for sample in found}


@pytest.mark.parametrize("category", ANSWERED)
def test_right_calls_are_accepted_as_text(bfcl: Path, category: str) -> None:
    for sample in samples(bfcl, category):
        if language_of(category) == "python":
            calls = (
                f"{one.name}({', '.join(f'{k}={v!r}' for k, v in one.arguments.items())})" for one in sample.right()
            )
            decoded = decode_python(f"[{', '.join(calls)}]")
            listed = [{"name": one.name, "arguments": one.arguments} for one in sample.right()]
            assert decode_json(json.dumps(listed)) == sample.right()
        else:
            (one,) = sample.right()
            decoded = decode_source(
                f"{one.name}({', '.join(f'{k}={quoted(v, k, sample)}' for k, v in one.arguments.items())})"
            )
        assert decoded is not None and sample.check(decoded).correct, sample.id


def quoted(text: str, name: str, sample: Sample) -> str:
    declared = sample.tools[0].properties[name]["type"]
    return f'"{text}"' if declared == "String" else text


Damage = Callable[[Sample, Call, Gold], tuple[Call | None, set[str]]]


def wrong_name(sample: Sample, call: Call, gold: Gold) -> tuple[Call | None, set[str]]:
    return Call("zz_" + call.name, call.arguments), {"wrong_function"}


def without_required(sample: Sample, call: Call, gold: Gold) -> tuple[Call | None, set[str]]:
    required = [name for name in sample.tool(call.name).required if name in gold.accepted]
    rest = {name: value for name, value in call.arguments.items() if name not in required[:1]}
    return Call(call.name, rest) if required else None, {"missing_required"}


def without_expected(sample: Sample, call: Call, gold: Gold) -> tuple[Call | None, set[str]]:
    tool = sample.tool(call.name)
    dropped = [name for name, accepted in gold.accepted.items() if accepted and "" not in accepted]
    dropped = [name for name in dropped if name not in tool.required][:1]
    rest = {name: value for name, value in call.arguments.items() if name not in dropped}
    return Call(call.name, rest) if dropped else None, {"missing_optional"}


def unexpected(sample: Sample, call: Call, gold: Gold) -> tuple[Call | None, set[str]]:
    return Call(call.name, {**call.arguments, "zz_unknown": 1}), {"unexpected_parameter"}


def wrong_type(sample: Sample, call: Call, gold: Gold) -> tuple[Call | None, set[str]]:
    names = list(call.arguments)
    if not names:
        return None, set()
    known = [*map(type, gold.accepted[names[0]]), TYPES[declared(sample, call, names[0])]]
    value: Any = 7.5 if dict in known else {"zz": 1}
    return Call(call.name, {**call.arguments, names[0]: value}), {"type_error:simple"}


def wrong_value(sample: Sample, call: Call, gold: Gold) -> tuple[Call | None, set[str]]:
    for name, accepted in gold.accepted.items():
        kind = declared(sample, call, name)
        other = OTHERS.get(kind if language_of(sample.category) == "python" else f"source {kind}")
        if (
            name in call.arguments
            and other is not None
            and {type(value) for value in accepted if value != ""} == {other[2]}
        ):
            return Call(call.name, {**call.arguments, name: other[0]}), {other[1]}
    return None, set()


OTHERS: Mapping[str, tuple[Any, str, type]] = {
    "string": ("zz no such value", "value_error:string", str),
    "integer": (987654321, "value_error:others", int),
    "float": (98765.4321, "value_error:others", float),
    "dict": ({"zz": 1}, "value_error:dict", dict),
    "source String": ("zzNoSuchValue", "value_error:string", str),
    "source any": ("zzNoSuchValue", "value_error:string", str),
    "source integer": ("987654321", "value_error:others", int),
}
"""For a declared type: a wrong value, the name of its error, the type of the accepted values it is tried on."""


def declared(sample: Sample, call: Call, name: str) -> str:
    return str(sample.tool(call.name).properties.get(name, {}).get("type", "any"))


DAMAGES = (wrong_name, without_required, without_expected, unexpected, wrong_type, wrong_value)


@pytest.mark.parametrize("category", ANSWERED)
def test_damaged_calls_are_rejected_by_name(bfcl: Path, category: str) -> None:
    tried: Counter[str] = Counter()
    for sample in samples(bfcl, category):
        if sample.id in UNPASSABLE:
            continue
        right = sample.right()
        for damage in DAMAGES:
            damaged, errors = damage(sample, right[0], sample.golds[0])
            if damaged is None:
                continue
            tried[damage.__name__] += 1
            expected = {"no_match"} if "parallel" in category else errors
            for convention in ("corrected", "released"):
                verdict = sample.check([damaged, *right[1:]], convention)  # type: ignore[arg-type]
                assert verdict.error in expected, (sample.id, damage.__name__, verdict)
        assert sample.check(right[1:]).error == "wrong_count"
        assert sample.check([*right, right[0]]).error == "wrong_count"
    few = min(tried[name] for name in ("wrong_name", "without_required", "unexpected", "wrong_type", "wrong_value"))
    assert few >= 8, tried


@pytest.mark.parametrize("category", ["irrelevance", "live_irrelevance", "live_relevance"])
def test_only_whether_a_call_is_made_counts(bfcl: Path, category: str) -> None:
    found = samples(bfcl, category)
    assert found
    calls = category == "live_relevance"
    for sample in found:
        made = [Call(sample.tools[0].name if sample.tools else "f")]
        assert sample.check(made).correct is calls
        assert sample.check([]).correct is not calls
