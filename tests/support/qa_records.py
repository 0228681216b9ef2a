"""One small record of every format of questions, made by hand."""

from __future__ import annotations

from toolbench_eval.data.qa.formats import FORMATS
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import Question

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
