"""Late interaction: markers, expansion, skip list, truncation and MaxSim against a plain torch computation."""

from __future__ import annotations

import string
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_bert import projection, save_colbert, save_plain, save_pylate

from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.retrievers import late_interaction
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.late_interaction import LateInteraction, max_sim
from toolbench_eval.retrievers.load import load_model

pytest.importorskip("sentence_transformers")

CPU = Runtime(device="cpu", offline=True)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


QUERY_LENGTH, DOCUMENT_LENGTH = 12, 20
LONG = " ".join(["weather", "song", "paris"] * 10)
IDS = ["d1", "d2", "d3", "d4", "d5"]
TEXTS = ["find cheap train tickets.", "weather, tomorrow! (paris)", "", LONG, "find cheap train tickets."]
QUERIES = ["cheap train?", "weather paris", LONG]
SAVED = {"colbert-ai": save_colbert, "pylate": save_pylate}


@pytest.fixture(scope="module", params=SAVED)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SAVED[request.param](tmp_path_factory.mktemp(request.param))


def card(folder: Path, max_length: int | str = "model", **options: int | str) -> ModelCard:
    return ModelCard(
        name="tiny", family="late", hub=str(folder), encoding=Encoding(max_length=max_length), options=options
    )


class PlainColBERT:
    """ColBERT written down once more: one text at a time, ids put together by hand, nothing but torch."""

    def __init__(self, folder: Path, query_length: int = QUERY_LENGTH, document_length: int = DOCUMENT_LENGTH) -> None:
        from transformers import AutoTokenizer, BertModel

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
        self.linear = projection(folder)
        self.lengths = query_length, document_length
        self.skipped = set(self.tokenizer.convert_tokens_to_ids(list(string.punctuation)))

    def query(self, text: str) -> np.ndarray:
        length = self.lengths[0]
        ids = self._ids("[unused0]", text, length)
        attended = [1] * len(ids) + [0] * (length - len(ids))
        return self._vectors(ids + [self.tokenizer.mask_token_id] * (length - len(ids)), attended)

    def document(self, text: str) -> np.ndarray:
        ids = self._ids("[unused1]", text, self.lengths[1])
        kept = [at for at, one in enumerate(ids) if one not in self.skipped]
        return self._vectors(ids, [1] * len(ids))[kept]

    def scores(self, queries: list[str], documents: list[str]) -> np.ndarray:
        stored = [self.document(text) for text in documents]
        return np.array([[(self.query(q) @ d.T).max(axis=1).sum() for d in stored] for q in queries])

    def _ids(self, marker: str, text: str, length: int) -> list[int]:
        inner = self.tokenizer(text, add_special_tokens=False)["input_ids"][: length - 3]
        to_ids = self.tokenizer.convert_tokens_to_ids
        return [to_ids("[CLS]"), to_ids(marker), *inner, to_ids("[SEP]")]

    def _vectors(self, ids: list[int], attended: list[int]) -> np.ndarray:
        import torch

        with torch.no_grad():
            hidden = self.bert(torch.tensor([ids]), attention_mask=torch.tensor([attended])).last_hidden_state[0]
            return torch.nn.functional.normalize(hidden @ self.linear.T, dim=-1).numpy()


def scores_by_document(run: object, n: int) -> np.ndarray:
    scores = np.full((len(run), n), np.nan)
    np.put_along_axis(scores, run.documents, run.scores, axis=1)
    return scores


def test_scores_are_those_of_the_plain_computation(folder: Path) -> None:
    late = LateInteraction(card(folder), CPU)
    late.index(Corpus.of(IDS, TEXTS))
    run = late.search(Queries.of(["q1", "q2", "q3"], QUERIES), 5)
    expected = PlainColBERT(folder).scores(QUERIES, TEXTS)
    np.testing.assert_allclose(scores_by_document(run, 5), expected, rtol=1e-5)
    assert np.ptp(expected, axis=1).min() > 0.05, "texts must differ clearly, else the comparison shows nothing"


def test_the_reference_notices_each_part_of_the_format(folder: Path) -> None:
    """Without marker, expansion or skip list the plain scores are others: the test above would see a missing one."""
    right = PlainColBERT(folder).scores(QUERIES[:2], TEXTS[:2])

    class NoMarker(PlainColBERT):
        def _ids(self, marker: str, text: str, length: int) -> list[int]:
            ids = super()._ids(marker, text, length)
            return [ids[0], *ids[2:]]

    class NoExpansion(PlainColBERT):
        def query(self, text: str) -> np.ndarray:
            ids = self._ids("[unused0]", text, self.lengths[0])
            return self._vectors(ids, [1] * len(ids))

    class NoSkipList(PlainColBERT):
        def document(self, text: str) -> np.ndarray:
            self.skipped = set()
            return super().document(text)

    for wrong in (NoMarker, NoExpansion, NoSkipList):
        assert not np.allclose(wrong(folder).scores(QUERIES[:2], TEXTS[:2]), right, rtol=1e-4), wrong.__name__


