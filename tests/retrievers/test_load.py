"""From a name to a model: what switches, protocols and suites do to its setting."""

import pytest

from toolbench_eval.cards import ModelCard
from toolbench_eval.encoding.weights import find_weights
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


@pytest.mark.parametrize("name", ["e5-mistral", "nv-embed", "qwen3-embedding", "contriever", "colt"])
def test_where_no_card_names_a_length_the_checkpoints_files_decide(name):
    """2,048 is what ToolRet's reference forces."""
    for protocol in ("default", "paper", "released"):
        assert setting(name, "mair", protocol)["max_length"] == "model"
    assert setting(name, "mair", length="benchmark")["max_length"] == REGISTRY.card(name).encoding.max_length


def test_mairs_reference_encodes_by_the_models_own_modules():
    for name in ("nv-embed", "minilm", "gritlm"):
        default, paper = setting(name, "mair"), setting(name, "mair", "paper")
        own = REGISTRY.card(name).encoding
        assert (default["pooling"], default["normalize"]) == (own.pooling, own.normalize)
        assert (paper["pooling"], paper["normalize"]) == ("model", "model")
        assert paper["dtype"] == default["dtype"]
        again = setting(name, "mair", "paper", pooling="card", normalize="true")
        assert (again["pooling"], again["normalize"]) == (own.pooling, True)
    assert setting("nv-embed", "toolret", "paper")["pooling"] == "mean"


def test_switches_of_a_card_go_to_the_models_that_have_them():
    members = setting("bm25+minilm", normalize="false")["members"]
    assert members["minilm"]["normalize"] is False
    assert members["bm25"] == setting("bm25")
    with pytest.raises(UsageError, match="'normalize' is for dense models; this one is bm25"):
        load_model("bm25", REGISTRY, switches={"normalize": "false"})
    with pytest.raises(UsageError, match="'last_window' is for listwise models; this one is bm25"):
        load_model("bm25", REGISTRY, switches={"last_window": "dropped"})


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
        toolret, on_cpu = REGISTRY.suite("toolret"), Runtime(device="cpu", **runtime)
        return load_model("bge", REGISTRY, protocol=protocol, suite=toolret, runtime=on_cpu).setting["dtype"]

    assert REGISTRY.card("bge").under("paper", "toolret").encoding.dtype == "float16"
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


@pytest.mark.parametrize("name", ["rankgpt", "rankgpt:scripted", "monot5"])
def test_a_reranker_alone_is_no_retriever(name):
    with pytest.raises(UsageError, match=f"'{name}' is a reranker: name a retriever before it"):
        load_model(name, REGISTRY)


def test_a_folder_without_a_model_is_refused_before_its_files_are_read(tmp_path, monkeypatch):
    (tmp_path / "weights.bin").write_bytes(b"1")
    monkeypatch.setattr("toolbench_eval.encoding.weights.folder_digest", lambda folder: pytest.fail("it was read"))
    with pytest.raises(UsageError, match=r"it has neither config\.json nor modules\.json"):
        load_model(str(tmp_path), REGISTRY)
    with pytest.raises(UsageError, match=r"it has neither config\.json nor modules\.json"):
        find_weights(ModelCard(name="own", family="dense", hub=str(tmp_path)), offline=True)


@pytest.mark.parametrize("name", ["bm25+", "+bm25", "bm25>"])
def test_empty_parts_are_refused(name):
    with pytest.raises(UsageError, match="empty"):
        load_model(name, REGISTRY)


def test_a_misspelt_name_lists_the_nearest():
    with pytest.raises(UnknownNameError, match="bm25"):
        load_model("bm52", REGISTRY)
