"""What becomes of one small record of every format."""

from __future__ import annotations

from support.qa_records import (
    COLUMNS,
    DPR,
    DRO,
    FANOUTQA,
    FLASHRAG,
    FRAMES,
    GRAPHRAGBENCH,
    HOTPOTQA,
    KILT,
    LIHUAWORLD,
    MOREHOPQA,
    MUSIQUE,
    NQ_OPEN,
    PLAIN,
    RETRIEVER,
    RGB,
    SAMPLES,
    STRATEGYQA,
    TWO_WIKI,
    question,
)

from toolbench_eval.data.passages import Passage
from toolbench_eval.data.qa.fanoutqa import leaves, written
from toolbench_eval.data.qa.frames import page_title
from toolbench_eval.data.qa.two_wiki import with_aliases
from toolbench_eval.data.questions import Question


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


def test_a_sample_shows_nothing_gold():
    """Whatever is gold stays out of what an agent is given."""
    for name, values in SAMPLES.items():
        assert set(vars(question(name, values).sample)) == {"id", "text", "answer_type"}, name
