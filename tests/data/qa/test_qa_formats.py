"""One small record of every format, made by hand, and what becomes of it."""

from __future__ import annotations

import copy
import json

import pytest

from toolbench_eval.data.passages import Passage
from toolbench_eval.data.qa.fanoutqa import leaves, written
from toolbench_eval.data.qa.formats import FORMATS, check_format, chosen, detected
from toolbench_eval.data.qa.frames import page_title
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.qa.two_wiki import with_aliases
from toolbench_eval.data.qa.typed import typed
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import DataError, UnknownNameError

HOTPOTQA = {
    "_id": "h1",
    "question": "Which river is longer?",
    "answer": "the Ulve",
    "type": "comparison",
    "level": "hard",
    "supporting_facts": [["Ulve", 0], ["Tessen", 1]],
    "context": [
        ["Marl", ["Marl is a town."]],
        ["Tessen", ["A river.", " It is short."]],
        ["Ulve", ["The Ulve is long."]],
    ],
}
COLUMNS = HOTPOTQA | {
    "id": "h1",
    "supporting_facts": {"title": ["Ulve", "Tessen"], "sent_id": [0, 1]},
    "context": {
        "title": ["Marl", "Tessen", "Ulve"],
        "sentences": [["Marl is a town."], ["A river.", " It is short."], ["The Ulve is long."]],
    },
}
del COLUMNS["_id"]
TWO_WIKI = HOTPOTQA | {
    "type": "inference",
    "context": [["Tessen", ["A river.", "It is short."]], ["Ulve", ["The Ulve is long."]]],
    "evidences": [["Ulve", "length", "90 km"]],
    "evidences_id": [["Q1", "length", "Q2"]],
    "entity_ids": "Q1_Q3",
    "answer_id": "Q1",
}
MUSIQUE = {
    "id": "3hop1__12_34_56",
    "question": "Where was the maker of the bell born?",
    "question_decomposition": [
        {"id": 12, "question": "bell >> maker", "answer": "Ida", "paragraph_support_idx": 1},
        {"id": 34, "question": "#1 >> place of birth", "answer": "Marl", "paragraph_support_idx": None},
    ],
    "paragraphs": [
        {"idx": 0, "title": "Bell", "paragraph_text": "Bells ring.", "is_supporting": False},
        {"idx": 1, "title": "Bell", "paragraph_text": "Ida made it.", "is_supporting": True},
    ],
    "answer": "Marl",
    "answer_aliases": ["Marle", "Marl"],
    "answerable": True,
}
STRATEGYQA = {
    "qid": "s1",
    "term": "Ulve",
    "description": "a river",
    "question": "Could a heron wade the Ulve?",
    "answer": False,
    "facts": ["The Ulve is deep."],
    "decomposition": ["How deep is the Ulve?", "Is #1 below a heron's legs?"],
    "evidence": [[[["Ulve-2"]], ["operation"]], [["no_evidence", ["Ulve-2", "Grey heron-1"]], ["operation"]]],
}
KILT = {
    "id": "k1",
    "input": "who made the bell",
    "output": [
        {"answer": "Ida", "provenance": [{"wikipedia_id": "10", "title": "Bell"}]},
        {"answer": "Ida Marl", "provenance": [{"wikipedia_id": 10, "title": "Bell"}, {"wikipedia_id": "11"}]},
        {"provenance": [{"wikipedia_id": "12", "title": "Ida"}]},
    ],
    "meta": {},
}
FLASHRAG = {
    "id": "test_0",
    "question": "who?",
    "golden_answers": ["Ida", "Ida Marl"],
    "metadata": {"type": "bridge", "supporting_facts": COLUMNS["supporting_facts"], "context": COLUMNS["context"]},
}
DPR = {
    "question": "who?",
    "answers": ["Ida"],
    "ctxs": [
        {"title": "Bell", "text": "Bells ring for Ida.", "hasanswer": True, "isgold": False},
        {"title": "Ida", "text": "Ida made it.", "hasanswer": True, "isgold": True},
    ],
}
RETRIEVER = {
    "question": "who?",
    "answers": ["Ida"],
    "positive_ctxs": [{"title": "Ida", "text": "Ida made it."}],
    "negative_ctxs": [],
    "hard_negative_ctxs": [{"title": "Bell", "text": "Bells ring."}],
}
DRO = {
    "query_id": "d1",
    "question": "who?",
    "answer": "Ida",
    "positive": ["Ida | Ida made it. | Twice."],
    "retrieval": ["no title here", "Bell | Bells ring."],
    "dataset": "nq",
}
MOREHOPQA = {
    "_id": "m1_1",
    "question": "How many letters has the maker's name?",
    "answer": "3",
    "previous_question": "Who made the bell?",
    "previous_answer": "Ida",
    "question_decomposition": [
        {"sub_id": "1", "question": "Which bell?", "answer": "Big", "paragraph_support_title": "Bell"},
        {"sub_id": "2", "question": "Who made it?", "answer": "Ida", "paragraph_support_title": "Ida"},
        {"sub_id": "3", "question": "How many letters?", "answer": "3", "paragraph_support_title": ""},
    ],
    "context": [["Bell", ["A bell.", "It rings."]], ["Ida", ["Ida made it.", " Once."]]],
    "answer_type": "number",
    "no_of_hops": 3,
    "reasoning_type": "Symbolic",
}
FANOUTQA = {
    "id": "f1",
    "question": "How long are the two rivers?",
    "decomposition": [
        {
            "id": "a",
            "question": "Which rivers?",
            "decomposition": [{"id": "b", "question": "Where?", "decomposition": [], "evidence": {"title": "Coast"}}],
            "evidence": {"title": "Rivers", "pageid": 1},
        },
        {"id": "c", "question": "How long?", "decomposition": [], "evidence": {"title": "Rivers"}},
    ],
    "answer": {"Ulve": 90, "Tessen": ["7 km", True]},
    "categories": ["Geography", "Rivers"],
}
FRAMES = {
    "id": "3",
    "Question": "who?",
    "Answer": "Ida of Marl",
    "answer": ["Ida of Marl", "Ida"],
    "wiki_links": "['https://en.wikipedia.org/wiki/Ida_%28maker%29#Life', 'https://en.wikipedia.org/wiki/Bell']",
    "reasoning_types": "Temporal reasoning",
}
LIHUAWORLD = {
    "id": "5",
    "question": "When?",
    "answer": "At noon",
    "evidence": "20260105_11:00<and>20260106_09:00<and>20260105_11:00 ",
    "type": "Multi",
}
GRAPHRAGBENCH = {
    "id": "Medical-1",
    "source": "Medical",
    "question": "What is it?",
    "answer": "It is a cough.",
    "question_type": "Fact Retrieval",
}
RGB = {
    "id": 4,
    "query": "When and where?",
    "answer": [["May 1", "1 May"], "Marl"],
    "fakeanswer": "Bree",
    "positive": [["On May 1.", "In Marl."], "Marl, May 1."],
    "positive_wrong": ["In Bree."],
    "negative": ["Nothing here."],
}
PLAIN = {"Question": "who?", "answer": ["Ida"], "source": "bamboogle", "id": "b1"}
NQ_OPEN = {"question": "who?", "answer": ["Ida", "Ida Marl"]}

