"""Whose scoring: the rules of each evaluator in circulation, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolbench_eval.errors import UnknownNameError
from toolbench_eval.metrics.answers.overlap import Rules


@dataclass(frozen=True)
class Profile:
    """An evaluator. A profile changes the scoring and never the prediction.

    Attributes:
        name: As users write it.
        rules: How it scores an answer.
        reports: The answer measures that the evaluator itself prints; the others are computed under its rules.
        source: Where the rules were read.
        scale: What its printed means are multiplied by: 1 for fractions, 100 for percent.
        decimals: Digits of its printed means, None for all.
    """

    name: str
    rules: Rules
    reports: tuple[str, ...]
    source: str
    scale: int = 1
    decimals: int | None = None

    def printed(self, mean: float) -> float:
        """A mean as the evaluator prints it; files keep the fraction."""
        scaled = mean * self.scale
        return scaled if self.decimals is None else round(scaled, self.decimals)


_ALL = ("EM", "F1", "precision", "recall")

_TABLE = (
    Profile(
        "official-hotpotqa",
        Rules(closed_answers=True, single_reference=True),
        _ALL,
        "hotpot_evaluate_v1.py (hotpotqa/hotpot)",
    ),
    Profile(
        "official-2wiki-v1.0",
        Rules(closed_answers=True, single_reference=True),
        _ALL,
        "2wikimultihop_evaluate.py (Alab-NII/2wikimultihop)",
        scale=100,
        decimals=2,
    ),
    Profile(
        "official-2wiki-v1.1",
        Rules(closed_answers=True, independent=True),
        _ALL,
        "2wikimultihop_evaluate_v1.1.py (Alab-NII/2wikimultihop); golds: the answer, its aliases and demonyms",
        scale=100,
        decimals=2,
    ),
    Profile(
        "official-musique",
        Rules(empty_agrees=True),
        ("EM", "F1"),
        "evaluate_v1.0.py and metrics/answer.py (StonyBrookNLP/musique)",
        decimals=3,
    ),
    Profile(
        "kilt",
        Rules(strip_golds=True),
        ("acc_strict", "EM", "F1"),
        "kilt/eval_downstream.py (facebookresearch/KILT)",
    ),
    Profile(
        "flashrag",
        Rules(closed_answers=True, independent=True, empty_golds="contained"),
        (*_ALL, "acc_contain"),
        "flashrag/evaluator/metrics.py (RUC-NLPIR/FlashRAG)",
    ),
    Profile("hippo-rag", Rules(), ("EM", "F1"), "src/hipporag/evaluation/qa_eval.py (OSU-NLP-Group/HippoRAG)"),
    Profile("search-r1", Rules(), ("EM",), "verl/utils/reward_score/qa_em.py (PeterGriffinJin/Search-R1)"),
    Profile(
        "genground",
        Rules(normaliser="space", empty_golds="contained"),
        ("F1", "acc_contain"),
        "code of GenGround (mangopy/Generate-then-Ground): F1 with spaces for punctuation, containment without",
    ),
    Profile(
        "exsearch",
        Rules(single_reference=True, empty_golds="contained"),
        ("EM", "F1", "acc_contain"),
        "code of EXSEARCH (mangopy/SearchLM)",
        scale=100,
        decimals=3,
    ),
    Profile(
        "dro",
        Rules(normaliser="space", containment="space", single_reference=True),
        ("EM", "F1"),
        "code of DRO (arXiv 2505.03075)",
        scale=100,
        decimals=3,
    ),
)

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in _TABLE}


def find_profile(name: str) -> Profile:
    """The profile of a name.

    Raises:
        UnknownNameError: There is none; the nearest names are listed.
    """
    if name not in PROFILES:
        raise UnknownNameError("scoring profile", name, PROFILES)
    return PROFILES[name]
