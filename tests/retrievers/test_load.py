"""From a name to a model: what switches, protocols and suites do to its setting."""

import pytest

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model

REGISTRY = Registry()


def setting(name, suite=None, protocol="default", **switches):
    found = REGISTRY.suite(suite) if suite else None
    return load_model(name, REGISTRY, protocol=protocol, suite=found, switches=switches).setting


def test_length_is_the_benchmarks_or_the_models_own():
    assert setting("minilm", "toolret")["max_length"] == 512
    assert setting("minilm", "mair")["max_length"] == 256
    assert setting("minilm", "mair", length="benchmark")["max_length"] == 512
    assert setting("bge", "mair")["max_length"] == 512


def test_query_formats():
    assert setting("e5", "toolret")["templates"]["with_instruction"] == "Instruct: {instruction}\nquery: {query}"
    assert setting("e5", "mair")["templates"]["document"] == "passage: {text}"
    assert setting("minilm", "mair")["templates"]["with_instruction"] == "{instruction} {query}"
    assert setting("minilm", "mair", "released")["templates"]["with_instruction"] == "{instruction}{query}"
    assert setting("bm25", "mair", "released")["templates"]["with_instruction"] == "{instruction} {query}"


def test_paper_changes_the_text_of_a_tool_for_bm25_only():
    assert setting("bm25", "toolret", "paper")["document_text"] == "repr"
    assert setting("bge", "toolret", "paper")["document_text"] == "raw"
    assert setting("bm25", "toolret", "paper", document_text="raw")["document_text"] == "raw"


def test_half_precision_is_the_papers():
    def dtype(protocol, **runtime):
        return load_model("bge", REGISTRY, protocol=protocol, runtime=Runtime(device="cpu", **runtime)).setting["dtype"]

    assert REGISTRY.card("bge").under("paper").encoding.dtype == "float16"
    assert dtype("default") == "float32"
    assert dtype("paper") == "float32"  # on a CPU, and the result says so
    assert dtype("paper", dtype="float16") == "float16"


def test_a_hub_id_finds_its_card_and_an_unknown_one_gets_the_models_own_configuration():
    assert load_model("BAAI/bge-base-en-v1.5", REGISTRY).name == "bge"
    unknown = load_model("somebody/some-model", REGISTRY)
    assert unknown.name == "somebody/some-model"
    assert unknown.setting["pooling"] == unknown.setting["max_length"] == "model"


def test_fusion_and_its_members():
    made = load_model("bm25+tfidf", REGISTRY)
    assert made.name == "bm25+tfidf"
    assert set(made.setting["members"]) == {"bm25", "tfidf"}


@pytest.mark.parametrize("name", ["bm25+", "+bm25", "bm25>"])
def test_empty_parts_are_refused(name):
    with pytest.raises(UsageError, match="empty"):
        load_model(name, REGISTRY)


def test_a_misspelt_name_lists_the_nearest():
    with pytest.raises(UnknownNameError, match="bm25"):
        load_model("bm52", REGISTRY)
