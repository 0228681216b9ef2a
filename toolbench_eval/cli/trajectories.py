# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness trajectories`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolbench_eval.cli import lessons, sample_trajectories
from toolbench_eval.cli.options import CorpusFile, DataDir, Json, NarrowTask, Offline, Source, TasksDir, at_least

if TYPE_CHECKING:
    from toolbench_eval.results.schema import Result

app = typer.Typer(help="What agents did, step by step.", no_args_is_help=True, rich_markup_mode=None)

SHOWN = 10
"""Samples that `show` prints unless told otherwise."""
LONGEST = 600
"""Characters of a text that `show` prints."""

ResultPlace = Annotated[Path, typer.Argument(help="Result file, or a folder that holds exactly one.")]
SampleId = Annotated[str | None, typer.Option("--sample", metavar="ID", help="This sample only.")]


@app.command()
def show(
    result: ResultPlace,
    sample: SampleId = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only samples without an answer.")] = False,
    wrong: Annotated[bool, typer.Option("--wrong", help="Only samples whose answer is not an exact match.")] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", parser=at_least(1), help="How many.")] = SHOWN,
    task: NarrowTask = None,
    as_json: Json = False,
) -> None:
    """Show trajectories: every call, search and finding of a sample, and what it scored.

    The runtime's own viewer shows the prompts as well: inspect view --log-dir RESULT/trajectories

    \b
    Examples:
      evalharness trajectories show results/sample-mhqa --limit 1
      evalharness trajectories show results/sample-mhqa --sample bridge-07 --json
    """
    from toolbench_eval.cli.output import print_json
    from toolbench_eval.errors import MissingDataError
    from toolbench_eval.results.store import find_result, read_result

    place = find_result(result, task=task)
    chosen = []
    for name, record in _records(read_result(place), place, task):
        done = record["trajectory"]
        if sample not in (None, done["sample"]) or (failed and done["prediction"] is not None):
            continue
        if wrong and record["scores"].get("EM", 0.0) == 1.0:
            continue
        chosen.append((name, record))
        if len(chosen) == limit:
            break
    if sample is not None and not chosen:
        raise MissingDataError(f"no sample '{sample}' here", file=place)
    if as_json:
        print_json([record for _, record in chosen])
        return
    for name, record in chosen:
        typer.echo("\n".join(_lines(name, record)) + "\n")


@app.command()
def replay(
    result: ResultPlace,
    sample: SampleId = None,
    agent: Annotated[
        str | None,
        typer.Option("--agent", "-a", metavar="A", help="The class of an agent of one's own, as it was run."),
    ] = None,
    source: Source = None,
    corpus: CorpusFile = None,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
) -> None:
    """Run the agent again from its trajectories, without language model, retriever and tools, and score it again.

    Every prompt, search, call of a tool, answer and score must be what it was: exit 1 if one is not, e.g. since the
    agent's code changed, or the file was. Runs of a study are replayed under the condition that they were made under.

    \b
    Examples:
      evalharness trajectories replay results/sample-mhqa
      evalharness trajectories replay results/sample-tools/react-scripted-none --sample lookup-03
    """
    from toolbench_eval.cli.output import TerminalReporter
    from toolbench_eval.data.sources import Access
    from toolbench_eval.evaluation.solving.replayed import replay_result
    from toolbench_eval.registry import Registry
    from toolbench_eval.results.store import find_result
    from toolbench_eval.study.restored import restored

    counts = replay_result(
        find_result(result),
        Registry(tuple(tasks_dir or ())),
        Access(mirror=data, offline=offline),
        TerminalReporter(),
        agent=agent,
        sample=sample,
        source=source,
        corpus=corpus,
        restore=restored,
    )
    typer.echo(f"{counts.same} trajectories replayed: the same; {counts.skipped} ended in an error or a limit: skipped")


def _records(result: Result, place: Path, task: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    from toolbench_eval.errors import UsageError
    from toolbench_eval.results.samples import read_samples

    for name, one in result.tasks.items():
        if one.solved is None:
            raise UsageError(f"{place} is a result of retrieval: it has rankings, no trajectories")
        if task in (None, name, result.suite):
            for record in read_samples(place.parent / one.solved.samples_file):
                yield name, record


def _lines(task: str, record: dict[str, Any]) -> Iterator[str]:
    done, gold, scores = record["trajectory"], record["gold"], record["scores"]
    shown = ", ".join(f"{name} {scores[name]:.2f}" for name in ("EM", "F1", "success") if name in scores)
    answer = "no answer" if done["prediction"] is None else repr(done["prediction"])
    yield f"{task}  {done['sample']}  {done['stop_reason']}  {answer}  {shown}"
    yield from _wrapped("question", record.get("request", gold.get("text", "")))
    if gold.get("answers"):
        yield from _wrapped("gold", " | ".join(gold["answers"]))
    for number, step in enumerate(done["steps"], start=1):
        yield from _wrapped(f"{number:3d} {_head(step)}", _body(step))
    if done["error"]:
        yield from _wrapped("error", done["error"])


def _head(step: dict[str, Any]) -> str:
    if step["step"] == "llm":
        role = "" if step["role"] == "main" else f" by {step['role']}"
        return f"{step['action']}{role} ({step['input_tokens']}+{step['output_tokens']} tokens)"
    if step["step"] == "search":
        return "search"
    if step["step"] == "tool":
        return f"call {step['name']}"
    return f"note: {step['action']}"


def _body(step: dict[str, Any]) -> str:
    if step["step"] == "llm":
        made = [f"{call['name']}({call['arguments']})" for call in step.get("calls", ())]
        return "\n".join([str(step["reply"]), *made])
    if step["step"] == "search":
        return f"{step['query']!r} -> {', '.join(step['documents']) or 'nothing'}"
    if step["step"] == "tool":
        arguments = json.dumps(step["arguments"], ensure_ascii=False)
        source = "" if step["source"] == "local" else f" ({step['source']})"
        return f"{arguments} -> {step['status']}{source}: {step['text']}"
    return json.dumps(step["values"], ensure_ascii=False)


def _wrapped(head: str, body: str) -> Iterator[str]:
    shown = "".join(one if one.isprintable() or one in "\n\t" else "�" for one in body[:LONGEST])
    text = shown if len(body) <= LONGEST else f"{shown} [{len(body) - LONGEST} characters more]"
    yield f"  {head}"
    for line in text.splitlines() or [""]:
        for part in textwrap.wrap(line, 100) or [""]:
            yield f"        {part}"


app.command("sample")(sample_trajectories.command)
app.command("lessons")(lessons.command)
