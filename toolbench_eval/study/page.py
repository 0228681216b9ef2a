"""The report of a study as one HTML file that needs nothing else: tables as they are, plots drawn by a script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toolbench_eval import __version__
from toolbench_eval.errors import UsageError
from toolbench_eval.shipped import PACKAGE
from toolbench_eval.study.analysis import EVIDENCE, UNMEASURED, Analysis, FactorStats
from toolbench_eval.study.design import Condition
from toolbench_eval.study.factors import find_factor
from toolbench_eval.study.grid import Grid
from toolbench_eval.study.levelled import LevelStats
from toolbench_eval.study.report import factor_rows, interaction_rows, level_rows, variance_row
from toolbench_eval.study.runner import MadeRun, Plan

if TYPE_CHECKING:
    from jinja2 import Environment

FILES = Path(__file__).parent / "page_files"
SITE_STYLE = PACKAGE / "site" / "static" / "site.css"
MOST_SAMPLES = 400
"""Rows of the plot of samples."""

Row = Mapping[str, str]


def study_page(plan: Plan, runs: Sequence[MadeRun], grid: Grid, analysis: Analysis) -> str:
    """The page.

    Raises:
        UsageError: jinja2 or plotly is not installed.
    """
    templates, plotly = _templates(), _plot_script()
    script = (FILES / "study.js").read_text(encoding="utf-8")
    heat = _heat(grid)
    data = {"factors": [_plotted(one) for one in analysis.factors], "heat": heat}
    study, first = plan.study, runs[0].result
    repeats = f"{len(grid.seeds)} repeats each" if len(grid.seeds) > 1 else "each run once"
    page: str = templates.get_template("study.html").render(
        title=study.title or study.name,
        system=first.system,
        tasks=", ".join(study.base.task),
        metric=analysis.metric,
        samples=analysis.samples,
        shown=len(heat["samples"]),
        conditions=len(plan.design.conditions),
        repeats=repeats,
        notes=analysis.notes,
        overview=[{"factor": row["factor"], "reading": row["reading"], **row} for row in factor_rows(analysis)],
        factors=[_factor(one) for one in analysis.factors],
        interactions=interaction_rows(analysis),
        relation=analysis.relation,
        runs=[_run(run) for run in runs],
        css="".join(path.read_text(encoding="utf-8") for path in (SITE_STYLE, FILES / "study.css")),
        data=json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
        plotly=plotly,
        script=script,
        hashes=" ".join(map(_hash, (plotly, script))),
        version=__version__,
    )
    return page


def _factor(factor: FactorStats) -> dict[str, Any]:
    return {
        "name": factor.factor,
        "verdict": factor.verdict,
        "evidence": factor.verdict in (EVIDENCE, UNMEASURED),
        "hint": f"{factor.side.capitalize()} factor: {find_factor(factor.factor).meaning or 'an option'}.",
        "spread": factor.spread,
        "flips": factor.flips is not None,
        "rows": level_rows(factor),
        "more": [_more(level) for level in factor.levels],
        "anova": [
            {"of": "levels", **variance_row(factor.anova)},
            {"of": "samples", "sum of squares": f"{factor.anova.ss_block:.4f}"},
            {"of": "error", "sum of squares": f"{factor.anova.ss_error:.4f}", "df": str(factor.anova.df_error)},
        ],
    }


def _more(level: LevelStats) -> dict[str, str]:
    rates = {name.replace("_", " "): f"{value:.4f}" for name, value in level.rates.items()} if level.calls else {}
    costs = {name.replace("_", " "): f"{value:,.1f}" for name, value in level.cost.items()}
    passes = {f"pass^{k}": f"{value:.4f}" for k, value in enumerate(level.pass_hat, start=1)}
    return {
        "level": level.level,
        "endings": ", ".join(f"{name} {share:.0%}" for name, share in level.endings.items()),
        "failed": f"{level.failed:.4f}",
        **(passes if len(passes) > 1 else {}),
        "consistency of repeats": "" if level.consistency is None else f"{level.consistency:.4f}",
        "tools on offer": f"{level.tools_on_offer:.1f}" if level.tools_on_offer else "",
        "first-position bias": f"{level.first_position_bias:+.4f}" if level.tools_on_offer else "",
        **rates,
        **costs,
    }


def _run(run: MadeRun) -> dict[str, str]:
    return {
        "condition": run.planned.condition.label,
        "seed": str(run.planned.seed),
        "identity": run.result.identity[:12],
        "file": run.file,
    }


def _plotted(factor: FactorStats) -> dict[str, Any]:
    """What the script needs of a factor."""
    return {
        "name": factor.factor,
        "evidence": factor.verdict in (EVIDENCE, UNMEASURED),
        "range": asdict(factor.range),
        "spread": factor.spread,
        "levels": [
            {"name": one.level, "success": asdict(one.success), "up": one.flips_up, "down": one.flips_down}
            for one in factor.levels
        ],
    }


def _heat(grid: Grid) -> dict[str, Any]:
    """Mean outcome of each sample under each condition, the easiest samples first."""
    means = grid.values.mean(axis=2)
    order = np.argsort(-means.mean(axis=1), kind="stable")
    if len(order) > MOST_SAMPLES:
        order = order[np.linspace(0, len(order) - 1, MOST_SAMPLES).round().astype(int)]
    return {
        "samples": [grid.samples[at][1] for at in order],
        "conditions": [_short(one, single=len(one.levels) == 1) for one in grid.design.conditions],
        "values": means[order].round(4).tolist(),
    }


def _short(condition: Condition, *, single: bool) -> str:
    """A condition as the plot names it: in a study of a single factor its level says it all."""
    return next(iter(condition.levels.values())) if single else condition.label


def _hash(script: str) -> str:
    """What allows exactly this script in the page's content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _templates() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise UsageError(_LACKING.format("jinja2")) from None
    made = Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,  # names of models, levels and samples come from anywhere
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def table(rows: Sequence[Row], caption: str) -> Markup:
        names = [name for name in dict.fromkeys(name for row in rows for name in row) if any(map(_has(name), rows))]
        filled = [{name: row.get(name, "") for name in names} for row in rows]
        numeric = {name for name in names if all(_is_number(row[name]) for row in filled)}
        html = made.get_template("table.html").render(rows=filled, names=names, numeric=numeric, caption=caption)
        return Markup(html)  # noqa: S704 - the template has escaped it

    made.globals |= {"table": table}
    return made


def _has(name: str) -> Any:
    return lambda row: bool(row.get(name))


def _is_number(text: str) -> bool:
    plain = text.lstrip("+-").replace(",", "").removesuffix("%")
    return not text or text.startswith("[") or plain.replace(".", "", 1).isdigit()


def _plot_script() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise UsageError(_LACKING.format("plotly")) from None
    return str(get_plotlyjs())


_LACKING = "the report page needs {}: pip install 'toolbench-eval[site]'"
