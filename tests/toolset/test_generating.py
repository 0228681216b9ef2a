"""`queries generate`: what is written, and that it is a task like any other."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from support.command import files_below
from support.kitchen import evaluated, lines, request, rows

from toolbench_eval.data.check import check_folder
from toolbench_eval.errors import UsageError
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.toolset.generating import generate


def test_queries_come_from_calls_and_are_tasks_like_any_other(place: Path) -> None:
    summary = generate(request(place, per_query=(1, 2)))
    assert (summary["kept"], summary["executed"]) == (6, True)
    assert check_folder(place / "out") == []
    queries, problems = lines(place / "out/queries/generated.jsonl"), []
    for scoring in ("answer", "path"):
        path = place / f"out/calls/generated-{scoring}.jsonl"
        problems += lines(path) if path.is_file() else []
    assert sorted(one["id"] for one in problems) == sorted(one["id"] for one in queries)
    by_id = {one["id"]: one for one in problems}
    for query in queries:
        problem = by_id[query["id"]]
        labels = [label["id"] for label in query["labels"]]
        assert 1 <= len(labels) <= 2
        assert "order" not in labels  # it changes something
        assert problem["text"] == query["query"]
        assert list(dict.fromkeys(call["name"] for call in problem["gold_calls"])) == labels
        assert set(labels) <= set(problem["candidates"]) <= {"find_recipe", "list_ingredients", "price_of"}
        assert query["instruction"].startswith("Given")
        assert all(answer not in query["query"] for answer in problem["answers"])
    assert any(len(one["labels"]) == 2 for one in queries)
    assert evaluated(place, "kitchen", model="bm25") > 0.5
    assert evaluated(place, "kitchen-calls") > 0.5


def test_what_the_tools_say_decides_the_score(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problems are solved by calls: with another tool behind them they fail."""
    generate(request(place, per_query=(1, 1)))
    task = "kitchen-calls/generated-answer"
    before = evaluated(place, task)
    module = import_module((place / "name").read_text())

    def find_recipe(dish: str) -> dict[str, Any]:
        """Find the recipe of a dish with its recipe_id."""
        return {"recipe_id": "rc-0", "minutes": 1}

    monkeypatch.setattr(module, "find_recipe", find_recipe)
    assert evaluated(place, task, out="other") < before
    suite = place / "out/calls/suite.toml"
    suite.write_text(suite.read_text().replace("toolbench_eval.toolset.services:toolset_environment", "recorded"))
    assert evaluated(place, task, out="recorded") == before  # the recorded calls still stand


def test_everything_is_written_for_a_reviewer_and_for_trainers(place: Path) -> None:
    generate(request(place, number=4))
    found = rows(place / "out/review.csv")
    assert list(found[0])[:6] == ["id", "keep?", "query", "instruction", "tools", "short_answer"]
    assert [row["keep?"] for row in found] == [""] * 4
    assert all(" -> " in row["calls"] for row in found)
    assert {row["made_from"] for row in found} == {"calls"}
    conversations = lines(place / "out/conversations.jsonl")
    assert [one["id"] for one in conversations] == [row["id"] for row in found]
    assert conversations[0]["conversations"][0] == {"role": "user", "content": found[0]["query"]}
    texts = (place / "out/queries/suite.toml").read_text()
    assert 'version = "draft"' in texts
    assert "main scripted; seed 0) from calls that were executed and gave the same again. Nobody has reviewed" in texts
    meta = json.loads((place / "out/candidates.jsonl.meta.json").read_text())
    assert meta["setting"]["recipe"]["turns"] == [4, 5]
    assert sorted(meta["setting"]["prompts"]) == [
        "tool-instruction-1",
        "tool-question-1",
        "tool-scene-1",
        "tool-step-1",
    ]


def test_from_documentation_alone_it_says_so(place: Path) -> None:
    assert not generate(request(place, environment="none", number=5))["executed"]
    assert check_folder(place / "out") == []
    assert not (place / "out/calls").exists()
    assert not (place / "out/conversations.jsonl").exists()
    assert "from documentation alone: no call was executed" in (place / "out/queries/suite.toml").read_text()
    assert {row["made_from"] for row in rows(place / "out/review.csv")} == {"documentation"}
    labels = [label["id"] for one in lines(place / "out/queries/generated.jsonl") for label in one["labels"]]
    assert set(labels) <= {"find_recipe", "list_ingredients", "price_of", "order"}


def test_the_same_again_whatever_the_concurrency(place: Path) -> None:
    for out, concurrency in (("a", 1), ("b", 8)):
        generate(request(place, out=place / out, runtime=Runtime(seed=3, concurrency=concurrency)))
    assert files_below(place / "a") == files_below(place / "b")
    generate(request(place, out=place / "c", runtime=Runtime(seed=4)))
    assert (place / "a/candidates.jsonl").read_bytes() != (place / "c/candidates.jsonl").read_bytes()
    before = files_below(place / "a")
    (place / "a/review.csv").write_text("mine\n")
    generate(request(place, out=place / "a", runtime=Runtime(seed=3)))
    assert files_below(place / "a") == before | {"review.csv": b"mine\n"}
    with pytest.raises(UsageError, match="number differ"):
        generate(request(place, out=place / "a", number=7, runtime=Runtime(seed=3)))
