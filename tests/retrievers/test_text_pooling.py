"""Pooling over a query's or document's own tokens, and a decoder that looks both ways: what GritLM needs.

The plain computation takes one text at a time, so it knows neither padding nor batches, with a mask that hides nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny_models

from toolbench_eval.cards import Encoding, ModelCard, Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding import tokens
from toolbench_eval.encoding.boundary import BOUNDARY, cut
from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.dense import Dense
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.templates import bounded, fill

pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")

LENGTH = 40
DOCUMENTS = [*tiny_models.texts(12, longest=8), "weather " * 60]
QUERIES = ["city flight", "song price table", "mail"]
INSTRUCTIONS = ["Find the right tool.", "find", None]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module", params=["right", "left"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.gritlm(tmp_path_factory.mktemp(request.param), padding_side=request.param)


def plain(folder: Path, before: str, text: str, *, masked: bool = True, causal: bool = False) -> np.ndarray:
    """GritLM's vector of one text (gritlm 1.0.2, `GritLM.encode`), by transformers alone."""
    import torch
    from transformers import AutoTokenizer, MistralModel

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = MistralModel.from_pretrained(folder, attn_implementation="eager", dtype="float32").eval()
    ids = tokenizer(before + text, truncation=True, max_length=LENGTH)["input_ids"]
    skipped = len(tokenizer(before, truncation=True, max_length=LENGTH)["input_ids"]) if masked and before else 0
    hidden_from = torch.triu(torch.full((len(ids), len(ids)), -1e9), 1) if causal else torch.zeros(len(ids), len(ids))
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([ids]), attention_mask=hidden_from[None, None]).last_hidden_state[0]
    vector = states[min(skipped, len(ids) - 1) :].mean(dim=0).numpy()
    return vector / np.linalg.norm(vector)


def run_of(folder: Path, root: Path) -> tuple[np.ndarray, Any]:
    """Scores of all queries and documents by a card like GritLM's, through the front door."""
    shipped = Registry().card("gritlm")
    card = f'''
name = "tiny"
family = "dense"
hub = "{folder}"
[encoding]
pooling = "{shipped.encoding.pooling}"
normalize = true
max_length = {LENGTH}
[options]
attention = "{shipped.options["attention"]}"
[templates]
with_instruction = {shipped.templates.with_instruction!a}
without_instruction = {shipped.templates.without_instruction!a}
document = {shipped.templates.document!a}
'''.replace("'<", '"<').replace("}'", '}"')
    (root / "own" / "models").mkdir(parents=True)
    (root / "own" / "models" / "tiny.toml").write_text(card)
    model = load_model("tiny", Registry((root / "own",)), runtime=Runtime(device="cpu", batch_tokens=100))
    model.index(Corpus.of([f"d{number:02}" for number in range(len(DOCUMENTS))], DOCUMENTS))
    run = model.search(Queries.of(["a", "b", "c"], QUERIES, INSTRUCTIONS), len(DOCUMENTS))
    found = np.empty(run.scores.shape)
    np.put_along_axis(found, run.documents, run.scores, axis=1)
    return found, model


def expected(folder: Path, **changed: bool) -> np.ndarray:
    befores = [f"<|user|>\n{one}\n<|embed|>\n" if one else "<|embed|>\n" for one in INSTRUCTIONS]
    queries = [plain(folder, before, text, **changed) for before, text in zip(befores, QUERIES, strict=True)]
    documents = [plain(folder, "<|embed|>\n", text, **changed) for text in DOCUMENTS]
    return np.stack(queries) @ np.stack(documents).T


def test_gritlm_is_the_mean_of_the_texts_own_tokens_looking_both_ways(folder: Path, tmp_path: Path) -> None:
    found, model = run_of(folder, tmp_path)
    np.testing.assert_allclose(found, expected(folder), atol=1e-5)
    assert not np.allclose(found, expected(folder, masked=False), atol=1e-3)
    assert not np.allclose(found, expected(folder, causal=True), atol=1e-3)
    # What a result records is the template as the card has it.
    assert model.setting["templates"]["document"] == "<|embed|>\n{text}"
    assert model.setting["pooling"] == "mean_text"
    assert model.setting["options"] == {"attention": "bidirectional"}