SAMPLES = {
    "hotpotqa": HOTPOTQA,
    "2wikimultihopqa": TWO_WIKI,
    "musique": MUSIQUE,
    "strategyqa": STRATEGYQA,
    "kilt": KILT,
    "flashrag": FLASHRAG,
    "dpr": DPR,
    "dro": DRO,
    "morehopqa": MOREHOPQA,
    "fanoutqa": FANOUTQA,
    "frames": FRAMES,
    "lihuaworld": LIHUAWORLD,
    "graphragbench": GRAPHRAGBENCH,
    "rgb": RGB,
    "plain": PLAIN,
}


def record(values: dict[str, object], *, flat: bool = False) -> Record:
    return Record(values, "dev.json", 3, flat=flat)


def question(name: str, values: dict[str, object]) -> Question:
    return FORMATS[name](record(values))


def flattened(values: dict[str, object]) -> dict[str, object]:
    """A record as `read_table` holds it."""
    return {key: json.dumps(one) if isinstance(one, list | dict) else one for key, one in values.items()}


def test_hotpotqa():
    found = question("hotpotqa", HOTPOTQA)
    assert found == Question(
        id="h1",
        text="Which river is longer?",
        answers=("the Ulve",),
        hops=2,
        kind="comparison",
        gold_passages=("1", "2"),
        gold_titles=("Ulve", "Tessen"),
        gold_sentences=(("Ulve", 0), ("Tessen", 1)),
        context=(
            Passage("0", "Marl", "Marl is a town."),
            Passage("1", "Tessen", "A river. It is short."),
            Passage("2", "Ulve", "The Ulve is long."),
        ),
        sentences={"0": ("Marl is a town.",), "1": ("A river.", " It is short."), "2": ("The Ulve is long.",)},
        extra={"level": "hard"},
    )
    assert question("hotpotqa", COLUMNS) == found


