"""Every file of the question answering data: how many records there are, and which corpus holds whose evidence.

The numbers are those of the data's own README and manifest.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from toolbench_eval.data.qa.corpora import read_passages
from toolbench_eval.data.qa.formats import FORMATS, detected
from toolbench_eval.data.qa.gold import Coverage, placed
from toolbench_eval.data.qa.load import load_questions
from toolbench_eval.data.qa.reading import read_records, read_values
from toolbench_eval.data.qa.task import QuestionTask
from toolbench_eval.data.questions import Question
from toolbench_eval.data.sources import Access
from toolbench_eval.registry import Registry

pytestmark = pytest.mark.real

# name: format, questions
QUESTIONS = {
    "2wikimultihopqa_migres_train": ("2wikimultihopqa", 500),
    "2wikimultihopqa_sds_dev_qa": ("plain", 333),
    "bamboogle": ("plain", 84),
    "fanoutqa_dev": ("fanoutqa", 207),
    "frames": ("frames", 550),
    "graphragbench_medical_questions": ("graphragbench", 1375),
    "hotpotqa_bolaa_easy": ("hotpotqa", 100),
    "hotpotqa_bolaa_hard": ("hotpotqa", 100),
    "hotpotqa_bolaa_medium": ("hotpotqa", 100),
    "hotpotqa_hipporag_train": ("hotpotqa", 100),
    "hotpotqa_react_dev_simplified": ("plain", 4806),
    "lihuaworld_questions": ("lihuaworld", 425),
    "morehopqa_150": ("morehopqa", 100),
    "nq_open_oracle": ("dpr", 1770),
    "rgb_en_fact": ("rgb", 100),
    "rgb_zh_int": ("rgb", 100),
    "strategyqa_dev": ("strategyqa", 153),
    "strategyqa_train": ("strategyqa", 2061),
    "eval_cases/kilt_gold1": ("kilt", 3),
}
CORPORA = {
    "2wikimultihopqa_hipporag_corpus": 6119,
    "2wikimultihopqa_migres_train_corpus": 3112,
    "graphragbench_medical_corpus": 1747,  # one document, in blocks of 100 words
    "hotpotqa_bolaa_corpus": 2958,
    "hotpotqa_hipporag_train_corpus": 994,
    "lihuaworld_corpus": 442,
    "strategyqa_dev_corpus": 998,
}
TRAINING = {"nq_generator_training_example"}
"""Prompts and replies, no questions."""


@pytest.fixture(scope="module")
def data(shared_data: Path) -> Path:
    folder = shared_data / "qa"
    if not folder.is_dir():
        pytest.skip(f"no question answering data: {folder} is no folder")
    return folder


@pytest.fixture(scope="module")
def suite():
    return Registry().suite("mhqa")


def file(data: Path, name: str) -> Path:
    return data / f"{name}.jsonl.gz"


def load(suite, data: Path, task: str, source: str, corpus: str | None = None, **options: object) -> QuestionTask:
    (row,) = [one for one in suite.rows if one.task == task]
    given = None if corpus is None else file(data, corpus)
    return load_questions(suite, row, Access(offline=True), source=file(data, source), corpus=given, **options)


def test_every_file_is_looked_at(data: Path):
    there = {str(path.relative_to(data)).removesuffix(".jsonl.gz") for path in data.rglob("*.jsonl.gz")}
    cases = {name for name in there if name.startswith("eval_cases/")} - set(QUESTIONS)
    assert there - cases == set(QUESTIONS) | set(CORPORA) | TRAINING


def test_records_of_every_file(data: Path):
    with (data / "manifest.csv").open(newline="") as lines:
        declared = {row["name"]: int(row["records"]) for row in csv.DictReader(lines)}
    counted = {name: count for name, count in declared.items() if name.endswith(".jsonl.gz")}
    assert {name: sum(1 for _ in read_values(data / name)) for name in counted} == counted


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions(data: Path, name: str):
    wanted, count = QUESTIONS[name]
    records = list(read_records(file(data, name)))
    assert {detected(record) for record in records} == {wanted}
    questions = [FORMATS[wanted](record) for record in records]
    assert len({question.id for question in questions}) == count
    assert all(question.text.strip() and question.answers for question in questions)


@pytest.mark.parametrize("name", CORPORA)
def test_corpora(data: Path, name: str):
    passages = read_passages(file(data, name))
    assert len(passages) == CORPORA[name]
    assert all(text.strip() for text in passages.texts.to_pylist())


# The table "Which corpus belongs to which questions".
@pytest.mark.parametrize(
    ("task", "source", "corpus", "coverage"),
    [
        *(
            ("hotpotqa", f"hotpotqa_bolaa_{level}", "hotpotqa_bolaa_corpus", Coverage(200, 200, 100, 100))
            for level in ("easy", "medium", "hard")
        ),
        ("hotpotqa", "hotpotqa_hipporag_train", "hotpotqa_hipporag_train_corpus", Coverage(200, 200, 100, 100)),
        (
            "2wikimultihopqa",
            "2wikimultihopqa_migres_train",
            "2wikimultihopqa_migres_train_corpus",
            Coverage(1184, 1184, 500, 500),
        ),
        ("strategyqa", "strategyqa_dev", "strategyqa_dev_corpus", Coverage(655, 655, 153, 153)),
        ("strategyqa", "strategyqa_train", "strategyqa_dev_corpus", Coverage(9274, 236, 2060, 5)),
        ("morehopqa-150", "morehopqa_150", None, Coverage(200, 200, 100, 100)),
        ("lihuaworld", "lihuaworld_questions", "lihuaworld_corpus", Coverage(493, 446, 425, 378)),
        ("nq-oracle", "nq_open_oracle", None, Coverage(1770, 1770, 1770, 1770)),
    ],
)
def test_evidence_in_corpora(suite, data: Path, task: str, source: str, corpus: str | None, coverage: Coverage):
    loaded = load(suite, data, task, source, corpus)
    assert loaded.coverage == coverage
    known = set(loaded.passages.ids.to_pylist())
    found = [name for question in loaded.questions for name in question.gold_passages]
    assert len(found) == coverage.found
    assert known.issuperset(found)
    assert bool(loaded.notes) == (coverage.found < coverage.wanted)


def test_evidence_of_the_evaluator_cases(data: Path):
    rows = [dict(record.values) for record in read_records(file(data, "eval_cases/fast_graphrag_2wiki_101_graph"))]
    questions = [
        Question(str(at), row["question"], (), gold_titles=(*row["ground_truth"],)) for at, row in enumerate(rows)
    ]
    found, coverage = placed(questions, read_passages(file(data, "2wikimultihopqa_hipporag_corpus")))
    assert coverage == Coverage(248, 248, 101, 101)
    assert all(question.gold_passages == question.gold_titles for question in found)


@pytest.mark.parametrize(
    ("task", "sources", "corpus"),
    [
        ("hotpotqa", ["hotpotqa_bolaa_easy", "hotpotqa_bolaa_medium", "hotpotqa_bolaa_hard"], "hotpotqa_bolaa_corpus"),
        ("hotpotqa", ["hotpotqa_hipporag_train"], "hotpotqa_hipporag_train_corpus"),
        ("2wikimultihopqa", ["2wikimultihopqa_migres_train"], "2wikimultihopqa_migres_train_corpus"),
    ],
)
def test_pooled_contexts_are_the_corpora_made_of_them(suite, data: Path, task: str, sources: list[str], corpus: str):
    """The union of the contexts, each passage once; ids are titles, which are a key in these sets."""
    pooled = [load(suite, data, task, source).passages for source in sources]
    ids = {name for passages in pooled for name in passages.ids.to_pylist()}
    given = read_passages(file(data, corpus))
    assert ids == set(given.ids.to_pylist()) == set(given.titles.to_pylist())
    assert len(ids) == len(given)
    texts = {"".join(text.split()) for passages in pooled for text in passages.texts.to_pylist()}
    assert texts == {"".join(text.split()) for text in given.texts.to_pylist()}


def test_a_given_corpus_and_the_pool_agree(suite, data: Path):
    """HippoRAG's corpus is the union of the contexts of its questions: nothing changes whichever is searched."""
    pool = load(suite, data, "hotpotqa", "hotpotqa_hipporag_train")
    given = load(suite, data, "hotpotqa", "hotpotqa_hipporag_train", "hotpotqa_hipporag_train_corpus")
    assert pool.fingerprint == given.fingerprint
    assert pool.passages.fingerprint == given.passages.fingerprint


