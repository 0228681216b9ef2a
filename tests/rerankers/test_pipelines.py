"""`first>second`: names, depth, templates, settings; each family through its card; nothing loaded twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.endpoint import EndpointServer
from support.runs import ids_of

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import MissingDataError, UnknownNameError, UsageError
from toolbench_eval.ranking.order import order
from toolbench_eval.ranking.run import Run
from toolbench_eval.registry import Registry
from toolbench_eval.rerankers.base import ranked
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.reranked import RerankedModel, RerankerModel

CORPUS = Corpus.of(
    ["d1", "d2", "d3", "d4", "d5", "d6"],
    [
        "weather in the city",
        "train to the city",
        "music and song",
        "the weather of the sun, rain",
        "city map",
        "song for the city",
    ],
)
QUERIES = Queries.of(
    ["q1", "q2", "q3"],
    ["weather city", "play music", "weather city"],
    ["find the tool", None, "find one song"],
)
CPU = Runtime(device="cpu")


def card(folder: Path, name: str, text: str) -> Registry:
    """A registry with one card of the user's own."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / f"{name}.toml").write_text(f'name = "{name}"\n{text}', encoding="utf-8")
    return Registry((folder,))


class ByLength:
    """Scores a document by its number of characters; remembers what it was given."""

    def __init__(self):
        self.seen = []

    def rerank(self, queries, run, corpus):
        self.seen.append((queries, run))
        lengths = np.array([len(text) for text in corpus.texts.to_pylist()], dtype=np.float32)
        return ranked(run, lengths[run.documents], corpus)


def by_length(card, runtime):
    return ByLength()


def searched(model, queries=QUERIES, k=6, qrels=None):
    model.index(CORPUS)
    return model.search(queries, k, qrels)


def test_only_the_top_is_reordered_and_the_rest_follows():
    first = load_model("bm25")
    second = RerankerModel("len", None, ByLength, depth=3)
    found, before = searched(RerankedModel(first, second)), searched(first)
    lengths = dict(zip(CORPUS.ids.to_pylist(), map(len, CORPUS.texts.to_pylist()), strict=True))
    for now, then in zip(ids_of(found), ids_of(before), strict=True):
        assert now[3:] == then[3:]
        assert now[:3] == sorted(then[:3], key=lambda name: (-lengths[name], name))
    assert ids_of(order(found)) == ids_of(found)


@pytest.mark.parametrize(("k", "asked"), [(2, 4), (4, 4), (6, 6)])
def test_the_first_stage_is_searched_at_least_to_the_depth(k, asked):
    depths = []

    class Spy:
        name, revision, setting, index_bytes = "spy", None, {}, 7

        def index(self, corpus):
            self.inner = load_model("bm25")
            self.inner.index(corpus)

        def search(self, queries, k, qrels=None):
            depths.append(k)
            return self.inner.search(queries, k)

    reranker = ByLength()
    model = RerankedModel(Spy(), RerankerModel("len", None, lambda: reranker, depth=4))
    found = searched(model, k=k)
    assert depths == [asked]
    assert found.depth == k
    assert reranker.seen[0][1].depth == 4
    assert model.index_bytes == 7


def test_names_of_pipelines(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    registry = card(tmp_path, "len", 'family = "test_pipelines:by_length"\n[options]\ndepth = 2\n')
    model = load_model("bm25+tfidf>len>oracle", registry)
    assert isinstance(model, RerankedModel)
    assert model.name == "bm25+tfidf>len>oracle"
    assert model.first.name == "bm25+tfidf>len"
    assert model.first.first.name == "bm25+tfidf"
    assert (model.second.depth, model.first.second.depth) == (100, 2)
    setting = model.setting
    assert setting["depth"] == 100
    assert setting["first_stage"]["depth"] == 2
    assert setting["first_stage"]["first_stage"]["fusion"] == "rrf"
    assert setting["reranker"]["family"] == "oracle"


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("bm25>", UsageError, "must not be empty"),
        (">bm25", UsageError, "must not be empty"),
        ("bm25>tfidf", UsageError, "'tfidf' is a retriever, not a reranker"),
        ("bge-reranker-v2-m3", UsageError, "is a reranker: name a retriever before it"),
        ("bm25>bge-reranker-v2-m9", UnknownNameError, "bge-reranker-v2-m3"),
        ("bm25>monot5:openai/gpt-4o", UsageError, "asks no language model"),
    ],
)
def test_names_that_are_none(name, error, message):
    with pytest.raises(error, match=message):
        load_model(name)


