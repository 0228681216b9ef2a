# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness run`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolbench_eval.cli.options import (
    Concurrency,
    CorpusFile,
    DataDir,
    Device,
    Dtype,
    Json,
    Judge,
    Limit,
    Offline,
    Seed,
    Settings,
    Source,
    TasksDir,
    TrustRemoteCode,
    at_least,
)

if TYPE_CHECKING:
    from toolbench_eval.evaluation.request import Request
    from toolbench_eval.registry import Registry


class InstructionChoice(StrEnum):
    """Choices of `--instruction`."""

    WITH = "with"
    WITHOUT = "without"
    BOTH = "both"


class Protocol(StrEnum):
    """Choices of `--protocol`."""

    DEFAULT = "default"
    PAPER = "paper"
    RELEASED = "released"


def command(  # noqa: PLR0913, PLR0917 - the options are the contract
    task: Annotated[
        list[str],
        typer.Option("--task", "-t", metavar="T", help="Suite, suite/task, suite:category or glob (repeatable)."),
    ],
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="M", help="Name, hub id, folder, or several joined by + (fusion)."),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option("--agent", "-a", metavar="A", help="Agent to evaluate; --model is what it searches with (bm25)."),
    ] = None,
    llm: Annotated[
        list[str] | None,
        typer.Option(
            "--llm", "-l", metavar="L", help="Agent's language model: openai/<model>, scripted; ROLE=L for one role."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where results go; the same command again continues there.")
    ] = Path("results"),
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    instruction: Annotated[
        InstructionChoice | None,
        typer.Option(
            "--instruction", help="Queries with their instructions, without, or both. Default: the suite's own."
        ),
    ] = None,
    protocol: Annotated[
        Protocol, typer.Option("--protocol", help="A named bundle of switches (see tasks show).")
    ] = Protocol.DEFAULT,
    settings: Settings = None,
    k: Annotated[
        int | None,
        typer.Option(
            "--k", metavar="N", parser=at_least(1), help="Depth of the run. Default: the suite's own, mostly 100."
        ),
    ] = None,
    limit: Limit = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Go on where tasks have no data (partial result).")
    ] = False,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metrics", metavar="LIST", help="Measures beside the suite's: 'nDCG@10 R@100'."),
    ] = None,
    seed: Seed = 0,
    batch_tokens: Annotated[
        int,
        typer.Option("--batch-tokens", metavar="N", parser=at_least(1), help="Tokens that are encoded at a time."),
    ] = 16384,
    device: Device = "auto",
    dtype: Dtype = None,
    concurrency: Concurrency = 16,
    first_stage: Annotated[
        Path | None,
        typer.Option(
            "--first-stage",
            metavar="RESULT",
            help="Rerank a stored run: a result, its folder, a TREC run, owner/name of a data set with runs.",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth",
            metavar="N",
            parser=at_least(1),
            help="Documents that rerankers reorder. Default: the card's, 100.",
        ),
    ] = None,
    source: Source = None,
    corpus: CorpusFile = None,
    judge: Judge = None,
    token_limit: Annotated[
        int | None,
        typer.Option("--token-limit", metavar="N", parser=at_least(1), help="Agents: tokens of one sample."),
    ] = None,
    cost_limit: Annotated[
        float | None, typer.Option("--cost-limit", metavar="X", min=0.0, help="Agents: US dollars of one sample.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="S", min=0.0, help="Agents: seconds of one sample.")
    ] = None,
    run_token_limit: Annotated[
        int | None,
        typer.Option("--run-token-limit", metavar="N", parser=at_least(1), help="Agents: tokens of the whole run."),
    ] = None,
    run_cost_limit: Annotated[
        float | None,
        typer.Option("--run-cost-limit", metavar="X", min=0.0, help="Agents: US dollars of the whole run."),
    ] = None,
    max_failures: Annotated[
        float,
        typer.Option("--max-failures", metavar="F", help="Agents: share of failed samples above which to exit 3."),
    ] = 0.1,
    trust_remote_code: TrustRemoteCode = False,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan: tasks, sizes, what is there already.")
    ] = False,
) -> None:
    """Evaluate a model, or an agent, on tasks.

    The same command again continues where an interrupted one stopped, or shows the finished result.

    \b
    Examples:
      evalharness run --task sample --model bm25
      evalharness run --task sample/trips --model bm25+tfidf --metrics 'RR ERR@20'
      evalharness run --task toolret --model bge --data mirror/ --allow-missing
      evalharness run --task toolret:web --model bm25 --instruction with --protocol paper
      evalharness run --task toolret --model bm25 --dry-run
      evalharness run --task sample-mhqa --agent genground --llm scripted
      evalharness run --task mhqa/hotpotqa --agent react --llm openai/gpt-4o-mini --model bge --set max_hops=5
    """
    from toolbench_eval.data.sources import Access
    from toolbench_eval.evaluation.request import Request
    from toolbench_eval.registry import Registry
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.switches import parse_pairs, parse_settings

    request = Request(
        tasks=tuple(task),
        out=out,
        access=Access(mirror=data, offline=offline),
        instruction=None if instruction is None else instruction.value,
        protocol=protocol.value,
        switches=parse_settings(settings or []) if agent is None else parse_pairs(settings or []),
        k=k,
        limit=limit,
        allow_missing=allow_missing,
        metrics=tuple(metrics or ()),
        first_stage=first_stage,
        depth=depth,
        runtime=Runtime(
            device=device,
            dtype=None if dtype is None else dtype.value,
            batch_tokens=batch_tokens,
            offline=offline,
            seed=seed,
            concurrency=concurrency,
            trust_remote_code=trust_remote_code,
        ),
    )
    registry = Registry(tuple(tasks_dir or ()))
    if agent is not None:
        from toolbench_eval.agents.session import Limits
        from toolbench_eval.cli.agent_run import execute, read_roles
        from toolbench_eval.evaluation.solving.request import AgentRequest

        asked = AgentRequest(
            base=request,
            agent=agent,
            llms=read_roles(llm or []),
            model=model,
            source=source,
            corpus=corpus,
            limits=Limits(token_limit, cost_limit, time_limit),
            run_tokens=run_token_limit,
            run_dollars=run_cost_limit,
            max_failures=max_failures,
            judge=judge,
        )
        execute(asked, registry, as_json=as_json, dry_run=dry_run)
        return
    model = _retriever(model, agent_only={"--llm": llm, "--source": source, "--corpus": corpus, "--judge": judge})
    if dry_run:
        _show_plan(request, model, registry, as_json)
    else:
        _execute(request, model, registry, as_json)


