"""The page of a board of agents: systems by their whole name, what they cost, and no word of instructions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.forging import submitted

import toolbench_eval
from toolbench_eval.leaderboard.board import read_board
from toolbench_eval.site.build import build


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a board with two agents, one of them with a judge as well."""
    pytest.importorskip("jinja2", reason="building the page needs jinja2 (extra site)")
    pytest.importorskip("plotly", reason="building the page needs plotly (extra site)")
    folder = tmp_path_factory.mktemp("agents-site")
    asked = {"rag": {"agent": "rag"}, "direct": {"agent": "direct"}, "judged": {"agent": "direct", "judge": "scripted"}}
    for name, options in asked.items():
        toolbench_eval.evaluate("sample-mhqa", out=folder / name, llm="scripted", offline=True, **options)
        submitted(folder / name, folder / "board")
    build([read_board(folder / "board")], folder / "site")
    return folder / "site"


def board_data(site: Path) -> dict:
    text = (site / "boards/sample-mhqa/1/board.js").read_text()
    return json.loads(text[text.index("=") + 1 :].rstrip().rstrip(";"))


def test_systems_have_their_whole_name_and_their_cost(site):
    entries = board_data(site)["entries"]
    assert [entry["name"] for entry in entries] == ["rag · scripted · bm25", "direct · scripted", "direct · scripted"]
    assert [entry["section"] for entry in entries] == ["default setting", "default setting", "judge scripted"]
    assert [entry["families"] for entry in entries] == [["rag"], ["direct"], ["direct"]]
    assert all(entry["calls"] == 1.0 and entry["tokens"] > 10 for entry in entries)
    assert {entry["speed"] for entry in entries} == {None}


def test_all_measures_can_be_chosen_costs_too(site):
    assert {"F1", "llm_calls", "prompt_tokens", "completion_tokens"} <= set(board_data(site)["measures"])
    plots = (site / "boards/sample-mhqa/1/plots.html").read_text()
    assert '<option value="tokens">Tokens of a sample</option>' in plots
    assert "Numbers of tokens are as the submitter's machine recorded them, and are not verified." in plots


def test_systems_of_a_setting_are_tested(site):
    data = board_data(site)
    assert data["tests"]["default setting"].startswith("Paired sign-flip test")
    assert data["entries"][0]["groups"]["task_macro"] == ["a", 1, 1]


def test_pages_of_entries(site):
    pages = {path.name: path.read_text() for path in (site / "boards/sample-mhqa/1/entries").glob("*.html")}
    page = next(text for name, text in pages.items() if name.startswith("rag_"))
    assert '<h1 class="model">rag · scripted · bm25</h1>' in page
    for name, value in (("Agent", "rag"), ("Language model", "scripted"), ("Retriever", "bm25")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page
    assert "is the submitter's word; the scores follow from it." in " ".join(page.split())
    judged = [text for text in pages.values() if '<span class="tag quiet">judge scripted</span>' in text]
    assert len(judged) == 1
    assert ">default setting</a>" in judged[0]  # the other setting of the system
    assert not any("None instruction" in text or "with instruction" in text for text in pages.values())


def test_the_first_page(site):
    page = (site / "index.html").read_text()
    assert ">rag · scripted · bm25</a>" in page
    assert "F1, default setting" in page
    assert "instruction" not in page.split("<main")[1]


def test_the_ranking_and_the_plot_in_a_browser(site: Path, open_page: Callable[..., Any]):
    page = open_page(site / "boards/sample-mhqa/1/index.html")
    assert page.locator("#ranking tbody .name").all_inner_texts() == ["rag · scripted · bm25", "direct · scripted"]
    assert page.locator("#instruction").count() == 0
    plots = open_page(site / "boards/sample-mhqa/1/plots.html")
    assert plots.locator("#against").input_value() == "tokens"
    plots.locator("#count", has_text="2 entries").wait_for()
