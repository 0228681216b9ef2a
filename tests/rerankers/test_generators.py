"""monoT5 and decoder rerankers against the plain computation: prompt, cutting, padding, number."""

from __future__ import annotations

import numpy as np
import pytest

from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.rerankers.decoder import Decoder
from toolbench_eval.rerankers.prompted import SegmentPrompt, TextPrompt
from toolbench_eval.rerankers.seq2seq import Seq2Seq

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

MONOT5 = "Query: {query} Document: {text} Relevant:"


@pytest.fixture(scope="module")
def t5(checkpoints):
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoints / "t5")
    return tokenizer, transformers.AutoModelForSeq2SeqLM.from_pretrained(checkpoints / "t5").eval()


@pytest.fixture(scope="module")
def decoders(checkpoints):
    def load(kind):
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoints / kind)
        return tokenizer, transformers.AutoModelForCausalLM.from_pretrained(checkpoints / kind).eval()

    return {kind: load(kind) for kind in ("llama", "llama-without-start", "gpt2")}


@pytest.mark.parametrize("length", [512, 30])
def test_monot5_is_the_probability_of_true(t5, pairs, length):
    """As pygaggle and rerankers: one step of generation, softmax over false and true."""
    tokenizer, model = t5
    ours = Seq2Seq(tokenizer, model, TextPrompt(tokenizer, length, MONOT5), "▁true", "▁false")
    encoded = ours.encode(pairs)
    expected = []
    for query, document in pairs:
        text = f"Query: {query} Document: {document} Relevant:"
        inputs = tokenizer(text, truncation="longest_first", max_length=length, return_tensors="pt")
        with torch.no_grad():
            step = model.generate(
                **inputs, max_new_tokens=1, do_sample=False, output_logits=True, return_dict_in_generate=True
            )
        false, true = step.logits[0][0, tokenizer.convert_tokens_to_ids(["▁false", "▁true"])]
        expected.append(torch.exp(true - torch.logsumexp(torch.stack([false, true]), 0)).item())
        assert inputs["input_ids"][0, -1] == tokenizer.eos_token_id
    np.testing.assert_allclose(ours.score(encoded), expected, atol=1e-5)
    assert np.ptp(expected) > 0.1
    assert max(len(one.ids) for one in encoded) == (length if length == 30 else max(len(one.ids) for one in encoded))


def test_a_missing_answer_token_is_named(t5):
    tokenizer, model = t5
    with pytest.raises(UsageError, match="no token 'oui'"):
        Seq2Seq(tokenizer, model, TextPrompt(tokenizer, 512, MONOT5), "oui", "▁false")


def flag_ids(tokenizer, query, document, *, query_length, length, question):
    """The ids as FlagEmbedding's LLM reranker puts them together, with its default markers."""

    def ids(text):
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    first = ids(f"A: {query}")[:query_length]
    if tokenizer.bos_token_id is not None:
        first = [tokenizer.bos_token_id, *first]
    second = [*ids("\n"), *ids(f"B: {document}")[:length]]
    room = length + len(ids("\n")) + len(ids(question))
    second = second[: room - len(first)]
    return [*first, *second, *ids("\n"), *ids(question)]


@pytest.mark.parametrize("kind", ["llama", "llama-without-start", "gpt2"])
def test_bge_gemma_is_the_logit_of_yes(decoders, pairs, kind):
    tokenizer, model = decoders[kind]
    options = dict(Registry().card("bge-reranker-v2-gemma").options)
    yes = options.pop("yes")
    options["query_max_length"] = 24
    ours = Decoder(tokenizer, model, SegmentPrompt(tokenizer, 32, **options), yes)
    encoded = ours.encode(pairs)
    question = (
        "Given a query A and a passage B, determine whether the passage contains an answer to the query by providing "
        "a prediction of either 'Yes' or 'No'."
    )
    expected = []
    for (query, document), one in zip(pairs, encoded, strict=True):
        assert one.ids == flag_ids(tokenizer, query, document, query_length=24, length=32, question=question)
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([one.ids])).logits
        expected.append(logits[0, -1, tokenizer("Yes", add_special_tokens=False)["input_ids"][0]].item())
    np.testing.assert_allclose(ours.score(encoded), expected, atol=5e-5)
    assert np.ptp(expected) > 0.1


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_qwen3_is_the_probability_of_yes_against_no(decoders, pairs, kind):
    tokenizer, model = decoders[kind]
    options = dict(Registry().card("qwen3-reranker").options)
    answers = {name: options.pop(name) for name in ("yes", "no")}
    head = tokenizer(options["head"], add_special_tokens=False)["input_ids"]
    tail = tokenizer(options["tail"], add_special_tokens=False)["input_ids"]
    length = len(head) + len(tail) + 40
    ours = Decoder(tokenizer, model, TextPrompt(tokenizer, length, **options), **answers)
    asked = [(f"<Instruct>: find the tool\n<Query>: {query}", document) for query, document in pairs]
    encoded = ours.encode(asked)
    expected = []
    for (query, document), one in zip(asked, encoded, strict=True):
        body = tokenizer(f"{query}\n<Document>: {document}", truncation=True, max_length=40)["input_ids"]
        assert one.ids == [*head, *body, *tail]
        with torch.no_grad():
            last = model(input_ids=torch.tensor([one.ids])).logits[0, -1]
        no, yes = last[tokenizer.convert_tokens_to_ids(["no", "yes"])]
        expected.append(torch.sigmoid(yes - no).item())
    np.testing.assert_allclose(ours.score(encoded), expected, atol=1e-5)
    assert np.ptp(expected) > 0.01


def test_the_prompt_of_qwen3_is_its_authors_one():
    card = Registry().card("qwen3-reranker")
    assert str(card.options["head"]).startswith("<|im_start|>system\nJudge whether the Document meets")
    assert str(card.options["head"]).endswith('"yes" or "no".<|im_end|>\n<|im_start|>user\n')
    assert card.options["tail"] == "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    assert card.options["body"] == "{query}\n<Document>: {text}"
    assert card.templates.with_instruction == "<Instruct>: {instruction}\n<Query>: {query}"


def test_braces_in_texts_are_no_places(t5):
    tokenizer, _ = t5
    prompt = TextPrompt(tokenizer, 512, MONOT5)
    encoded = prompt.encode([("{text}", "{query} {x}")])[0]
    assert encoded.ids == tokenizer("Query: {text} Document: {query} {x} Relevant:")["input_ids"]
