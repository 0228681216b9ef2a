"""Models that tests make on the spot, in the formats in which real ones are published.

Weights are random but large, so that pooling the wrong token, or a lost prefix, moves a vector far more than rounding.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

WORDS = [
    "weather",
    "tool",
    "city",
    "flight",
    "price",
    "song",
    "image",
    "table",
    "query",
    "parse",
    "file",
    "user",
    "mail",
]
TRAINING = [*WORDS, "instruct query passage : find the right", "abcdefghijklmnopqrstuvwxyz 0123456789 . , ! ?"] * 3
HIDDEN = 32
POSITIONS = 64


def texts(n: int, *, seed: int = 0, longest: int = 30) -> list[str]:
    """Different texts of 1 to `longest` words."""
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < n:
        found[" ".join(draw.choice(WORDS) for _ in range(draw.randint(1, longest)))] = None
    return list(found)


def tokenizer(*, kind: str) -> Any:
    """A WordPiece tokenizer: `bert` puts [CLS] and [SEP] around a text, `t5` puts [SEP] behind it."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    made.train_from_iterator(TRAINING, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special))
    template = {"bert": "[CLS] $A [SEP]", "t5": "$A [SEP]"}[kind]
    used = [(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single=template, special_tokens=used)
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    wrapped = PreTrainedTokenizerFast(tokenizer_object=made, **names)
    wrapped.model_max_length = POSITIONS
    return wrapped


def decoder_tokenizer(*, padding_side: str, chat_template: str | None) -> Any:
    """A byte-level BPE that adds no special tokens, as decoders have it. Transformers gives it a padding token where
    the model is a Qwen2 and none where it is a Llama."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", "[EOS]"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    made.train_from_iterator(TRAINING, trainer)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=made, padding_side=padding_side, eos_token="[EOS]")
    wrapped.model_max_length = POSITIONS
    if chat_template is not None:
        wrapped.chat_template = chat_template
    return wrapped


def bert(folder: Path, *, seed: int = 0) -> Path:
    """A BERT encoder as a plain transformers checkpoint."""
    from transformers import BertConfig, BertModel

    made = tokenizer(kind="bert")
    sizes = {"hidden_size": HIDDEN, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(made), max_position_embeddings=POSITIONS, initializer_range=0.3, **sizes)
    return _saved(BertModel, config, made, folder, seed)


def decoder(folder: Path, *, kind: str = "qwen2", padding_side: str = "right", chat: bool = False) -> Path:
    """A Qwen2 or Llama decoder as a plain transformers checkpoint; `chat` gives its tokenizer a chat template."""
    from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model

    template = "{% for m in messages %}user says {{ m['content'] }} now answer{% endfor %}" if chat else None
    made = decoder_tokenizer(padding_side=padding_side, chat_template=template)
    sizes = {"hidden_size": HIDDEN, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config_of, model_of = {"qwen2": (Qwen2Config, Qwen2Model), "llama": (LlamaConfig, LlamaModel)}[kind]
    config = config_of(
        vocab_size=len(made) + 8, num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.3, **sizes
    )
    return _saved(model_of, config, made, folder, 1)


def gritlm(folder: Path, *, padding_side: str = "right") -> Path:
    """A Mistral as GritLM publishes one: an opening token, and a pointer to code of its own, which fails here."""
    import json

    from tokenizers import processors
    from transformers import MistralConfig, MistralModel

    made = decoder_tokenizer(padding_side=padding_side, chat_template=None)
    opening = ("<|endoftext|>", made.convert_tokens_to_ids("<|endoftext|>"))
    template = processors.TemplateProcessing(single="<|endoftext|> $A", special_tokens=[opening])
    made._tokenizer.post_processor = template
    sizes = {"hidden_size": HIDDEN, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = MistralConfig(
        vocab_size=len(made) + 8, num_key_value_heads=2, sliding_window=4096, initializer_range=0.3, **sizes
    )
    _saved(MistralModel, config, made, folder, 4)
    settings = json.loads((folder / "config.json").read_text())
    settings["auto_map"] = {"AutoModel": "modeling_own.MistralModel"}
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "modeling_own.py").write_text("raise RuntimeError('code of the checkpoint was run')\n")
    return folder


def sentencepiece_tokenizer(*, padding_side: str) -> Any:
    """A BPE as Mistral 7B v0.1 has it: an opening token, a space before the first word, none that closes or pads."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<unk>", "<s>", "</s>"]
    made = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    made.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.Fuse()])
    alphabet = [*map(chr, range(33, 127)), "\n", "\u2581"]
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet)
    made.train_from_iterator([word for text in TRAINING for word in text.split()], trainer)
    made.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, padding_side=padding_side, **names)


