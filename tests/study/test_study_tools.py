"""Perturbed toolsets: orders, sizes and noises change what they say and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.study_stage import TOOLS, problems, small_suite

from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import Origin
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.task import ToolTask
from toolbench_eval.environments.base import Environment, ToolSpec
from toolbench_eval.environments.declared import DeclaredEnvironment
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.tools.offers import Offers
from toolbench_eval.evaluation.solving.tools.work import ToolWork, load_tool_work
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.registry import Registry
from toolbench_eval.study.arranged import Arranged, rearranged
from toolbench_eval.study.tool_noise import UNAVAILABLE, DescriptionNoise, ObservationNoise
from toolbench_eval.study.tool_order import ORDERS, ToolOrder
from toolbench_eval.study.toolset_size import Likeness, ToolsetSize
from toolbench_eval.suites import ToolRow

GOLD = ("beryl", "emerald")
LISTED = ("dolomite", "emerald", "amber", "beryl")


def _made(problem: ToolProblem, companions: Companions) -> Environment:
    return FunctionEnvironment(dict.fromkeys(TOOLS, lambda: "noted"), state={"of": problem.id})


def offers(listed: tuple[str, ...] = LISTED, gold: tuple[str, ...] = GOLD, maker: Any = _made) -> Offers:
    """Problems that list some of the tools, a few of them gold; the second knows of them all."""
    first = ToolProblem("p", "use them", candidates=listed, gold_calls=tuple(map(GoldCall, gold)))
    task = ToolTask(
        ToolRow(task="one"),
        (first, replace(first, id="q", candidates=())),
        Companions(),
        maker,
        Origin("files", "here"),
    )
    return Offers(task, "released", "released", 0)


def names(of: Offers, at: int = 0) -> list[str]:
    environment = of.environment(of.task.problems[at])
    assert environment is not None
    return [tool.name for tool in environment.tools()]


def arranged(of: Offers, **changes: Any) -> Arranged:
    return replace(Arranged(of.task, of.toolset, of.order, of.seed), **changes)


def test_orders_by_example() -> None:
    of = {order: names(arranged(offers(), arrangement=ToolOrder(order))) for order in ORDERS}
    assert of["released"] == list(LISTED)
    assert of["reversed"] == ["beryl", "amber", "emerald", "dolomite"]
    assert of["gold-first"] == ["emerald", "beryl", "dolomite", "amber"]
    assert of["gold-last"] == ["dolomite", "amber", "emerald", "beryl"]


@settings(deadline=None, max_examples=30)
@given(st.permutations(TOOLS), st.integers(0, 50), st.sampled_from(ORDERS))
def test_an_order_keeps_the_multiset_of_tools(listed: list[str], seed: int, order: str) -> None:
    changed = names(arranged(offers(tuple(listed)), arrangement=ToolOrder(order, seed)))
    assert Counter(changed) == Counter(listed)
    again = names(arranged(offers(tuple(listed)), arrangement=ToolOrder(order, seed)))
    assert changed == again


@settings(deadline=None, max_examples=30)
@given(st.permutations(TOOLS), st.integers(0, 50))
def test_a_shuffle_does_not_depend_on_the_released_order(listed: list[str], seed: int) -> None:
    order = ToolOrder("shuffle", seed)
    assert names(arranged(offers(tuple(listed)), arrangement=order)) == names(
        arranged(offers(tuple(sorted(listed))), arrangement=order)
    )


def test_shuffles_differ_by_seed_and_problem() -> None:
    by_seed = {tuple(names(arranged(offers(TOOLS), arrangement=ToolOrder("shuffle", seed)))) for seed in range(20)}
    assert len(by_seed) > 15
    both = arranged(offers(()), arrangement=ToolOrder("shuffle", 1))
    assert names(both, 0) != names(both, 1)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["random", "near", "same"]), st.integers(0, 9))
def test_toolsets_grow_by_keeping_what_they_had(few: int, more: int, likeness: Likeness, seed: int) -> None:
    small, large = (
        names(arranged(offers(), choice=ToolsetSize("", size, likeness, seed))) for size in sorted((few, more))
    )
    assert set(LISTED) <= set(small) <= set(large)
    assert [name for name in large if name in LISTED] == list(LISTED)
    assert [name for name in large if name in small] == small
    assert len(large) == len(set(large))
    assert len(large) == (4 if likeness == "same" else min(6, 4 + max(few, more)))


def test_relevant_tools_alone_and_none_known() -> None:
    assert names(arranged(offers(), choice=ToolsetSize("relevant", None))) == list(GOLD)
    with pytest.raises(UsageError, match="does not say which tools are relevant for 'p'"):
        names(arranged(offers(gold=()), choice=ToolsetSize("relevant", None)))


def declared(*specs: ToolSpec) -> Any:
    return lambda problem, companions: DeclaredEnvironment(specs)


def test_near_tools_come_first_and_same_tools_only() -> None:
    specs = [
        ToolSpec("weather_for_sky", "Tells the weather of a city today."),
        ToolSpec("bus_for_town", "Lists departures of buses."),
        ToolSpec("forecast_for_heaven", "Tells the weather of a city tomorrow."),
        ToolSpec("storms_for_sky", "Maps lightning."),
    ]
    of = offers((specs[0].name,), (specs[0].name,), declared(*specs))
    assert set(names(arranged(of, choice=ToolsetSize("+1", 1, "near")))) == {"weather_for_sky", "forecast_for_heaven"}
    assert set(names(arranged(of, choice=ToolsetSize("+3", 3, "same")))) == {"weather_for_sky", "storms_for_sky"}


def test_tools_of_the_same_category_only() -> None:
    kinds = {"rain": "weather", "wind": "weather", "snow": "weather", "bus": "travel", "odd": ""}
    of = offers(("rain", "bus"), ("rain",), declared(*(ToolSpec(name, category=kind) for name, kind in kinds.items())))
    grown = [set(names(arranged(of, choice=ToolsetSize("", more, "category", 1)))) for more in (0, 1, 2, 9)]
    assert grown[0] == {"rain", "bus"} and grown[2] == grown[3] == {"rain", "bus", "wind", "snow"}
    assert grown[0] < grown[1] < grown[2]
    with pytest.raises(UsageError, match="have no categories"):
        names(arranged(offers(), choice=ToolsetSize("", 1, "category")))


def test_tools_of_other_problems_are_declared_and_leave_the_state_alone() -> None:
    def own(problem: ToolProblem, companions: Companions) -> Environment:
        tool = {"p": "amber", "q": "beryl"}[problem.id]
        return FunctionEnvironment({tool: lambda: "noted"}, state={"of": problem.id})

    of = arranged(offers(("amber",), ("amber",), own), choice=ToolsetSize("+1", 1))
    environment = of.environment(of.task.problems[0])
    assert environment is not None
    assert sorted(tool.name for tool in environment.tools()) == ["amber", "beryl"]
    assert environment.call("amber", {}).text == "noted"
    assert environment.call("beryl", {}).source == "simulated"
    assert environment.snapshot() == {"of": "p"}


def test_order_and_size_go_together_in_either_order(tmp_path: Path) -> None:
    work = tool_work(tmp_path)
    order, size = ToolOrder("gold-first"), ToolsetSize("relevant", None)
    for changed in (order.work(size.work(work)), size.work(order.work(work))):
        assert isinstance(changed, ToolWork)
        assert names(changed.offers, 1) == ["beryl"]
    grown = ToolOrder("reversed").work(ToolsetSize("+2", 2).work(work))
    assert isinstance(grown, ToolWork)
    plain = ToolOrder("released").work(ToolsetSize("+2", 2).work(work))
    assert isinstance(plain, ToolWork)
    assert names(grown.offers) == names(plain.offers)[::-1]


def tool_work(folder: Path) -> ToolWork:
    """The suite `tiny` as a work."""
    registry = Registry((small_suite(folder / "tiny", problems(3)),))
    suite = registry.suite("tiny")
    request = AgentRequest(Request(("tiny",), access=Access(offline=True)), "react", {"main": "scripted"})
    options = {"toolset": "own", "order": "shuffled", "tools_k": "10"}
    return load_tool_work(suite, suite.rows[0], request, registry, options, None, None)


def test_the_study_of_an_order_begins_at_the_released_one_whatever_the_task_does(tmp_path: Path) -> None:
    work = ToolOrder("released").work(tool_work(tmp_path))
    assert isinstance(work, ToolWork)
    assert names(work.offers, 1) == list(problems(3)[1]["candidates"])


def test_only_tool_use_has_tools_and_only_the_records_toolset_has_a_size(tmp_path: Path) -> None:
    class Other:
        row = ToolRow(task="quiz")

    with pytest.raises(UsageError, match="the factor 'tool-order' changes tools, and 'quiz' is no tool use task"):
        ToolOrder("reversed").work(cast(Work, Other()))
    retrieved = rearranged(tool_work(tmp_path), "x", toolset="retrieved")
    with pytest.raises(UsageError, match="here tools are retrieved"):
        ToolsetSize("+5", 5).work(retrieved)


SPECS = (
    ToolSpec(
        "find",
        "Find a person by the name that is given to you.",
        {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "Name of the person you want"}, "age": True},
            "required": ["name"],
        },
    ),
    ToolSpec("nothing"),
)


@pytest.mark.parametrize(
    ("kind", "amount", "description", "argument"),
    [
        ("truncated", 3, "Find a person", "Name of the"),
        ("empty", 0, "", ""),
    ],
)
def test_descriptions_are_spoiled_and_schemas_stay(kind: str, amount: float, description: str, argument: str) -> None:
    noisy = DescriptionNoise(kind, amount).environment(DeclaredEnvironment(SPECS), "p").tools()
    assert [tool.name for tool in noisy] == ["find", "nothing"]
    assert noisy[0].description == description
    assert noisy[0].properties == {"name": {"type": "string", "description": argument}, "age": True}
    assert noisy[0].required == ("name",)
    assert noisy[1] == SPECS[1]


def test_shuffled_and_misspelt_descriptions() -> None:
    shuffled = DescriptionNoise("shuffled", 1.0, 3).environment(DeclaredEnvironment(SPECS), "p").tools()[0]
    assert shuffled.description != SPECS[0].description
    assert Counter(shuffled.description.split()) == Counter(SPECS[0].description.split())
    misspelt = DescriptionNoise("typos", 0.5, 3).environment(DeclaredEnvironment(SPECS), "q").tools()[0]
    changed = [a != b for a, b in zip(SPECS[0].description.split(), misspelt.description.split(), strict=True)]
    assert sum(changed) == 2  # half of person, name, that and given
    assert misspelt == DescriptionNoise("typos", 0.5, 3).environment(DeclaredEnvironment(SPECS), "p").tools()[0]


def speaking(value: Any) -> Environment:
    return FunctionEnvironment({"say": lambda: value})


def test_answers_are_cut_and_padded() -> None:
    cut = ObservationNoise("truncated", 5).environment(speaking("a long answer"), "p").call("say", {})
    assert (cut.status, cut.error) == ("cut", "too_large")
    assert cut.text.startswith("a lon\n[cut: 5 of 13")
    assert ObservationNoise("truncated", 50).environment(speaking("short"), "p").call("say", {}).text == "short"
    padded = ObservationNoise("extra-fields", 2).environment(speaking({"a": 1}), "p").call("say", {})
    assert list(padded.value) == ["meta_1", "meta_2", "a"]
    assert padded.value["a"] == 1
    bare = ObservationNoise("extra-fields", 1).environment(speaking("x"), "p").call("say", {})
    assert bare.value["result"] == "x"
    wrong = ObservationNoise("extra-fields", 1).environment(speaking("x"), "p").call("shout", {})
    assert wrong.error == "unknown_tool"


def test_errors_come_at_their_rate_and_the_same_again() -> None:
    noise = ObservationNoise("errors", 0.3, seed=1)

    def failures(problem: str) -> list[bool]:
        environment = noise.environment(speaking("x"), problem)
        return [environment.call("say", {}).failed for _ in range(1000)]

    first = failures("p")
    assert 0.25 < sum(first) / 1000 < 0.35
    assert failures("p") == first
    assert failures("q") != first
    environment = noise.environment(speaking("x"), "p")
    assert [environment.call("say", "{}").failed for _ in range(2)] != [True, True]
    environment.reset()
    assert [environment.call("say", {}).failed for _ in range(10)] == first[:10]


def test_a_failed_call_changes_nothing() -> None:
    def add(state: list[int]) -> int:
        state.append(1)
        return len(state)

    always = ObservationNoise("errors", 1.0).environment(FunctionEnvironment([add], []), "p")
    result = always.call("add", {})
    assert (result.error, result.value) == ("unavailable", {"error": UNAVAILABLE})
    assert always.snapshot() == []
    with pytest.raises(UsageError, match="from 0 to 1, found 2"):
        ObservationNoise("errors", 2.0)


def test_noises_add_up(tmp_path: Path) -> None:
    work = DescriptionNoise("empty", 0).work(ObservationNoise("errors", 1.0).work(tool_work(tmp_path)))
    assert isinstance(work, ToolWork)
    environment = work.offers.environment(work.task.problems[0])
    assert environment is not None
    assert environment.tools()[0].description == ""
    assert environment.call("amber", {}).error == "unavailable"
    assert work.corpus_fingerprint == tool_work(tmp_path / "again").corpus_fingerprint
