"""A chat model of two layers that is made on the spot: random weights, bytes as tokens, a ChatML template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.checkpoints import llama, saved

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The template of Qwen and others, without its default system text."""
WITH_DEFAULT = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe good.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The same with a default system text, and with turns trimmed as Llama 3 does."""


def byte_tokenizer(template: str | None = CHATML, *, words: tuple[str, ...] = ()) -> Any:
    """A byte-level tokenizer; `words` are merged into one token each, and so may stand across a border."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<|im_start|>", "<|im_end|>"]
    vocabulary = {piece: at for at, piece in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    merges: list[tuple[str, str]] = []
    for word in words:
        for end in range(1, len(word)):
            merges.append((word[:end], word[end]))
            vocabulary.setdefault(word[: end + 1], len(vocabulary))
    raw = Tokenizer(models.BPE(vocabulary, merges))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|im_end|>", additional_special_tokens=special
    )
    made.chat_template = template
    return made


def chat_model(folder: Path, *, template: str | None = CHATML, spread: float = 0.1, seed: int = 0) -> Path:
    """A Llama of width 32 as a plain checkpoint."""
    import torch
    from transformers import LlamaForCausalLM

    tokenizer = byte_tokenizer(template)
    torch.manual_seed(seed)
    config = llama(
        tokenizer,
        max_position_embeddings=8192,
        initializer_range=spread,
        bos_token_id=None,
        pad_token_id=tokenizer.pad_token_id,
    )
    return saved(folder, tokenizer, LlamaForCausalLM(config).eval())
