"""The page in a real Chromium, opened from its folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT
from support.site_boards import EVIL, REPORTED, new_board

from toolbench_eval.leaderboard.board import read_board
from toolbench_eval.site.build import build

Open = Callable[..., Any]

DASH = "\N{EN DASH}"
PHONE = {"width": 375, "height": 700}
VIEWS = ("index.html", "boards/made/1/index.html", "boards/made/1/tasks.html", "boards/made/1/plots.html")


def names(page: Any) -> list[str]:
    """Systems of the ranking from top to bottom, bounds last."""
    return page.locator("#ranking tbody .name").all_inner_texts()


def ranking(site: Path) -> Path:
    return site / "boards/made/1/index.html"


def entry_page(site: Path, text: str) -> Path:
    return next(path for path in sorted((site / "boards/made/1/entries").iterdir()) if text in path.read_text())


def test_both_settings_stand_side_by_side(site: Path, open_page: Open) -> None:
    page = open_page(ranking(site))
    assert names(page) == [*names(page)[:3], EVIL, "oracle"]
    assert names(page)[0] == "strong"
    assert page.locator("thead th[scope=colgroup]").all_inner_texts() == ["Without instruction", "With instruction"]
    cells = page.locator("#ranking tbody tr").first.locator("td").all_inner_texts()
    without, own, gain = float(cells[2]), float(cells[5]), cells[7]
    assert float(gain) == pytest.approx(own - without, abs=2e-4)
    assert (cells[1], cells[3], cells[4], cells[6]) == ("1", "a", "1", "a")
    assert page.locator("#count").inner_text() == "5 of 5 rows"


def test_the_head_sorts(site: Path, open_page: Open) -> None:
    page = open_page(ranking(site), "#instruction=without")
    scores = lambda: [float(text) for text in page.locator("#ranking tbody:first-of-type td b").all_inner_texts()]  # noqa: E731
    assert scores() == sorted(scores(), reverse=True)
    assert len(scores()) == 4
    score = page.locator("#ranking th", has_text="nDCG@10")
    assert score.get_attribute("aria-sort") == "descending"
    score.get_by_role("button").click()
    assert score.get_attribute("aria-sort") == "ascending"
    assert scores() == sorted(scores())
    page.locator("#ranking").get_by_role("button", name="System").press("Enter")  # and so does the keyboard
    assert page.evaluate("document.activeElement.dataset.key") == "system"
    assert names(page)[1:4] == ["strong", "twin", "weak"]
    assert names(page)[-1] == "oracle"  # bounds stay below
    page.reload()
    assert names(page)[1:4] == ["strong", "twin", "weak"]


def test_filters(site: Path, open_page: Open) -> None:
    page = open_page(ranking(site))
    page.get_by_label("Model type", exact=True).select_option("late")
    assert names(page) == ["twin"]
    page.get_by_label("Model type", exact=True).select_option("")
    page.get_by_label("Search", exact=True).fill("TRO")
    assert names(page) == ["strong"]
    page.get_by_label("Search", exact=True).fill("")
    page.get_by_label("Instruction", exact=True).select_option("with")
    assert set(names(page)) == {"strong", "weak", "twin", "oracle"}
    ranks = page.locator("#ranking tbody:first-of-type td:first-child").all_inner_texts()
    assert ranks == ["1", f"2{DASH}3", f"2{DASH}3"]
    page.get_by_label("Score of", exact=True).select_option("beta")
    assert page.locator("#ranking th[aria-sort=descending]").inner_text().startswith("nDCG@10, beta")
    page.get_by_label("Mark", exact=True).select_option("bound")
    assert names(page) == ["oracle"]
    assert page.locator("#ranking .bound td").first.inner_text() == DASH


def test_reported_figures_are_apart(site: Path, open_page: Open) -> None:
    page = open_page(ranking(site))
    assert "Paper model" not in page.locator("#verified").inner_text()
    assert page.locator("#reported .tag.warn").first.inner_text() == "not verified"
    page.get_by_label("Mark", exact=True).select_option("verified")
    assert not page.locator("#reported").is_visible()
    page.get_by_label("Mark", exact=True).select_option("reported")
    assert not page.locator("#verified").is_visible()
    rows = page.locator("#reported details[open] tbody tr")
    page.get_by_label("Model type", exact=True).select_option("sparse")
    assert [row.is_visible() for row in rows.all()] == [False, True]
    page.get_by_label("Model type", exact=True).select_option("")
    page.locator("#reported details[open] thead button", has_text="Alpha").click()
    assert rows.locator(".name").all_inner_texts() == ["Other", "Paper model"]


def test_a_board_may_have_reported_figures_only(tmp_path: Path, open_page: Open) -> None:
    folder = new_board(tmp_path / "board")
    (folder / "reported.csv").write_text(REPORTED)
    build([read_board(folder)], tmp_path / "out")
    page = open_page(ranking(tmp_path / "out"))
    page.get_by_label("Search", exact=True).fill("other")
    assert [row.is_visible() for row in page.locator("#reported details[open] tbody tr").all()] == [False, True]
    assert page.locator(".tabs").count() == 0


def test_to_an_entry_and_back(site: Path, open_page: Open) -> None:
    page = open_page(ranking(site))
    page.get_by_label("Search", exact=True).fill("wea")
    page.get_by_label("Instruction", exact=True).select_option("with")
    page.locator("#ranking a.name").click()
    page.wait_for_url("**/entries/*")
    assert page.locator("h1").inner_text() == "weak"
    assert page.locator("#reproduce").inner_text().startswith("evalharness reproduce leaderboards/made/1/")
    page.locator("table.sortable").nth(1).get_by_role("button", name="nDCG@10").click()
    values = [
        float(text)
        for text in page.locator("table.sortable").nth(1).locator("tbody td:nth-of-type(3)").all_inner_texts()
    ]
    assert values == sorted(values, reverse=True)
    page.go_back()
    assert names(page) == ["weak"]
    assert page.get_by_label("Search", exact=True).input_value() == "wea"
    assert page.get_by_label("Instruction", exact=True).input_value() == "with"
    page.get_by_role("link", name="Tasks").click()
    page.locator("#heat thead a").first.wait_for()
    assert page.locator("#heat thead a").all_inner_texts() == ["weak"]


def test_names_are_text(site: Path, open_page: Open) -> None:
    for view in VIEWS:
        page = open_page(site / view)
        page.wait_for_timeout(100)
        assert page.title() != "evil"
        assert page.locator("main img[src=x]").count() == 0
    page = open_page(entry_page(site, "trained on test"))
    assert page.locator("h1").inner_text() == EVIL
    assert "made 1" in page.title()


def test_the_heat_map_is_a_table(site: Path, open_page: Open) -> None:
    page = open_page(site / "boards/made/1/tasks.html", "#instruction=with")
    assert page.locator("#heat thead a").all_inner_texts()[0] == "strong"
    assert page.locator("#heat tbody th[scope=row]").all_inner_texts() == ["a1", "a2", "b1"]
    assert page.locator("#heat th[scope=rowgroup]").all_inner_texts() == ["alpha", "beta"]
    cell = page.locator("#heat tbody tr:not(.part) td:not(.plain-cell)").first
    assert float(cell.evaluate("one => one.style.getPropertyValue('--v')")) == pytest.approx(
        float(cell.inner_text()), abs=1e-3
    )
    page.get_by_label("Category", exact=True).select_option("beta")
    assert page.locator("#heat tbody th[scope=row]").all_inner_texts() == ["b1"]
    page.get_by_label("Instruction", exact=True).select_option("both")
    assert page.locator("#heat thead a").all_inner_texts()[:2] == ["strong · without", "strong · with"]


def test_the_plot_has_points_and_a_table(site: Path, open_page: Open) -> None:
    page = open_page(site / "boards/made/1/plots.html")
    page.wait_for_selector("#plot .points path", state="attached")
    assert page.locator("#plot .points path").count() == 7  # bounds are no points
    page.locator("#values summary").click()
    assert page.locator("#points tbody tr").count() == 7
    page.get_by_label("Against", exact=True).select_option("parameters")
    assert page.locator("#count").inner_text() == "2 entries, 5 more without such a record"
    assert page.locator("#plot .points path").count() == 2
    page.get_by_label("Model type", exact=True).select_option("dense")
    assert page.locator("#points tbody .name").all_inner_texts() == ["strong", "strong"]


def luminance(page: Any, selector: str, what: str) -> float:
    colour = page.locator(selector).first.evaluate(f"one => getComputedStyle(one).{what}")
    channels = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_read(site: Path, open_page: Open, scheme: str) -> None:
    page = open_page(ranking(site), color_scheme=scheme)
    ground = luminance(page, "body", "backgroundColor")
    assert ground > 0.8 if scheme == "light" else ground < 0.05
    for selector, behind in (
        ("h1", "body"),
        (".hint", "body"),
        ("#ranking a", "#ranking .stick"),
        ("#ranking .quiet", "#ranking .stick"),
        (".tag.warn", ".tag.warn"),
    ):
        text, surface = luminance(page, selector, "color"), luminance(page, behind, "backgroundColor")
        low, high = sorted((text, surface))
        assert (high + 0.05) / (low + 0.05) >= 4.5, selector  # WCAG 2.2, criterion 1.4.3


@pytest.mark.parametrize("view", [*VIEWS, "entry"])
def test_a_phone_shows_pages_without_sideways_scrolling(site: Path, open_page: Open, view: str) -> None:
    path = entry_page(site, "trained on test") if view == "entry" else site / view
    page = open_page(path, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_tables_scroll_by_themselves_under_a_fixed_column(site: Path, open_page: Open) -> None:
    page = open_page(ranking(site), viewport=PHONE)
    frame = page.locator("#verified .scroll")
    assert frame.evaluate("one => one.scrollWidth > one.clientWidth")
    frame.evaluate("one => { one.scrollLeft = 200; }")
    left = page.locator("#ranking tbody .stick").first.bounding_box()["x"]
    assert left == pytest.approx(frame.bounding_box()["x"], abs=2)


def test_the_keyboard_reaches_the_content(site: Path, open_page: Open) -> None:
    page = open_page(ranking(site))
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("one => one === document.activeElement")
    page.wait_for_function("document.querySelector('.skip').getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_large_board_is_drawn_in_parts(tmp_path: Path, open_page: Open) -> None:
    spec = importlib.util.spec_from_file_location("site_benchmark", ROOT / "benchmarks/site.py")
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    benchmark.made_board(tmp_path / "board", 300, 126)
    build([read_board(tmp_path / "board")], tmp_path / "out")
    folder = tmp_path / "out/boards/made/1"
    assert (folder / "index.html").stat().st_size < 50_000
    assert (folder / "board.js").stat().st_size < 300 * 1000
    assert (folder / "tasks.js").stat().st_size < 300 * 126 * 8
    page = open_page(folder / "index.html")
    assert page.locator("#ranking tbody tr").count() == 100
    assert page.locator("#count").inner_text() == "150 of 150 rows"
    page.get_by_role("button", name="Show all").click()
    assert page.locator("#ranking tbody tr").count() == 150
    tasks = open_page(folder / "tasks.html")
    assert tasks.locator("#heat tbody tr:not(.part)").count() == 126
    assert tasks.locator("#heat thead a").count() == 15
    first = tasks.locator("#heat thead a").first.inner_text()
    tasks.get_by_role("button", name="Further systems").click()
    assert tasks.locator("#range").inner_text() == "16 to 30 of 300"
    assert tasks.locator("#heat thead a").first.inner_text() != first