def test_hotpotqa_test_records_have_no_gold():
    bare = {key: HOTPOTQA[key] for key in ("_id", "question", "context")}
    found = question("hotpotqa", bare)
    assert (found.answers, found.gold_passages, found.gold_titles, len(found.context)) == ((), (), (), 3)


def test_2wikimultihopqa():
    found = question("2wikimultihopqa", TWO_WIKI)
    assert (found.kind, found.hops, found.gold_passages) == ("inference", None, ("0", "1"))
    assert found.context[0].text == "A river. It is short."
    assert found.sentences["0"] == ("A river.", "It is short.")
    assert found.gold_triples == (("Ulve", "length", "90 km"),)
    assert found.extra == {"entity_ids": "Q1_Q3", "answer_id": "Q1", "evidences_id": (("Q1", "length", "Q2"),)}
    named = with_aliases(found, {"Q1": ("Ulva", "the Ulve"), "Q2": ("90000 m",), "Q9": ("else",)})
    assert named.answers == ("the Ulve", "Ulva")
    assert named.extra["aliases"] == {"Q1": ("Ulva", "the Ulve"), "Q2": ("90000 m",)}
    old = question("2wikimultihopqa", {**TWO_WIKI, "answer_id": None, "evidences_id": []})
    assert with_aliases(old, {"Q1": ("Ulva",)}) == old
    columns = {**TWO_WIKI, "evidences": {"fact": ["Ulve"], "relation": ["length"], "entity": ["90 km"]}}
    assert question("2wikimultihopqa", columns).gold_triples == found.gold_triples


def test_musique():
    found = question("musique", MUSIQUE)
    assert (found.id, found.kind, found.hops) == ("3hop1__12_34_56", "3hop1", 3)
    assert found.answers == ("Marl", "Marle")
    assert (found.gold_passages, found.gold_titles) == (("1",), ("Bell",))
    assert found.context == (Passage("0", "Bell", "Bells ring."), Passage("1", "Bell", "Ida made it."))
    assert found.decomposition == ("bell >> maker", "#1 >> place of birth")
    assert found.extra["support"] == (1,)


def test_the_twins_of_musique_full_have_different_ids():
    twin = question("musique", {**MUSIQUE, "answerable": False})
    assert (twin.id, twin.answerable, twin.extra["group"]) == ("3hop1__12_34_56/unanswerable", False, MUSIQUE["id"])
    assert question("musique", {**MUSIQUE, "id": "2hop__1_2"}).hops == 2


def test_strategyqa():
    found = question("strategyqa", STRATEGYQA)
    assert (found.answers, found.answer_type, found.hops) == (("no",), "boolean", 2)
    assert found.gold_passages == ("Ulve-2", "Grey heron-1")
    assert found.gold_titles == ("Ulve", "Grey heron")
    assert found.extra["evidence"] == STRATEGYQA["evidence"]
    test = question("strategyqa", {"qid": "s2", "question": "Is it?"})
    assert (test.answers, test.gold_passages, test.answer_type) == ((), (), "boolean")


def test_kilt():
    found = question("kilt", KILT)
    assert (found.id, found.text, found.answers) == ("k1", "who made the bell", ("Ida", "Ida Marl"))
    assert (found.gold_titles, found.extra["pages"]) == (("Bell", "Ida"), ("10", "11", "12"))
    assert found.extra["output"] == tuple(KILT["output"])
    turn = question("wizard-of-wikipedia", KILT)
    assert (turn.answer_type, turn.kind, turn.answers) == ("text", "dialogue", found.answers)


def test_flashrag():
    found = question("flashrag", FLASHRAG)
    assert (found.answers, found.kind) == (("Ida", "Ida Marl"), "bridge")
    assert (found.gold_passages, found.gold_titles) == (("1", "2"), ("Ulve", "Tessen"))
    assert found.context[1].text == "A river. It is short."
    bare = question("flashrag", {"id": "t", "question": "so?", "golden_answers": [True]})
    assert (bare.answers, bare.answer_type, bare.context) == (("yes",), "boolean", ())


def test_dpr():
    found = question("dpr", DPR)
    assert (found.id, found.answers, found.gold_passages, found.gold_titles) == ("3", ("Ida",), ("1",), ("Ida",))
    trained = question("dpr", RETRIEVER)
    assert [passage.title for passage in trained.context] == ["Ida", "Bell"]
    assert trained.gold_passages == ("0",)


def test_dro():
    found = question("dro", DRO)
    assert found.context == (
        Passage("0", "Ida", "Ida made it. | Twice."),
        Passage("1", "", "no title here"),
        Passage("2", "Bell", "Bells ring."),
    )
    assert (found.gold_passages, found.gold_titles, found.answers) == (("0",), ("Ida",), ("Ida",))


