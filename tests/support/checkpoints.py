"""What tiny checkpoints have in common: their size, and how they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}


def llama(tokenizer: Any, **settings: Any) -> Any:
    """The configuration of a Llama of two layers; one head of keys and values serves both of queries."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer), num_key_value_heads=1, eos_token_id=tokenizer.eos_token_id, **SIZES, **settings
    )


def saved(folder: Path, tokenizer: Any, model: Any) -> Path:
    """Save both as plain transformers checkpoints are."""
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder
