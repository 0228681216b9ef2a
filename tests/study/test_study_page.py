"""The report in a real Chromium, opened from its folder, on a desk and on a phone, in light and in dark."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support.study_stage import POLICY, problems, small_suite, study_stage, write_study

pytest.importorskip("jinja2", reason="the page needs jinja2 (extra site)")
pytest.importorskip("plotly", reason="the page needs plotly (extra site)")

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with repeats, two factors, and hostile names."""
    folder = tmp_path_factory.mktemp("study")
    rows = [row | {"id": f"{EVIL}{at}"} for at, row in enumerate(problems(6))]
    tiny = small_suite(folder / "tiny", rows)
    factors = f'tool-order = ["released", "gold-first", "gold-last"]\nsystem-prompt = ["default", "{EVIL}"]'
    more = f'title = "A study of {EVIL}"\nrepeats = 2\ndesign = "full"'
    path = write_study(folder / "s.toml", factors, more, llm=POLICY + "first_listed")
    path.write_text(path.read_text() + f'[system-prompts]\n"{EVIL}" = "Do as you like."\n')
    with study_stage(folder) as run:
        done = run.command("study", str(path), "--tasks-dir", str(tiny), "--out", str(folder / "made"))
    assert done.code == 0, done.err
    return folder / "made"


@pytest.mark.parametrize(
    ("width", "scheme", "background"),
    [(1200, "light", "rgb(246, 246, 243)"), (1200, "dark", "rgb(16, 19, 22)"), (375, "light", "rgb(246, 246, 243)")],
)
def test_everything_is_drawn_and_nothing_is_asked_for(
    made: Path, browser: Any, width: int, scheme: str, background: str
) -> None:
    heard: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(f"dialog {dialog.message}"))
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else heard.append(request.url)
    )
    page.goto((made / "report.html").as_uri())
    page.wait_for_selector("#heat .main-svg")
    assert page.locator(".plot .main-svg").count() >= 2 * 6  # two layers a plot: overview, two of each factor, samples
    assert page.locator("h1").inner_text() == f"A study of {EVIL}"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    table = page.get_by_role("region", name="Levels of tool-order").locator("tbody tr")
    assert [row.locator("th").inner_text() for row in table.all()] == ["released", "gold-first", "gold-last"]
    assert table.nth(1).locator("td").first.inner_text() == "1.0000"
    assert page.get_by_text("Interactions").first.is_visible()
    context.close()
    assert heard == []


def test_the_page_says_what_the_numbers_say(made: Path) -> None:
    html = (made / "report.html").read_text(encoding="utf-8")
    data = json.loads(re.findall(r'<script id="data" type="application/json">(.*?)</script>', html, re.DOTALL)[0])
    values = json.loads((made / "study.json").read_text())
    for shown, factor in zip(data["factors"], values["factors"], strict=True):
        assert shown["range"] == factor["range"]
        assert [one["success"] for one in shown["levels"]] == [one["success"] for one in factor["levels"]]
    heat = data["heat"]
    assert len(heat["samples"]) == 6
    assert len(heat["conditions"]) == len(heat["values"][0]) == 6
    means = [sum(row) for row in heat["values"]]
    assert means == sorted(means, reverse=True)


def test_without_the_packages_of_the_page_the_numbers_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    tiny = small_suite(tmp_path / "tiny", problems(3))
    path = write_study(tmp_path / "s.toml", 'tool-order = ["released", "reversed"]', llm=POLICY + "oracle")
    with study_stage(tmp_path) as run:
        done = run.command("study", str(path), "--tasks-dir", str(tiny), "--out", str(tmp_path / "made"))
    assert done.code == 0, done.err
    assert "warning: the report page needs plotly: pip install 'toolbench-eval[site]'" in done.err
    assert "study.json, long.csv, long.parquet" in done.out
    assert not (tmp_path / "made/report.html").exists()
