"""Hosted embeddings: batches, order, cache, faults."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.endpoint import EndpointServer, vector

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError, EndpointError, UsageError
from toolbench_eval.llms.embeddings import EmbeddingModel, HostedEncoder
from toolbench_eval.llms.endpoint import Endpoint, Patience, parse_address
from toolbench_eval.llms.meter import Meter, Price
from toolbench_eval.memo import Memo
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model

QUICK = Patience(attempts=2, timeout=0.4, total=3.0, first_pause=0.01, longest_pause=0.02)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    with EndpointServer() as running:
        yield running


def encoder(server, tmp_path, *, model=EmbeddingModel("m", batch=3), price=None, concurrency=2):  # noqa: B008
    address, _ = parse_address("openai-api/local/m", server.env())
    endpoint = Endpoint(address, Meter(price), QUICK)
    return HostedEncoder(model, endpoint, Memo(tmp_path / "v.sqlite"), concurrency)


def test_vectors_stand_where_their_texts_stand(server, tmp_path):
    texts = [f"text {number % 7}" for number in range(10)] + [""]
    found = encoder(server, tmp_path, price=Price(0.02)).encode(texts)
    np.testing.assert_allclose(found, [vector(text or " ") for text in texts], rtol=1e-6)
    assert found.dtype == np.float32
    assert sorted(len(body["input"]) for body in server.requests) == [2, 3, 3]  # equal texts are sent once
    assert server.most_at_once <= 2


def test_a_second_run_asks_nothing(server, tmp_path):
    texts = [f"text {number}" for number in range(5)]
    first = encoder(server, tmp_path).encode(texts)
    server.requests.clear()
    again = encoder(server, tmp_path)
    np.testing.assert_array_equal(again.encode(texts[::-1]), first[::-1])
    assert server.requests == []
    assert again.cost["texts_cached"] == 5


@pytest.mark.parametrize("model", [EmbeddingModel("n"), EmbeddingModel("m", dimensions=4)])
def test_model_and_dimensions_are_in_the_key(server, tmp_path, model):
    encoder(server, tmp_path).encode(["a"])
    found = encoder(server, tmp_path, model=model).encode(["a"])
    assert found.shape[1] == (model.dimensions or 8)
    assert len(server.requests) == 2


def test_long_texts_are_cut_and_the_cut_text_is_the_key(server, tmp_path):
    found = encoder(server, tmp_path, model=EmbeddingModel("m", characters=4)).encode(["abcdef", "abcd", "abc"])
    assert server.requests[0]["input"] == ["abcd", "abc"]
    np.testing.assert_array_equal(found[0], found[1])


def test_cost(server, tmp_path):
    encoded = encoder(server, tmp_path, price=Price(0.5))
    encoded.encode(["one two", "three"])
    assert encoded.cost["usd"] == encoded.cost["usd_spent_now"] == pytest.approx(3 * 0.5 / 1e6, abs=1e-6)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        [{"index": 0, "embedding": [1.0, 2.0]}],
        [{"index": 0, "embedding": [1.0, 2.0]}, {"index": 0, "embedding": [1.0, 2.0]}],
        [{"index": 0, "embedding": [1.0, 2.0]}, {"index": 1, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0, 2.0]}, {"index": 1, "embedding": [1.0, float("nan")]}],
        [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}],
        [{"index": at, "embedding": [1.0]} for at in range(3)],
        [{"index": at, "embedding": [float(1 + at)]} for at in (0, 1, 1)],
        [{"index": 0, "embedding": [1.0, 2.0]}, {"index": 1, "embedding": [0.0, 0.0]}],
        [{"index": 0, "embedding": "AACAPw=="}, {"index": 1, "embedding": "AACAPw=="}],
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(server, tmp_path, data):
    server.answer(json.dumps({"data": data}).encode())
    with pytest.raises(EndpointError, match="not_an_answer x 2"):
        encoder(server, tmp_path).encode(["a", "b"])
    server.heal()
    np.testing.assert_allclose(encoder(server, tmp_path).encode(["a", "b"]), [vector("a"), vector("b")], rtol=1e-6)


def test_an_empty_text_may_have_a_vector_of_zeros(server, tmp_path):
    server.answer(json.dumps({"data": [{"index": 0, "embedding": [0.0, 0.0]}]}).encode())
    assert encoder(server, tmp_path).encode([""]).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("kept", [b"", b"abc", np.zeros(8, "<f4").tobytes(), np.full(8, np.nan, "<f4").tobytes()])
def test_what_is_kept_and_is_no_vector_makes_room(server, tmp_path, kept):
    ours = encoder(server, tmp_path)
    ours._memo.put({ours._key("a"): kept})
    np.testing.assert_allclose(ours.encode(["a"]), [vector("a")], rtol=1e-6)
    server.requests.clear()
    np.testing.assert_allclose(encoder(server, tmp_path).encode(["a"]), [vector("a")], rtol=1e-6)
    assert server.requests == []


@pytest.mark.parametrize("entry", ['"index": 1e999, "embedding": [1]', '"index": 0, "embedding": [1%s]' % ("0" * 400)])
def test_numbers_beyond_all_bounds_are_no_answer(server, tmp_path, entry):
    server.answer(f'{{"data": [{{{entry}}}]}}'.encode())
    with pytest.raises(EndpointError, match="not_an_answer x 2"):
        encoder(server, tmp_path).encode(["a"])


def test_after_a_fault_only_the_rest_is_asked(server, tmp_path):
    texts = [f"text {number}" for number in range(9)]
    server.answer(b"{}", match=lambda body: "text 7" in body["input"])
    with pytest.raises(EndpointError):
        encoder(server, tmp_path, concurrency=1).encode(texts)
    server.heal()
    encoder(server, tmp_path, concurrency=1).encode(texts)
    assert [body["input"] for body in server.requests] == [texts[6:]]


def test_other_lengths_than_before_are_refused(server, tmp_path):
    encoder(server, tmp_path).encode(["a"])
    server.answer(json.dumps({"data": [{"index": 0, "embedding": [1.0]}]}).encode(), times=1)
    with pytest.raises(DataError, match=r"\[1, 8\]"):
        encoder(server, tmp_path).encode(["a", "b"])


def test_a_card_makes_a_retriever(server, tmp_path, monkeypatch):
    for name, value in server.env().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.toml").write_text(
        'name = "mine"\nfamily = "hosted"\n[options]\nendpoint = "openai-api/local/m"\ndimensions = 6\n'
        '[templates]\nscaffold = "{query}"\n'
    )
    model = load_model("mine", Registry((tmp_path,)), runtime=Runtime(concurrency=3))
    corpus = Corpus.of(["a", "b", "c"], ["one", "two", "three"])
    queries = Queries.of(["q", "r"], ["x", "y"], ["do", None])
    model.index(corpus)
    run = model.search(queries, 2)
    documents = np.array([vector(text, 6) for text in ("one", "two", "three")], dtype=np.float32)
    asked = np.array([vector(text, 6) for text in ("Instruct: do\nQuery: x", "y")], dtype=np.float32)
    expected = asked @ documents.T
    np.testing.assert_array_equal(run.documents, np.argsort(-expected, axis=1)[:, :2])
    np.testing.assert_allclose(run.scores, -np.sort(-expected, axis=1)[:, :2], rtol=1e-5)
    assert model.index_bytes == documents.nbytes
    assert "sk-secret" not in str(model.setting)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("batch = 0", "batch"),
        ('characters = "many"', "characters"),
        ("dimensions = 2.5", "dimensions"),
        ("dims = 3", "dims.*there is no such key"),
    ],
)
def test_options_that_make_no_sense(tmp_path, options, named):
    (tmp_path / "models").mkdir()
    card = f'name = "mine"\nfamily = "hosted"\n[options]\nendpoint = "openai-api/local/m"\n{options}\n'
    (tmp_path / "models" / "mine.toml").write_text(card)
    with pytest.raises(DataError, match=f"card of 'mine'.*{named}"):
        load_model("mine", Registry((tmp_path,))).index(Corpus.of(["a"], ["b"]))


def test_the_card_that_ships_needs_its_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        load_model("openai-small").index(Corpus.of(["a"], ["b"]))