def nv_embed(folder: Path, *, padding_side: str = "right", without: str | None = None) -> Path:
    """A checkpoint as NV-Embed's are: settings, names of weights and parts; a pointer to code of its own, which fails.

    Made without the harness, from the names in the published index of weights.

    Args:
        folder: Where to.
        padding_side: The tokenizer's.
        without: Name of a weight to leave out.
    """
    import json

    import torch
    from safetensors.torch import save_file

    made = sentencepiece_tokenizer(padding_side=padding_side)
    made.save_pretrained(folder)
    stated = json.loads((folder / "tokenizer_config.json").read_text())
    stated |= {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False, "legacy": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(stated))
    draw = torch.Generator().manual_seed(5)
    wide, small, layers, latents, heads, head = 64, HIDDEN // 2, 2, 6, 2, HIDDEN

    def random(*shape: int, around: float = 0.0) -> Any:
        return around + torch.randn(shape, generator=draw) * 0.3

    weights = {"embedding_model.embed_tokens.weight": random(len(made), HIDDEN) * 3}
    for layer in range(layers):
        place = f"embedding_model.layers.{layer}"
        shapes = {"q": (HIDDEN, HIDDEN), "k": (small, HIDDEN), "v": (small, HIDDEN), "o": (HIDDEN, HIDDEN)}
        weights |= {f"{place}.self_attn.{name}_proj.weight": random(*shape) for name, shape in shapes.items()}
        weights |= {f"{place}.mlp.{name}_proj.weight": random(wide, HIDDEN) for name in ("gate", "up")}
        weights[f"{place}.mlp.down_proj.weight"] = random(HIDDEN, wide)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{place}.{name}.weight"] = random(HIDDEN, around=1.0)
    weights["embedding_model.norm.weight"] = random(HIDDEN, around=1.0)
    weights["latent_attention_model.latents"] = random(latents, HIDDEN) * 3
    for name in ("0.norm", "0.norm_context", "1.norm"):
        place = f"latent_attention_model.cross_attend_blocks.{name}"
        weights |= {f"{place}.weight": random(HIDDEN, around=1.0), f"{place}.bias": random(HIDDEN)}
    for name, shape in {
        "0.fn.to_q.weight": (heads * head, HIDDEN),
        "0.fn.to_kv.weight": (2 * heads * head, HIDDEN),
        "0.fn.to_out.weight": (HIDDEN, heads * head),
        "1.fn.net.0.weight": (8 * HIDDEN, HIDDEN),
        "1.fn.net.0.bias": (8 * HIDDEN,),
        "1.fn.net.2.weight": (HIDDEN, 4 * HIDDEN),
        "1.fn.net.2.bias": (HIDDEN,),
    }.items():
        weights[f"latent_attention_model.cross_attend_blocks.{name}"] = random(*shape)
    weights = {name: values for name, values in weights.items() if name != without}

    parts = {"embedding_model": "model-00001-of-00002.safetensors"}
    parts["latent_attention_model"] = "model-00002-of-00002.safetensors"
    index = {name: parts[name.partition(".")[0]] for name in weights}
    for file in parts.values():
        chosen = {name: weights[name].to(torch.float16) for name in weights if index[name] == file}
        save_file(chosen, folder / file, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    settings = {
        "architectures": ["NVEmbedModel"],
        "auto_map": {
            "AutoConfig": "configuration_nvembed.NVEmbedConfig",
            "AutoModel": "modeling_nvembed.NVEmbedModel",
        },
        "model_type": "nvembed",
        "add_eos": True,
        "add_pad_token": True,
        "hidden_size": HIDDEN,
        "is_mask_instruction": True,
        "mask_type": "b",
        "padding_side": "right",
        "torch_dtype": "float16",
        "transformers_version": "4.42.4",
        "latent_attention_config": {
            "model_type": "latent_attention",
            "num_latents_value": latents,
            "num_cross_heads": heads,
            "output_normalize": True,
            "hidden_dim": HIDDEN,
            "latent_dim": HIDDEN,
            "cross_dim_head": head,
        },
        "text_config": {
            "_name_or_path": "nvidia/NV-Embed-v2",
            "architectures": ["MistralModel"],
            "model_type": "bidir_mistral",
            "attention_dropout": 0.0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": None,
            "do_sample": False,
            "hidden_act": "silu",
            "hidden_size": HIDDEN,
            "initializer_range": 0.02,
            "intermediate_size": wide,
            "max_length": 20,
            "max_position_embeddings": 32768,
            "num_attention_heads": 4,
            "num_hidden_layers": layers,
            "num_key_value_heads": 2,
            "rms_norm_eps": 1e-05,
            "rope_theta": 500.0,
            "sliding_window": 4,
            "temperature": 1.0,
            "tie_word_embeddings": False,
            "torch_dtype": "float32",
            "use_cache": True,
            "vocab_size": len(made),
        },
    }
    (folder / "config.json").write_text(json.dumps(settings))
    for name in ("modeling_nvembed.py", "configuration_nvembed.py"):
        (folder / name).write_text("raise RuntimeError('code of the checkpoint was run')\n")
    return folder


def t5(folder: Path) -> Path:
    """A T5 encoder as a plain transformers checkpoint."""
    from transformers import T5Config, T5EncoderModel

    made = tokenizer(kind="t5")
    config = T5Config(vocab_size=len(made), d_model=HIDDEN, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    return _saved(T5EncoderModel, config, made, folder, 2)


def sentence_transformer(
    folder: Path, checkpoint: Path, *, pooling: str, normalize: bool, project_to: int | None = None
) -> Path:
    """The same checkpoint with modules of sentence-transformers: pooling, perhaps a projection, normalisation."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

    text_only = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
    transformer = Transformer(str(checkpoint), modality_config=text_only, module_output_name="token_embeddings")
    modules: list[Any] = [transformer, Pooling(HIDDEN, pooling_mode=pooling)]
    if project_to is not None:
        torch.manual_seed(3)
        modules.append(Dense(HIDDEN, project_to, bias=False, activation_function=torch.nn.Identity()))
    if normalize:
        modules.append(Normalize())
    SentenceTransformer(modules=modules, device="cpu").save(str(folder))
    return folder


def _saved(model_of: Any, config: Any, made: Any, folder: Path, seed: int) -> Path:
    import torch

    torch.manual_seed(seed)
    model_of(config).eval().save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


@dataclass
class FakeTokens:
    """Tokens of a model that is none: words."""

    texts: list[str]

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(text.split()) or 1 for text in self.texts], dtype=np.int64)

    def features(self, rows: np.ndarray) -> dict[str, Any]:
        return {"texts": [self.texts[row] for row in rows]}


@dataclass
class FakeModel:
    """Stands in for an embedding model without torch; its vectors betray with whom a text shared its batch."""

    copies: list[Any] = field(default_factory=lambda: [None])
    encoded: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    fail_at: int | None = None
    limit: int | None = None

    def tokenise(self, texts: list[str]) -> FakeTokens:
        return FakeTokens(list(texts))

    def vectors(self, number: int, tokens: FakeTokens, rows: np.ndarray, features: dict[str, Any]) -> np.ndarray:
        if self.fail_at is not None and len(self.batches) == self.fail_at:
            raise KeyboardInterrupt
        self.encoded += features["texts"]
        self.batches.append(len(rows))
        company = hashlib.sha256("|".join(features["texts"]).encode()).digest()[0]
        return np.stack([fake_vector(text) + np.float32(company * 1e-3) for text in features["texts"]])


def fake_vector(text: str) -> np.ndarray:
    """The vector of a text, but for the trace of its batch (below 0.3)."""
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], dtype=np.uint8).astype(np.float32)
