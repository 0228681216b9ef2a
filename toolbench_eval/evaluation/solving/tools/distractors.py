"""Tools that are offered beside the gold ones, to be told apart from them."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import UsageError


def of_same_category(pool: Mapping[str, ToolSpec], gold: Collection[str], task: str) -> list[str]:
    """Names of the other tools of the gold tools' categories, in the order of the pool.

    Args:
        pool: All tools of the task by name.
        gold: Names of the gold tools.
        task: The task's name, for errors.

    Raises:
        UsageError: No tool of the task has a category.
    """
    if not any(tool.category for tool in pool.values()):
        raise UsageError(f"the tools of '{task}' have no categories: draw distractors at random")
    wanted = {pool[name].category for name in gold if name in pool} - {""}
    return [name for name, tool in pool.items() if tool.category in wanted and name not in gold]


def drawn(names: Collection[str], number: int, draw: random.Random) -> list[str]:
    """So many of these names, all where there are fewer; a greater number draws the same ones and more."""
    shuffled = sorted(names)
    draw.shuffle(shuffled)
    return shuffled[:number]
