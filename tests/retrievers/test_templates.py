"""The texts that a model really sees."""

from __future__ import annotations

import pytest

from toolbench_eval.cards import Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.bm25 import BM25
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.model import TemplatedModel
from toolbench_eval.retrievers.templates import document_corpus, fill, query_texts
from toolbench_eval.switches import ModelSwitches

BARE, SCAFFOLD = ModelSwitches(), ModelSwitches(wo_inst_template="scaffold")
BOTH = Queries.of(["1", "2"], ["find", ""], ["Look for tools", None])
WITHOUT = Queries.of(["1", "2"], ["find", ""])


def texts(queries: Queries, templates: Templates, switches: ModelSwitches = BARE) -> list[str]:
    return query_texts(queries, templates, switches).to_pylist()


def test_with_instruction_and_for_queries_that_have_none():
    assert texts(BOTH, Templates()) == ["Instruct: Look for tools\nQuery: find", ""]
    assert texts(BOTH, Templates(), SCAFFOLD) == ["Instruct: Look for tools\nQuery: find", "Instruct: \nQuery: "]


def test_without_instruction():
    assert texts(WITHOUT, Templates()) == ["find", ""]
    assert texts(WITHOUT, Templates(), SCAFFOLD) == ["Instruct: \nQuery: find", "Instruct: \nQuery: "]


@pytest.mark.parametrize(
    ("model", "with_instruction", "without", "scaffold"),
    [
        # Shi et al. 2025, reference code: the branch of each family
        ("bm25", "I Q", "Q", "Q"),
        ("e5", "Instruct: I\nquery: Q", "Q", "Instruct: \nquery: Q"),
        ("e5-small", "Instruct: I\nquery: Q", "Q", "Instruct: \nquery: Q"),
        ("bge", "Instruct: I\nQuery: Q", "Q", "Instruct: \nQuery: Q"),
        ("minilm", "Instruct: I\nQuery: Q", "Q", "Instruct: \nQuery: Q"),
        ("contriever", "Instruct: I\nQuery: Q", "Q", "Instruct: \nQuery: Q"),
        ("gte", "Instruct: I\nQuery: Q", "Q", "Instruct: \nQuery: Q"),
    ],
)
def test_the_benchmarks_templates_of_shipped_models(model: str, with_instruction: str, without: str, scaffold: str):
    templates = Registry().card(model).templates
    asked, bare = Queries.of(["1"], ["Q"], ["I"]), Queries.of(["1"], ["Q"])
    assert texts(asked, templates) == [with_instruction]
    assert texts(bare, templates) == [without]
    assert texts(bare, templates, SCAFFOLD) == [scaffold]
    assert templates.document == "{text}"  # documents go in raw, whatever the model's own card asks for


def test_a_models_own_prompts():
    model = load_model("e5", switches={"query_format": "model_card"})
    assert isinstance(model, TemplatedModel)
    assert texts(BOTH, model.templates) == ["query: Look for tools find", "query: "]
    assert document_corpus(Corpus.of("a", "x"), model.templates, BARE).texts.to_pylist() == ["passage: x"]


@pytest.mark.parametrize("text", ["{query}", "{instruction} {text}", "{0} {unknown} {", "\\1 \\g<0>"])
def test_braces_and_backslashes_of_a_text_stay(text: str):
    assert texts(Queries.of(["1"], [text], [text]), Templates(with_instruction="{instruction}|{query}")) == [
        f"{text}|{text}"
    ]
    assert fill("a {x} {text}", {"text": text}) == f"a {{x}} {text}"


# documents ------------------------------------------------------------------------------------


def shown(text: str, **switches: str) -> str:
    return document_corpus(Corpus.of(["d"], [text]), Templates(), ModelSwitches(**switches)).texts[0].as_py()


def test_raw_documents_are_not_touched():
    corpus = Corpus.of("ab", ["{not json", '{"a": 1}'])
    assert document_corpus(corpus, Templates(), BARE) is corpus


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "a", "on": true, "none": null}', "{'name': 'a', 'on': True, 'none': None}"),
        (
            '{"it": "isn\'t", "n": 1.0, "list": [1, {"x": "\\u00e9"}]}',
            "{'it': \"isn't\", 'n': 1.0, 'list': [1, {'x': 'é'}]}",
        ),
        ('{"b": 1, "a": "line\\n"}', "{'b': 1, 'a': 'line\\n'}"),
    ],
)
def test_repr_is_the_str_of_the_decoded_object(text: str, expected: str):
    assert shown(text, document_text="repr") == expected


@pytest.mark.parametrize("text", ["no json", ""])
def test_repr_of_what_is_no_json(text: str):
    with pytest.raises(DataError, match=r"'d' is not\. Use --set document_text=raw"):
        shown(text, document_text="repr")


def test_ids_groups_and_ties_stay():
    corpus = Corpus.of("ba", ['{"x": 1}', '{"y": 2}'])
    changed = document_corpus(corpus, Templates(document="passage: {text}"), ModelSwitches(document_text="repr"))
    assert changed.ids.to_pylist() == ["b", "a"]
    assert changed.texts.to_pylist() == ["passage: {'x': 1}", "passage: {'y': 2}"]
    assert changed.ties == corpus.ties


def test_equal_texts_are_searched_once():
    """ToolRet's `rotbench` asks 550 queries with 70 texts."""

    class Counting:
        def __init__(self) -> None:
            self.asked: list[str] = []
            self.inner = BM25()

        def index(self, corpus: Corpus) -> None:
            self.inner.index(corpus)

        def search(self, queries: Queries, k: int):
            self.asked += queries.texts.to_pylist()
            return self.inner.search(queries, k)

    counting = Counting()
    model = TemplatedModel(name="m", revision=None, load=lambda: counting)
    model.index(Corpus.of("abc", ["red fox", "blue dog", "red dog"]))
    run = model.search(Queries.of("1234", ["red", "dog", "red", "dog"]), 2)
    assert counting.asked == ["red", "dog"]
    assert run.query_ids.to_pylist() == ["1", "2", "3", "4"]
    assert run.documents.tolist() == [[2, 0], [2, 1], [2, 0], [2, 1]]
