"""Tiny BERT checkpoints with random weights, saved in the formats in which SPLADE and ColBERT models are published."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

WORDS = ["find", "cheap", "train", "tickets", "weather", "tomorrow", "paris", "translate", "text", "song", "price"]
SPECIAL = ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = [*SPECIAL, *string.punctuation, *string.ascii_lowercase, *(f"##{c}" for c in string.ascii_lowercase)]
HIDDEN, DIMENSION = 16, 8


def save_splade(folder: Path, seed: int = 0) -> Path:
    """A masked language model, as naver's SPLADE checkpoints are."""
    transformers = _seeded(seed)
    _save_tokenizer(folder)
    model = transformers.BertForMaskedLM(_config())
    _spread(model)
    model.save_pretrained(folder)
    return folder


def save_colbert(folder: Path, seed: int = 0, **metadata: Any) -> Path:
    """A checkpoint as colbert-ai saves it: BERT and `linear.weight` in one file, settings in `artifact.metadata`."""
    from safetensors.torch import save_file

    transformers = _seeded(seed)
    _save_tokenizer(folder)
    backbone, linear = _backbone_and_projection(transformers)
    weights = {f"bert.{name}": weight.contiguous() for name, weight in backbone.state_dict().items()}
    save_file({**weights, "linear.weight": linear.weight.detach()}, folder / "model.safetensors", {"format": "pt"})
    config = {**backbone.config.to_dict(), "architectures": ["HF_ColBERT"]}
    _write(folder / "config.json", config)
    settings = {
        "query_maxlen": 12,
        "doc_maxlen": 20,
        "query_token_id": "[unused0]",
        "doc_token_id": "[unused1]",
        "mask_punctuation": True,
        "attend_to_mask_tokens": False,
        "dim": DIMENSION,
    }
    _write(folder / "artifact.metadata", {**settings, **metadata})
    return folder


def save_pylate(folder: Path, seed: int = 0) -> Path:
    """A checkpoint as PyLate 1 saves it: a plain transformer, a dense layer, settings beside the module list."""
    from safetensors.torch import save_file

    transformers = _seeded(seed)
    backbone, linear = _backbone_and_projection(transformers)
    _save_tokenizer(folder)
    backbone.save_pretrained(folder)
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"},
    ]
    _write(folder / "modules.json", modules)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": 19, "do_lower_case": False})
    settings = {
        "model_type": "ColBERT",
        "prompts": {},
        "query_prefix": "[unused0]",
        "document_prefix": "[unused1]",
        "query_length": 12,
        "document_length": 20,
        "attend_to_expansion_tokens": False,
        "skiplist_words": list(string.punctuation),
        "similarity_fn_name": "MaxSim",
    }
    _write(folder / "config_sentence_transformers.json", settings)
    dense = folder / "1_Dense"
    dense.mkdir()
    save_file({"linear.weight": linear.weight.detach()}, dense / "model.safetensors", {"format": "pt"})
    options = {"in_features": HIDDEN, "out_features": DIMENSION, "bias": False}
    _write(dense / "config.json", {**options, "activation_function": "torch.nn.modules.linear.Identity"})
    return folder


def save_plain(folder: Path, seed: int = 0) -> Path:
    """A bare BERT, which is neither."""
    transformers = _seeded(seed)
    _save_tokenizer(folder)
    transformers.BertModel(_config()).save_pretrained(folder)
    return folder


def projection(folder: Path) -> Any:
    """The projection of a ColBERT checkpoint, torch, shape (DIMENSION, HIDDEN)."""
    from safetensors.torch import load_file

    inner = folder / "1_Dense"
    return load_file((inner if inner.is_dir() else folder) / "model.safetensors")["linear.weight"]


def _seeded(seed: int) -> Any:
    import torch
    import transformers

    torch.manual_seed(seed)
    return transformers


def _config() -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=len(VOCABULARY) + len(WORDS),
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )


def _backbone_and_projection(transformers: Any) -> tuple[Any, Any]:
    import torch

    backbone = transformers.BertModel(_config(), add_pooling_layer=False)
    _spread(backbone)
    return backbone, torch.nn.Linear(HIDDEN, DIMENSION, bias=False)


def _spread(model: Any) -> None:
    """Make the weights large enough for different texts to differ clearly."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(20)


def _save_tokenizer(folder: Path) -> None:
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join([*VOCABULARY, *WORDS]) + "\n")
    BertTokenizerFast(vocab=str(vocabulary), do_lower_case=True).save_pretrained(folder)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1))
