"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Instruction(StrEnum):
    """Settings of a result."""

    WITH = "with"
    WITHOUT = "without"


class DtypeChoice(StrEnum):
    """Choices of `--dtype`."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


def whole_number(text: str) -> int:
    """Read a whole number.

    Raises:
        typer.BadParameter: It is none.
    """
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"must be a whole number, found '{text}'") from None


def at_least(least: int) -> Callable[[str], int]:
    """A reader of whole numbers that are not below `least`."""

    def read(text: str) -> int:
        value = whole_number(text)
        if value < least:
            raise typer.BadParameter(f"must be at least {least}, found {value}")
        return value

    return read


def _keep_offline(wanted: bool) -> bool:
    """Under `--offline` no library in this process may make a connection, not only our own loading of data."""
    if wanted:
        from toolbench_eval.data.hub import go_offline

        go_offline()
    return wanted


TasksDir = Annotated[
    list[Path] | None,
    typer.Option("--tasks-dir", metavar="DIR", help="Folder with own tasks, corpora and model cards (repeatable)."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="EVALHARNESS_DATA",
        help="Mirror of the hub: DIR/<owner>/<name>/..., looked up before the network.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", callback=_keep_offline, help="Never touch the network.")]
NarrowTask = Annotated[
    str | None, typer.Option("--task", metavar="T", help="Narrow a folder to the result of this suite or task.")
]
NarrowInstruction = Annotated[
    Instruction | None, typer.Option("--instruction", help="Narrow a folder to the results of this setting.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One switch or option (repeatable).")
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", parser=at_least(1), help="First N queries of each task (partial result)."),
]
Source = Annotated[
    Path | None,
    typer.Option("--source", metavar="FILE", help="Agents: the task's records, in their official format."),
]
CorpusFile = Annotated[
    Path | None,
    typer.Option("--corpus", metavar="FILE", help="Agents: the task's corpus, or its tools, from a file."),
]
Judge = Annotated[
    str | None, typer.Option("--judge", metavar="L", help="Agents: a language model that judges answers, too.")
]
Seed = Annotated[
    int, typer.Option("--seed", metavar="N", parser=at_least(0), help="Seed of everything that draws numbers.")
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", metavar="N", parser=at_least(1), help="Calls to an endpoint at a time.")
]
Device = Annotated[str, typer.Option("--device", metavar="D", help="auto, cpu, cuda, cuda:1, mps.")]
Dtype = Annotated[
    DtypeChoice | None,
    typer.Option("--dtype", help="Number format of models that run here. Default: each model's own."),
]
TrustRemoteCode = Annotated[bool, typer.Option("--trust-remote-code", help="Run code from a model's hub repository.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; notes and progress go to stderr.")]
