"""A tiny encoder whose architecture is no part of transformers: its code lies beside its weights, as on the hub.

The code leaves a mark where it was told to when it is run, so that a test sees whether it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.tiny_models import HIDDEN, POSITIONS, tokenizer

CODE = """
from pathlib import Path

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

Path({mark!r}).touch()


class OwnConfig(PretrainedConfig):
    model_type = "own-encoder"

    def __init__(self, vocab_size=8, hidden_size=8, max_position_embeddings=8, **others):
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.max_position_embeddings = max_position_embeddings
        super().__init__(**others)


class OwnModel(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)
        self.places = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.mixing = nn.MultiheadAttention(config.hidden_size, 4, batch_first=True)
        self.norm = nn.LayerNorm(config.hidden_size)
        self.post_init()

    def _init_weights(self, module):
        pass

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, **others):
        states = self.words(input_ids) + self.places(torch.arange(input_ids.shape[1], device=input_ids.device))
        hidden = None if attention_mask is None else attention_mask == 0
        mixed, _ = self.mixing(states, states, states, key_padding_mask=hidden, need_weights=False)
        return BaseModelOutput(last_hidden_state=self.norm(states + mixed))


class OwnClassifier(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.encoder = OwnModel(config)
        self.head = nn.Linear(config.hidden_size, 1)
        self.post_init()

    def _init_weights(self, module):
        pass

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, **others):
        states = self.encoder(input_ids, attention_mask).last_hidden_state
        return SequenceClassifierOutput(logits=self.head(states[:, 0]))
"""


def save(folder: Path, mark: Path, *, classifier: bool = False) -> Path:
    """Write the checkpoint.

    Args:
        folder: Where to.
        mark: The file that its code makes when it runs.
        classifier: Whether it puts out one number for a pair of texts, as a reranker does.
    """
    made = tokenizer(kind="bert")
    made.save_pretrained(folder)
    kind, name = ("AutoModelForSequenceClassification", "OwnClassifier") if classifier else ("AutoModel", "OwnModel")
    settings = {
        "model_type": "own-encoder",
        "architectures": [name],
        "auto_map": {"AutoConfig": "modeling_own.OwnConfig", kind: f"modeling_own.{name}"},
        "vocab_size": len(made),
        "hidden_size": HIDDEN,
        "max_position_embeddings": POSITIONS,
        "num_labels": 1,
    }
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "modeling_own.py").write_text(CODE.format(mark=str(mark)))
    _save_weights(folder, len(made), prefix="encoder." if classifier else "", head=classifier)
    return folder


def _save_weights(folder: Path, words: int, *, prefix: str, head: bool) -> None:
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(7)
    shapes: dict[str, tuple[int, ...]] = {
        "words.weight": (words, HIDDEN),
        "places.weight": (POSITIONS, HIDDEN),
        "mixing.in_proj_weight": (3 * HIDDEN, HIDDEN),
        "mixing.in_proj_bias": (3 * HIDDEN,),
        "mixing.out_proj.weight": (HIDDEN, HIDDEN),
        "mixing.out_proj.bias": (HIDDEN,),
        "norm.weight": (HIDDEN,),
        "norm.bias": (HIDDEN,),
    }
    drawn: dict[str, Any] = {prefix + name: 0.3 * torch.randn(shape) for name, shape in shapes.items()}
    if head:
        drawn |= {"head.weight": torch.randn(1, HIDDEN), "head.bias": torch.zeros(1)}
    save_file(drawn, folder / "model.safetensors", {"format": "pt"})