def test_code_from_the_hub_is_not_run_unasked():
    with pytest.raises(UsageError, match="--trust-remote-code"):
        searched(load_model("bm25>jina-reranker-v2"))


def test_weights_that_are_not_there_offline():
    pytest.importorskip("transformers")
    with pytest.raises(MissingDataError, match="--offline"):
        searched(load_model("bm25>bge-reranker-v2-m3", runtime=Runtime(device="cpu", offline=True)))


def test_the_oracle_brings_what_was_found_to_the_top():
    qrels = Qrels.of({"q1": {"d4": 1, "d1": 2}, "q2": {"d6": 1}, "q3": {"d3": 1}})
    found = ids_of(searched(load_model("bm25>oracle"), qrels=qrels))
    assert [row[0] for row in found] == ["d1", "d6", "d3"]
    assert found[0][1] == "d4"


FAMILIES = {
    "cross": ("bert", 'family = "cross-encoder"\n[encoding]\nmax_length = 24\n'),
    "flag": ("roberta", 'family = "cross-encoder"\n[encoding]\nmax_length = 24\n[options]\nquery_max_length = 12\n'),
    "mono": (
        "t5",
        (
            'family = "seq2seq"\n[encoding]\nmax_length = 64\n[options]\n'
            'body = "Query: {query} Document: {text} Relevant:"\nyes = "▁true"\nno = "▁false"\n'
        ),
    ),
    "gemma": (
        "llama",
        (
            'family = "decoder"\n[encoding]\nmax_length = 64\n[options]\n'
            'query = "A: {query}"\ndocument = "B: {text}"\nquestion = "relevant?"\nyes = "Yes"\n'
        ),
    ),
    "qwen": (
        "llama-without-start",
        (
            'family = "decoder"\n[encoding]\nmax_length = 64\n[options]\n'
            'head = "is"\nbody = "{query} document {text}"\ntail = "relevant?"\nyes = "yes"\nno = "no"\n'
        ),
    ),
}


def spelled(query, instruction):
    return query if instruction is None else f"Instruct: {instruction}\nQuery: {query}"


