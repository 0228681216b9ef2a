"""Which tokens are the assistant's: the whole conversation is encoded once, by any template."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_chat import CHATML, WITH_DEFAULT, byte_tokenizer

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.turns import encode

pytest.importorskip("transformers")
LINE = st.text(st.characters(blacklist_categories=["Cs"], min_codepoint=32), min_size=1, max_size=12)
TALK = [
    Message("user", "find it <passages>Paris</passages>"),
    Message("assistant", "<THINK> Paris"),
    Message("user", "<SEARCH> Paris is a city"),
    Message("assistant", "<RECORD> a city\n<FINAL>"),
    Message("user", "answer"),
    Message("assistant", "Paris"),
]


@pytest.fixture(scope="module")
def tokenizers():
    return {name: byte_tokenizer(name) for name in (CHATML, WITH_DEFAULT, None)}


@pytest.mark.parametrize("template", [CHATML, WITH_DEFAULT, None])
def test_the_assistants_turns_and_nothing_else(tokenizers, template):
    tokenizer = tokenizers[template]
    encoded = encode(tokenizer, TALK)
    said = [tokenizer.decode(encoded.ids[start:end]) for start, end in encoded.spans]
    assert said == ["<THINK> Paris", "<RECORD> a city\n<FINAL>", "Paris"]
    assert encoded.mask().sum() == sum(len(text) for text in said)  # bytes are tokens
    assert encoded.mask([1]).sum() == len(said[1])
    assert not encoded.mask([]).any()


@pytest.mark.parametrize("template", [CHATML, WITH_DEFAULT])
def test_the_ids_are_those_of_the_template_applied_once(tokenizers, template):
    tokenizer = tokenizers[template]
    turns = [{"role": one.role, "content": one.text} for one in TALK]
    assert list(encode(tokenizer, TALK).ids) == tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"]


def test_turns_encoded_one_by_one_differ_where_the_template_has_a_default_system_text(tokenizers):
    """What the released encoder of EXSEARCH does, and why ours does not."""
    tokenizer = tokenizers[WITH_DEFAULT]
    whole = list(encode(tokenizer, TALK).ids)
    apart = [token for at in range(0, 6, 2) for token in encode(tokenizer, TALK[at : at + 2]).ids]
    assert apart != whole
    assert len(apart) > len(whole)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LINE, LINE), min_size=1, max_size=3), st.sampled_from([CHATML, WITH_DEFAULT, None]))
def test_any_texts(pairs, template):
    tokenizer = byte_tokenizer(template)
    messages = [turn for asked, said in pairs for turn in (Message("user", asked), Message("assistant", said))]
    encoded = encode(tokenizer, messages)
    for (start, end), (_, said) in zip(encoded.spans, pairs, strict=True):
        # Blanks that the template trims are no text; those that it keeps at the rim may be left out of a token's place.
        assert tokenizer.decode(encoded.ids[start:end]).strip() == said.strip()


def test_a_token_across_the_border_of_a_turn_is_the_assistants():
    glued = "{% for m in messages %}[{{ m['role'] }}{{ m['content'] }}]{% endfor %}"
    tokenizer = byte_tokenizer(glued, words=("tPa",))
    encoded = encode(tokenizer, [Message("user", "ask"), Message("assistant", "Paris")])
    ((start, end),) = encoded.spans
    assert tokenizer.decode(encoded.ids[start:end]) == "tParis"
    assert end == len(encoded.ids) - 1


def test_a_turn_without_text_has_no_tokens(tokenizers):
    assert encode(tokenizers[CHATML], [Message("user", "x"), Message("assistant", "")]).mask().sum() == 0
    assert encode(tokenizers[CHATML], [Message("user", "x")]).spans == ()


def test_a_template_that_rewrites_what_was_said_is_refused():
    dropping = "{% for m in messages %}{{ m['content'].split('</think>')[-1] }}|{% endfor %}"
    tokenizer = byte_tokenizer(dropping)
    kept = encode(tokenizer, [Message("user", "x"), Message("assistant", "yes")])
    assert tokenizer.decode([kept.ids[at] for at in kept.mask().nonzero()[0]]) == "yes"
    with pytest.raises(DataError, match="rewrites"):
        encode(tokenizer, [Message("user", "x"), Message("assistant", "<think>hm</think>yes")])
