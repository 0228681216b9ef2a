"""From what a result records of a perturbation to the perturbation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.perturbed import Perturbation
from toolbench_eval.study.factors import FACTORS, Around

NOT_MET = frozenset({"temperature", "top-p", "seed", "system-prompt", "query-style"})
"""Factors that a replay does not meet: they change how models are asked behind an agent's back, and models are not
asked again; or they word requests otherwise, and samples hold their requests."""


def restored(setting: Mapping[str, Any]) -> tuple[Perturbation, ...]:
    """The perturbation of a setting; nothing where a replay does not meet it.

    Args:
        setting: `factor`, `level`, and perhaps `amount` and `seed`, as the perturbation's own `setting` says.

    Raises:
        UsageError: It is none of ours.
    """
    name = str(setting.get("factor"))
    if name in NOT_MET:
        return ()
    if name not in FACTORS:
        raise UsageError(f"the perturbation '{name}' is none of this program's, and cannot be made again")
    amount = "" if setting.get("amount") is None else f":{setting['amount']:g}"
    seed = f"-{setting['seed']}" if setting.get("seed") else ""
    level = f"{setting['level']}{amount}{seed}"
    return FACTORS[name].change(level, Around(kind="", agent="")).perturbations
