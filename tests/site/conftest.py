"""Boards for the page, and a browser to look at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.site_boards import EVIL, REPORTED, add_entry, new_board, scores

from toolbench_eval.leaderboard.board import Board, read_board
from toolbench_eval.site.build import build


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Three systems in both settings, a bound, one with a hostile name, and reported figures."""
    folder = new_board(tmp_path_factory.mktemp("boards") / "made", 'note = "A note & more."\n')
    for instruction, gain in (("without", 0.0), ("with", 0.2)):
        at = {"instruction": instruction}
        add_entry(folder, scores(0.6 + gain, 1), model="strong", **at)
        add_entry(folder, scores(0.3 + gain, 2), model="weak", **at, cards=({"family": "bm25"},))
        add_entry(folder, scores(0.3 + gain, 3), model="twin", **at, cards=({"family": "bm25"}, {"family": "late"}))
        add_entry(folder, scores(0.99, 4), model="oracle", **at, submission="bound = true\n")
    hostile = f'url = "javascript:alert(1)"\nnotes = {json.dumps(EVIL)}\ntrained_on = "test"\n'
    card = {"name": EVIL, "family": EVIL, "homepage": "javascript:alert(2)", "parameters": "many"}
    add_entry(
        folder, scores(0.1, 5), model=EVIL, cards=(card,), submission=hostile, execution={"environment": {"a": EVIL}}
    )
    (folder / "reported.csv").write_text(REPORTED)
    return read_board(folder)


@pytest.fixture(scope="session")
def site(board: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the board."""
    pytest.importorskip("jinja2", reason="building the page needs jinja2 (extra site)")
    pytest.importorskip("plotly", reason="building the page needs plotly (extra site)")
    out = tmp_path_factory.mktemp("site")
    build([board], out)
    return out


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages; when the test ends, none may have logged an error or asked anyone for anything."""
    contexts, heard = [], []

    def opened(path: Path, hash_: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        local = ("file:", "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(local) else heard.append(request.url))
        page.on("requestfailed", lambda request: heard.append(f"failed: {request.url}"))
        page.goto(path.as_uri() + hash_)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert heard == []
