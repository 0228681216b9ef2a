"""Writing the page: one folder that can be opened, copied or served as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from toolbench_eval import __version__
from toolbench_eval.atomic import write_text
from toolbench_eval.errors import UsageError
from toolbench_eval.leaderboard.board import Board
from toolbench_eval.site.data import BoardView, ranking_data, task_data, view
from toolbench_eval.site.entry_page import entry_values, safe_link
from toolbench_eval.site.overview import overview

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
LISTING = ".evalharness-site"
"""Names of all files of a site, so that the next build replaces these and nothing else."""

PLOT_SCRIPT = "assets/plotly.min.js"
PAGES = {"index.html": "ranking", "tasks.html": "tasks", "plots.html": "plots"}
"""Pages of a board and their templates; without entries, a board has the first only."""


def build(boards: Sequence[Board], out: Path) -> int:
    """Write the page of boards.

    Args:
        boards: The boards, each suite and version once.
        out: An empty or new folder, or an earlier site, whose files are replaced.

    Returns:
        Number of files.

    Raises:
        UsageError: The folder holds something else, two boards are of one suite and version, or a package is missing.
        DataError: A board cannot be read.
        StorageError: The disk does not take it.
    """
    _check_once(boards)
    earlier = _earlier(out)
    files = dict(_files([view(board) for board in boards]))  # all of them, before anything is written
    _write_listing(out, files.keys() | earlier)  # what is interrupted here is an earlier site to the next build
    for name, text in files.items():
        write_text(out / name, text, durable=False)
    for name in earlier - files.keys():
        (out / name).unlink(missing_ok=True)
    _write_listing(out, files.keys())
    return len(files)


def _write_listing(out: Path, names: Iterable[str]) -> None:
    write_text(out / LISTING, "".join(f"{name}\n" for name in sorted(names)))


def _files(shown: Sequence[BoardView]) -> Iterator[tuple[str, str]]:
    """Path below the site and content of every file."""
    templates = _templates()
    for path in sorted((HERE / "static").iterdir()):
        if path.suffix in (".css", ".js"):
            yield f"assets/{path.name}", path.read_text(encoding="utf-8")
    if any(one.rows for one in shown):
        yield PLOT_SCRIPT, _plot_script()
    yield "index.html", templates.get_template("index.html").render(root="", boards=overview(shown))
    for one in shown:
        yield from _board(one, shown, templates)


def _board(shown: BoardView, everything: Sequence[BoardView], templates: Environment) -> Iterator[tuple[str, str]]:
    place, root = shown.place, "../../../"
    data = ranking_data(shown)
    common = {"root": root, "shown": shown, "spec": shown.board.spec, "others": everything, "data": data}
    for page, template in PAGES.items() if shown.rows else [*PAGES.items()][:1]:
        html = templates.get_template(f"{template}.html").render(page=page, **common)
        yield f"{place}/{page}", html
    yield f"{place}/board.js", _script("BOARD", data)
    yield f"{place}/tasks.js", _script("TASKS", task_data(shown))
    of_entry = templates.get_template("entry.html")
    for row in shown.rows:
        html = of_entry.render(root="../" + root, shown=shown, spec=shown.board.spec, **entry_values(shown, row))
        yield f"{place}/entries/{row.page}", html


def _script(name: str, values: Any) -> str:
    """Data as a script: a page that was opened from a folder may not fetch a file."""
    return f"window.{name} = {json.dumps(values, separators=(',', ':'), allow_nan=False)};\n"


def _templates() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise UsageError(_LACKING.format("jinja2")) from None
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,  # names of models come from anywhere
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"version": __version__}
    made.filters |= {"score": _score, "link": safe_link, "title": _title}
    return made


def _plot_script() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise UsageError(_LACKING.format("plotly")) from None
    return str(get_plotlyjs())


_LACKING = "the page needs {}: pip install 'toolbench-eval[site]'"


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _title(name: str) -> str:
    """A name of an average or a category as a heading."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _check_once(boards: Sequence[Board]) -> None:
    seen: dict[str, Path] = {}
    for board in boards:
        if board.name in seen:
            raise UsageError(f"two boards are of {board.name}: {seen[board.name]} and {board.folder}")
        seen[board.name] = board.folder


def _earlier(out: Path) -> set[str]:
    """Names of the files of an earlier site in the folder.

    Raises:
        UsageError: The folder holds something that is no site. Hidden files, such as `.git`, are let be.
    """
    if not out.exists():
        return set()
    if not out.is_dir():
        raise UsageError(f"{out} is no folder")
    listing = out / LISTING
    if not listing.is_file():
        if strange := sorted(path.name for path in out.iterdir() if not path.name.startswith(".")):
            raise UsageError(f"{out} is not empty and no earlier site ('{strange[0]}'): name another folder")
        return set()
    names = listing.read_text(encoding="utf-8").splitlines()
    return {name for name in names if _is_below(name) and (out / name).resolve().is_relative_to(out.resolve())}


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