def expected_score(kind, folder, query, document):
    """The score of one pair by transformers alone."""
    import torch
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForSeq2SeqLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
    )

    tokenizer = AutoTokenizer.from_pretrained(folder)

    def plain(text):
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    with torch.no_grad():
        if kind == "cross":
            inputs = tokenizer([query], [document], truncation="longest_first", max_length=24, return_tensors="pt")
            return AutoModelForSequenceClassification.from_pretrained(folder)(**inputs).logits.item()
        if kind == "flag":
            first, s = plain(query)[:12], tokenizer.convert_tokens_to_ids(["<s>", "</s>"])
            ids = [s[0], *first, s[1], s[1], *plain(document)[: 24 - 4 - len(first)], s[1]]
            return AutoModelForSequenceClassification.from_pretrained(folder)(torch.tensor([ids])).logits.item()
        if kind == "mono":
            text = f"Query: {query} Document: {document} Relevant:"
            inputs = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
            model = AutoModelForSeq2SeqLM.from_pretrained(folder)
            logits = model(**inputs, decoder_input_ids=torch.tensor([[model.config.decoder_start_token_id]])).logits
            false, true = logits[0, 0, tokenizer.convert_tokens_to_ids(["▁false", "▁true"])]
            return torch.sigmoid(true - false).item()
        model = AutoModelForCausalLM.from_pretrained(folder)
        if kind == "gemma":
            ids = [tokenizer.bos_token_id, *plain(f"A: {query}"), *plain("\n"), *plain(f"B: {document}")]
            ids += [*plain("\n"), *plain("relevant?")]
            return model(torch.tensor([ids])).logits[0, -1, tokenizer.convert_tokens_to_ids("Yes")].item()
        ids = [*plain("is"), *plain(f"{query} document {document}"), *plain("relevant?")]
        no, yes = model(torch.tensor([ids])).logits[0, -1, tokenizer.convert_tokens_to_ids(["no", "yes"])]
        return torch.sigmoid(yes - no).item()


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("instruction", ["with", "without"])
def test_each_family_through_its_card(kind, instruction, checkpoints, tmp_path):
    checkpoint, text = FAMILIES[kind]
    folder = checkpoints / checkpoint
    registry = card(tmp_path, kind, f'hub = "{folder}"\n{text}[templates]\nscaffold = "{{query}}"\n')
    queries = QUERIES if instruction == "with" else Queries(QUERIES.ids, QUERIES.texts)
    found = searched(load_model(f"bm25>{kind}", registry, runtime=CPU), queries)
    told = QUERIES.instructions.to_pylist() if instruction == "with" else [None] * 3
    for row, (query, own) in enumerate(zip(QUERIES.texts.to_pylist(), told, strict=True)):
        text_of = dict(zip(CORPUS.ids.to_pylist(), CORPUS.texts.to_pylist(), strict=True))
        plain = [expected_score(kind, folder, spelled(query, own), text_of[name]) for name in ids_of(found)[row]]
        np.testing.assert_allclose(found.scores[row], plain, atol=5e-5)
        assert np.ptp(plain) > 1e-3
        assert plain == sorted(plain, reverse=True)


@pytest.mark.parametrize("kind", FAMILIES)
def test_two_replicas_score_as_one_model_does(kind, checkpoints, tmp_path, monkeypatch):
    from toolbench_eval.rerankers import replicas

    checkpoint, text = FAMILIES[kind]
    registry = card(tmp_path, kind, f'hub = "{checkpoints / checkpoint}"\n{text}')
    alone = searched(load_model(f"bm25>{kind}", registry, runtime=Runtime(device="cpu", batch_tokens=64)))
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "another"))
    made = []

    class Watched(replicas.Replicas):
        def __init__(self, copies):
            made.append([copy._model for copy in copies])
            super().__init__(copies)

    monkeypatch.setattr(replicas, "Replicas", Watched)
    both = searched(load_model(f"bm25>{kind}", registry, runtime=Runtime(device="cpu,cpu", batch_tokens=64)))
    np.testing.assert_array_equal(both.documents, alone.documents)
    np.testing.assert_array_equal(both.scores, alone.scores)
    first, second = made[0]
    assert first is not second


def test_a_second_run_loads_no_weights(checkpoints, tmp_path, monkeypatch):
    import transformers

    registry = card(tmp_path, "mine", f'hub = "{checkpoints / "bert"}"\nfamily = "cross-encoder"\n')
    model = load_model("bm25>mine", registry, runtime=CPU)
    first = searched(model)
    pairs = {(query, name) for query, row in zip(QUERIES.texts.to_pylist(), ids_of(first), strict=True) for name in row}
    assert model.cost == {"pairs_scored": 18.0, "pairs_cached": 0.0}  # with their instructions all three differ
    assert len(pairs) == 12

    def refuse(*args, **kwargs):
        raise AssertionError("loaded")

    monkeypatch.setattr(transformers.AutoModelForSequenceClassification, "from_pretrained", refuse)
    model = load_model("bm25>mine", registry, runtime=CPU)
    again = searched(model)
    np.testing.assert_array_equal(again.documents, first.documents)
    np.testing.assert_array_equal(again.scores, first.scores)
    assert model.cost == {"pairs_scored": 0.0, "pairs_cached": 18.0}