def test_oracle_and_distractor(suite, data: Path):
    oracle = load(suite, data, "strategyqa", "strategyqa_dev", "strategyqa_dev_corpus", search="oracle")
    assert all(
        tuple(passage.id for passage in question.context) == question.gold_passages for question in oracle.questions
    )
    rgb = load(suite, data, "rgb-en-fact", "rgb_en_fact")
    assert rgb.search == "distractor"
    assert all(0 < len(question.gold_passages) < len(question.context) for question in rgb.questions)
    nq = load(suite, data, "nq-oracle", "nq_open_oracle")
    assert {len(question.context) for question in nq.questions} == {1}


def test_types_of_answers(suite, data: Path):
    dev = load(suite, data, "strategyqa", "strategyqa_dev")
    assert {answer for question in dev.questions for answer in question.answers} == {"yes", "no"}
    assert {question.answer_type for question in dev.questions} == {"boolean"}
    assert {question.answer_type for question in load(suite, data, "fanoutqa", "fanoutqa_dev").questions} == {"text"}
    lihua = load(suite, data, "lihuaworld", "lihuaworld_questions")
    assert sum(not question.answerable for question in lihua.questions) == 43


def test_what_is_unusable(suite, data: Path):
    """Four HotpotQA records have fewer than ten paragraphs; one file's all have distractors, MoreHopQA has none."""
    assert len(load(suite, data, "hotpotqa", "hotpotqa_bolaa_hard", drop_unusable=True).questions) == 100
    easy = load(suite, data, "hotpotqa", "hotpotqa_bolaa_easy", drop_unusable=True)
    assert len(easy.questions) == 98  # two records have their two gold paragraphs only
    assert load(suite, data, "morehopqa-150", "morehopqa_150", drop_unusable=True).questions == ()


def test_supporting_facts_past_the_end(suite, data: Path):
    task = load(suite, data, "2wikimultihopqa", "2wikimultihopqa_migres_train")
    lengths = [{name: len(split) for name, split in question.sentences.items()} for question in task.questions]
    facts = [
        number >= known[title]
        for question, known in zip(task.questions, lengths, strict=True)
        for title, number in question.gold_sentences
    ]
    assert (len(facts), sum(facts)) == (1184, 6)


def test_a_list_reads_as_its_lines(data: Path, tmp_path: Path):
    lines = gzip.decompress(file(data, "hotpotqa_bolaa_hard").read_bytes()).decode().splitlines()
    path = tmp_path / "dev.json"
    path.write_text("[\n" + ",\n".join(lines) + "\n]")
    listed = [FORMATS["hotpotqa"](record) for record in read_records(path)]
    assert listed == [FORMATS["hotpotqa"](record) for record in read_records(file(data, "hotpotqa_bolaa_hard"))]