def test_morehopqa():
    found = question("morehopqa", MOREHOPQA)
    assert (found.hops, found.kind, found.answer_type) == (3, "Symbolic", "span")
    assert [passage.text for passage in found.context] == ["A bell. It rings.", "Ida made it. Once."]
    assert (found.gold_passages, found.gold_titles) == (("0", "1"), ("Bell", "Ida"))
    assert found.extra["answer_type"] == "number"


def test_fanoutqa():
    found = question("fanoutqa", FANOUTQA)
    assert found.answers == ("Ulve: 90; Tessen: 7 km, yes",)
    assert (found.answer_type, found.kind) == ("text", "Geography, Rivers")
    assert found.gold_titles == ("Rivers", "Coast")
    assert found.decomposition == ("Which rivers?", "Where?", "How long?")
    assert found.extra == {"answer": FANOUTQA["answer"], "parts": ("Ulve", "90", "Tessen", "7 km", "yes")}
    assert written(["a", 2]) == "a, 2"
    assert list(leaves("a")) == ["a"]


def test_frames():
    found = question("frames", FRAMES)
    assert (found.answers, found.gold_titles) == (("Ida of Marl", "Ida"), ("Ida (maker)", "Bell"))
    table = {"Prompt": "who?", "Answer": "Ida", "wiki_links": FRAMES["wiki_links"]}
    assert question("frames", table).id == "3"
    assert page_title("https://en.wikipedia.org/wiki/AC/DC_(band)") == "AC/DC (band)"


def test_lihuaworld():
    found = question("lihuaworld", LIHUAWORLD)
    assert found.gold_passages == ("20260105_1100", "20260106_0900")
    assert (found.kind, found.answerable) == ("Multi", True)
    nothing = question("lihuaworld", {**LIHUAWORLD, "evidence": "N/A", "type": "Null"})
    assert (nothing.gold_passages, nothing.answerable) == (("N/A",), False)


def test_graphragbench():
    found = question("graphragbench", GRAPHRAGBENCH)
    assert (found.answer_type, found.kind, found.answers) == ("text", "Fact Retrieval", ("It is a cough.",))


def test_rgb():
    found = question("rgb", RGB)
    assert found.answers == ("May 1, Marl", "1 May, Marl")
    assert found.extra == {"parts": (("May 1", "1 May"), ("Marl",)), "fakeanswer": "Bree"}
    assert [passage.text for passage in found.context] == [
        "On May 1.",
        "In Marl.",
        "Marl, May 1.",
        "In Bree.",
        "Nothing here.",
    ]
    assert found.gold_passages == ("0", "1", "2")
    assert question("rgb", {**RGB, "answer": "Marl"}).answers == ("Marl",)


def test_plain():
    found = question("plain", PLAIN)
    assert (found.id, found.text, found.answers, found.answer_type) == ("b1", "who?", ("Ida",), "span")
    assert question("nq-open", NQ_OPEN).id == "3"
    own = {
        "id": "o1",
        "question": "Is it?",
        "answer": True,
        "hops": 2,
        "kind": "bridge",
        "gold_passages": ["p1", "p2"],
        "decomposition": ["What?", "And #1?"],
    }
    found = question("plain", own)
    assert (found.answers, found.answer_type, found.hops, found.kind) == (("yes",), "boolean", 2, "bridge")
    assert (found.gold_passages, found.decomposition) == (("p1", "p2"), ("What?", "And #1?"))
    assert question("plain", {"question": "Why?", "answer": "So.", "answer_type": "text"}).answer_type == "text"


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


def test_a_sample_shows_nothing_gold():
    """Whatever is gold stays out of what an agent is given."""
    for name, values in SAMPLES.items():
        assert set(vars(question(name, values).sample)) == {"id", "text", "answer_type"}, name


@pytest.mark.parametrize(
    ("answers", "found"), [(("True",), ("yes",)), (("no", "false"), ("no",)), (("1",), ("yes",)), ((), ())]
)
def test_declared_booleans_become_yes_and_no(answers: tuple[str, ...], found: tuple[str, ...]):
    typed_question = typed(Question("q", "Is it?", answers), "boolean", record({}))
    assert (typed_question.answers, typed_question.answer_type) == (found, "boolean")


def test_what_is_no_boolean_is_refused():
    with pytest.raises(DataError, match="must be a boolean") as caught:
        typed(Question("q", "Is it?", ("Marl",)), "boolean", record({}))
    assert caught.value.row == 3
    assert typed(Question("q", "Why?", ("So",)), "text", record({})).answer_type == "text"
    assert typed(Question("q", "Why?", ("So",)), None, record({})).answer_type == "span"
