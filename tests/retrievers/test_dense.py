"""Dense retrieval with tiny models in the formats of real ones, against a plain transformers computation.

The computation takes one text at a time, so it knows neither padding nor batches; each way of pooling, each length and
each prefix is shown to matter by alternatives that fail.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny_models
from support.tiny_models import POSITIONS

from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding import batching
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.parts import limits_of
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.dense import Dense
from toolbench_eval.retrievers.load import load_model

pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")

CPU = Runtime(device="cpu", batch_tokens=512)
TEXTS = [*tiny_models.texts(30), "weather " * 200 + "flight", "x"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(batching, "SHARD_TEXTS", 16)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads only cost time with models this small."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of all tiny models."""
    root = tmp_path_factory.mktemp("checkpoints")
    made = {
        "bert": tiny_models.bert(root / "bert"),
        "other bert": tiny_models.bert(root / "other", seed=9),
        "qwen2": tiny_models.decoder(root / "qwen2"),
        "qwen2 left": tiny_models.decoder(root / "qwen2-left", padding_side="left"),
        "qwen2 chat": tiny_models.decoder(root / "qwen2-chat", chat=True),
        "llama": tiny_models.decoder(root / "llama", kind="llama"),
        "llama left": tiny_models.decoder(root / "llama-left", kind="llama", padding_side="left"),
        "t5": tiny_models.t5(root / "t5"),
    }
    modules = tiny_models.sentence_transformer
    made["st mean"] = modules(root / "st-mean", made["bert"], pooling="mean", normalize=True)
    made["st cls"] = modules(root / "st-cls", made["bert"], pooling="cls", normalize=False)
    made["st last"] = modules(root / "st-last", made["qwen2"], pooling="lasttoken", normalize=True)
    made["st gtr"] = modules(root / "st-gtr", made["t5"], pooling="mean", normalize=True, project_to=24)
    return made


def card(folder: Path, **encoding: Any) -> ModelCard:
    return ModelCard(name="tiny", family="dense", hub=str(folder), encoding=Encoding(**encoding))


def encoded(folder: Path, texts: list[str] = TEXTS, runtime: Runtime = CPU, **encoding: Any) -> np.ndarray:
    """Vectors as the harness makes them, in the order of the texts."""
    dense = Dense(card(folder, **encoding), runtime)
    corpus = Corpus.of([f"{9999 - number}" for number in range(len(texts))], texts)
    dense.index(corpus)
    assert corpus.tie_order.tolist() == list(range(len(texts)))
    return np.array(dense._vectors)


@cache
def loaded(folder: Path) -> tuple[Any, Any]:
    import transformers

    kind = transformers.T5EncoderModel if "t5" in folder.name else transformers.AutoModel
    model = kind.from_pretrained(folder, dtype="float32").eval()
    return transformers.AutoTokenizer.from_pretrained(folder), model


def plain(
    folder: Path,
    texts: list[str] = TEXTS,
    *,
    pooling: str,
    normalize: bool,
    max_length: int = POSITIONS,
    eos: bool = False,
    matrix: np.ndarray | None = None,
) -> np.ndarray:
    """The same by transformers alone, one text at a time."""
    found = []
    for hidden in hidden_states(folder, tuple(texts), max_length, eos):
        vector = {"mean": hidden.mean(axis=0), "cls": hidden[0], "last": hidden[-1]}[pooling]
        vector = vector if matrix is None else matrix @ vector
        found.append(vector / np.linalg.norm(vector) if normalize else vector)
    return np.stack(found)


@cache
def hidden_states(folder: Path, texts: tuple[str, ...], max_length: int, eos: bool) -> list[np.ndarray]:
    import torch

    tokenizer, model = loaded(folder)
    found = []
    for text in texts:
        ids = tokenizer(text or " ", truncation=True, max_length=max_length - eos)["input_ids"]
        ids = [*ids, tokenizer.eos_token_id] if eos else ids
        with torch.inference_mode():
            found.append(model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy())
    return found


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, atol=1e-5, rtol=1e-5))


POOLINGS = [
    (name, pooling)
    for name in ("bert", "qwen2", "qwen2 left", "llama", "llama left", "t5")
    for pooling in ("mean", "cls", "last")
]


@pytest.mark.parametrize(("name", "pooling"), POOLINGS)
@pytest.mark.parametrize("normalize", [True, False])
def test_plain_checkpoint(checkpoints: dict[str, Path], name: str, pooling: str, normalize: bool) -> None:
    ours = encoded(checkpoints[name], pooling=pooling, normalize=normalize, max_length=POSITIONS)
    assert same(ours, plain(checkpoints[name], pooling=pooling, normalize=normalize))
    for other in {"mean", "cls", "last"} - {pooling}:
        assert not same(ours, plain(checkpoints[name], pooling=other, normalize=normalize))
    assert not same(ours, plain(checkpoints[name], pooling=pooling, normalize=not normalize))


