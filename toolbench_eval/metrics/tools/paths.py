"""Paths of tools: how much of a gold path was called, how much of what was called is gold, in which order.

Three measures carry the name Correct Path Rate: RestBench's (`cpr_task`), ATC's (`cpr_set`, `cpr_multiset`) and that
of ConAgents (`path_lcs`). Paths are sequences of names, normalised alike (`normalise`). Nothing gold: the recall-type
measures are 1; nothing called: the precisions are 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from toolbench_eval.metrics.tools.sequences import is_subsequence, lcs_length

Path = Sequence[str]
MARK = re.compile(r"\[\d+\]")
FINISH = "finish"


def normalise(name: str, base_url: str = "") -> str:
    """A name as ConAgents compares it: lower case, without the base URL, ``GET`` and marks such as ``[3]``."""
    bare = name.replace(base_url, "") if base_url else name
    return MARK.sub("", bare.replace("GET", "")).strip().lower()


def cpr_task(called: Path, gold: Path) -> float:
    """Whether the gold path is a subsequence of what was called, 0 or 1 (RestGPT, section 4.2)."""
    return float(is_subsequence(gold, called))


def cpr_set(called: Path, gold: Path) -> float:
    """Share of the gold tools that were called at least once (ATC, section 4.2)."""
    return _share(len(set(gold) & set(called)), len(set(gold)))


def cpr_multiset(called: Path, gold: Path) -> float:
    """Share of the gold calls that were made, each as often as the gold has it."""
    return _share(_common(called, gold), len(gold))


def path_precision(called: Path, gold: Path) -> float:
    """Share of the calls whose tool is a gold one (ATC, section 4.2)."""
    tools = set(gold)
    return sum(name in tools for name in called) / len(called) if called else 0.0


def path_precision_multiset(called: Path, gold: Path) -> float:
    """Share of the calls that the gold path has, each as often as the gold has it."""
    return _common(called, gold) / len(called) if called else 0.0


def path_lcs(called: Path, gold: Path) -> float:
    """Length of the longest common subsequence over that of the gold path (Path% of ConAgents, without finish)."""
    return _share(lcs_length(called, gold), len(gold))


def path_exact(called: Path, gold: Path) -> float:
    """Whether the gold path was called and nothing else, 0 or 1."""
    return float(list(called) == list(gold))


def tools_covered(called: Path, gold: Path) -> float:
    """Whether every gold tool was called, 0 or 1; neither order nor arguments nor the answer count."""
    return float(set(gold) <= set(called))


def finished_and_covered(called: Path, gold: Path, finished: bool) -> float:
    """Success of ConAgents as it was meant: the run ended by itself and called every gold tool, 0 or 1."""
    return float(finished) * tools_covered(called, gold)


def extra_calls(called: Path, gold: Path) -> int:
    """Number of calls beyond the length of the gold path; negative where there are fewer."""
    return len(called) - len(gold)


def delta_length(runs: Sequence[tuple[Path, Path]], successes: Sequence[bool]) -> float:
    """Mean number of extra calls over the successful runs, 0 if there are none (RestGPT, delta solution length).

    Args:
        runs: What was called and the gold path, of each run.
        successes: Whether each run succeeded.
    """
    extra = [extra_calls(called, gold) for (called, gold), good in zip(runs, successes, strict=True) if good]
    return sum(extra) / len(extra) if extra else 0.0


@dataclass(frozen=True)
class ConAgentsScores:
    """What ConAgents' released evaluation gives one run; ``delta`` counts extra steps of successes."""

    success: float
    precision: float
    recall: float
    f1: float
    delta: float
    path: float


def conagents_released(called: Path, gold: Path, finished: bool) -> ConAgentsScores:
    """Scores of a run as ConAgents' code computes them (`utilize/evaluate.py` of shizhl/CoAgents), faults included.

    A finish token ends the gold path, and the called one if the run finished. Success is ``overlap == length *
    finished``: an unfinished run succeeds if it called no gold tool at all. The token is a hit in all other scores.
    """
    made = [name.lower() for name in called] + [FINISH if finished else "unfinish"]
    wanted = [name.lower() for name in gold] + [FINISH]
    overlap = sum(name in made for name in wanted)
    success = float(overlap == len(wanted) * finished)
    precision, recall = overlap / (len(made) + 0.001), overlap / (len(wanted) + 0.001)
    return ConAgentsScores(
        success=success,
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall + 0.0001),
        delta=max(len(made) - len(wanted), 0) * success,
        path=lcs_length(made, wanted) / len(wanted),
    )


def _common(called: Path, gold: Path) -> int:
    return (Counter(called) & Counter(gold)).total()


def _share(found: int, wanted: int) -> float:
    return found / wanted if wanted else 1.0
