"""Comparing and checking stored results by their places: what the command line, Python and pytest call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from toolbench_eval.comparison import check as gate
from toolbench_eval.comparison import compare as comparison
from toolbench_eval.comparison.budget import Budget
from toolbench_eval.comparison.check import Checked, load_both
from toolbench_eval.comparison.comparable import Terms, load_systems
from toolbench_eval.comparison.compare import Comparison
from toolbench_eval.comparison.gate import Rule
from toolbench_eval.comparison.moved import Library
from toolbench_eval.comparison.significance import Method, Test
from toolbench_eval.data.sources import Access
from toolbench_eval.registry import Registry

if TYPE_CHECKING:
    from os import PathLike

Instruction = Literal["with", "without"]


def compare(  # noqa: PLR0913 - mirrors the options of the command line
    results: Sequence[str | PathLike[str]],
    *,
    metric: str | None = None,
    task: str | None = None,
    instruction: Instruction | None = None,
    across: str | None = None,
    test: Test = "permutation",
    draws: int = 10_000,
    seed: int = 0,
    alpha: float = 0.05,
    moved: int = 5,
    shared_tasks: bool = False,
    force: bool = False,
    data: str | PathLike[str] | None = None,
    tasks_dir: Sequence[str | PathLike[str]] = (),
) -> Comparison:
    """Compare stored results over the tasks they share; nothing is taken from the network.

    Args:
        results: Two or more result files, or folders that hold exactly one.
        metric: What to compare; None for the headline's measure of the first.
        task: This task only; also narrows folders.
        instruction: Narrows folders to the results of this setting.
        across: The one key of the task setting that may differ, e.g. `instruction`.
        test: Sign flips of the queries' differences, paired t-test, or paired bootstrap.
        draws: Number of flips or resamples.
        seed: Seed of the draws.
        alpha: Level of the tests after correction.
        moved: Number of queries to show that moved most.
        shared_tasks: Compare the tasks that all have, where some have others too.
        force: Compare what is not comparable; `Comparison.overruled` then says why it is not.
        data: A mirror of the hub, for the texts of queries.
        tasks_dir: Folders with own tasks, for the same.

    Raises:
        UsageError: The results are not comparable, or an argument is out of range.
        DataError: A file is not what its result says.
    """
    access = Access(None if data is None else Path(data), offline=True)
    return comparison.compare(
        load_systems(results, task=task, instruction=instruction),
        metric=metric,
        terms=Terms(task, across, shared_tasks, force),
        method=Method(test, draws, seed),
        alpha=alpha,
        moved=moved,
        library=Library(Registry(tuple(map(Path, tasks_dir))), access),
    )


def check(  # noqa: PLR0913 - mirrors the options of the command line
    candidate: str | PathLike[str],
    baseline: str | PathLike[str],
    *,
    metric: str | None = None,
    max_drop: float | None = None,
    non_inferiority: float | None = None,
    alpha: float = 0.05,
    per_task: bool = False,
    max_latency_ratio: float | None = None,
    latency_floor: float = 1.0,
    max_cost: float | None = None,
    max_index_bytes: int | None = None,
    task: str | None = None,
    instruction: Instruction | None = None,
    across: str | None = None,
    test: Test = "permutation",
    draws: int = 10_000,
    seed: int = 0,
    shared_tasks: bool = False,
    force: bool = False,
) -> Checked:
    """Gate a candidate against a baseline; `Checked.stopped` has the gates that fail.

    Args:
        candidate: The result in question: a file, or a folder that holds exactly one.
        baseline: What it is held against.
        metric: What to gate; None for the headline's measure of the baseline.
        max_drop: Fail on a significant drop of more than this; None for 0.
        non_inferiority: Fail unless the interval excludes a drop of this.
        alpha: One-sided level of the test.
        per_task: Gate every task, too, with Holm's correction over all.
        max_latency_ratio: Most the time of a query may grow by, as a factor.
        latency_floor: Milliseconds a query that never fail.
        max_cost: Dollars that the candidate's run may have cost.
        max_index_bytes: Bytes that its index may have.
        task: This task only; also narrows folders.
        instruction: Narrows folders to the results of this setting.
        across: The one key of the task setting that may differ.
        test: As `compare`.
        draws: Number of flips or resamples.
        seed: Seed of the draws.
        shared_tasks: Check the tasks that both have.
        force: Check what is not comparable; `Checked.overruled` then says why it is not.

    Raises:
        UsageError: The results are not comparable, or an argument is out of range.
        DataError: A file is not what its result says, or does not record what a budget is about.
    """
    rule = Rule(max_drop, non_inferiority, alpha, per_task)
    budget = Budget(max_latency_ratio, latency_floor, max_cost, max_index_bytes)
    new, base = load_both(candidate, baseline, task=task, instruction=instruction)
    terms, method = Terms(task, across, shared_tasks, force), Method(test, draws, seed)
    return gate.check(new, base, metric=metric, terms=terms, rule=rule, budget=budget, method=method)