@pytest.mark.parametrize(
    "change",
    [
        lambda folder, text: text.replace("max_length = 24", "max_length = 20"),
        lambda folder, text: text + "[options]\nactivation = 'sigmoid'\n",
        lambda folder, text: text + "[templates]\ndocument = 'tool {text}'\n",
        lambda folder, text: (
            text + "[templates]\nwith_instruction = '{query} {instruction}'\nwithout_instruction = 'the {query}'\n"
        ),
    ],
)
def test_what_changes_a_score_finds_no_old_one(change, checkpoints, tmp_path):
    text = f'hub = "{checkpoints / "bert"}"\nfamily = "cross-encoder"\n[encoding]\nmax_length = 24\n'
    searched(load_model("bm25>mine", card(tmp_path, "mine", text), runtime=CPU))
    model = load_model("bm25>mine", card(tmp_path, "mine", change(checkpoints, text)), runtime=CPU)
    searched(model)
    assert model.cost == {"pairs_scored": 18.0, "pairs_cached": 0.0}


def test_other_weights_in_the_same_folder_find_no_old_score(tmp_path):
    import shutil

    from support.tiny_rerankers import bert_cross_encoder

    folder = bert_cross_encoder(tmp_path / "bert")
    searched(load_model(f"bm25>{folder}", runtime=CPU))
    shutil.copytree(folder, tmp_path / "copy")
    elsewhere = load_model(f"bm25>{tmp_path / 'copy'}", runtime=CPU)
    searched(elsewhere)
    assert elsewhere.cost["pairs_cached"] == 18  # the content counts, not the name
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-2] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    changed = load_model(f"bm25>{folder}", runtime=CPU)
    searched(changed)
    assert changed.cost["pairs_cached"] == 0


def test_a_folder_is_held_to_be_a_cross_encoder(checkpoints):
    model = load_model(f"bm25>{checkpoints / 'bert'}", runtime=CPU)
    assert model.name == "bm25>bert"
    assert model.setting["reranker"]["family"] == "cross-encoder"
    assert isinstance(searched(model), Run)


def test_a_language_model_is_named_behind_a_colon(monkeypatch):
    ranking = "[2] > [1]"
    with EndpointServer(reply=lambda body: ranking) as server:
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        model = load_model("bm25>rankgpt:openai-api/local/m", runtime=Runtime(concurrency=2))
        before, found = searched(load_model("bm25")), searched(model)
        assert model.name == "bm25>rankgpt:openai-api/local/m"
        assert model.setting["reranker"]["options"]["llm"] == "openai-api/local/m"
        assert len(model.setting["reranker"]["prompt_digest"]) == 64
        assert server.url not in str(model.setting)
        assert "sk-secret" not in str(model.setting)
        assert ids_of(found) == [[row[1], row[0], *row[2:]] for row in ids_of(before)]
        assert model.cost["calls"] == 3
        assert model.cost["windows_repaired"] == 3
        again = load_model("bm25>rankgpt:openai-api/local/m", runtime=Runtime(concurrency=2))
        assert ids_of(searched(again)) == ids_of(found)
        assert again.cost["cached"] == 3
        assert len(server.requests) == 3
        assert server.most_at_once <= 2


def test_protocols_of_rankgpt():
    def options(suite: str, protocol: Any = "default", **switches: str) -> dict[str, Any]:
        found = Registry().suite(suite)
        made = load_model("bm25>rankgpt", protocol=protocol, suite=found, switches=switches)
        told: dict[str, Any] = made.setting["reranker"]["options"]
        return told

    ours = {"size": 20, "step": 10, "words": 256, "last_window": "anchored", "attempts": 3, "text_tokens": 0}
    mairs = {**ours, "last_window": "dropped", "attempts": 1, "text_tokens": 512}
    for suite, protocol, expected in [
        ("mair", "default", ours),
        ("mair", "paper", mairs),
        ("mair", "released", mairs),
        ("toolret", "paper", ours),  # its repository has no such code
    ]:
        assert ours.keys() <= options(suite, protocol).keys()
        assert {name: options(suite, protocol)[name] for name in ours} == expected, (suite, protocol)
    assert options("toolret", last_window="dropped")["last_window"] == "dropped"
    assert options("mair", "paper", last_window="card", text_tokens="0")["last_window"] == "anchored"
    assert options("mair", "paper", last_window="card", text_tokens="0")["text_tokens"] == 0
