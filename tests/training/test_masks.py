"""Labels: the learned turns and nothing else."""

from __future__ import annotations

import pytest
from support.tiny_chat import CHATML, WITH_DEFAULT, byte_tokenizer

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import Message
from toolbench_eval.training.masks import IGNORED, labels, learned_tokens

pytest.importorskip("transformers")
TALK = [
    Message("user", "task"),
    Message("assistant", "<THINK> Ada"),
    Message("user", "<SEARCH> Ada was born in London"),
    Message("assistant", "<RECORD> London"),
    Message("user", "answer now"),
    Message("assistant", "London"),
]


@pytest.mark.parametrize("template", [CHATML, WITH_DEFAULT, None])
def test_labels_are_the_ids_of_learned_turns(template):
    tokenizer = byte_tokenizer(template)
    ids, mask = learned_tokens(tokenizer, TALK, [1, 5])
    found = labels(ids, mask)
    assert len(found) == len(ids)
    assert tokenizer.decode([label for label in found if label != IGNORED]) == "<THINK> AdaLondon"
    assert all(label in (IGNORED, token) for label, token in zip(found, ids, strict=True))


def test_the_end_of_a_turn_is_learned_where_it_is_asked_for():
    tokenizer = byte_tokenizer(CHATML)
    ids, mask = learned_tokens(tokenizer, TALK, [1, 5], ends=True)
    learned = [token for token, kept in zip(ids, mask, strict=True) if kept]
    assert tokenizer.decode(learned) == "<THINK> Ada<|im_end|>London<|im_end|>"
    plain = byte_tokenizer(None)
    assert (learned_tokens(plain, TALK, [5], ends=True)[1] == learned_tokens(plain, TALK, [5])[1]).all()


@pytest.mark.parametrize("turn", [0, 2, 6])
def test_documents_are_never_learned(turn):
    with pytest.raises(DataError, match=f"turn {turn} "):
        learned_tokens(byte_tokenizer(CHATML), TALK, [1, turn])
