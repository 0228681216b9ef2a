# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness leaderboard site`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def site(
    boards: Annotated[list[Path], typer.Argument(metavar="BOARD...", help="Boards, or folders of boards.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the page: new, or an earlier one.")],
) -> None:
    """Build boards as a static web page that needs no server and no network.

    Verify the boards first: the page shows what their entries say. Needs the extra 'site'.

    \b
    Examples:
      evalharness leaderboard site leaderboards --out site
      evalharness leaderboard site leaderboards/toolret/2 leaderboards/mair/1 --out site
    """
    from toolbench_eval.leaderboard.board import find_boards
    from toolbench_eval.site.build import build

    found = {board.folder.resolve(): board for place in boards for board in find_boards(place)}
    count = build(list(found.values()), out)
    typer.echo(f"written: {out / 'index.html'} ({len(found)} boards, {count} files)")
