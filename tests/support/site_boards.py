"""Made-up boards for the tests of the page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from support.results import made_result

CATEGORIES = {"made/a1": "alpha", "made/a2": "alpha", "made/b1": "beta"}
EVIL = "<script>document.title='evil'</script>\"'&<img src=x onerror=alert(1)>"

Scores = Mapping[str, Any]


def scores(level: float, seed: int) -> dict[str, Any]:
    """Scores of 60 queries around a level, in three tasks of two categories."""
    rng = np.random.default_rng(seed)
    return {task: np.clip(level + rng.normal(0, 0.1, 20), 0, 1) for task in CATEGORIES}


def add_entry(
    board: Path,
    values: Scores,
    *,
    model: str,
    instruction: str = "without",
    cards: tuple[dict[str, Any], ...] = ({"name": "m", "family": "dense", "parameters": 1000},),
    submission: str = "",
    **fields: Any,
) -> Path:
    """An entry with per-query scores, and no runs."""
    digests = [hashlib.sha256(json.dumps(card).encode()).hexdigest() for card in cards]
    folder = board / f"{hashlib.sha256(model.encode()).hexdigest()[:8]}-{instruction}"
    folder.mkdir()
    setting = {"seed": 0, **fields.pop("setting", {}), "instruction": instruction}
    stages = {"stages": [{"card": digest} for digest in digests]}
    made_result(folder, values, model=model, categories=CATEGORIES, setting=setting, model_setting=stages, **fields)
    (folder / "cards.json").write_text(json.dumps(dict(zip(digests, cards, strict=True))))
    stated = 'contact = "A. Person"\nlicence = "CC0-1.0"\n'
    stated += submission if "trained_on" in submission else f'trained_on = "none"\n{submission}'
    (folder / "submission.toml").write_text(stated)
    return folder


def new_board(folder: Path, more: str = "") -> Path:
    """An empty board."""
    folder.mkdir(parents=True)
    (folder / "board.toml").write_text(f'suite = "made"\nversion = "1"\n{more}')
    return folder


REPORTED = """system,kind,setting,group,measure,value,source,flag
Paper model,embedding,w/o inst,alpha,NDCG@10,21.2,Table 4,
Paper model,embedding,w/o inst,Average,NDCG@10,19.25,Table 4,doubtful
Other,sparse,w/o inst,alpha,NDCG@10,30,Table 4,
Paper model,embedding,w/o inst,alpha,NDCG@10,22,Issue 2,
Paper model,embedding,w/o inst,subset:a1,NDCG@10,50,Table 4,
"""