@pytest.mark.parametrize(
    ("name", "checkpoint", "pooling", "normalize"),
    [("st mean", "bert", "mean", True), ("st cls", "bert", "cls", False), ("st last", "qwen2", "last", True)],
)
def test_own_modules(checkpoints: dict[str, Path], name: str, checkpoint: str, pooling: str, normalize: bool) -> None:
    theirs = plain(checkpoints[checkpoint], pooling=pooling, normalize=normalize)
    assert same(encoded(checkpoints[name]), theirs)
    # What the card names is stronger than the model's own files.
    for turned in (True, False):
        expected = plain(checkpoints[checkpoint], pooling=pooling, normalize=turned)
        assert same(encoded(checkpoints[name], normalize=turned), expected)
    other = "cls" if pooling == "mean" else "mean"
    expected = plain(checkpoints[checkpoint], pooling=other, normalize=True)
    assert same(encoded(checkpoints[name], pooling=other, normalize=True), expected)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("bert", 64),  # positions
        ("qwen2", 512),  # positions, of a decoder
        ("t5", 512),  # neither tokenizer nor configuration names one
        ("st mean", 64),  # what sentence-transformers wrote down
    ],
)
def test_a_tokenizer_without_a_limit_leaves_it_to_the_configuration(
    checkpoints: dict[str, Path], tmp_path: Path, name: str, limit: int
) -> None:
    folder = tmp_path / checkpoints[name].name
    shutil.copytree(checkpoints[name], folder)
    for file in folder.rglob("*.json"):
        told = json.loads(file.read_text())
        if isinstance(told, dict) and "model_max_length" in told:
            file.write_text(json.dumps({**told, "model_max_length": int(1e30)}))
    model = load_model(str(folder), runtime=CPU)
    assert model.setting["max_length"] == "model"
    long = "weather city " * 600
    model.index(Corpus.of(["a", "b"], [long, "x"]))
    assert limits_of(model) == {folder.name: limit}
    expected = plain(folder, [long], pooling="mean", normalize=name == "st mean", max_length=limit)
    assert same(np.array(model.retriever._vectors[-1:]), expected)  # type: ignore[attr-defined]
    # Another process finds the vectors, loads nothing, and says the same.
    again = load_model(str(folder), runtime=CPU)
    again.index(Corpus.of(["a", "b"], [long, "x"]))
    assert "_model" not in vars(again.retriever._encoder)  # type: ignore[attr-defined]
    assert limits_of(again) == {folder.name: limit}


def test_a_number_in_the_card_is_the_limit(checkpoints: dict[str, Path]) -> None:
    assert Dense(card(checkpoints["bert"], max_length=20), CPU).limit == 20


def test_t5_with_projection(checkpoints: dict[str, Path]) -> None:
    from safetensors.numpy import load_file

    matrix = load_file(next((checkpoints["st gtr"]).glob("2_Dense/*.safetensors")))["linear.weight"]
    ours = encoded(checkpoints["st gtr"], max_length=40)
    assert ours.shape == (len(TEXTS), 24)
    assert same(ours, plain(checkpoints["t5"], pooling="mean", normalize=True, max_length=40, matrix=matrix))


def test_without_a_card_the_models_own_files_decide(
    checkpoints: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "toolbench_eval"):
        ours = encoded(checkpoints["st cls"])
    assert "Pooling (cls)" in caplog.text
    assert "cut at 64 tokens" in caplog.text
    assert same(ours, plain(checkpoints["bert"], pooling="cls", normalize=False))
    # A plain checkpoint without modules: mean pooling, as sentence-transformers takes it.
    assert same(encoded(checkpoints["bert"]), plain(checkpoints["bert"], pooling="mean", normalize=False))


def test_a_chat_template_is_not_put_around_texts(checkpoints: dict[str, Path]) -> None:
    """The tokenizers of Qwen2 and its like have one, and sentence-transformers would use it."""
    theirs = plain(checkpoints["qwen2"], pooling="last", normalize=True)
    named = {"pooling": "last", "normalize": True, "max_length": POSITIONS}
    assert same(encoded(checkpoints["qwen2 chat"], **named), theirs)
    expected = plain(checkpoints["qwen2"], pooling="mean", normalize=False)
    assert same(encoded(checkpoints["qwen2 chat"]), expected)


