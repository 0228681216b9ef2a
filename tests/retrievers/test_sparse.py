"""SPLADE: weights and ranking against a plain transformers computation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.tiny_bert import save_plain, save_splade

from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.sentence_models import batches
from toolbench_eval.retrievers.sparse import Splade, search_sparse

pytest.importorskip("sentence_transformers")

CPU = Runtime(device="cpu", offline=True)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


TEXTS = ["find cheap train tickets", "weather tomorrow", "", "translate text, song price!", "find cheap train tickets"]
IDS = ["d1", "d2", "d3", "d4", "d5"]
QUERIES = ["cheap train", "weather paris", "price price price"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_splade(tmp_path_factory.mktemp("splade"))


def card(folder: Path, **encoding: int) -> ModelCard:
    return ModelCard(name="tiny", family="splade", hub=str(folder), encoding=Encoding(**encoding))


def plain_weights(folder: Path, texts: list[str], max_length: int = 64) -> np.ndarray:
    """SPLADE's formula, one text at a time: max over tokens of log(1 + relu(logit))."""
    import torch
    from transformers import AutoTokenizer, BertForMaskedLM

    tokenizer, model = AutoTokenizer.from_pretrained(folder), BertForMaskedLM.from_pretrained(folder).eval()
    rows = []
    for text in texts:
        inputs = tokenizer(text or " ", return_tensors="pt", truncation=True, max_length=max_length)
        with torch.no_grad():
            logits = model(**inputs).logits[0]
        rows.append(torch.log1p(torch.relu(logits)).amax(dim=0).numpy())
    return np.stack(rows)


def test_scores_are_those_of_the_formula(folder: Path) -> None:
    splade = Splade(card(folder), CPU)
    splade.index(Corpus.of(IDS, TEXTS))
    run = splade.search(Queries.of(["q1", "q2", "q3"], QUERIES), 5)
    expected = plain_weights(folder, QUERIES) @ plain_weights(folder, TEXTS).T
    got = np.empty_like(expected)
    np.put_along_axis(got, run.documents, run.scores, axis=1)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert np.ptp(expected, axis=1).min() > 1, "texts must differ clearly, else the comparison shows nothing"
    assert run.scores.dtype == np.float32
    assert (np.diff(run.scores, axis=1) <= 0).all()


def test_equal_documents_tie_exactly_and_the_higher_id_is_first(folder: Path) -> None:
    splade = Splade(card(folder), CPU)
    splade.index(Corpus.of(IDS, TEXTS))
    run = splade.search(Queries.of(["q"], ["cheap train"]), 5)
    ranked = [IDS[at] for at in run.documents[0]]
    first, second = ranked.index("d5"), ranked.index("d1")
    assert second == first + 1
    assert run.scores[0, first] == run.scores[0, second]


def test_texts_are_cut_at_the_cards_length(folder: Path) -> None:
    splade = Splade(card(folder, max_length=4), CPU)
    splade.index(Corpus.of(["a", "b"], ["find cheap train tickets", "find cheap weather"]))
    run = splade.search(Queries.of(["q"], ["find cheap price"]), 2)
    assert run.scores[0, 0] == run.scores[0, 1]  # both are [CLS] find cheap [SEP]
    expected = plain_weights(folder, ["find cheap"])[0]
    np.testing.assert_allclose(run.scores[0, 0], expected @ expected, rtol=1e-5)


def test_small_batches_change_nothing_but_the_last_bits(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, queries = Corpus.of(IDS, TEXTS), Queries.of(["q1", "q2", "q3"], QUERIES)
    runs = []
    for tokens in (1, 16384):
        monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / str(tokens)))
        splade = Splade(card(folder), Runtime(device="cpu", offline=True, batch_tokens=tokens))
        splade.index(corpus)
        runs.append(splade.search(queries, 3))
    np.testing.assert_array_equal(runs[0].documents, runs[1].documents)
    np.testing.assert_allclose(runs[0].scores, runs[1].scores, rtol=1e-5)


def test_index_bytes_are_those_of_the_matrix(folder: Path) -> None:
    splade = Splade(card(folder), CPU)
    splade.index(Corpus.of(IDS, TEXTS))
    entries = np.count_nonzero(plain_weights(folder, TEXTS))
    assert splade.index_bytes == entries * (4 + 4) + (102 + 1) * 4  # values, columns, row starts of 102 terms


def test_no_queries_give_an_empty_run(folder: Path) -> None:
    splade = Splade(card(folder), CPU)
    splade.index(Corpus.of(IDS, TEXTS))
    assert splade.search(Queries.of([], []), 3).documents.shape == (0, 3)


def test_a_bare_transformer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no splade model: its weights are of another kind"):
        Splade(card(save_plain(tmp_path)), CPU)


def test_missing_weights_and_missing_permission(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither config\.json nor modules\.json"):
        Splade(card(tmp_path), CPU)
    with pytest.raises(MissingDataError, match="--offline is set"):
        Splade(ModelCard(name="gone", family="splade", hub="nobody/nothing"), CPU)
    with pytest.raises(UsageError, match="--trust-remote-code"):
        Splade(ModelCard(name="own-code", family="splade", hub="nobody/nothing", remote_code=True), CPU)


def test_sparse_search_by_hand() -> None:
    from scipy.sparse import csr_matrix

    queries = csr_matrix(np.array([[1, 0, 2], [0, 0, 0]], dtype=np.float32))
    documents = csr_matrix(np.array([[0, 3, 0], [2, 0, 1], [4, 0, 0]], dtype=np.float32))
    columns, scores = search_sparse(queries, documents.T.tocsr(), 2)
    assert columns.tolist() == [[1, 2], [0, 1]]
    assert scores.tolist() == [[4, 4], [0, 0]]


def test_batches_hold_every_text_once_and_keep_the_budget() -> None:
    lengths = np.array([3, 9, 1, 2, 30, 3])
    made = list(batches(lengths, 10))
    assert [batch.tolist() for batch in made] == [[4], [1], [0, 5, 3], [2]]


def test_the_card_loads_by_its_family(folder: Path, tmp_path: Path) -> None:
    from toolbench_eval.registry import Registry

    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.toml").write_text(f'name = "own"\nfamily = "splade"\nhub = "{folder}"\n')
    model = load_model("own", Registry((tmp_path,)), runtime=CPU)
    model.index(Corpus.of(IDS, TEXTS))
    assert model.search(Queries.of(["q"], ["cheap train"]), 2).depth == 2
    assert load_model("splade").setting["max_length"] == 512
