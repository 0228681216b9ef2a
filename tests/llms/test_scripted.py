"""The model whose answers are computed."""

from __future__ import annotations

from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.quoting import quoted
from toolbench_eval.data.passages import Passage
from toolbench_eval.llms import scripts
from toolbench_eval.llms.base import Message, Sampling, Usage
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.scripted import Scripted, by_script
from toolbench_eval.prompts import load_prompt

PASSAGES = (
    Passage("1", "Ada Byron", "Ada Byron was a mathematician. She was born in London in 1815."),
    Passage("2", "London", "London is a city."),
)


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


def test_a_prompt_of_an_agent_is_read():
    prompt = load_prompt("rag-1")
    asked = prompt.fill("ask", passages=quoted(PASSAGES), question="Where was Ada Byron born?", form="Be brief.")
    assert load_llm("scripted").complete(conversation(prompt.texts["system"], asked)).text == "London"


def test_no_voice_knows_any_other_prompt():
    messages = conversation("You are a poet.", "Write a line.")
    assert scripts.speak(messages) is None
    assert by_script(messages) == "Write a line."


def test_there_are_no_probabilities_to_give():
    reply = Scripted().complete([Message("user", "hi")], Sampling(logprobs=True))
    assert reply.tokens is None


def test_a_function_of_ones_own(monkeypatch, tmp_path):
    (tmp_path / "my_script.py").write_text("def shout(messages):\n    return messages[-1].text.upper()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    llm = load_llm("scripted/my_script:shout")
    assert llm.complete([Message("user", "hi")]).text == "HI"
    assert not llm.complete([Message("user", "hi")]).cached
    assert llm.name == "scripted/my_script:shout"
