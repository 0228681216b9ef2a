"""Tools of local models: shown by the chat template, calls read as the tokenizer says."""

from __future__ import annotations

from typing import Any

import pytest
from support.checkpoints import saved

from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message, NativeCall, OfferedTool, Sampling
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.template_tools import check_tools, read_response, rendered
from toolbench_eval.retrievers.base import Runtime

torch = pytest.importorskip("torch")
pytest.importorskip("transformers.utils.chat_parsing", reason="this transformers reads no calls")

HERMES = (
    "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}"
    "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Tools and calls as Hermes and Qwen write them."""
READ = {
    "defaults": {"role": "assistant"},
    "start_anchor": "<|im_start|>assistant\n",
    "fields": {
        "content": {"close": "<|im_end|>", "content": "text"},
        "tool_calls": {
            "open": "<tool_call>",
            "close": "</tool_call>",
            "repeats": True,
            "content": "json",
            "transform": {"type": "function", "function": "{content}"},
        },
    },
}
FIND = OfferedTool("find", "Find it.", {"type": "object", "properties": {"x": {"type": "string"}}})
ASK = [Message("user", "hi")]


def tokenizer(template: str | None = HERMES, response: Any = READ) -> Any:
    from support.tiny_chat import byte_tokenizer

    made = byte_tokenizer(template)
    made.response_template = response
    return made


@pytest.fixture
def local(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A tiny model whose next tokens are those of a text."""
    from support.checkpoints import llama
    from transformers import LlamaForCausalLM

    def load(said: str, **how: Any) -> CachedLLM:
        words = tokenizer(**how)
        torch.manual_seed(0)
        config = llama(words, max_position_embeddings=4096, bos_token_id=None, pad_token_id=words.pad_token_id)
        folder = saved(tmp_path / "model", words, LlamaForCausalLM(config).eval())
        llm = load_llm(f"hf/{folder}", runtime=Runtime(device="cpu"))
        ids = words(said + "<|im_end|>").input_ids

        def speak(prompt: Any, **more: Any) -> Any:
            llm._llm.prompts.append(words.decode(prompt[0]))  # type: ignore[attr-defined]
            made = type("Made", (), {})()
            made.sequences = torch.cat([prompt, torch.tensor([ids])], dim=1)
            made.logits = [torch.zeros(1, len(words)) for _ in ids]
            return made

        llm._llm.prompts = []  # type: ignore[attr-defined]
        monkeypatch.setattr(llm._llm._model, "generate", speak)  # type: ignore[attr-defined]
        return llm

    return load


def test_the_template_shows_tools_calls_and_results() -> None:
    call = NativeCall("i", "find", '{"x": "é"}')
    broken = NativeCall("j", "find", "{")
    talk = [*ASK, Message("assistant", "so", (call, broken)), Message("tool", "[1]", answers=call)]
    text = rendered(tokenizer(), talk, [FIND])
    shown = '{"type": "function", "function": {"name": "find", "description": "Find it.", "parameters"'
    assert text.startswith(f"<|im_start|>system\n{shown}")
    assert 'so<tool_call>{"name": "find", "arguments": {"x": "é"}}</tool_call>' in text
    assert '<tool_call>{"name": "find", "arguments": {}}</tool_call><|im_end|>\n<|im_start|>tool\n[1]' in text
    assert rendered(tokenizer(), ASK) == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("said", "text", "calls"),
    [
        ("Paris", "Paris", []),
        ('<tool_call>{"name": "find", "arguments": {"x": "1"}}</tool_call>', "", [("find", '{"x": "1"}')]),
        (
            'so <tool_call>{"name": "find", "arguments": {}}</tool_call><tool_call>{"name": "g"}</tool_call>',
            "so",
            [("find", "{}"), ("g", "")],
        ),
    ],
)
def test_a_reply_is_read_as_the_tokenizer_says(local: Any, said: str, text: str, calls: Any) -> None:
    llm = local(said)
    reply = llm.complete(ASK, Sampling(tools=(FIND,)))
    assert (reply.text, [(call.name, call.arguments) for call in reply.calls]) == (text, calls)
    assert reply.finish == "stop"
    [prompt] = llm._llm.prompts
    assert prompt == rendered(tokenizer(), ASK, [FIND])
    assert reply.usage.input_tokens == len(tokenizer()(prompt).input_ids)


@pytest.mark.parametrize("said", ["<tool_call>{broken</tool_call>", "<tool_call>[1]</tool_call>"])
def test_a_call_that_cannot_be_read_is_text(local: Any, said: str) -> None:
    reply = local(said).complete(ASK, Sampling(tools=(FIND,)))
    assert (reply.text, reply.calls) == (said, ())
    words = tokenizer()
    assert read_response(words, words("x").input_ids, words(said).input_ids, [FIND]) is None


def test_without_tools_nothing_is_read(local: Any) -> None:
    said = '<tool_call>{"name": "find", "arguments": {}}</tool_call>'
    reply = local(said).complete(ASK)
    assert (reply.text, reply.calls) == (said, ())


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"response": None}, "no response template, which says how its calls of tools are read"),
        ({"template": None}, "a chat template that shows no tools"),
        ({"template": HERMES.replace("if tools", "if false")}, "a chat template that shows no tools"),
    ],
)
def test_a_model_that_knows_no_tools_is_refused(local: Any, how: Any, why: str) -> None:
    with pytest.raises(UsageError, match=rf"^'hf/.*' has {why}.*--set calls=text"):
        local("x", **how).complete(ASK, Sampling(tools=(FIND,)))
    with pytest.raises(UsageError, match=why):
        check_tools(tokenizer(**how), "hf/m")
