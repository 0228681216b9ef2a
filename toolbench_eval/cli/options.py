"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TasksDir = Annotated[
    list[Path] | None,
    typer.Option("--tasks-dir", help="Folder with own tasks, corpora and model cards (repeatable)."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="EVALHARNESS_DATA", help="Mirror of the hub: DIR/<owner>/<name>/..., asked before the network."
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