@pytest.mark.parametrize("name", ["bert", "qwen2", "qwen2 left"])
@pytest.mark.parametrize("length", [5, 20])
def test_texts_are_cut(checkpoints: dict[str, Path], name: str, length: int) -> None:
    ours = encoded(checkpoints[name], pooling="mean", normalize=True, max_length=length)
    assert same(ours, plain(checkpoints[name], pooling="mean", normalize=True, max_length=length))
    assert not same(ours, plain(checkpoints[name], pooling="mean", normalize=True, max_length=length + 1))


@pytest.mark.parametrize("name", ["qwen2", "llama left"])
def test_closing_token(checkpoints: dict[str, Path], name: str) -> None:
    ours = encoded(checkpoints[name], pooling="last", normalize=True, max_length=20, add_eos=True)
    assert same(ours, plain(checkpoints[name], pooling="last", normalize=True, max_length=20, eos=True))
    assert not same(ours, plain(checkpoints[name], pooling="last", normalize=True, max_length=20))


def test_more_positions_than_there_are(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="only has 64 positions"):
        encoded(checkpoints["bert"], max_length=65)


@pytest.mark.parametrize("name", ["bert", "qwen2", "llama left", "t5"])
def test_texts_without_a_token(checkpoints: dict[str, Path], name: str) -> None:
    vectors = encoded(checkpoints[name], ["", "  ", "weather"], pooling="mean", normalize=True, max_length=20)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


@pytest.mark.parametrize("batch_tokens", [1, 40, 100_000])
def test_batches_change_rounding_only(checkpoints: dict[str, Path], batch_tokens: int) -> None:
    runtime = Runtime(device="cpu", batch_tokens=batch_tokens)
    ours = encoded(checkpoints["bert"], runtime=runtime, pooling="mean", normalize=True)
    assert np.abs(ours - plain(checkpoints["bert"], pooling="mean", normalize=True)).max() < 1e-5


def test_two_replicas(checkpoints: dict[str, Path]) -> None:
    runtime = Runtime(device="cpu,cpu", batch_tokens=512)
    ours = encoded(checkpoints["bert"], runtime=runtime, pooling="mean", normalize=True)
    assert same(ours, plain(checkpoints["bert"], pooling="mean", normalize=True))


def test_half_precision(checkpoints: dict[str, Path]) -> None:
    exact = encoded(checkpoints["bert"], pooling="mean", normalize=True)
    half = encoded(checkpoints["bert"], runtime=Runtime(device="cpu", dtype="bfloat16"), pooling="mean", normalize=True)
    assert half.dtype == np.float32
    assert 1e-4 < np.abs(half - exact).max() < 0.1


