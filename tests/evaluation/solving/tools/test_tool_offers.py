"""Which tools are offered, in which order, and what a retriever finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import Stage, stage
from support.tool_agents import script
from support.tool_suite import AGENT, PEN, solved, suite, values

from toolbench_eval.data.tasks import Origin
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.environments import find_maker
from toolbench_eval.data.tools.task import ToolTask
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.tools.offers import ORDERS, TOOLSETS, Offers, notes_on
from toolbench_eval.evaluation.solving.tools.retrieval import ToolSearch, document
from toolbench_eval.suites import ToolRow


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as run:
        yield run


GOLD = ("tool_03", "tool_01")
NAMES = tuple(f"tool_{number:02}" for number in range(12))


def problem(
    name: str, tools: tuple[str, ...], gold: tuple[str, ...] = ("tool_03", "tool_01"), **more: Any
) -> ToolProblem:
    setup = {"tools": [{"name": tool, "description": f"does {tool}"} for tool in tools]}
    return ToolProblem(name, f"request {name}", gold_calls=tuple(map(GoldCall, gold)), setup=setup, **more)


def task(*problems: ToolProblem) -> ToolTask:
    row = ToolRow(task="one", environment="declared", scoring="path")
    return ToolTask(row, problems, Companions(), find_maker("declared"), Origin("files", "here"))


FIRST = problem("first", NAMES[:6], candidates=("tool_03", "tool_01", "tool_00", "tool_05"))
SECOND = problem("second", NAMES[6:], gold=("tool_09",))
TASK = task(FIRST, SECOND)


def offered(toolset: str = "released", order: str = "shuffled", seed: int = 0, of: ToolProblem = FIRST) -> list[str]:
    environment = Offers(TASK, toolset, order, seed).environment(of)
    assert environment is not None
    return [tool.name for tool in environment.tools()]


def test_the_released_order_is_that_of_the_record():
    assert offered(order="released") == ["tool_03", "tool_01", "tool_00", "tool_05"]
    assert offered(order="reversed") == ["tool_05", "tool_00", "tool_01", "tool_03"]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_keeps_the_tools(order: str):
    assert sorted(offered(order=order)) == ["tool_00", "tool_01", "tool_03", "tool_05"]
    assert offered(order=order) == offered(order=order)


def test_a_shuffle_forgets_the_released_order_and_depends_on_the_seed():
    turned = replace(FIRST, candidates=FIRST.candidates[::-1])
    assert offered(of=turned) == offered()
    first = Counter(offered(seed=seed)[0] for seed in range(200))
    assert set(first) == {"tool_00", "tool_01", "tool_03", "tool_05"}
    assert min(first.values()) > 25  # 50 each are expected


def test_gold_tools_may_stand_first_or_last():
    assert set(offered(order="gold-first")[:2]) == set(offered(order="gold-last")[2:]) == {"tool_01", "tool_03"}


def test_toolsets():
    assert sorted(offered("gold")) == ["tool_01", "tool_03"]
    assert offered("gold", "released") == ["tool_03", "tool_01"]
    assert sorted(offered("all")) == list(NAMES[:6])
    assert offered(of=SECOND, order="released") == list(NAMES[6:])  # nothing listed: all
    assert set(TOOLSETS) > {"gold", "gold+5", "retrieved"}


def test_distractors_come_from_the_whole_task_and_are_drawn_by_the_seed():
    found = offered("gold+5", "released")
    assert found[:2] == ["tool_03", "tool_01"]
    assert len(set(found)) == 7 and set(found) <= set(NAMES)
    assert {tuple(offered("gold+5", "released", seed)) for seed in range(5)} != {tuple(found)}
    assert sorted(offered("gold+50")) == list(NAMES)  # there are no more


def test_a_distractor_of_another_problem_can_be_called_and_is_not_executed():
    environment = Offers(TASK, "gold+50", "shuffled", 0).environment(FIRST)
    assert environment is not None
    assert environment.call("tool_11", {}).source == "simulated"


def test_what_has_no_gold_cannot_be_offered_the_gold():
    with pytest.raises(UsageError, match="no gold tools"):
        Offers(task(problem("p", NAMES[:2], gold=())), "gold", "shuffled", 0).environment(
            problem("p", NAMES[:2], gold=())
        )


def test_a_missing_gold_tool_is_told_and_not_added():
    lacking = problem("lacking", NAMES[:6], candidates=("tool_03", "tool_99"))
    offers = Offers(task(FIRST, lacking), "released", "shuffled", 0)
    assert offers.gold_missing(lacking) == ("tool_01",)
    assert offers.gold_missing(FIRST) == ()
    notes = notes_on(offers, [FIRST, lacking])
    assert notes == [
        "one: 1 problems (lacking) have listed tools that the environment does not have; left out",
        "one: 1 problems (lacking) have no offer of some gold tool; none is added",
    ]


KINDS = {"rain": "weather", "wind": "weather", "snow": "weather", "bus": "travel", "train": "travel", "odd": ""}


def sorted_tools(gold: tuple[str, ...], kinds: dict[str, str] = KINDS) -> Offers:
    """Tools in categories, offered with one distractor of the gold ones' kind."""
    tools = [{"name": name, "description": "", "category": kind} for name, kind in kinds.items()]
    made = ToolProblem("p", "request", gold_calls=tuple(map(GoldCall, gold)), setup={"tools": tools})
    return Offers(task(made), "gold+5:category", "released", 0)


