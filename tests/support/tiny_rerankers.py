"""Tiny rerankers, made on the spot and saved as their families are: tokenizer.json, config.json, safetensors.

Their weights are random but wide, so that scores differ clearly. Everything is drawn from one seed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.checkpoints import SIZES, llama, saved

_TEXT = """
query document relevant passage tool weather rain sun city map route train plane stock price graph music song play image
picture translate french german text mail send read file find the a of for in is what which how to instruct best worst
red green blue one two three four five six seven eight nine ten A B
"""
WORDS = _TEXT.split()
LETTERS = [chr(code) for code in range(33, 127)]


def widen(model: Any, scale: float = 0.35) -> Any:
    """Random weights with a spread that shows in the output."""
    import torch

    torch.manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0, scale)
    return model.eval()


def bert_cross_encoder(folder: Path, *, labels: int = 1, limit: int = 64) -> Path:
    """BERT with a classification head; word pieces; `[CLS] a [SEP] b [SEP]` with segments."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "##s", "##er", "##ing", ":", ",", ".", "{", "}"]
    folder.mkdir(parents=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(dict.fromkeys(piece.lower() if piece in "AB" else piece for piece in pieces)))
    tokenizer = BertTokenizerFast(str(vocabulary), model_max_length=limit)
    config = BertConfig(
        vocab_size=len(tokenizer),
        **SIZES,
        max_position_embeddings=128,
        num_labels=labels,
    )
    return saved(folder, tokenizer, widen(BertForSequenceClassification(config)))


def roberta_cross_encoder(folder: Path) -> Path:
    """XLM-RoBERTa: pieces with a leading blank; `<s> a </s></s> b </s>` without segments (BGE, Jina)."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForSequenceClassification

    raw = _pieces(["<s>", "<pad>", "</s>", "<unk>"], WORDS)
    raw.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
    )
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        **SIZES,
        max_position_embeddings=130,
        num_labels=1,
        pad_token_id=1,
    )
    return saved(folder, tokenizer, widen(XLMRobertaForSequenceClassification(config)))


def t5_seq2seq(folder: Path) -> Path:
    """T5 as monoT5 is: `▁true` and `▁false` are tokens, `</s>` ends the input."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    raw = _pieces(["<pad>", "</s>", "<unk>"], [*WORDS, "true", "false", "Query:", "Document:", "Relevant:"])
    raw.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="</s>", pad_token="<pad>", unk_token="<unk>", model_max_length=512
    )
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=48,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    return saved(folder, tokenizer, widen(T5ForConditionalGeneration(config), 0.6))


def llama_decoder(folder: Path, *, start: bool = True, chat: bool = False) -> Path:
    """Llama with `Yes`, `yes` and `no` in its vocabulary: rotary positions, as Gemma and Qwen3."""
    from transformers import LlamaForCausalLM

    tokenizer = _word_tokenizer(start, chat)
    config = llama(tokenizer, max_position_embeddings=512, bos_token_id=tokenizer.bos_token_id)
    return saved(folder, tokenizer, widen(LlamaForCausalLM(config)))


def gpt2_decoder(folder: Path) -> Path:
    """GPT-2: learned absolute positions, which show whether filling on the left moves a text."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = _word_tokenizer(start=False, chat=False)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=32,
        n_layer=2,
        n_head=2,
        n_positions=256,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return saved(folder, tokenizer, widen(GPT2LMHeadModel(config)))


def _pieces(special: list[str], words: list[str]) -> Any:
    """Pieces with a leading blank, as SentencePiece makes them; `<unk>` is the last of the special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = [*special, "▁", *(f"▁{word}" for word in words), *LETTERS]
    scored = [(piece, -1.0 - at / 100) for at, piece in enumerate(pieces)]
    raw = Tokenizer(models.Unigram(scored, unk_id=len(special) - 1))
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    raw.decoder = decoders.Metaspace()
    return raw


def _word_tokenizer(start: bool, chat: bool) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<unk>", "<pad>", "<s>", "</s>", "\n", " ", "Yes", "yes", "No", "no", *WORDS, *LETTERS]
    vocabulary = {piece: at for at, piece in enumerate(dict.fromkeys(pieces))}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|\n| |[^\w\s]"), "isolated")
    raw.decoder = decoders.Fuse()
    template = "{% for m in messages %}{{ m['role'] }} : {{ m['content'] }}\n{% endfor %}A :"
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>" if start else None,
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
        chat_template=template if chat else None,
    )
