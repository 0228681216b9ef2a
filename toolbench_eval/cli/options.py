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
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; notes and progress go to stderr.")]
