"""What a study leaves: all numbers as JSON, the long table, and rows for the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from toolbench_eval import __version__
from toolbench_eval.atomic import write_text
from toolbench_eval.study.analysis import Analysis, FactorStats
from toolbench_eval.study.anova import Anova
from toolbench_eval.study.intervals import Estimate
from toolbench_eval.study.levelled import LevelStats
from toolbench_eval.study.runner import MadeRun, Plan

STUDY_FILE, PAGE_FILE = "study.json", "report.html"


def study_values(plan: Plan, runs: Sequence[MadeRun], analysis: Analysis) -> dict[str, Any]:
    """All numbers of a study as JSON values; the same for the same runs."""
    first = runs[0].result
    return {
        "schema_version": 1,
        "version": __version__,
        "study": plan.study.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"name": plan.study.name},
        "suite": first.suite,
        "kind": plan.kind,
        "system": first.system,
        "conditions": [{"label": one.label, "levels": dict(one.levels)} for one in plan.design.conditions],
        "runs": [
            {
                "condition": run.planned.condition.label,
                "seed": run.planned.seed,
                "identity": run.result.identity,
                "file": run.file,
                "perturbations": run.result.task_setting.get("perturbations", []),
            }
            for run in runs
        ],
        **asdict(analysis),
    }


def write_values(values: Mapping[str, Any], out: Path) -> None:
    """Write `study.json`.

    Raises:
        StorageError: The disk failed.
    """
    write_text(out / STUDY_FILE, json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def factor_rows(analysis: Analysis) -> list[dict[str, str]]:
    """A row for each factor."""
    return [
        {
            "factor": one.factor,
            "levels": str(len(one.levels)),
            "base": shown(one.levels[0].success.value),
            "range": shown(one.range.value),
            "95 %": interval(one.range),
            "max drop": shown(one.max_drop),
            "relative": "" if one.relative_drop is None else f"{one.relative_drop:.1%}",
            "flips": "" if one.flips is None else shown(one.flips),
            "all": "" if one.all_conditions is None else shown(one.all_conditions),
            "any": "" if one.any_condition is None else shown(one.any_condition),
            "spread": "" if one.spread is None else shown(one.spread),
            "p (Holm)": f"{one.p_holm:.4f}",
            "reading": one.verdict,
        }
        for one in analysis.factors
    ]


def level_rows(factor: FactorStats) -> list[dict[str, str]]:
    """A row for each level."""
    return [_level_row(one) for one in factor.levels]


def interaction_rows(analysis: Analysis) -> list[dict[str, str]]:
    """A row for each pair of factors."""
    return [{"factors": " and ".join(one.factors), **variance_row(one.anova)} for one in analysis.interactions]


def variance_row(anova: Anova) -> dict[str, str]:
    """The line of an effect in a table of variance."""
    tests = {
        "F": anova.f,
        "p (F)": anova.p_f,
        "epsilon": anova.epsilon,
        "p (corrected)": anova.p_gg,
        "p (permutation)": anova.p_permutation,
        "partial eta²": anova.eta2,
    }
    return {
        "sum of squares": f"{anova.ss_factor:.4f}",
        "df": str(anova.df_factor),
        **{name: "" if value is None else f"{value:.4f}" for name, value in tests.items()},
    }


def shown(value: float) -> str:
    """A value between 0 and 1, or a difference of two."""
    return f"{value:.4f}"


def interval(estimate: Estimate) -> str:
    """An interval."""
    return f"[{estimate.low:.4f}, {estimate.high:.4f}]"


def _level_row(one: LevelStats) -> dict[str, str]:
    return {
        "level": one.level,
        "mean": shown(one.success.value),
        "95 %": interval(one.success),
        "delta": "" if one.delta is None else f"{one.delta.value:+.4f}",
        "delta 95 %": "" if one.delta is None else interval(one.delta),
        "up": "" if one.flips_up is None else shown(one.flips_up),
        "down": "" if one.flips_down is None else shown(one.flips_down),
        "spread": "" if one.spread is None else shown(one.spread),
        **({f"pass^{len(one.pass_hat)}": shown(one.pass_hat[-1])} if len(one.pass_hat) > 1 else {}),
        "tool calls": f"{one.cost['tool_calls']:.2f}" if one.calls else "",
        "unknown tools": shown(one.rates["hallucinated_tool_rate"]) if one.calls else "",
        "tokens": f"{one.cost['prompt_tokens'] + one.cost['completion_tokens']:.0f}",
    }
