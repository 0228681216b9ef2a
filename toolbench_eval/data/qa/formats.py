"""The record formats by name, and which of them a record has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from toolbench_eval.data.qa.dpr import LISTS, dpr
from toolbench_eval.data.qa.dro import dro
from toolbench_eval.data.qa.fanoutqa import fanoutqa
from toolbench_eval.data.qa.flashrag import flashrag
from toolbench_eval.data.qa.frames import frames
from toolbench_eval.data.qa.graphragbench import graphragbench
from toolbench_eval.data.qa.hotpotqa import hotpotqa
from toolbench_eval.data.qa.kilt import kilt, wizard_of_wikipedia
from toolbench_eval.data.qa.lihuaworld import lihuaworld
from toolbench_eval.data.qa.morehopqa import morehopqa
from toolbench_eval.data.qa.musique import musique
from toolbench_eval.data.qa.plain import ANSWERS, QUESTION, plain
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.qa.rgb import rgb
from toolbench_eval.data.qa.strategyqa import strategyqa
from toolbench_eval.data.qa.two_wiki import two_wiki
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import UnknownNameError

Format = Callable[[Record], Question]

AUTO = "auto"

FORMATS: Mapping[str, Format] = {
    "plain": plain,
    "bamboogle": plain,
    "nq-open": plain,
    "hotpotqa": hotpotqa,
    "2wikimultihopqa": two_wiki,
    "musique": musique,
    "strategyqa": strategyqa,
    "dpr": dpr,
    "kilt": kilt,
    "wizard-of-wikipedia": wizard_of_wikipedia,
    "flashrag": flashrag,
    "dro": dro,
    "morehopqa": morehopqa,
    "fanoutqa": fanoutqa,
    "frames": frames,
    "lihuaworld": lihuaworld,
    "graphragbench": graphragbench,
    "rgb": rgb,
}

_VARIETIES = {"bamboogle": "plain", "nq-open": "plain", "wizard-of-wikipedia": "kilt"}
"""Formats that look like another."""

# The first whose keys are all there; the more special ones stand first.
_SIGNS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"question_decomposition", "no_of_hops"}), "morehopqa"),
    (frozenset({"question", "paragraphs"}), "musique"),
    (frozenset({"qid", "question"}), "strategyqa"),
    (frozenset({"question", "context", "evidences"}), "2wikimultihopqa"),
    (frozenset({"question", "context", "supporting_facts"}), "hotpotqa"),
    (frozenset({"_id", "question", "context"}), "hotpotqa"),
    (frozenset({"question", "golden_answers"}), "flashrag"),
    (frozenset({"input", "output"}), "kilt"),
    (frozenset({"id", "input", "meta"}), "kilt"),
    (frozenset({"question", "positive", "retrieval"}), "dro"),
    (frozenset({"query", "positive", "negative"}), "rgb"),
    (frozenset({"question", "ctxs"}), "dpr"),
    *((frozenset({"question", name}), "dpr") for name in LISTS),
    (frozenset({"wiki_links"}), "frames"),
    (frozenset({"question", "decomposition", "categories"}), "fanoutqa"),
    (frozenset({"question", "evidence", "type"}), "lihuaworld"),
    (frozenset({"question", "question_type", "source"}), "graphragbench"),
)


def check_format(name: str) -> None:
    """Refuse a format that does not exist.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in FORMATS and name != AUTO:
        raise UnknownNameError("record format", name, [*FORMATS, AUTO])


def detected(record: Record) -> str:
    """The format that a record's keys tell.

    Raises:
        DataError: They tell none.
    """
    keys: Set[str] = record.values.keys()
    for wanted, name in _SIGNS:
        if wanted <= keys:
            return name
    if any(name in keys for name in QUESTION) and any(name in keys for name in ANSWERS):
        return "plain"
    raise record.fault(f"the keys {', '.join(keys)} are those of no known format: {', '.join(FORMATS)}")


def chosen(declared: str, record: Record) -> str:
    """The format that a record's keys tell, or the declared one where that is a variety of it.

    Raises:
        DataError: The keys tell none.
    """
    told = detected(record)
    return declared if _VARIETIES.get(declared) == told else told