def beside(offers: Offers) -> set[str]:
    """The distractors of its problem."""
    environment = offers.environment(offers.task.problems[0])
    assert environment is not None
    return {tool.name for tool in environment.tools()} - {call.name for call in offers.task.problems[0].gold_calls}


@pytest.mark.parametrize(
    ("gold", "others"),
    [
        (("rain",), {"wind", "snow"}),
        (("bus",), {"train"}),
        (("rain", "bus"), {"wind", "snow", "train"}),
        (("odd",), set()),  # of no category: there is none of its kind
        (("odd", "wind"), {"rain", "snow"}),
    ],
)
def test_distractors_may_be_of_the_gold_tools_category(gold: tuple[str, ...], others: set[str]):
    offers = sorted_tools(gold)
    assert beside(offers) == others
    assert notes_on(offers, offers.task.problems) == [
        "one: 1 problems (p) have fewer than 5 distractors: their category has no more tools"
    ]


def test_distractors_of_a_category_are_drawn_by_the_seed_and_more_hold_fewer():
    kinds = {f"weather_{number:02}": "weather" for number in range(30)} | {"bus": "travel"}
    of = [sorted_tools(("weather_00",), kinds) for _ in range(4)]
    drawn = [beside(replace(offers, seed=seed)) for seed, offers in enumerate(of)]
    assert [len(one) for one in drawn] == [5] * 4 and len(set(map(frozenset, drawn))) == 4
    assert "bus" not in set().union(*drawn)
    assert drawn[1] < beside(replace(of[1], seed=1, toolset="gold+10:category"))
    assert notes_on(of[0], of[0].task.problems) == []


def test_categories_are_needed_to_draw_from_them():
    with pytest.raises(UsageError, match="the tools of 'one' have no categories"):
        Offers(TASK, "gold+5:category", "shuffled", 0).environment(FIRST)


class Backwards:
    """Finds the tools whose names come last in the alphabet."""

    def search_in(self, passages: Any, texts: list[str], k: int) -> list[list[int]]:
        self.asked = texts
        return [list(range(len(passages)))[::-1][:k] for _ in texts]


def test_tools_are_retrieved_for_all_requests_at_once():
    model = Backwards()
    search = ToolSearch(model, TASK.pool, TASK.problems, 2)  # type: ignore[arg-type]
    assert search(FIRST) == search(SECOND) == ("tool_11", "tool_10")
    assert model.asked == ["request first", "request second"]


def test_a_tool_as_a_document():
    schema = {"type": "object", "properties": {"item": {"description": "What to buy."}, "n": {"type": "integer"}}}
    assert document(ToolSpec("buy", "Buy items.", schema)).contents == "buy\nBuy items.\nitem: What to buy.\nn"


def test_a_retriever_chooses_the_tools(at: Stage, tmp_path: Path):
    problems = [
        {"id": "price", "text": "Get the price of an item " + script(("price", PEN)), "gold_calls": ["price"]},
        {"id": "hours", "text": "When is the shop open? Tell " + script(("price", PEN)), "gold_calls": ["price"]},
    ]
    folder = suite(tmp_path / "s", problems, scoring="path")
    oracle, records, _ = solved(at, folder, "--set", "toolset=gold")
    assert values(records, "success") == {"price": 1, "hours": 1}
    result, records, _ = solved(at, folder, "--model", "tfidf", "--set", "tools_k=5")
    assert values(records, "success") == {"price": 1, "hours": 1}  # there are three tools
    assert result["task_setting"]["toolset"] == "retrieved" and oracle["task_setting"]["toolset"] == "gold"
    assert result["tasks"]["tiny/one"]["run_file"] is not None
    assert result["tasks"]["tiny/one"]["qrels_file"] is not None
    assert len(records["price"]["offered"]) == 3


def test_tools_are_retrieved_by_a_retriever_alone(at: Stage, tmp_path: Path):
    folder = suite(tmp_path / "s", [{"id": "a", "text": script(), "gold_calls": ["price"]}], scoring="path")
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT, "--set", "toolset=retrieved")
    assert (done.code, "name one with --model" in " ".join(done.err.split())) == (2, True)
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT, "--model", "bm25", "--set", "toolset=gold")
    assert (done.code, "for --set toolset=retrieved only" in " ".join(done.err.split())) == (2, True)


def test_a_tool_that_is_not_offered_is_hallucinated(at: Stage, tmp_path: Path):
    problems = [{"id": "a", "text": script(("price", PEN)), "gold_calls": ["price"], "candidates": ["buy"]}]
    _, records, _ = solved(at, suite(tmp_path / "s", problems, scoring="path"))
    scores = records["a"]["scores"]
    # The call has the gold name, so measures of names count it; it did nothing.
    assert (scores["hallucinated_tool_rate"], scores["candidate_recall"], scores["covered"]) == (1, 0, 1)
    assert scores["success"] == 0
