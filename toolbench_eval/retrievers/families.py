"""Families of retrievers: how a card becomes a retriever. Nothing is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import signature

from toolbench_eval.cards import ModelCard
from toolbench_eval.errors import DataError, UnknownNameError, UsageError
from toolbench_eval.rerankers.families import RERANKERS
from toolbench_eval.retrievers.base import Retriever, Runtime

Factory = Callable[[ModelCard, Runtime], Retriever]


def _with_options(make: Callable[..., Retriever], card: ModelCard) -> Retriever:
    """A retriever made with the options of its card.

    Raises:
        DataError: The card has an option that the family does not know.
    """
    known = signature(make).parameters
    if unknown := [name for name in card.options if name not in known]:
        raise DataError(
            f"the family '{card.family}' has no option {', '.join(unknown)}; it takes {', '.join(known)}",
            file=f"card of '{card.name}'",
            field="options",
        )
    return make(**card.options)


def _bm25(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.bm25 import BM25

    return _with_options(BM25, card)


def _okapi(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.okapi import Okapi

    return _with_options(Okapi, card)


def _tfidf(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.tfidf import TfIdf

    return _with_options(TfIdf, card)


def _dense(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.dense import Dense

    return Dense(card, runtime)


def _hosted(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.hosted import Hosted, hosted_encoder

    return Hosted(hosted_encoder(card, runtime))


def _splade(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.sparse import Splade

    return Splade(card, runtime)


def _late(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.late_interaction import LateInteraction

    return LateInteraction(card, runtime)


def _mteb(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.mteb_model import MtebModel

    return MtebModel(card, runtime)


def _lucene(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.lucene import Lucene

    return _with_options(Lucene, card)


def _random(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.bounds import Random

    return Random(runtime.seed)


def _oracle(card: ModelCard, runtime: Runtime) -> Retriever:
    from toolbench_eval.retrievers.bounds import Oracle

    return Oracle()


def _reranker(card: ModelCard, runtime: Runtime) -> Retriever:
    raise no_retriever(card.name)


FAMILIES: dict[str, Factory] = {
    "bm25": _bm25,
    "okapi": _okapi,
    "tfidf": _tfidf,
    "dense": _dense,
    "hosted": _hosted,
    "splade": _splade,
    "late": _late,
    "mteb": _mteb,
    "lucene": _lucene,
    "random": _random,
    "oracle": _oracle,
}


def factory(family: str) -> Factory:
    """The factory of a family, or of `package.module:factory`.

    Raises:
        UnknownNameError: No such family.
        UsageError: The module or its attribute cannot be imported.
    """
    if family in FAMILIES:
        return FAMILIES[family]
    if family in RERANKERS:
        return _reranker
    module, colon, attribute = family.partition(":")
    if not colon:
        known = [*FAMILIES, *RERANKERS]
        raise UnknownNameError("model family", family, known, "One's own is named package.module:factory.")
    try:
        made: Factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"the model family '{family}' cannot be imported: {error}") from error
    return made


def no_retriever(name: str) -> UsageError:
    """The error for a reranker that is named where a retriever must be."""
    return UsageError(f"'{name}' is a reranker: name a retriever before it ('bm25>{name}'), or give --first-stage")
