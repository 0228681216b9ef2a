"""The cards of dense models against the published table: ToolRet's reference, templates, loading and limits.

The literals are transcribed from the specification, not from the cards.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.queries import Queries
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.templates import fill, query_texts
from toolbench_eval.switches import ModelSwitches

REGISTRY = Registry()

# name: hub id, pooling, normalisation, tokens, number format of the reference, code from the hub
TABLE: dict[str, tuple[str, str, bool | str, int | str, str, bool]] = {
    "minilm": ("sentence-transformers/all-MiniLM-L6-v2", "mean", True, 512, "float16", False),
    "contriever": ("facebook/contriever-msmarco", "mean", False, 512, "float16", False),
    "e5-small": ("intfloat/e5-small-v2", "mean", True, 512, "float16", False),
    "e5": ("intfloat/e5-base-v2", "mean", True, 512, "float16", False),
    "e5-large": ("intfloat/e5-large-v2", "mean", True, 512, "float16", False),
    "gte": ("Alibaba-NLP/gte-base-en-v1.5", "cls", True, 2048, "float16", True),
    "gte-large": ("Alibaba-NLP/gte-large-en-v1.5", "cls", True, 2048, "float16", True),
    "bge": ("BAAI/bge-base-en-v1.5", "cls", True, 512, "float16", False),
    "bge-large": ("BAAI/bge-large-en-v1.5", "cls", True, 512, "float16", False),
    "colt": ("Tool-COLT/contriever-base-msmarco-v1-ToolBenchG3", "model", "model", "model", "float32", False),
    "gtr": ("sentence-transformers/gtr-t5-base", "model", "model", 2048, "float32", False),
    "gtr-large": ("sentence-transformers/gtr-t5-large", "model", "model", 2048, "float32", False),
    "gte-qwen2": ("Alibaba-NLP/gte-Qwen2-1.5B-instruct", "model", "model", 2048, "float16", True),
    "e5-mistral": ("intfloat/e5-mistral-7b-instruct", "model", "model", 2048, "float16", False),
    "nv-embed": ("bzantium/NV-Embed-v1", "mean", True, 2048, "float16", False),
}

COMMON = ("Instruct: I\nQuery: Q", "Instruct: \nQuery: Q")
E5 = ("Instruct: I\nquery: Q", "Instruct: \nquery: Q")
# name: with instruction, without as the reference builds it, document
TEMPLATES: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(("minilm", "contriever", "colt", "gtr", "gtr-large", "gte", "gte-large"), (*COMMON, "D")),
    **dict.fromkeys(("bge", "bge-large", "gte-qwen2"), (*COMMON, "D")),
    **dict.fromkeys(("e5-small", "e5", "e5-large"), (*E5, "D")),
    "e5-mistral": (
        "Instruct: I\nQuery: Q",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: Q",
        "D",
    ),
    "nv-embed": (
        "Instruct: I\nQuery: Q</s>",
        "Instruct: Given a question, retrieve passages that answer the question\nQuery: Q</s>",
        "D",
    ),
    "gritlm": ("<|user|>\nI\n<|embed|>\nQ", "<|embed|>\nQ", "<|embed|>\nD"),
}

DENSE = sorted(name for name in REGISTRY.card_files if REGISTRY.card(name).family == "dense")


@pytest.mark.parametrize("name", TABLE)
def test_encoding(name: str) -> None:
    hub, pooling, normalize, max_length, dtype, remote_code = TABLE[name]
    card = REGISTRY.card(name).under("paper", "toolret")
    encoding = card.encoding
    assert card.hub == hub
    assert (encoding.pooling, encoding.normalize, encoding.max_length) == (pooling, normalize, max_length)
    assert encoding.dtype == dtype
    assert card.remote_code is remote_code


@pytest.mark.parametrize("name", TEMPLATES)
def test_queries_and_documents_under_paper(name: str) -> None:
    templates = REGISTRY.card(name).under("paper", "toolret").templates
    queries = Queries.of(["1", "2"], ["Q", "Q"], ["I", None])
    scaffold = ModelSwitches(wo_inst_template="scaffold")
    assert query_texts(queries, templates, scaffold).to_pylist() == list(TEMPLATES[name][:2])
    assert fill(templates.document, {"text": "D"}) == TEMPLATES[name][2]


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "gritlm"])
def test_without_instruction_the_query_is_bare_by_default(name: str) -> None:
    templates = REGISTRY.card(name).templates
    bare = "Q</s>" if name == "nv-embed" else "Q"
    assert query_texts(Queries.of(["1"], ["Q"]), templates, ModelSwitches()).to_pylist() == [bare]


@pytest.mark.parametrize("name", ["nv-embed", "nv-embed-v2"])
def test_nv_embed_by_default_is_as_its_authors_run_it(name: str) -> None:
    """ToolRet's reference pools over the instruction and closes queries alone; the model card does neither."""
    card = REGISTRY.card(name)
    assert card.encoding.pooling == "mean_text"
    assert fill(card.templates.document, {"text": "D"}) == "D</s>"
    assert not card.remote_code


OWN_PROMPTS = {
    "e5": ("query: I Q", "query: Q", "passage: D"),
    "bge": (
        "Represent this sentence for searching relevant passages: I Q",
        "Represent this sentence for searching relevant passages: Q",
        "D",
    ),
    "qwen3-embedding": (
        "Instruct: I\nQuery:Q",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:Q",
        "D",
    ),
}


