"""SPLADE's weights and ColBERT's token vectors are kept: each text encoded once, and never another model's found."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tiny_bert import save_colbert, save_splade

from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding import batching
from toolbench_eval.ranking.run import Run
from toolbench_eval.retrievers import late_interaction
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.late_interaction import LateInteraction
from toolbench_eval.retrievers.sentence_models import SentenceModel
from toolbench_eval.retrievers.sparse import Splade

pytest.importorskip("sentence_transformers")

TEXTS = ["find cheap train tickets", "weather, tomorrow!", "", "song price " * 12, "find cheap train tickets", "paris"]
CORPUS = Corpus.of([f"d{number}" for number in range(len(TEXTS))], TEXTS)
QUERIES = Queries.of(["q1", "q2", "q3"], ["cheap train?", "song", "cheap train?"])
FAMILIES: dict[str, Any] = {"splade": (Splade, save_splade), "late": (LateInteraction, save_colbert)}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(batching, "SHARD_TEXTS", 2)


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(family: str, tmp_path: Path) -> Path:
    return Path(FAMILIES[family][1](tmp_path / "model"))


def run(family: str, folder: Path, length: int | str = "model", dtype: Any = None, **options: Any) -> Run:
    card = ModelCard(name="tiny", family=family, hub=str(folder), encoding=Encoding(max_length=length), options=options)
    model = FAMILIES[family][0](card, Runtime(device="cpu", offline=True, dtype=dtype))
    model.index(CORPUS)
    found: Run = model.search(QUERIES, len(TEXTS))
    return found


def test_a_second_run_loads_nothing(family: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(family, folder)
    monkeypatch.setattr(SentenceModel, "loaded", property(lambda _: pytest.fail("a model was loaded")))
    second = run(family, folder)
    np.testing.assert_array_equal(second.documents, first.documents)
    np.testing.assert_array_equal(second.scores, first.scores)


def test_each_text_is_encoded_once(family: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = FAMILIES[family][0]
    seen: list[tuple[str, str]] = []
    encode = kind._encode

    def counted(self: Any, side: str, texts: list[str]) -> Any:
        seen.extend((side, text) for text in texts)
        return encode(self, side, texts)

    monkeypatch.setattr(kind, "_encode", counted)
    run(family, folder)
    asked = [("document", text or " ") for text in set(TEXTS)] + [("query", "cheap train?"), ("query", "song")]
    assert sorted(seen) == sorted(asked)


@pytest.mark.parametrize("changed", ["weights", "length", "dtype", "query_length", "storage"])
def test_no_wrong_hit(family: str, folder: Path, changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one cache, after another setting's run, as in a cache of its own; and the setting changes the scores."""
    if family == "splade" and changed in ("query_length", "storage"):
        pytest.skip("an option of the other family")
    options: dict[str, Any] = {
        "length": {"length": 6},
        "dtype": {"dtype": "bfloat16"},
        "query_length": {"query_length": 5},
        "storage": {"storage": "float16"},
    }.get(changed, {})
    before = run(family, folder)
    if changed == "weights":
        other = FAMILIES[family][1](tmp_path / "other", seed=3)
        shutil.copy2(other / "model.safetensors", folder / "model.safetensors")
    after = run(family, folder, **options)
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "fresh"))
    alone = run(family, folder, **options)
    np.testing.assert_array_equal(after.scores, alone.scores)
    np.testing.assert_array_equal(after.documents, alone.documents)
    assert not np.array_equal(after.scores, before.scores)


def test_a_text_is_another_thing_as_a_query_and_as_a_document(tmp_path: Path) -> None:
    """ColBERT puts markers before them that the text does not show."""
    folder = save_colbert(tmp_path / "model")
    card = ModelCard(name="tiny", family="late", hub=str(folder))
    model = LateInteraction(card, Runtime(device="cpu", offline=True))
    model.index(Corpus.of(["d"], ["weather paris"]))
    as_query = model._tokens_of("query", Queries.of(["q"], ["weather paris"]).texts)
    assert as_query.rows.shape != model._tokens.shape
    assert not np.allclose(as_query.rows[1], model._tokens[1], atol=1e-3)


@pytest.mark.parametrize("batch_tokens", [20, 60])
def test_two_replicas_give_the_same_bits(
    family: str, folder: Path, batch_tokens: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "SHARD_TEXTS", 100)
    monkeypatch.setattr(late_interaction, "PRODUCTS", 50)
    texts = [*TEXTS, *(f"{text} {number}" for text in TEXTS for number in range(5))]
    corpus = Corpus.of([f"d{number}" for number in range(len(texts))], texts)

    def searched(device: str) -> Run:
        monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / device))
        card = ModelCard(name="tiny", family=family, hub=str(folder))
        model = FAMILIES[family][0](card, Runtime(device=device, offline=True, batch_tokens=batch_tokens))
        model.index(corpus)
        found: Run = model.search(QUERIES, len(texts))
        encoders = model._model.copies
        assert len({id(encoder) for encoder in encoders}) == len(encoders) == device.count("cpu")
        return found

    one, two = searched("cpu"), searched("cpu,cpu")
    np.testing.assert_array_equal(two.documents, one.documents)
    np.testing.assert_array_equal(two.scores, one.scores)
