"""Models that bring code along: nothing of it runs unless the user allows it; then it gives its own vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import own_code
from support.command import environment, evalharness
from support.tiny_models import POSITIONS, texts

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.devices import Devices
from toolbench_eval.encoding.space import space_of
from toolbench_eval.encoding.weights import Weights
from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model

pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")

REFUSED = Runtime(device="cpu")
ALLOWED = Runtime(device="cpu", trust_remote_code=True)
TEXTS = [*texts(12), "weather " * 100]


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that the code makes when it is run."""
    return tmp_path / "code-was-run"


@pytest.fixture
def folder(tmp_path: Path, mark: Path) -> Path:
    return own_code.save(tmp_path / "own-encoder", mark)


def registry(root: Path, folder: Path, more: str) -> Registry:
    (root / "own" / "models").mkdir(parents=True)
    (root / "own" / "models" / "mine.toml").write_text(f'name = "mine"\nhub = "{folder}"\n{more}')
    return Registry((root / "own",))


def vectors(name: str, runtime: Runtime, known: Registry | None = None) -> np.ndarray:
    model: Any = load_model(name, known, runtime=runtime)
    corpus = Corpus.of([f"{99 - number}" for number in range(len(TEXTS))], TEXTS)
    model.index(corpus)
    return np.array(model.retriever._vectors)


def plain(folder: Path, *, pooling: str) -> np.ndarray:
    """By transformers alone, a text at a time, not normalised."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder, trust_remote_code=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = []
    for text in TEXTS:
        inputs = tokenizer(text, truncation=True, max_length=POSITIONS, return_tensors="pt")
        with torch.inference_mode():
            states = model(**inputs).last_hidden_state[0]
        found.append((states[0] if pooling == "cls" else states.mean(0)).numpy())
    return np.stack(found)


def test_a_card_that_needs_code(folder: Path, mark: Path, tmp_path: Path) -> None:
    card = 'family = "dense"\nremote_code = true\n[encoding]\npooling = "cls"\nnormalize = true\nmax_length = 64\n'
    known = registry(tmp_path, folder, card)
    with pytest.raises(UsageError, match="'mine' runs code from its hub repository: allow it with --trust-remote-code"):
        vectors("mine", REFUSED, known)
    assert not mark.exists()
    found = vectors("mine", ALLOWED, known)
    assert mark.exists()
    expected = plain(folder, pooling="cls")
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found, axis=0).max() > 0.1


def test_a_folder_without_a_card(folder: Path, mark: Path) -> None:
    with pytest.raises(UsageError, match=r"without code that it brings along: .*--trust-remote-code") as refused:
        vectors(str(folder), REFUSED)
    assert "trust_remote_code=" not in str(refused.value)
    assert not mark.exists()
    np.testing.assert_allclose(vectors(str(folder), ALLOWED), plain(folder, pooling="mean"), atol=1e-5)
    assert mark.exists()
    assert load_model(str(folder), runtime=ALLOWED).setting["remote_code"] is True
    assert "remote_code" not in load_model(str(folder), runtime=REFUSED).setting


def test_a_card_that_asks_for_no_code_gets_none(folder: Path, mark: Path, tmp_path: Path) -> None:
    known = registry(tmp_path, folder, 'family = "dense"\n')
    with pytest.raises(UsageError, match="remote_code = true, if it has a card"):
        vectors("mine", ALLOWED, known)
    assert not mark.exists()


def test_a_hub_id_without_a_card_may_run_code_if_it_is_allowed() -> None:
    card = load_model("owner/tiny", runtime=ALLOWED)
    assert card.setting["remote_code"] is True
    assert "remote_code" not in load_model("owner/tiny", runtime=REFUSED).setting
    assert "remote_code" not in load_model("minilm", runtime=ALLOWED).setting


def test_vectors_made_by_code_that_might_be_left_out_are_kept_apart() -> None:
    card, weights = ModelCard(name="m", family="dense"), Weights("place", None, "files:1")
    keys = {space_of(card, weights, Devices("cpu", ("cpu",)), None, own_code=own).key for own in (False, True)}
    assert len(keys) == 2


@pytest.mark.parametrize("named", ["card", "folder"])
def test_a_reranker(tmp_path: Path, mark: Path, named: str) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = own_code.save(tmp_path / "own-reranker", mark, classifier=True)
    known, name = Registry(), str(folder)
    if named == "card":
        known, name = registry(tmp_path, folder, 'family = "cross-encoder"\nremote_code = true\n'), "mine"
    corpus = Corpus.of(["a", "b", "c"], ["weather in the city", "flight price", "song"])
    query = Queries.of(["q"], ["price of a flight"])

    def ranking(runtime: Runtime) -> Any:
        model = load_model(f"bm25>{name}", known, runtime=runtime)
        model.index(corpus)
        return model.search(query, 3)

    with pytest.raises(UsageError, match="--trust-remote-code"):
        ranking(REFUSED)
    assert not mark.exists()
    run = ranking(ALLOWED)
    assert mark.exists()
    model = AutoModelForSequenceClassification.from_pretrained(folder, trust_remote_code=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        logits = [
            float(model(**tokenizer("price of a flight", text, return_tensors="pt")).logits)
            for text in corpus.texts.to_pylist()
        ]
    order = np.argsort(logits)[::-1]
    assert run.documents[0].tolist() == order.tolist()
    np.testing.assert_allclose(run.scores[0], np.array(logits)[order], atol=1e-5)


def test_the_command(folder: Path, mark: Path, tmp_path: Path) -> None:
    env = environment(HF_MODULES_CACHE=str(tmp_path / "modules"), HF_HUB_OFFLINE="1")
    refused = evalharness("models", "check", str(folder), "--device", "cpu", cwd=tmp_path, env=env)
    assert refused.returncode == 2
    assert "--trust-remote-code" in refused.stderr
    assert not mark.exists()
    allowed = evalharness(
        "models", "check", str(folder), "--device", "cpu", "--trust-remote-code", cwd=tmp_path, env=env
    )
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    assert mark.exists()
