"""The model whose answers are computed."""

from __future__ import annotations

from toolbench_eval.llms.base import Message, Usage
from toolbench_eval.llms.load import load_llm


def test_passages_are_ranked_by_the_words_they_share():
    messages = [
        Message("user", "[1] the sea"),
        Message("user", "[2] red apples and pears"),
        Message("user", "[3] an apple is red"),
        Message("user", "which apples are red"),
    ]
    reply = load_llm("scripted").complete(messages)
    assert reply.text == "[2] > [3] > [1]"
    assert reply.usage == Usage(17, 5)


def test_a_function_of_ones_own(monkeypatch, tmp_path):
    (tmp_path / "my_script.py").write_text("def shout(messages):\n    return messages[-1].text.upper()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    llm = load_llm("scripted/my_script:shout")
    assert llm.complete([Message("user", "hi")]).text == "HI"
    assert not llm.complete([Message("user", "hi")]).cached
    assert llm.name == "scripted/my_script:shout"
