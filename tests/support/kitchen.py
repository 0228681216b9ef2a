"""Tools of a kitchen for tests of `queries generate` and `accept`: their module, the request, what was written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolbench_eval import evaluate
from toolbench_eval.toolset.generating import GenerateRequest

KITCHEN = '''
"""Tools of a kitchen."""
import itertools
from typing import Literal

from toolbench_eval.environments.functions import FunctionEnvironment

count = itertools.count()


def find_recipe(dish: Literal["bread", "cake", "soup"]) -> dict:
    """Find the recipe of a dish with its recipe_id."""
    return {"recipe_id": f"rc-{len(dish)}{dish[0]}", "minutes": 10 * len(dish)}


def list_ingredients(recipe_id: str, persons: int) -> dict:
    """List the grams of flour that a recipe needs.

    Args:
        recipe_id: Id of a recipe, from find_recipe.
        persons: How many eat.
    """
    return {"flour_grams": 90 * persons}


def price_of(item: Literal["flour", "butter", "sugar"]) -> dict:
    """Tell the price of something."""
    return {"price": {"flour": 1.2, "butter": 2.6, "sugar": 1.1}[item]}


def next_ticket(desk: Literal["a", "b"]) -> dict:
    """Draw the number of a desk."""
    return {"number": next(count)}


def order(item: Literal["flour", "butter"], state: list) -> dict:
    """Order something for the larder."""
    state.append(item)
    return {"ordered": item, "total": len(state)}


def kitchen(setup):
    return FunctionEnvironment([find_recipe, list_ingredients, price_of, order], state=[], mutating=["order"])


def lottery(setup):
    return FunctionEnvironment([next_ticket, price_of])
'''


def request(place: Path, **more: Any) -> GenerateRequest:
    wanted = {"corpus": place / "kitchen", "llms": {"main": "scripted"}, "number": 6, "out": place / "out"}
    return GenerateRequest(**{**wanted, **more})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def decide(place: Path, change: Callable[[int, dict[str, str]], None]) -> Path:
    """Change the rows of the review file."""
    found = rows(place / "out" / "review.csv")
    for number, row in enumerate(found):
        row["keep?"] = "yes"
        change(number, row)
    path = place / "out" / "reviewed.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return path


def evaluated(place: Path, task: str, *, tasks: str = "out", out: str = "results", **how: Any) -> float:
    """The headline of a model, or of the scripted agent, on a task that was generated."""
    system = how or {"agent": "react", "llm": "scripted"}
    return evaluate(task, tasks_dir=place / tasks, out=place / out, **system)[0].headline.value
