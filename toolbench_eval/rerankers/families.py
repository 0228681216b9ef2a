"""Families of rerankers: how a card becomes a reranker. Nothing is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

from toolbench_eval.cards import ModelCard
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.location import cache_root
from toolbench_eval.memo import Memo
from toolbench_eval.rerankers.base import Reranker
from toolbench_eval.retrievers.base import Runtime

Factory = Callable[[ModelCard, Runtime], Reranker]

SCORES = "scores.sqlite"
NOT_MODEL = {"depth"}
"""Options that say how a reranker is used, not what it is."""


def _cross_encoder(card: ModelCard, runtime: Runtime) -> Reranker:
    def make(tokenizer: Any, model: Any) -> Any:
        from toolbench_eval.rerankers.cross_encoder import CrossEncoder

        return CrossEncoder(tokenizer, model, card.encoding.max_length, **_own(card))

    return _pointwise(card, runtime, "AutoModelForSequenceClassification", make)


def _seq2seq(card: ModelCard, runtime: Runtime) -> Reranker:
    def make(tokenizer: Any, model: Any) -> Any:
        from toolbench_eval.rerankers.prompted import TextPrompt
        from toolbench_eval.rerankers.seq2seq import Seq2Seq

        options = _own(card)
        prompt = TextPrompt(tokenizer, _length(card, tokenizer, model), options["body"])
        return Seq2Seq(tokenizer, model, prompt, options["yes"], options["no"])

    return _pointwise(card, runtime, "AutoModelForSeq2SeqLM", make)


def _decoder(card: ModelCard, runtime: Runtime) -> Reranker:
    def make(tokenizer: Any, model: Any) -> Any:
        from toolbench_eval.rerankers.decoder import Decoder
        from toolbench_eval.rerankers.prompted import SegmentPrompt, TextPrompt

        options = _own(card)
        answers = {name: options.pop(name) for name in ("yes", "no") if name in options}
        kind = SegmentPrompt if "question" in options else TextPrompt
        return Decoder(tokenizer, model, kind(tokenizer, _length(card, tokenizer, model), **options), **answers)

    return _pointwise(card, runtime, "AutoModelForCausalLM", make)


def _listwise(card: ModelCard, runtime: Runtime) -> Reranker:
    from toolbench_eval.llms.base import Sampling
    from toolbench_eval.llms.load import load_llm
    from toolbench_eval.prompts import load_prompt
    from toolbench_eval.rerankers.listwise import Listwise, Windows

    options = _own(card)
    llm = load_llm(options.pop("llm"), runtime=runtime)
    prompt = load_prompt(options.pop("prompt"))
    drawn = {name: options.pop(name) for name in ("temperature", "top_p", "max_tokens") if name in options}
    # Greedy answers draw nothing, and some endpoints refuse a seed.
    seed = runtime.seed if drawn.get("temperature") else None
    return Listwise(llm, prompt, Windows(**options), Sampling(**drawn, seed=seed), runtime.concurrency)


def _oracle(card: ModelCard, runtime: Runtime) -> Reranker:
    from toolbench_eval.rerankers.bounds import OracleReranker

    return OracleReranker()


RERANKERS: dict[str, Factory] = {
    "cross-encoder": _cross_encoder,
    "seq2seq": _seq2seq,
    "decoder": _decoder,
    "listwise": _listwise,
    "oracle": _oracle,
}


def reranker_factory(family: str) -> Factory:
    """The factory of a family, or of `package.module:factory`.

    Raises:
        UnknownNameError: No such family of rerankers.
        UsageError: The module or its attribute cannot be imported.
    """
    if family in RERANKERS:
        return RERANKERS[family]
    module, colon, attribute = family.partition(":")
    if not colon:
        raise UnknownNameError("reranker family", family, RERANKERS, "A pipeline is written first>reranker.")
    try:
        made: Factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"the reranker family '{family}' cannot be imported: {error}") from error
    return made


def _pointwise(card: ModelCard, runtime: Runtime, kind: str, make: Callable[[Any, Any], Any]) -> Reranker:
    from toolbench_eval.checkpoint import Checkpoint
    from toolbench_eval.rerankers.pointwise import Pointwise
    from toolbench_eval.rerankers.replicas import Replicas
    from toolbench_eval.rerankers.scoring import PairScorer

    checkpoint = Checkpoint(card, runtime)
    identity = {
        "family": card.family,
        "max_length": card.encoding.max_length,
        "options": _own(card),
        **checkpoint.identity,
        "tokenizers": version("tokenizers"),
        "device": checkpoint.devices.kind,
    }

    def load() -> Replicas:
        tokenizer = checkpoint.tokenizer()
        return Replicas([make(tokenizer, model) for model in checkpoint.copies(kind)])

    memo = Memo(cache_root() / SCORES)
    scorer = PairScorer(identity, load, memo, runtime.batch_tokens, workers=len(checkpoint.devices.names))
    return Pointwise(scorer, checkpoint.weights)


def _own(card: ModelCard) -> dict[str, Any]:
    return {name: value for name, value in card.options.items() if name not in NOT_MODEL}


def _length(card: ModelCard, tokenizer: Any, model: Any) -> int:
    from toolbench_eval.rerankers.joining import length_limit

    return length_limit(card.encoding.max_length, tokenizer, model.config)