def test_batches_that_do_not_fit_are_halved(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    sizes: list[int] = []
    whole = SentenceTransformer.forward

    def small(self: Any, features: dict[str, Any], **options: Any) -> Any:
        rows = len(features["input_ids"])
        sizes.append(rows)
        if rows > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return whole(self, features, **options)

    monkeypatch.setattr(SentenceTransformer, "forward", small)
    ours = encoded(checkpoints["bert"], pooling="mean", normalize=True)
    assert same(ours, plain(checkpoints["bert"], pooling="mean", normalize=True))
    assert max(sizes) > 6


def test_one_text_that_does_not_fit(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import SentenceTransformer

    def refuse(self: Any, features: dict[str, Any], **options: Any) -> Any:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")

    monkeypatch.setattr(SentenceTransformer, "forward", refuse)
    with pytest.raises(UsageError, match="a text of 64 tokens does not fit"):
        encoded(checkpoints["bert"], pooling="mean", normalize=True)


def test_other_errors_are_not_hidden(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import SentenceTransformer

    def broken(self: Any, features: dict[str, Any], **options: Any) -> Any:
        raise RuntimeError("expected all tensors to be on the same device")

    monkeypatch.setattr(SentenceTransformer, "forward", broken)
    with pytest.raises(RuntimeError, match="same device"):
        encoded(checkpoints["bert"])


# --- the cache, by cards ------------------------------------------------------------------------------------


def test_second_index_runs_no_model(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from toolbench_eval.retrievers import dense

    first = encoded(checkpoints["bert"], pooling="mean", normalize=True)
    monkeypatch.setattr(dense, "load", lambda *_, **__: pytest.fail("a model was loaded"))
    np.testing.assert_array_equal(encoded(checkpoints["bert"], pooling="mean", normalize=True), first)


def test_no_wrong_hit(checkpoints: dict[str, Path]) -> None:
    """Everything in one cache, one after the other: each setting gets its own vectors."""
    settings = [
        ("bert", {"pooling": "mean", "normalize": True}),
        ("other bert", {"pooling": "mean", "normalize": True}),
        ("bert", {"pooling": "cls", "normalize": True}),
        ("bert", {"pooling": "mean", "normalize": False}),
        ("bert", {"pooling": "mean", "normalize": True, "max_length": 9}),
    ]
    for name, setting in settings * 2:
        assert same(encoded(checkpoints[name], **setting), plain(checkpoints[name], **setting))


def test_weights_trained_on_in_place(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoints["bert"], tmp_path / "m")
    setting: dict[str, Any] = {"pooling": "mean", "normalize": True}
    before = encoded(folder, **setting)
    shutil.copy2(checkpoints["other bert"] / "model.safetensors", folder / "model.safetensors")
    after = encoded(folder, **setting)
    assert same(before, plain(checkpoints["bert"], **setting))
    assert same(after, plain(folder, **setting))
    assert not same(after, before)


# --- as a retriever -----------------------------------------------------------------------------------------


def test_search(checkpoints: dict[str, Path]) -> None:
    documents = TEXTS[:30]
    documents[7] = documents[3]
    corpus = Corpus.of([f"d{number:02}" for number in range(30)], documents)
    dense = Dense(card(checkpoints["bert"], pooling="mean", normalize=True), CPU)
    dense.index(corpus)
    queries = [documents[3], "flight price", ""]
    run = dense.search(Queries.of(["a", "b", "c"], queries), 10)
    setting: dict[str, Any] = {"pooling": "mean", "normalize": True}
    expected = plain(checkpoints["bert"], queries, **setting) @ plain(checkpoints["bert"], documents, **setting).T
    np.testing.assert_allclose(run.scores, -np.sort(-expected, axis=1)[:, :10], atol=1e-5)
    # Equal texts have equal scores, and the higher id is first.
    assert [corpus.ids[int(at)].as_py() for at in run.documents[0, :2]] == ["d07", "d03"]
    assert run.scores[0, 0] == run.scores[0, 1]
    assert dense.index_bytes == 30 * 32 * 4
    assert dense.search(Queries.of([], []), 10).documents.shape == (0, 10)


@pytest.mark.parametrize("switch", ["bare", "scaffold"])
def test_templates_are_what_is_encoded(checkpoints: dict[str, Path], tmp_path: Path, switch: str) -> None:
    """A card's templates, through the front door; each alternative gives other scores."""
    (tmp_path / "own" / "models").mkdir(parents=True)
    (tmp_path / "own" / "models" / "tiny.toml").write_text(
        f'name = "tiny"\nfamily = "dense"\nhub = "{checkpoints["bert"]}"\n'
        '[encoding]\npooling = "mean"\nnormalize = true\nmax_length = 64\n'
        '[templates]\nwith_instruction = "instruct: {instruction} query: {query}"\n'
        'scaffold = "instruct: query: {query}"\ndocument = "passage: {text}"\n'
    )
    model = load_model(
        "tiny", Registry((tmp_path / "own",)), switches={"wo_inst_template": switch}, runtime=Runtime(device="cpu")
    )
    documents = TEXTS[:20]
    model.index(Corpus.of([f"d{number:02}" for number in range(20)], documents))
    run = model.search(Queries.of(["a", "b"], ["city flight", "city flight"], ["find the right tool", None]), 20)
    without = "instruct: query: city flight" if switch == "scaffold" else "city flight"
    queries = ["instruct: find the right tool query: city flight", without]
    setting: dict[str, Any] = {"pooling": "mean", "normalize": True}

    def scores(queries: list[str], documents: list[str]) -> np.ndarray:
        products = plain(checkpoints["bert"], queries, **setting) @ plain(checkpoints["bert"], documents, **setting).T
        return -np.sort(-products, axis=1)

    passages = [f"passage: {text}" for text in documents]
    assert same(run.scores, scores(queries, passages))
    assert not same(run.scores, scores(queries, documents))
    assert not same(run.scores, scores([queries[0], queries[0]], passages))
    assert not same(run.scores, scores([queries[1], queries[1]], passages))


# --- what cannot be run -------------------------------------------------------------------------------------


def test_unsupported_models_say_what_is_missing() -> None:
    card = ModelCard(name="odd", family="dense", hub="someone/odd", unsupported="its weights were never published")
    with pytest.raises(UsageError, match=r"'odd' cannot be run: its weights were never published"):
        Dense(card, Runtime(trust_remote_code=True))


def test_code_of_others_is_off() -> None:
    with pytest.raises(UsageError, match="--trust-remote-code"):
        Dense(Registry().card("gte"), Runtime())
    Dense(Registry().card("gte"), Runtime(trust_remote_code=True))


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="cannot be loaded as a model"):
        encoded(tmp_path / "empty")