def vectors(folder: Path, texts: list[str], **options: Any) -> np.ndarray:
    encoding = Encoding(pooling=options.pop("pooling", "mean_text"), normalize=True, max_length=LENGTH)
    card = ModelCard(name="tiny", family="dense", hub=str(folder), encoding=encoding, options=options)
    dense = Dense(card, Runtime(device="cpu", batch_tokens=options.pop("batch_tokens", 100)))
    dense.index(Corpus.of([f"{999 - number}" for number in range(len(texts))], texts))
    return np.array(dense._vectors)


def test_where_only_the_instruction_is_left_its_last_token_stands_for_the_text(folder: Path) -> None:
    texts = ["find " * 100 + BOUNDARY + "weather", f"find{BOUNDARY}"]
    found = vectors(folder, texts, attention="bidirectional")
    np.testing.assert_allclose(found[0], plain(folder, "find " * 100, "weather"), atol=1e-5)
    assert np.isfinite(found).all()


def test_the_boundary_is_part_of_the_key(folder: Path) -> None:
    """The same text behind another boundary is another vector, in one cache."""
    marked = [f"find {BOUNDARY}weather tool", f"find weather {BOUNDARY}tool", "find weather tool"]
    found = np.concatenate([vectors(folder, [text], attention="bidirectional") for text in marked])
    wanted = [("find ", "weather tool"), ("find weather ", "tool"), ("", "find weather tool")]
    np.testing.assert_allclose(found, [plain(folder, *parts) for parts in wanted], atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-2


def test_attention_is_part_of_the_key(folder: Path) -> None:
    text = [f"find {BOUNDARY}weather tool"]
    found = np.concatenate([vectors(folder, text), vectors(folder, text, attention="bidirectional")])
    wanted = [plain(folder, "find ", "weather tool", causal=causal) for causal in (True, False)]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_an_encoder_that_closes_texts(tmp_path: Path) -> None:
    """BERT's tokenizer closes the instruction when it stands alone: that token is not counted."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = tiny_models.bert(tmp_path / "bert")
    found = vectors(folder, [f"find {BOUNDARY}weather tool", "song"])
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        ids = tokenizer("find weather tool", return_tensors="pt")
        states = model(**ids).last_hidden_state[0].numpy()
    skipped = 1 + len(tokenizer.tokenize("find"))
    vector = states[skipped:].mean(axis=0)
    np.testing.assert_allclose(found[0], vector / np.linalg.norm(vector), atol=1e-5)


def test_an_architecture_that_cannot_look_both_ways_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.models.mistral import modeling_mistral

    causal = modeling_mistral.create_sliding_window_causal_mask

    def stubborn(**options: Any) -> Any:
        options["config"].is_causal = True
        return causal(**options)

    monkeypatch.setattr(modeling_mistral, "create_sliding_window_causal_mask", stubborn)
    with pytest.raises(UsageError, match="its architecture keeps its own"):
        vectors(folder, ["weather"], attention="bidirectional")


def test_options_that_dense_models_do_not_know(folder: Path) -> None:
    with pytest.raises(UsageError, match="no dense model takes: attention = 'causal'"):
        vectors(folder, ["weather"], attention="causal")


def test_a_model_without_plain_tokens_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_takes_token_ids", lambda model: False)
    with pytest.raises(UsageError, match="mean_text, but the model does not take plain tokens"):
        vectors(folder, ["weather"])


def test_boundaries() -> None:
    templates = bounded(Templates(with_instruction="do {instruction}: {query}", document="{text}"))
    values = {"instruction": f"a{BOUNDARY}b", "query": f"c{BOUNDARY}"}
    assert fill(templates.with_instruction, values) == f"do ab: {BOUNDARY}c"
    assert cut(fill(templates.with_instruction, values)) == ("do ab: ", "do ab: c")
    assert templates.document == BOUNDARY + "{text}"
    assert cut("plain") == ("", "plain")
