"""Cross-encoders against the plain computation: template, cutting, segments, padding, number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.errors import UsageError
from toolbench_eval.rerankers.cross_encoder import CrossEncoder
from toolbench_eval.rerankers.joining import Joining, longest_first

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def loaded(checkpoints):
    def load(kind):
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoints / kind)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(checkpoints / kind).eval()
        return tokenizer, model

    return {kind: load(kind) for kind in ("bert", "roberta")}


def plain(tokenizer, model, pairs, **options):
    """One pair at a time through the tokenizer's own joining and cutting: no batch, no padding."""
    with torch.no_grad():
        inputs = [tokenizer([query], [text], return_tensors="pt", **options) for query, text in pairs]
        return np.array([model(**one).logits.item() for one in inputs])


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("length", ["model", 40, 17, 16])
def test_scores_are_those_of_the_plain_computation(loaded, pairs, kind, length):
    tokenizer, model = loaded[kind]
    ours = CrossEncoder(tokenizer, model, length)
    encoded = ours.encode(pairs)
    limit = 64 if length == "model" else length
    expected = plain(tokenizer, model, pairs, truncation="longest_first", max_length=limit)
    assert [one.ids for one in encoded] == [
        tokenizer([query], [text], truncation="longest_first", max_length=limit)["input_ids"][0]
        for query, text in pairs
    ]
    np.testing.assert_allclose(ours.score(encoded), expected, atol=2e-5)
    assert np.ptp(expected) > 0.1  # a scorer that answers anything would not pass
    assert max(len(one.ids) for one in encoded) == limit


def test_segments_are_those_of_the_tokenizer(loaded, pairs):
    tokenizer, model = loaded["bert"]
    for (query, text), one in zip(pairs, CrossEncoder(tokenizer, model).encode(pairs), strict=True):
        joined = tokenizer([query], [text], truncation="longest_first", max_length=64)
        assert one.segments == joined["token_type_ids"][0]
    tokenizer, model = loaded["roberta"]
    assert CrossEncoder(tokenizer, model).encode(pairs)[0].segments is None


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_flag_embeddings_rule_cuts_the_query_and_then_the_document(loaded, pairs, kind):
    """Query to 12 tokens, pair to 32, all at the document's cost (FlagEmbedding: 384 and 512)."""
    tokenizer, model = loaded[kind]
    ours = CrossEncoder(tokenizer, model, 32, query_max_length=12)
    encoded = ours.encode(pairs)
    between = {"bert": ["[CLS]"], "roberta": ["<s>"]}, {"bert": ["[SEP]"], "roberta": ["</s>", "</s>"]}
    end = {"bert": ["[SEP]"], "roberta": ["</s>"]}
    special = [tokenizer.convert_tokens_to_ids(part[kind]) for part in (*between, end)]
    for (query, document), one in zip(pairs, encoded, strict=True):
        first = tokenizer(query, add_special_tokens=False)["input_ids"][:12]
        second = tokenizer(document, add_special_tokens=False)["input_ids"]
        second = second[: 32 - len(first) - sum(map(len, special))]
        assert one.ids == [*special[0], *first, *special[1], *second, *special[2]]
    with torch.no_grad():
        expected = [
            model(
                input_ids=torch.tensor([one.ids]),
                **({} if one.segments is None else {"token_type_ids": torch.tensor([one.segments])}),
            ).logits.item()
            for one in encoded
        ]
    np.testing.assert_allclose(ours.score(encoded), expected, atol=2e-5)


def test_scores_are_those_of_sentence_transformers(checkpoints, loaded, pairs):
    st_encoder = pytest.importorskip("sentence_transformers").CrossEncoder(str(checkpoints / "bert"), device="cpu")
    some = [pair for pair in pairs if pair[1]]
    for activation, function in (("none", torch.nn.Identity()), ("sigmoid", torch.nn.Sigmoid())):
        ours = CrossEncoder(*loaded["bert"], activation=activation)
        expected = st_encoder.predict(some, activation_fn=function, show_progress_bar=False)
        np.testing.assert_allclose(ours.score(ours.encode(some)), expected, atol=2e-5)


def test_a_score_does_not_depend_on_its_batch(loaded, pairs):
    ours = CrossEncoder(*loaded["bert"])
    encoded = ours.encode(pairs)
    alone = np.concatenate([ours.score([one]) for one in encoded])
    np.testing.assert_allclose(ours.score(encoded[::-1])[::-1], alone, atol=2e-5)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 40))
@settings(max_examples=300)
def test_cutting_is_that_of_the_tokenizers_library(first, second, room):
    from tokenizers import Tokenizer, models, pre_tokenizers

    raw = Tokenizer(models.WordLevel({"a": 0, "b": 1, "?": 2}, unk_token="?"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.enable_truncation(room)
    tokens = raw.encode("a " * first, "b " * second).tokens
    assert longest_first(first, second, room) == (tokens.count("a"), tokens.count("b"))


def test_several_outputs_are_refused(tmp_path):
    from support.tiny_rerankers import bert_cross_encoder

    folder = bert_cross_encoder(tmp_path / "two", labels=2)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    with pytest.raises(UsageError, match="has 2"):
        CrossEncoder(tokenizer, model)


def test_an_unknown_way_of_joining_is_refused(loaded):
    from tokenizers import processors

    tokenizer = transformers.AutoTokenizer.from_pretrained(loaded["roberta"][0].name_or_path)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A", pair="$B </s> $A", special_tokens=[("</s>", 2)]
    )
    with pytest.raises(UsageError, match="not known here"):
        Joining.of(tokenizer)
