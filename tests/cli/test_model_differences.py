"""What `tasks show` says of a suite's protocols: its switches, and what changes in the cards of models."""

from __future__ import annotations

import json
from pathlib import Path

from support.command import evalharness

from toolbench_eval.cli.differences import model_differences
from toolbench_eval.registry import Registry


def test_every_difference_of_a_card_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    tables = """
[protocols.released.options]
k1 = 2.0
[suites.one.protocols.paper.encoding]
dtype = "float16"
[suites.other.protocols.paper.encoding]
max_length = 7
"""
    for name in ("mine", "yours"):
        (tmp_path / "models" / f"{name}.toml").write_text(f'name = "{name}"\nfamily = "bm25"\n{tables}')
    assert model_differences("one", Registry((tmp_path,)))[-2:] == [
        {"value": "encoding.dtype = float16", "protocols": ["paper", "released"], "models": ["mine", "yours"]},
        {"value": "options.k1 = 2.0", "protocols": ["released"], "models": ["mine", "yours"]},
    ]


def shown(suite: str, folder: Path) -> str:
    return " ".join(evalharness("tasks", "show", suite, cwd=folder).stdout.split())


def test_toolrets_are_shown(tmp_path: Path) -> None:
    text = shown("toolret", tmp_path)
    assert "encoding.dtype = float16 under paper, released: bge, bge-large" in text
    assert "encoding.pooling = mean under paper, released: nv-embed" in text
    assert "templates.document = {text} under paper, released: nv-embed" in text
    told = json.loads(evalharness("tasks", "show", "toolret", "--json", cwd=tmp_path).stdout)
    assert {"value": "encoding.pooling = mean", "protocols": ["paper", "released"], "models": ["nv-embed"]} in told[
        "models"
    ]


def test_mairs_are_shown(tmp_path: Path) -> None:
    text = shown("mair", tmp_path)
    for said in (
        "last_window (only listwise): default card, paper dropped, released dropped",
        "attempts (only listwise): default card, paper 1, released 1",
        "text_tokens (only listwise): default card, paper 512, released 512",
        "pooling (only dense): default card, paper model, released model",
        "normalize (only dense): default card, paper model, released model",
    ):
        assert said in text, said
    assert "float16" not in text
