# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness study`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolbench_eval.cli.options import (
    Concurrency,
    CorpusFile,
    DataDir,
    Json,
    Judge,
    Limit,
    Offline,
    Settings,
    Source,
    TasksDir,
    at_least,
)

if TYPE_CHECKING:
    from toolbench_eval.study.declaration import Study
    from toolbench_eval.study.made import Made
    from toolbench_eval.study.runner import Plan


def command(  # noqa: PLR0913, PLR0917 - the options are those of run
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="STUDY.toml, or the name of a study that ships (--list).")
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option("--task", "-t", metavar="T", help="In the place of base.task (repeatable).")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", "-a", metavar="A", help="In the place of base.agent.")] = None,
    llm: Annotated[
        list[str] | None, typer.Option("--llm", "-l", metavar="L", help="In the place of base.llm; ROLE=L for a role.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="M", help="In the place of base.model.")] = None,
    settings: Settings = None,
    limit: Limit = None,
    repeats: Annotated[
        int | None, typer.Option("--repeats", metavar="R", parser=at_least(1), help="Runs of every condition.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="MEASURE", help="The outcome. Default: the suite's headline.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Report and runs; the same command again continues there. Default: results/study-NAME.",
        ),
    ] = None,
    source: Source = None,
    corpus: CorpusFile = None,
    judge: Judge = None,
    concurrency: Concurrency = 16,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    listing: Annotated[bool, typer.Option("--list", help="Studies that ship, and factors.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="The conditions; nothing is run.")] = False,
    as_json: Json = False,
) -> None:
    """Measure how much results move when one thing is changed: wording, order of tools, temperature, framework ...

    Writes report.html, study.json, long.csv and long.parquet. Finished runs are kept and never made twice.

    \b
    Examples:
      evalharness study --list
      evalharness study tool-order --task apibank --agent react --llm openai/gpt-4o-mini
      evalharness study my-study.toml --repeats 5
    """
    from toolbench_eval.cli.agent_run import read_roles
    from toolbench_eval.cli.output import TerminalReporter
    from toolbench_eval.data.sources import Access
    from toolbench_eval.errors import UsageError
    from toolbench_eval.registry import Registry
    from toolbench_eval.study.declaration import find_study, overridden, read_study
    from toolbench_eval.study.made import make_study
    from toolbench_eval.study.runner import Place, plan_study
    from toolbench_eval.switches import parse_pairs

    if listing:
        return _list(as_json=as_json)
    if study is None:
        raise UsageError("name a study: evalharness study STUDY.toml; --list shows those that ship")
    given: dict[str, Any] = {"task": task, "agent": agent, "llm": read_roles(llm or []), "model": model, "limit": limit}
    given |= {"set": parse_pairs(settings or []), "source": source, "corpus": corpus, "judge": judge}
    declared = overridden(read_study(find_study(study)), given, repeats=repeats, metric=metric)
    place = Place(out or Path("results") / f"study-{declared.name}", Access(mirror=data, offline=offline), concurrency)
    registry = Registry(tuple(tasks_dir or ()))
    plan = plan_study(declared, place, registry)
    if dry_run:
        return _show_plan(plan, as_json=as_json)
    return _show(make_study(plan, place, registry, TerminalReporter()), declared, place.out, as_json=as_json)


def _list(*, as_json: bool) -> None:
    from toolbench_eval.cli.output import print_json, print_table
    from toolbench_eval.study.declaration import read_study, ready_studies
    from toolbench_eval.study.factors import FACTORS

    ready = {name: read_study(path) for name, path in ready_studies().items()}
    studies = [
        {"study": name, "title": one.title, "levels": "; ".join(", ".join(levels) for levels in one.factors.values())}
        for name, one in ready.items()
    ]
    factors = [
        {"factor": name, "side": one.side, "what": one.meaning, "levels": one.levels} for name, one in FACTORS.items()
    ]
    if as_json:
        return print_json({"studies": studies, "factors": factors})
    print_table(studies)
    typer.echo("")
    print_table(factors)
    typer.echo("\nset.OPTION is a factor for any option of agent, task or retriever. First stands the base level.")
    return None


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    from toolbench_eval.cli.output import print_json, print_table

    rows: list[dict[str, Any]] = [
        {"condition": one.label, **one.levels, "runs": len(plan.study.repeat_seeds)} for one in plan.design.conditions
    ]
    if as_json:
        return print_json({"plan": rows})
    # Where several factors change at once, their columns say it better than the name of the condition.
    shown = rows if plan.design.kind == "one_factor" else [{**row, "condition": ""} for row in rows]
    print_table(shown)
    _say_relation(plan.design.relation)
    typer.echo(f"\n{len(plan.design.conditions)} conditions, {len(plan.runs)} runs")
    return None


def _show(made: Made, study: Study, out: Path, *, as_json: bool) -> None:
    from toolbench_eval.cli.output import print_json, print_table
    from toolbench_eval.study.report import factor_rows, interaction_rows, level_rows

    if as_json:
        return print_json(made.values)
    found = made.analysis
    repeats = f", {len(found.seeds)} repeats" if len(found.seeds) > 1 else ""
    system, tasks = made.values["system"], ", ".join(study.base.task)
    typer.echo(f"{study.title or study.name}: {system} on {tasks}, {found.metric}, {found.samples} samples{repeats}\n")
    print_table(factor_rows(found))
    for factor in found.factors:
        typer.echo(f"\n{factor.factor}")
        print_table(level_rows(factor))
    if found.interactions:
        typer.echo("\ninteractions")
        print_table(interaction_rows(found))
    _say_relation(found.relation)
    typer.echo(f"\nwritten to {out}: {', '.join(made.files)}")
    return None


def _say_relation(relation: Sequence[Sequence[str]]) -> None:
    """Which products of factors a fraction cannot tell from nothing."""
    lines = [f"\n  {' x '.join(word)}" for word in relation]
    typer.echo("".join(["\nthe same in every run:", *lines]) if lines else "", nl=bool(lines))
