"""A comparison as text, and in every format."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.results import made_result, sample_results

import toolbench_eval
from toolbench_eval.comparison.compare import Comparison
from toolbench_eval.comparison.render import (
    FORMATS,
    as_values,
    plain,
    to_csv,
    to_html,
    to_json,
    to_latex,
    to_markdown,
    write,
)
from toolbench_eval.comparison.report import p_text, report
from toolbench_eval.errors import UnknownNameError

NASTY = 'a<b>&"c"_|%$#{}\\~^*'


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    sample = sample_results(tmp_path_factory)
    places = [sample / model for model in ("bm25", "tfidf", "random")]
    return toolbench_eval.compare(places, instruction="with", moved=2)


@pytest.fixture(scope="module")
def forced(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("forced")
    one = made_result(folder / "1", {"made/a": [0.1, 0.5, 0.9]}, model=NASTY)
    two = made_result(folder / "2", {"made/a": [0.1, 0.4, 0.5]}, model="plain", setting={"k": 3})
    return toolbench_eval.compare([one, two], force=True)


def test_the_verdict_in_words(three: Comparison, forced: Comparison) -> None:
    shown = report(three)
    assert shown.title == "nDCG@10 on sample, category_macro"
    assert shown.verdict == "not separable at the top: bm25, tfidf; 2 of 3 pairs differ"
    assert "10,000 flips, seed 0 over 160 queries, Holm's correction over 3 pairs, alpha 0.05" in shown.method
    assert [row["rank"] for row in shown.tables[0].rows] == ["1-2", "1-2", "3"]
    assert [len(table.rows) for table in shown.tables] == [3, 3, 14]
    pair = forced.first.pairs[0]
    assert report(forced).verdict.startswith(f"{NASTY} and plain are not separable: {pair.delta:+.4f} [")


def test_one_that_leads(tmp_path: Path) -> None:
    values = {"made/a": [0.5 + 0.01 * at for at in range(20)]}
    better = {"made/a": [value + 0.3 + 0.001 * at for at, value in enumerate(values["made/a"])]}
    places = [made_result(tmp_path / "x", values, model="x"), made_result(tmp_path / "y", better, model="y")]
    assert report(toolbench_eval.compare(places)).verdict.startswith("y is better than x: -0.3095 [")
    again = made_result(tmp_path / "z", values, model="z")
    assert report(toolbench_eval.compare([*places, again])).verdict == "y leads; 2 of 3 pairs differ"


@pytest.mark.parametrize(("p", "shown"), [(0.00005, "<0.0001"), (0.0001, "0.0001"), (0.04999, "0.0500"), (1, "1.0000")])
def test_p_values_as_text(p: float, shown: str) -> None:
    assert p_text(p) == shown


def test_json_and_csv_have_every_number(three: Comparison) -> None:
    values = json.loads(to_json(three))
    assert values == json.loads(json.dumps(as_values(three)))
    assert values["comparable"] is True
    rows = list(csv.DictReader(io.StringIO(to_csv(three))))
    assert len(rows) == 14 * 3
    expected = [(line, pair) for line in three.lines for pair in line.pairs]
    for row, (line, pair) in zip(rows, expected, strict=True):
        assert (row["line"], row["first"], row["second"]) == (line.name, pair.first, pair.second)
        assert float(row["p_holm"]) == pair.p_holm
        assert float(row["first_value"]) - float(row["second_value"]) == pytest.approx(pair.delta)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_says_that_it_was_forced(forced: Comparison, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"file{ending.upper()}"
    write(forced, path)
    text = path.read_text(encoding="utf-8")
    assert "task setting 'k' differs" in text.replace("&#x27;", "'")
    assert "NOT COMPARABLE" in text or '"comparable": false' in text or "not_comparable" in text


def test_markdown_has_even_tables_and_no_markup_of_others(forced: Comparison) -> None:
    text = to_markdown(forced)
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in tables}) == 1
    assert plain(NASTY) in text
    assert "<b>" not in text.replace("\\<b\\>", "")
    assert plain("a|b_c") == r"a\|b\_c"


def test_latex_is_balanced_and_escaped(forced: Comparison) -> None:
    text = to_latex(forced)
    body = text[text.index("\\begin{table}") :]
    assert r"a\textless{}b\textgreater{}\&" in body
    assert r"\_\textbar{}\%\$\#\{\}\textbackslash{}\textasciitilde{}\textasciicircum{}*" in body
    for name in ("table", "tabular", "itemize"):
        assert body.count(f"\\begin{{{name}}}") == body.count(f"\\end{{{name}}}") == 1
    rows = [line for line in body.splitlines() if line.endswith(r"\\") and "&" in line]
    assert len({len(re.findall(r"(?<!\\)&", line)) for line in rows}) == 1


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_whole_escaped_and_asks_for_nothing(forced: Comparison, three: Comparison) -> None:
    for comparison in (forced, three):
        page = _Page()
        page.feed(to_html(comparison))
        assert page.open == []
        assert page.links == []
        assert comparison.labels[0] in page.text
        for moved in comparison.moved:
            assert " ".join((moved.text or "").split()) in page.text


def test_an_unknown_ending_is_refused(three: Comparison, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown format '\.xlsx'"):
        write(three, tmp_path / "x.xlsx")
    with pytest.raises(UnknownNameError, match="unknown format 'noending'"):
        write(three, tmp_path / "noending")
    assert list(tmp_path.iterdir()) == []
