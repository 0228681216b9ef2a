"""Which format a record is of, and records that are wrong."""

from __future__ import annotations

import copy
import json

import pytest
from support.qa_records import COLUMNS, KILT, MUSIQUE, NQ_OPEN, PLAIN, RETRIEVER, SAMPLES, question, record

from toolbench_eval.data.qa.formats import FORMATS, check_format, chosen, detected
from toolbench_eval.errors import DataError, UnknownNameError

# Detection


@pytest.mark.parametrize("name", SAMPLES)
def test_a_record_tells_its_format(name: str):
    assert detected(record(SAMPLES[name])) == name


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (COLUMNS, "hotpotqa"),
        (RETRIEVER, "dpr"),
        (NQ_OPEN, "plain"),
        ({"qid": "s", "question": "q"}, "strategyqa"),
        ({"_id": "h", "question": "q", "context": []}, "hotpotqa"),
        ({"id": "k", "input": "q", "meta": {}}, "kilt"),
        ({"question": "q", "answer": "a", "type": "bridge"}, "plain"),
    ],
)
def test_varieties_tell_their_format_too(values: dict[str, object], name: str):
    assert detected(record(values)) == name


def test_a_declared_variety_counts_and_another_format_does_not():
    assert chosen("wizard-of-wikipedia", record(KILT)) == "wizard-of-wikipedia"
    assert chosen("bamboogle", record(PLAIN)) == "bamboogle"
    assert chosen("hotpotqa", record(PLAIN)) == "plain"
    assert chosen("auto", record(MUSIQUE)) == "musique"


def test_unknown_formats():
    with pytest.raises(DataError, match="no known format") as caught:
        detected(record({"prompt": "x", "response": "y"}))
    assert caught.value.row == 3
    with pytest.raises(UnknownNameError, match="hotpotqa"):
        check_format("hotpotQA")
    check_format("auto")


# Tables and faults


def flattened(values: dict[str, object]) -> dict[str, object]:
    """A record as `read_table` holds it."""
    return {key: json.dumps(one) if isinstance(one, list | dict) else one for key, one in values.items()}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_flat_tables_give_the_same_questions(name: str):
    values = {key: one for key, one in SAMPLES[name].items() if not isinstance(one, bool)}
    assert FORMATS[name](record(flattened(values), flat=True)) == FORMATS[name](record(values))


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("hotpotqa", {"question": None}, "question"),
        ("hotpotqa", {"_id": None}, "_id"),
        ("hotpotqa", {"context": [["Marl", "text"]]}, "context[0]"),
        ("hotpotqa", {"context": [["Marl"]]}, "context[0]"),
        ("hotpotqa", {"context": {"title": ["a", "b"], "sentences": [["x"]]}}, "context.sentences"),
        ("hotpotqa", {"supporting_facts": [["Ulve", "0"]]}, "supporting_facts[0]"),
        ("hotpotqa", {"supporting_facts": [["Ulve", True]]}, "supporting_facts[0]"),
        ("2wikimultihopqa", {"evidences": [["a", "b"]]}, "evidences[0]"),
        ("musique", {"paragraphs": [{"idx": 0, "title": "t"}]}, "paragraphs[0].paragraph_text"),
        ("musique", {"answer_aliases": "Marle"}, "answer_aliases"),
        ("strategyqa", {"answer": "maybe"}, "answer"),
        ("strategyqa", {"answer": 1}, "answer"),
        ("strategyqa", {"evidence": [[[3]]]}, "evidence[0]"),
        ("kilt", {"output": ["Ida"]}, "output[0]"),
        ("flashrag", {"golden_answers": [{}]}, "golden_answers"),
        ("dpr", {"ctxs": [{"title": "t"}]}, "ctxs[0].text"),
        ("dro", {"positive": "Ida"}, "positive"),
        ("morehopqa", {"no_of_hops": "many"}, "no_of_hops"),
        ("fanoutqa", {"decomposition": [{"evidence": {"title": "t"}}]}, "decomposition[0].question"),
        ("frames", {"wiki_links": "nothing"}, "wiki_links"),
        ("lihuaworld", {"evidence": None}, "evidence"),
        ("rgb", {"negative": [1]}, "negative[0]"),
        ("plain", {"answer_type": "number"}, "answer_type"),
    ],
)
def test_wrong_records_are_refused_with_the_field(name: str, change: dict[str, object], field: str):
    with pytest.raises(DataError) as caught:
        question(name, {**copy.deepcopy(SAMPLES[name]), **change})
    assert (caught.value.file, caught.value.row, caught.value.field) == ("dev.json", 3, field)
