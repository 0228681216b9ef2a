"""A comparison as a file: Markdown, LaTeX, HTML, CSV or JSON, by the file's ending."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.comparison.compare import Comparison
from toolbench_eval.comparison.report import Excerpt, Report, Table, report
from toolbench_eval.errors import UnknownNameError

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .5rem 0; }
th, td { padding: .2rem .6rem; text-align: left; border-bottom: 1px solid #8886; white-space: nowrap; }
.warning { border-left: .3rem solid #c60; padding-left: .6rem; }
"""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{sign: rf"\{sign}" for sign in "&%$#_{}"},
}


def write(comparison: Comparison, path: Path) -> None:
    """Write a comparison in the format of the file's ending.

    Raises:
        UnknownNameError: No format has this ending.
        StorageError: The file could not be written.
    """
    write_text(path, format_of(path)(comparison))


def format_of(path: Path) -> Callable[[Comparison], str]:
    """What makes the text of a file with this ending.

    Raises:
        UnknownNameError: No format has this ending.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise UnknownNameError("format", ending or path.name, FORMATS, "The ending of --out names the format.")
    return FORMATS[ending]


def to_json(comparison: Comparison) -> str:
    """All values, unrounded."""
    return json.dumps(as_values(comparison), ensure_ascii=False, allow_nan=False) + "\n"


def as_values(comparison: Comparison) -> dict[str, object]:
    """The comparison as plain values, as JSON has them."""
    return {"schema_version": 1, "comparable": not comparison.overruled, **_values(comparison)}


def to_csv(comparison: Comparison) -> str:
    """One row for each line and pair, unrounded."""
    overruled = "; ".join(comparison.overruled)
    values = {line.name: dict(zip(comparison.labels, line.values, strict=True)) for line in comparison.lines}
    rows = [
        {
            "measure": comparison.measure,
            "line": line.name,
            "kind": line.kind,
            "queries": line.queries,
            "first_value": values[line.name][pair.first],
            "second_value": values[line.name][pair.second],
            **vars(pair),
            "test": comparison.test,
            "not_comparable": overruled,
        }
        for line in comparison.lines
        for pair in line.pairs
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def to_markdown(comparison: Comparison) -> str:
    """Tables as GitHub shows them."""
    shown = report(comparison)
    parts = [f"# {plain(shown.title)}", f"**{plain(shown.verdict)}**", plain(shown.method)]
    parts += [f"> **{plain(warning)}**" for warning in shown.warnings]
    parts += [f"{plain(table.title)}\n\n{markdown_table(table)}" for table in shown.tables]
    if shown.excerpts:
        parts += ["## Queries that moved most", "\n".join(map(_markdown_excerpt, shown.excerpts))]
    return "\n\n".join(parts) + "\n"


def markdown_table(table: Table) -> str:
    """The rows of a table."""
    header = list(table.rows[0])
    lines = [header, ["---"] * len(header), *(list(row.values()) for row in table.rows)]
    return "\n".join(f"| {' | '.join(map(plain, cells))} |" for cells in lines)


def to_latex(comparison: Comparison) -> str:
    """Tables that need the package booktabs."""
    shown = report(comparison)
    parts = [f"% {line}" for line in (shown.title, shown.verdict, shown.method, *shown.warnings)]
    parts += [_latex_table(table, shown) for table in shown.tables]
    if shown.excerpts:
        items = "\n".join(map(_latex_excerpt, shown.excerpts))
        parts.append(f"\\paragraph{{Queries that moved most}}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    return "\n".join(parts) + "\n"


def to_html(comparison: Comparison) -> str:
    """One page without any request."""
    shown = report(comparison)
    parts = [f"<h1>{html.escape(shown.title)}</h1>", f"<p><strong>{html.escape(shown.verdict)}</strong></p>"]
    parts += [f"<p>{html.escape(shown.method)}</p>"]
    parts += [f'<p class="warning" role="alert">{html.escape(warning)}</p>' for warning in shown.warnings]
    parts += [_html_table(table) for table in shown.tables]
    if shown.excerpts:
        parts += ["<h2>Queries that moved most</h2>", *map(_html_excerpt, shown.excerpts)]
    head = f"<title>{html.escape(shown.title)}</title><style>{STYLE}</style>"
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(parts)
    head = f'<head><meta charset="utf-8">{view}{head}</head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n{body}\n</body></html>\n'


FORMATS: dict[str, Callable[[Comparison], str]] = {
    ".md": to_markdown,
    ".tex": to_latex,
    ".html": to_html,
    ".csv": to_csv,
    ".json": to_json,
}


def _values(part: Any) -> Any:
    """As `dataclasses.asdict`, which copies every number and takes ten times as long."""
    if is_dataclass(part):
        return {name: _values(value) for name, value in vars(part).items()}
    return [_values(one) for one in part] if isinstance(part, tuple) else part


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)


def _markdown_excerpt(excerpt: Excerpt) -> str:
    below = [f"  - {plain(line)}" for line in (excerpt.text, *excerpt.rankings) if line]
    return "\n".join([f"- {plain(excerpt.head)}", *below])


def _tex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _latex_table(table: Table, shown: Report) -> str:
    header = list(table.rows[0])
    forced = " ".join(warning for warning in shown.warnings if warning.startswith("NOT COMPARABLE"))
    rows = [" & ".join(map(_tex, cells)) + r" \\" for cells in (header, *(row.values() for row in table.rows))]
    body = "\n".join(["\\toprule", rows[0], "\\midrule", *rows[1:], "\\bottomrule"])
    caption = _tex(" ".join(filter(None, [f"{shown.title}. {table.title}. {shown.method}.", forced])))
    columns = "l" * len(header)
    return (
        f"\\begin{{table}}\n\\centering\n\\caption{{{caption}}}\n"
        f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}\n\\end{{table}}"
    )


def _latex_excerpt(excerpt: Excerpt) -> str:
    return r"\item " + r" \\ ".join(_tex(line) for line in (excerpt.head, excerpt.text, *excerpt.rankings) if line)


def _html_table(table: Table) -> str:
    header = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.rows[0])
    rows = "\n".join(f"<tr>{_html_cells(list(row.values()))}</tr>" for row in table.rows)
    caption = f"<caption>{html.escape(table.title)}</caption>"
    content = f"{caption}\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody>"
    return f'<div class="scroll" tabindex="0"><table>{content}</table></div>'


def _html_cells(cells: list[str]) -> str:
    first, *rest = (html.escape(cell) for cell in cells)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest)


def _html_excerpt(excerpt: Excerpt) -> str:
    text = f"<blockquote>{html.escape(excerpt.text)}</blockquote>" if excerpt.text else ""
    rankings = "".join(f"<li>{html.escape(ranking)}</li>" for ranking in excerpt.rankings)
    return f"<h3>{html.escape(excerpt.head)}</h3>{text}<ul>{rankings}</ul>"
