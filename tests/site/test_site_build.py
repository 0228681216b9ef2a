"""What is written, without a browser."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.command import evalharness, files_below
from support.site_boards import CATEGORIES, EVIL, add_entry, new_board, scores

from toolbench_eval.comparison.interface import compare
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.leaderboard.board import Board, read_board
from toolbench_eval.site import build as module
from toolbench_eval.site.build import LISTING, build
from toolbench_eval.site.data import BoardView, ranking_data, task_data, view
from toolbench_eval.site.entry_page import flat, safe_link
from toolbench_eval.site.reported import reported_tables
from toolbench_eval.site.tested import MOST, groups_of

VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Elements of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            assert self.open, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def pages(site: Path) -> dict[str, Page]:
    return {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}


def script(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return json.loads(text[text.index("=") + 1 :].rstrip().rstrip(";"))


def row_of(shown: BoardView, model: str, instruction: str = "without") -> Any:
    return next(row for row in shown.rows if row.result.model == model and row.instruction == instruction)


def test_one_page_for_each_view_and_entry(site: Path, board: Board) -> None:
    entries = {name for name in pages(site) if "/entries/" in name}
    assert len(entries) == len(board.entries) == 9
    views = {f"boards/made/1/{name}.html" for name in ("index", "tasks", "plots")}
    assert set(pages(site)) - entries == {"index.html", *views}


def test_pages_ask_for_nothing_from_elsewhere(site: Path) -> None:
    for name, page in pages(site).items():
        for tag, attributes in page.elements:
            for key in ("src", "href", "srcset", "action", "data"):
                target = attributes.get(key)
                if target is None or (tag == "a" and target.startswith("https://")):
                    continue
                assert ":" not in target.replace("data:,", "") and not target.startswith("//"), (name, tag, target)
                if "#" not in target and target != "data:,":
                    assert (site / name).parent.joinpath(target).resolve().is_file(), (name, target)


def test_the_script_of_plots_is_there_once_and_only_plots_name_it(site: Path) -> None:
    assert [path.name for path in site.rglob("*plotly*")] == ["plotly.min.js"]
    naming = {path.name for path in site.rglob("*.html") if "plotly" in path.read_text(encoding="utf-8")}
    assert naming == {"plots.html"}


def test_nothing_of_an_entry_becomes_markup(site: Path, board: Board) -> None:
    hostile = next(
        page
        for page in pages(site).values()
        if "sanity" not in page.text and EVIL in page.text and "Provenance" in page.text
    )
    assert Counter(tag for tag, _ in hostile.elements)["script"] == 1
    assert not hostile.all("img")
    assert not [one for one in hostile.all("a") if (one["href"] or "").startswith("javascript")]
    assert hostile.text.count(EVIL) >= 5  # title, heading, notes, card, family, environment
    for page in pages(site).values():
        assert all("src" in attributes for attributes in page.all("script"))
        assert not [one for _, one in page.elements if any(key.startswith("on") for key in one)]
    assert EVIL in [entry["name"] for entry in script(site / "boards/made/1/board.js")["entries"]]


def test_tables_and_fields_can_be_read_aloud(site: Path) -> None:
    for name, page in pages(site).items():
        assert page.all("html")[0]["lang"] == "en"
        assert page.all("meta")[1]["name"] == "viewport"
        assert page.all("a")[0] == {"class": "skip", "href": "#main"}
        assert len(page.all("h1")) == 1, name
        labels = {one["for"] for one in page.all("label")}
        assert {one["id"] for tag in ("select", "input") for one in page.all(tag)} == labels, name
        assert all("scope" in one for one in page.all("th")), name
        scrolled = [one for one in page.all("div") if one.get("class") == "scroll"]
        assert all(one["tabindex"] == "0" and one["role"] == "region" and one["aria-label"] for one in scrolled)


def test_an_entry_says_how_to_reproduce_it(site: Path, board: Board) -> None:
    shown = view(board)
    row = row_of(shown, "strong", "with")
    page = Page(site / "boards/made/1/entries" / row.page)
    assert f"evalharness reproduce leaderboards/made/1/{row.entry.name}" in page.text
    assert row.result.identity in page.text
    for task, values in row.result.tasks.items():
        assert task.removeprefix("made/") in page.text
        assert f"{values.scores['nDCG@10']:.4f}" in page.text
    other = row_of(shown, "strong", "without")
    assert other.page in [one["href"] for one in page.all("a")]


def test_groups_are_those_of_compare(board: Board) -> None:
    shown = view(board)
    rows = [row for row in shown.rows if row.instruction == "with" and not row.entry.submission.bound]
    found = compare([row.entry.folder / "result.json" for row in rows], moved=0)
    assert len(rows) == 3
    for line in found.lines:
        if line.kind != "task":
            assert [row.groups[line.name].letters for row in rows] == list(line.groups), line.name
            assert [(row.groups[line.name].best, row.groups[line.name].worst) for row in rows] == list(line.ranks)


def test_twins_share_a_group_and_bounds_have_none(board: Board) -> None:
    shown = view(board)
    groups = {row.result.model: row.groups.get("category_macro") for row in shown.rows if row.instruction == "without"}
    strong, weak, twin, evil = (groups[name] for name in ("strong", "weak", "twin", EVIL))
    assert (strong.letters, strong.best, strong.worst) == ("a", 1, 1)
    assert weak.letters == twin.letters == "b"
    assert (weak.best, weak.worst) == (twin.best, twin.worst) == (2, 3)
    assert (evil.letters, evil.best, evil.worst) == ("c", 4, 4)
    assert groups["oracle"] is None
    assert "10,000 flips; Holm-corrected over 6 pairs, level 0.05." in shown.tests["without instruction"]


def test_what_cannot_be_tested_is_said(tmp_path: Path) -> None:
    folder = new_board(tmp_path / "b")
    add_entry(folder, scores(0.5, 1), model="one")
    assert view(read_board(folder)).tests == {"without instruction": "Nothing to test: fewer than two systems."}
    gone = add_entry(folder, scores(0.4, 2), model="two")
    shutil.rmtree(gone / "per_query")
    shown = view(read_board(folder))
    assert all(not row.groups for row in shown.rows)
    assert shown.tests["without instruction"].startswith("Not tested: ")
    assert str(tmp_path) not in shown.tests["without instruction"]


def test_other_seeds_are_tested_and_other_data_is_not(tmp_path: Path) -> None:
    folder = new_board(tmp_path / "b")
    add_entry(folder, scores(0.8, 1), model="one")
    add_entry(folder, scores(0.4, 2), model="two", setting={"seed": 1})
    assert [row.groups["category_macro"].letters for row in view(read_board(folder)).rows] == ["a", "b"]
    add_entry(folder, scores(0.4, 2), model="three", task={"qrels_fingerprint": "0" * 64})
    shown = view(read_board(folder))
    assert all(not row.groups for row in shown.rows)
    assert "judgments differ" in shown.tests["without instruction"]


def test_only_the_best_of_many_are_tested(tmp_path: Path) -> None:
    folder = new_board(tmp_path / "b")
    for at in range(MOST + 1):
        add_entry(folder, scores(0.9 - at / 60, at), model=f"m{at}")
    shown = view(read_board(folder))
    assert [bool(row.groups) for row in shown.rows] == [True] * MOST + [False]
    note = shown.tests["without instruction"]
    assert note.startswith("Paired t-test")  # 780 pairs are beyond what 10,000 flips can show
    assert note.endswith(f"The {MOST} best of {MOST + 1} systems are tested.")
    assert shown.rows[0].groups["category_macro"].letters.startswith("a")


def test_a_single_task_has_groups_for_the_headline(tmp_path: Path) -> None:
    folder = new_board(tmp_path / "b")
    for level, model in ((0.8, "one"), (0.3, "two")):
        add_entry(folder, {"made/a1": scores(level, 1)["made/a1"]}, model=model)
    entries = [row.entry for row in view(read_board(folder)).rows]
    groups = groups_of(entries).groups
    headline = entries[0].result.headline.aggregate
    assert [groups[entry.name][headline].letters for entry in entries] == ["a", "b"]


def test_the_data_of_the_ranking(board: Board) -> None:
    shown = view(board)
    data = ranking_data(shown)
    assert data["lines"][0] == {"name": "category_macro", "kind": "average"}
    assert {"name": "alpha", "kind": "category"} in data["lines"]
    assert data["measures"] == ["nDCG@10"]
    for row, entry in zip(shown.rows, data["entries"], strict=True):
        assert entry["name"] == row.result.model
        for line, value in zip(data["lines"], entry["values"][0], strict=True):
            name = line["name"]
            stored = row.result.aggregates.get(name) or row.result.aggregates["by_category"][name]
            assert value == pytest.approx(stored["nDCG@10"], abs=5e-5)
    systems = {(one["name"], one["instruction"]): one["system"] for one in data["entries"]}
    assert systems["strong", "with"] == systems["strong", "without"] != systems["weak", "with"]
    twin = next(one for one in data["entries"] if one["name"] == "twin")
    assert twin["families"] == ["bm25", "late"]
    assert twin["parameters"] is None
    assert next(one for one in data["entries"] if one["name"] == "strong")["parameters"] == 1000


def test_the_data_of_tasks(board: Board) -> None:
    shown = view(board)
    data = task_data(shown)
    assert [(task["name"], task["category"], task["queries"]) for task in data["tasks"]] == [
        ("a1", "alpha", 20),
        ("a2", "alpha", 20),
        ("b1", "beta", 20),
    ]
    for row, values in zip(shown.rows, data["scores"], strict=True):
        assert values == [round(row.result.tasks[name].scores["nDCG@10"], 4) for name in CATEGORIES]


def test_reported_figures_stand_by_source(board: Board) -> None:
    first, second = reported_tables(board)
    assert (first.measure, first.setting, first.source, first.groups) == (
        "NDCG@10",
        "w/o inst",
        "Table 4",
        ["alpha", "Average"],
    )
    assert [(row.system, row.kind, row.values, list(row.flags)) for row in first.rows] == [
        ("Paper model", "embedding", {"alpha": "21.20", "Average": "19.25"}, ["doubtful"]),
        ("Other", "sparse", {"alpha": "30.00"}, []),
    ]
    assert (second.source, second.rows[0].values, second.doubtful) == ("Issue 2", {"alpha": "22"}, False)


def test_reported_figures_are_no_entries(site: Path) -> None:
    assert "Paper model" not in (site / "boards/made/1/board.js").read_text()
    assert "Paper model" not in Page(site / "index.html").text
    assert "not verified" in Page(site / "boards/made/1/index.html").text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://example.org/a?b=c", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org", False),
        ("https:", False),
        ("https://[", False),
        ("java\nscript:alert(1)", False),
        (None, False),
        (3, False),
    ],
)
def test_only_web_addresses_become_links(text: Any, kept: bool) -> None:
    assert safe_link(text) == (text if kept else "")


def test_nested_values_become_lines() -> None:
    values = {"a": {"b": 1, "c": None}, "d": [1, 2], "e": [{"f": "x"}], "g": {}}
    assert list(flat(values)) == [("a.b", "1"), ("a.c", "none"), ("d", "1 2"), ("e.1.f", "x"), ("g", "{}")]
    assert next(flat({"long": "x" * 1000}))[1] == "x" * 300 + " ..."


def test_building_again_changes_nothing_and_drops_what_is_gone(board: Board, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board.folder, folder)
    out = tmp_path / "out"
    build([read_board(folder)], out)
    first = files_below(out)
    (out / ".git").mkdir()
    (out / ".git/HEAD").write_text("x")
    (out / "CNAME").write_text("example.org")
    build([read_board(folder)], out)
    assert {name: content for name, content in files_below(out).items() if name in first} == first
    gone = sorted(read_board(folder).entries)[0]
    shutil.rmtree(gone)
    build([read_board(folder)], out)
    left = set(files_below(out))
    page = f"boards/made/1/entries/{gone.name}.html"
    assert set(first) - left == {page}
    assert {".git/HEAD", "CNAME", LISTING} <= left


def test_a_listing_deletes_nothing_outside(board: Board, tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "precious"
    outside.write_text("x")
    out.mkdir()
    (out / "link").symlink_to(tmp_path)
    (out / LISTING).write_text(f"../precious\n{outside}\nlink/precious\n\n.\n")
    build([board], out)
    assert outside.read_text() == "x"


def test_a_folder_with_something_else_is_refused(board: Board, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match=r"not empty and no earlier site \('thesis.tex'\)"):
        build([board], tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        build([board], tmp_path / "thesis.tex")
    assert set(files_below(tmp_path)) == {"thesis.tex"}


def test_two_boards_of_one_version_are_refused(board: Board, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two boards are of made/1"):
        build([board, board], tmp_path)


def test_a_board_that_cannot_be_read_writes_nothing(tmp_path: Path) -> None:
    folder = new_board(tmp_path / "b")
    (folder / "entry").mkdir()
    with pytest.raises(DataError):
        build([read_board(folder)], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_board_has_pages(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    build([read_board(new_board(tmp_path / "b", "frozen = true\n"))], tmp_path / "out")
    page = Page(tmp_path / "out/boards/made/1/index.html")
    assert "No entries yet." in page.text
    assert "Frozen." in page.text
    assert "no systems yet" in Page(tmp_path / "out/index.html").text
    assert {path.name for path in (tmp_path / "out/boards/made/1").iterdir()} == {"index.html", "board.js", "tasks.js"}


@pytest.mark.parametrize("package", ["jinja2", "plotly.offline"])
def test_a_missing_package_is_named(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    pytest.importorskip("jinja2")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=r"the page needs .*: pip install 'toolbench-eval\[site\]'"):
        build([board], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_interrupted_build_goes_on(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("plotly")
    build([board], tmp_path / "whole")
    real, left = module.write_text, iter(range(5))

    def interrupted(*arguments: Any, **options: Any) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        real(*arguments, **options)

    monkeypatch.setattr(module, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build([board], tmp_path / "out")
    monkeypatch.undo()
    assert len(files_below(tmp_path / "out")) == 5
    build([board], tmp_path / "out")
    assert files_below(tmp_path / "out") == files_below(tmp_path / "whole")


def test_the_command(board: Board, tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    done = evalharness("leaderboard", "site", str(board.folder), "--out", "page", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("written: page/index.html (1 boards, ")
    assert (tmp_path / "page/boards/made/1/index.html").is_file()
    none = evalharness("leaderboard", "site", ".", "--out", "page2", cwd=tmp_path / "page")
    assert none.returncode == 2
    assert "no board here" in none.stderr