def test_the_card_cuts_queries_and_documents(folder: Path) -> None:
    late = LateInteraction(card(folder, 8, query_length=6), CPU)
    late.index(Corpus.of(IDS, TEXTS))
    run = late.search(Queries.of(["q1", "q2", "q3"], QUERIES), 5)
    cut = PlainColBERT(folder, 6, 8)
    np.testing.assert_allclose(scores_by_document(run, 5), cut.scores(QUERIES, TEXTS), rtol=1e-5)
    assert not np.allclose(cut.scores(QUERIES, TEXTS), PlainColBERT(folder).scores(QUERIES, TEXTS), rtol=1e-3)
    assert late.facts["query_length"] == 6
    assert late.facts["max_length"] == 8


def test_half_precision_storage_halves_the_index_and_stays_close(folder: Path) -> None:
    corpus, queries = Corpus.of(IDS, TEXTS), Queries.of(["q1", "q2", "q3"], QUERIES)
    runs, sizes = [], []
    for storage in ("float32", "float16"):
        late = LateInteraction(card(folder, storage=storage), CPU)
        late.index(corpus)
        runs.append(scores_by_document(late.search(queries, 5), 5))
        sizes.append(late.index_bytes)
    tokens = sum(len(PlainColBERT(folder).document(text)) for text in set(TEXTS))
    assert sizes == [tokens * 8 * 4 + 5 * 8, tokens * 8 * 2 + 5 * 8]  # 8 dimensions; offsets of 4 different texts
    np.testing.assert_allclose(runs[1], runs[0], atol=0.02)
    with pytest.raises(UsageError, match="use float32 or float16"):
        LateInteraction(card(folder, storage="int8"), CPU)


def test_equal_documents_tie_exactly_and_the_higher_id_is_first(folder: Path) -> None:
    late = LateInteraction(card(folder), CPU)
    late.index(Corpus.of(IDS, TEXTS))
    run = late.search(Queries.of(["q"], ["cheap train"]), 5)
    ranked = [IDS[at] for at in run.documents[0]]
    first, second = ranked.index("d5"), ranked.index("d1")
    assert second == first + 1
    assert run.scores[0, first] == run.scores[0, second]


def test_no_queries_give_an_empty_run(folder: Path) -> None:
    late = LateInteraction(card(folder), CPU)
    late.index(Corpus.of(IDS, TEXTS))
    assert late.search(Queries.of([], []), 3).documents.shape == (0, 3)


def test_attention_to_the_expansion_is_the_checkpoints_choice(tmp_path: Path) -> None:
    """`attend_to_mask_tokens` changes what the other tokens see, hence the scores."""
    scores = []
    for attend in (False, True):
        folder = save_colbert(tmp_path / str(attend), attend_to_mask_tokens=attend)
        late = LateInteraction(card(folder), CPU)
        late.index(Corpus.of(IDS, TEXTS))
        scores.append(scores_by_document(late.search(Queries.of(["q"], ["cheap train"]), 5), 5))
    assert not np.allclose(scores[0], scores[1], rtol=1e-4)


def test_a_checkpoint_without_projection_is_refused(tmp_path: Path) -> None:
    """sentence-transformers would put a random projection on it."""
    with pytest.raises(DataError, match="no late model: its weights are of another kind"):
        LateInteraction(card(save_plain(tmp_path)), CPU)


def test_max_sim_by_hand() -> None:
    queries = [np.array([[1, 0], [0, 1]], np.float32), np.array([[-1, 0]], np.float32)]
    tokens = np.array([[1, 0], [0, 2], [3, 4]], np.float16)  # documents: {(1,0), (0,2)} and {(3,4)}
    assert max_sim(queries, tokens, np.array([0, 2, 3])).tolist() == [[1 + 2, 3 + 4], [0, -3]]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_max_sim_does_not_depend_on_the_blocks(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    lengths = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=12))
    asked = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = rng.standard_normal((offsets[-1], 3)).astype(np.float32)
    queries = [rng.standard_normal((n, 3)).astype(np.float32) for n in asked]
    expected = [
        [(query @ tokens[start:end].T).max(axis=1).sum() for start, end in pairwise(offsets)] for query in queries
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_interaction, "PRODUCTS", data.draw(st.integers(1, 200)))
        np.testing.assert_allclose(max_sim(queries, tokens, offsets), expected, rtol=1e-4, atol=1e-5)


def test_products_stay_within_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_interaction, "PRODUCTS", 600)
    offsets = np.arange(0, 401, 4)
    blocks = [
        late_interaction._places(offsets, documents).size for documents in late_interaction._blocks(offsets, 600 // 30)
    ]
    assert max(blocks) <= 20
    assert sum(blocks) == 400


def test_shipped_cards(tmp_path: Path) -> None:
    colbert = load_model("colbert")
    assert colbert.setting["max_length"] == 512  # ToolRet's documents
    assert colbert.setting["options"]["query_length"] == 32  # the package default, markers included
    assert load_model("gte-moderncolbert").revision is not None