def _retriever(model: str | None, agent_only: dict[str, object]) -> str:
    """The model of a run without an agent.

    Raises:
        UsageError: None is named, or an option is for agents only.
    """
    from toolbench_eval.errors import UsageError

    for name, value in agent_only.items():
        if value:
            raise UsageError(f"{name} is for agents: name one with --agent ('evalharness agents list' shows all)")
    if model is None:
        raise UsageError("name what to evaluate: --model M for retrieval, --agent A --llm L for agents")
    return model


def _execute(request: Request, model: str, registry: Registry, as_json: bool) -> None:
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.cli.summary import print_summary
    from toolbench_eval.evaluation.pipeline import run

    results = run(request, model, registry, TerminalReporter())
    if as_json:
        print_json({"schema_version": 1, "results": [result.model_dump(mode="json") for result in results]})
    else:
        print_summary(results)


def _show_plan(request: Request, model: str, registry: Registry, as_json: bool) -> None:
    from toolbench_eval.cli.output import TerminalReporter, print_json, print_table
    from toolbench_eval.evaluation.preview import preview

    rows = preview(request, model, registry, TerminalReporter())
    if as_json:
        print_json({"plan": rows})
        return
    for folder in dict.fromkeys(row["folder"] for row in rows):
        planned = [row for row in rows if row["folder"] == folder]
        typer.echo(f"{model}, {planned[0]['instruction']} instruction -> {folder}")
        print_table([{name: row[name] for name in row if name not in ("folder", "instruction")} for row in planned])
        typer.echo("")
