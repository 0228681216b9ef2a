"""The Python interface; it mirrors the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.session import Limits
from toolbench_eval.comparison.interface import check, compare
from toolbench_eval.data.load import TaskData, load_task_data
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.pipeline import run
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import InstructionChoice, Request
from toolbench_eval.evaluation.solving.pipeline import solve
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.metrics.score import Scores, score_run
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.trec import read_qrels, read_run
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import Result
from toolbench_eval.retrievers.base import Retriever, Runtime
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.model import Model, TemplatedModel
from toolbench_eval.selection import select
from toolbench_eval.suites import Protocol

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["as_model", "check", "compare", "evaluate", "load_model", "load_task", "score"]


def evaluate(  # noqa: PLR0913 - mirrors the options of the command line
    task: str | Iterable[str],
    model: str | Model | None = None,
    *,
    agent: str | Agent | None = None,
    llm: str | Mapping[str, str] | None = None,
    out: str | PathLike[str] = "results",
    data: str | PathLike[str] | None = None,
    tasks_dir: str | PathLike[str] | None = None,
    offline: bool = False,
    instruction: InstructionChoice | None = None,
    protocol: Protocol = "default",
    switches: Mapping[str, str] | None = None,
    k: int | None = None,
    limit: int | None = None,
    allow_missing: bool = False,
    metrics: Iterable[str] = (),
    first_stage: str | PathLike[str] | None = None,
    depth: int | None = None,
    source: str | PathLike[str] | None = None,
    corpus: str | PathLike[str] | None = None,
    judge: str | None = None,
    limits: Limits | None = None,
    max_failures: float = 0.1,
    runtime: Runtime | None = None,
    reporter: Reporter | None = None,
) -> list[Result]:
    """Evaluate a model, or an agent; the same call again continues or returns what is there.

    Args:
        task: One or more of `suite`, `suite/task`, `suite:category`, glob.
        model: A name as on the command line, or one's own (see `as_model`); for an agent, the retriever's name.
        agent: A name, or an agent of one's own (see `toolbench_eval.agents.base`).
        llm: Its language model, or one for each role.
        out: Where results go.
        data: A mirror of the hub, looked up before the network.
        tasks_dir: A folder with own tasks, corpora and model cards.
        offline: Never touch the network.
        instruction: `with`, `without` or `both`; None for the suite's own choice.
        protocol: The bundle of switches.
        switches: Single switches, as `--set`.
        k: Depth of the runs.
        limit: First n queries of each task only.
        allow_missing: Go on where tasks have no data.
        metrics: Measures beside the suite's own.
        first_stage: A stored result, TREC run or data set of runs whose documents the model reranks.
        depth: Documents that rerankers reorder, None for what their cards say.
        source: Agents: the task's records from a file in the benchmark's official format.
        corpus: Agents: the task's corpus from a file.
        judge: Agents: a language model that judges answers, too.
        limits: Agents: bounds of each sample.
        max_failures: Agents: share of failed samples above which `TooManyFailuresError` is raised.
        runtime: Device, number format, seed, concurrency.
        reporter: Who is told of progress.

    Returns:
        One result for each suite and instruction setting.

    Raises:
        UsageError: Neither a model nor an agent is named.
        EvalHarnessError: See `toolbench_eval.errors`.
    """
    request = Request(
        tasks=(task,) if isinstance(task, str) else tuple(task),
        out=Path(out),
        access=Access(mirror=None if data is None else Path(data), offline=offline),
        instruction=instruction,
        protocol=protocol,
        switches=dict(switches or {}),
        k=k,
        limit=limit,
        allow_missing=allow_missing,
        metrics=tuple(metrics),
        first_stage=None if first_stage is None else Path(first_stage),
        depth=depth,
        runtime=runtime or Runtime(),
    )
    registry = Registry(() if tasks_dir is None else (Path(tasks_dir),))
    if agent is None:
        if model is None:
            raise UsageError("name what to evaluate: a model, or an agent with its llm")
        return run(request, model, registry, reporter)
    if not isinstance(model, str | None):
        raise UsageError("an agent's retriever is given by name; register your own with a model card")
    asked = AgentRequest(
        base=request,
        agent=agent,
        llms={"main": llm} if isinstance(llm, str) else dict(llm or {}),
        model=model,
        source=None if source is None else Path(source),
        corpus=None if corpus is None else Path(corpus),
        judge=judge,
        limits=limits or Limits(),
        max_failures=max_failures,
    )
    return solve(asked, registry, reporter)


def as_model(name: str, retriever: Retriever) -> Model:
    """A model of one's own from any object with `index(corpus)` and `search(queries, k)`.

    Queries arrive as the default templates make them (see `toolbench_eval.cards.Templates`).
    """
    return TemplatedModel(name=name, revision=None, load=lambda: retriever)


def load_task(
    task: str, *, data: str | PathLike[str] | None = None, tasks_dir: str | PathLike[str] | None = None
) -> TaskData:
    """The queries and judgments of one task, e.g. `sample/trips`."""
    registry = Registry(() if tasks_dir is None else (Path(tasks_dir),))
    selection = select((task,), registry)[0]
    access = Access(mirror=None if data is None else Path(data))
    return load_task_data(selection.suite, selection.rows[0], access)


def score(
    qrels: Qrels | str | PathLike[str],
    run: Run | str | PathLike[str],
    measures: str | Iterable[str],
) -> Scores:
    """Score a run against judgments; both may be TREC files."""
    judged = qrels if isinstance(qrels, Qrels) else read_qrels(Path(qrels))
    ranked = run if isinstance(run, Run) else read_run(Path(run))
    return score_run(ranked, judged, [measures] if isinstance(measures, str) else list(measures))