@pytest.mark.parametrize("name", OWN_PROMPTS)
def test_prompts_of_the_models_authors(name: str) -> None:
    prompts = REGISTRY.card(name).own_prompts
    assert prompts is not None
    queries = Queries.of(["1", "2"], ["Q", "Q"], ["I", None])
    assert query_texts(queries, prompts, ModelSwitches()).to_pylist() == list(OWN_PROMPTS[name][:2])
    assert fill(prompts.document, {"text": "D"}) == OWN_PROMPTS[name][2]


@pytest.mark.parametrize("name", ["e5-mistral", "gte-qwen2"])
def test_the_closing_token_that_transformers_5_lost(name: str) -> None:
    assert REGISTRY.card(name).encoding.add_eos
    assert not REGISTRY.card("qwen3-embedding").encoding.add_eos


@pytest.mark.parametrize("name", DENSE)
def test_every_dense_card_is_complete(name: str) -> None:
    card = REGISTRY.card(name)
    doubts = " ".join(card.not_verified)
    assert card.title
    assert card.homepage.startswith("https://")
    assert card.revision is None or re.fullmatch(r"[0-9a-f]{40}", card.revision)
    assert card.revision is not None or "revision" in doubts
    assert card.parameters is not None or "number of parameters" in doubts
    if name not in TABLE:
        assert doubts, "a card that no published table confirms must say so"


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("protocol", ["default", "paper", "released"])
def test_every_protocol_is_a_card(name: str, protocol: Any) -> None:
    card = REGISTRY.card(name).under(protocol, "toolret")
    assert (card.protocols, card.suites) == ({}, {})


@pytest.mark.parametrize("name", sorted(REGISTRY.card_files))
@pytest.mark.parametrize("protocol", ["paper", "released"])
def test_what_toolrets_reference_does_is_done_in_toolret_alone(name: str, protocol: Any) -> None:
    card = REGISTRY.card(name)
    plain = card.model_copy(update={"suites": {}})
    assert card.under(protocol, "mair") == card.under(protocol) == plain
    assert card.under("default", "toolret") == plain


def test_released_has_what_paper_has_and_a_suite_comes_last() -> None:
    card = ModelCard.model_validate(
        {
            "name": "mine",
            "family": "dense",
            "protocols": {"paper": {"encoding": {"dtype": "float16", "max_length": 9}}},
            "suites": {
                "one": {
                    "protocols": {
                        "paper": {"encoding": {"max_length": 8}},
                        "released": {"encoding": {"pooling": "cls"}},
                    }
                }
            },
        }
    )

    def encoding(protocol: Any, suite: str | None = None) -> tuple[Any, ...]:
        found = card.under(protocol, suite).encoding
        return found.dtype, found.max_length, found.pooling

    assert encoding("default", "one") == ("float32", "model", "model")
    assert encoding("paper") == encoding("released") == encoding("paper", "other") == ("float16", 9, "model")
    assert encoding("paper", "one") == ("float16", 8, "model")
    assert encoding("released", "one") == ("float16", 8, "cls")


def test_cards_without_suites_keep_the_digest_that_stored_results_name() -> None:
    """The digest of the bm25 card in the entries of leaderboards/sample."""
    assert REGISTRY.card("bm25").digest.startswith("a1fdf69e2f67")


@pytest.mark.parametrize("name", sorted(REGISTRY.card_files))
def test_every_card_names_what_it_lacks(name: str) -> None:
    card = REGISTRY.card(name)
    if card.family in ("random", "oracle", "bm25", "okapi", "tfidf", "lucene", "listwise", "hosted"):
        return  # no weights of its own
    doubts = " ".join(card.not_verified)
    assert card.hub is not None
    assert card.revision is not None or "no revision is pinned" in doubts or "no revision of that mirror" in doubts
    assert card.licence != "not stated" or "licence" in doubts
    assert card.parameters is not None or "number of parameters" in doubts


FROM_MEMORY = ("bge-reranker-v2-m3", "bge-reranker-v2-gemma", "jina-reranker-v2", "monot5", "gte-large", "colt")


@pytest.mark.parametrize("name", FROM_MEMORY)
def test_parameters_that_no_source_at_hand_confirms_are_said_to_be_unconfirmed(name: str) -> None:
    assert any("number of parameters" in doubt for doubt in REGISTRY.card(name).not_verified)


# MAIR's section 7, gritlm's own default (ToolRet's section 3.3), and the cards' own pages.
OWN_LENGTHS = {
    **dict.fromkeys(("e5-small", "e5", "e5-large", "bge", "bge-large", "bge-small", "gtr", "gtr-large"), 512),
    "minilm": 256,
    "gte": 8192,
    "gte-large": 8192,
    "gritlm": 512,
    "nv-embed-v2": 32768,
}


@pytest.mark.parametrize("name", DENSE)
def test_length_of_the_models_authors_or_of_the_checkpoint(name: str) -> None:
    assert REGISTRY.card(name).as_its_authors_say().encoding.max_length == OWN_LENGTHS.get(name, "model")


def test_all_shipped_models_can_be_run() -> None:
    assert not [name for name in DENSE if REGISTRY.card(name).unsupported]
