"""Plans and reviews of T-Eval: what is compared, by what, what is stored, and scored again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support import tiny_models
from support.agent_stage import Stage, stage
from support.tool_agents import Obedient
from support.tool_suite import AGENT, again, solved, suite, values

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.formats import FORMATS
from toolbench_eval.errors import DataError
from toolbench_eval.evaluation.solving.tools.teval import (
    as_written,
    pairs_of,
    plan_scores,
    read_likeness,
    review_scores,
    stored,
)

GOLD = [
    {"id": 0, "prev": [], "name": "shop.find", "args": {"item": "pen"}},
    {"id": 1, "prev": [0], "name": "shop.buy", "args": {"item": "pen"}},
    {"id": 2, "prev": [1], "name": "FinishAction", "args": {}},
]
TOOLS = ["shop.find", "shop.buy", "shop.search", "post.send"]
PROMPT = [{"role": "system", "content": "Plan."}, {"role": "user", "content": "I need a pen."}]


def record(kind: str = "json", name: str = "q") -> dict[str, Any]:
    meta = {"prompt_type": kind, "API_list": TOOLS}
    return {"id": name, "meta": meta, "ground_truth": GOLD, "origin_prompt": PROMPT}


def problem(values: Mapping[str, Any], format: str = "teval-plan") -> ToolProblem:
    (found,) = FORMATS[format](Record(values, "records.jsonl", 2), Companions())
    return found


def answered(answer: str | None, text: str | None = None) -> Trajectory:
    return Trajectory("q", answer, "answered", text or answer or "")


def written(*steps: tuple[str, str]) -> str:
    return json.dumps([{"id": at, "name": name, "args": args} for at, (name, args) in enumerate(steps)])


PEN = "{'item': 'pen'}"
RIGHT = written(("shop.find", PEN), ("shop.buy", PEN))


def test_a_plan_is_its_prompt_and_its_gold():
    found = problem(record())
    assert (found.id, found.text, found.category) == ("q", "Plan.\n\nI need a pen.", "plan")
    assert found.extra["plan"][1] == {"name": "shop.buy", "arguments": PEN}
    assert found.answers == (RIGHT,)
    assert problem(record("str")).answers == ("Use shop.find\nUse shop.buy",)


@pytest.mark.parametrize(
    ("format", "change", "field"),
    [
        ("teval-plan", {"meta": {"prompt_type": "ReWOO", "API_list": []}}, "meta.prompt_type"),
        ("teval-plan", {"ground_truth": [{"name": "a"}]}, "ground_truth"),
        ("teval-plan", {"origin_prompt": [{"role": "user"}]}, "origin_prompt[0].content"),
        ("teval-review", {"ground_truth": {"answer": "F"}}, "ground_truth.answer"),
        ("teval-review", {"ground_truth": {"answer": "AB"}}, "ground_truth.answer"),
    ],
)
def test_broken_records_are_named(format: str, change: dict[str, Any], field: str):
    with pytest.raises(DataError) as found:
        problem({**record(), **change}, format)
    assert (found.value.row, found.value.field) == (2, field)


def test_names_and_arguments_are_compared_each_with_its_kind():
    made = answered(written(("shop.search", "{}"), ("shop.buy", PEN), ("FinishAction", "{}")))
    assert set(pairs_of(problem(record()), made)) == {
        *((left, right) for left in ("shop.search", "shop.buy") for right in ("shop.find", "shop.buy")),
        ("{}", PEN),
        (PEN, PEN),
    }
    assert pairs_of(problem(record()), answered("no plan")) == []
    assert pairs_of(problem(record()), answered(None)) == []


def test_the_score_by_hand():
    """search is like find: 0.75 * 0.9 + 0.25 = 0.925 > 0.8; with other arguments 0.75 * 0.9 + 0.25 * 0.4 = 0.775."""
    likeness = {
        ("shop.search", "shop.find"): 0.9,
        ("shop.search", "shop.buy"): 0.2,
        ("shop.buy", "shop.find"): 0.2,
        ("shop.buy", "shop.buy"): 1.0,
        (PEN, PEN): 1.0,
        ("{}", PEN): 0.4,
    }

    def scores(*steps: tuple[str, str]) -> tuple[float, float]:
        found = plan_scores(problem(record()), answered(written(*steps)), likeness)
        assert found["success"] == found["teval_plan"]
        return found["teval_plan"], found["teval_plan_released"]

    search, buy = ("shop.search", PEN), ("shop.buy", PEN)
    assert scores(search, buy) == (1, 1)
    assert scores(buy, search) == (0.5, 0.5)  # both match, one is in order: P = R = 1/2
    assert scores(("shop.search", "{}"), buy) == (0.5, 0.5)
    assert scores(search) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert scores(("shop.search", "{}")) == (0, pytest.approx(2 / 3))  # the reference counts one step for nothing
    with pytest.raises(DataError, match="nobody says how alike"):
        scores(("post.send", PEN))


def test_names_alone_need_no_likeness():
    found = problem(record())
    assert plan_scores(found, answered(RIGHT), None)["success"] == 1
    other = answered(written(("shop.find", "{}"), ("shop.buy", "{}")))
    assert plan_scores(found, other, None)["success"] == 1  # arguments do not count
    assert plan_scores(found, answered(written(("shop.search", PEN))), None)["success"] == 0
    nothing = {"success": 0, "teval_plan": 0, "teval_plan_released": 0, "teval_plan_parsed": 0}
    assert plan_scores(found, answered("no plan"), None) == plan_scores(found, answered(None), None) == nothing


def test_prose_keeps_the_lines_that_the_model_wrote():
    steps = "1: Use shop.find to look\n2: Use shop.buy to get it"
    told = answered(" ".join(steps.split()), f"Sure.\n{steps}\n")
    assert as_written(told) == steps
    assert plan_scores(problem(record("str")), told, None)["success"] == 1
    flat = answered(told.prediction)  # one line names one tool
    assert plan_scores(problem(record("str")), flat, None)["success"] == pytest.approx(2 / 3)
    assert as_written(answered("a b", "nothing of it")) == "a b"


@pytest.mark.parametrize(
    ("reply", "right"), [("B", 1), ("B: Internal error", 1), ("A", 0), ("", 0), (None, 0), ("neither", 0)]
)
def test_reviews_by_their_letter(reply: str | None, right: float):
    gold = problem({"id": "r", "ground_truth": {"answer": "B"}, "origin_prompt": PROMPT}, "teval-review")
    assert review_scores(gold, answered(reply)) == {"success": right, "teval_review": right}


def test_likeness_is_stored_and_read():
    likeness = {("a", "b"): 0.25, ("b", "b"): 1.0}
    assert read_likeness({"likeness": json.loads(json.dumps(stored(likeness)))}) == likeness
    assert read_likeness({"likeness": []}) == {}
    assert read_likeness({}) is stored(None) is None


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as run:
        yield run


PLANS = {"right": RIGHT, "turned": written(("shop.buy", PEN), ("shop.find", PEN)), "none": "no plan"}
ROW = {"format": "teval-plan", "environment": "none", "scoring": "teval-plan"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Obedient.scripts.update({f"teval {name}": {"calls": [], "answer": answer} for name, answer in PLANS.items()})
    return suite(tmp_path / "s", [record(name=f"teval {name}") for name in PLANS], **ROW)


def test_names_alone_from_the_command_to_the_result(at: Stage, folder: Path):
    result, records, results = solved(at, folder, "--set", "similarity=exact-name")
    assert list(values(records, "teval_plan").values()) == [1, 0.5, 0]
    assert list(values(records, "teval_plan_parsed").values()) == [1, 1, 0]
    assert result["task_setting"]["similarity"] == "exact-name"
    assert result["tasks"]["tiny/one"]["solved"]["profile"] == "teval-plan by exact-name in none"
    assert all("likeness" not in one for one in records.values())
    again(results)


def test_a_dense_retriever_from_the_command_to_the_result(at: Stage, folder: Path, tmp_path: Path):
    pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")
    made = tiny_models.bert(tmp_path / "bert")
    model = tiny_models.sentence_transformer(tmp_path / "tiny in here", made, pooling="mean", normalize=True)
    result, records, results = solved(at, folder, "--set", f"similarity={model}")
    assert result["tasks"]["tiny/one"]["solved"]["profile"] == "teval-plan by tiny in here in none"
    setting = result["task_setting"]["similarity"]
    assert setting["name"] == "tiny in here" and setting["weights"].startswith("files:")
    assert values(records, "teval_plan")["teval right"] == 1
    pairs = {(text, other): value for text, other, value in records["teval turned"]["likeness"]}
    assert pairs["shop.buy", "shop.buy"] == pytest.approx(1)
    assert pairs["shop.buy", "shop.find"] == pytest.approx(pairs["shop.find", "shop.buy"])
    assert records["teval none"]["likeness"] == []
    again(results)  # without the model: what was compared stands in the samples


def test_the_published_model_is_asked_for_unless_told_otherwise(at: Stage, folder: Path):
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT, "--offline")
    assert done.code == 2
    for told in ("sentence-transformers/all-mpnet-base-v2", "--offline", "--set similarity=NAME", "exact-name"):
        assert told in done.err


def test_only_tasks_that_compare_texts_take_a_similarity(at: Stage, tmp_path: Path):
    folder = suite(tmp_path / "other", [{"id": "a", "text": "t", "answers": ["3"]}])
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT, "--set", "similarity=minilm")
    assert (done.code, "for tasks that compare texts" in done.err) == (2, True)
