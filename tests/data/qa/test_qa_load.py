"""Questions and what is searched for them: files beside a suite, given files, the hub; open, distractor, oracle."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolbench_eval.data.qa.load import load_questions, usable
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import Origin
from toolbench_eval.errors import DataError, MissingDataError, UnknownNameError, UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.suites import QuestionRow, Suite, SuiteDeclaration

HOTPOTQA = [
    {
        "_id": f"h{at}",
        "question": f"q{at}?",
        "answer": "a" if at else "",
        "supporting_facts": [["Ulve", 0], [f"Own {at}", 0]],
        "context": [["Marl", ["A town."]], ["Ulve", ["A river.", " Long."]], [f"Own {at}", [f"Text {at}."]]],
    }
    for at in range(3)
]
STRATEGYQA = [
    {"qid": "s1", "question": "Is it?", "answer": True, "evidence": [[[["Ulve-1", "Gone-4"]], ["operation"]]]}
]
PARAGRAPHS = [{"title": "Ulve", "para_index": at, "contents": f"Paragraph {at}."} for at in (1, 2)]
ALIASES = [{"Q_id": "Q1", "aliases": ["Ulva"], "demonyms": []}]
OFFLINE = Access(offline=True)


def suite(folder: Path = Path()) -> Suite:
    spec = SuiteDeclaration.model_validate({"name": "s", "version": "1", "kind": "question-answering"})
    return Suite(folder=folder, spec=spec, rows=())


def jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return jsonl(tmp_path / "dev.jsonl", HOTPOTQA)


def hotpotqa(**values: object) -> QuestionRow:
    return QuestionRow.model_validate({"task": "t", "corpus": "context", **values})


def test_open_searches_the_pooled_contexts(source: Path):
    task = load_questions(suite(), hotpotqa(), OFFLINE, source=source)
    assert (task.search, task.corpus_origin, task.origin) == ("open", None, Origin("files", str(source)))
    assert task.passages.ids.to_pylist() == ["Marl", "Ulve", "Own 0", "Own 1", "Own 2"]
    assert [question.gold_passages for question in task.questions] == [("Ulve", f"Own {at}") for at in range(3)]
    assert [one.title for one in task.passages.find(task.questions[1].gold_passages)] == ["Ulve", "Own 1"]
    assert task.notes == ()


def test_distractor_and_oracle_search_the_context(source: Path):
    distractor = load_questions(suite(), hotpotqa(), OFFLINE, source=source, search="distractor")
    question = distractor.questions[2]
    assert [passage.id for passage in question.context] == ["Marl", "Ulve", "Own 2"]
    assert question.gold_passages == ("Ulve", "Own 2")
    oracle = load_questions(suite(), hotpotqa(search="oracle"), OFFLINE, source=source)
    assert [passage.id for passage in oracle.questions[2].context] == ["Ulve", "Own 2"]
    assert set(oracle.questions[2].sentences) == {"Ulve", "Own 2"}
    assert oracle.fingerprint != distractor.fingerprint


def test_a_given_corpus(tmp_path: Path, source: Path):
    rows = [{"id": "7", "title": "Ulve", "text": "A river.  Long."}, {"id": "8", "title": "Own 1", "text": "Text 1."}]
    corpus = jsonl(tmp_path / "corpus.jsonl", rows)
    task = load_questions(suite(), hotpotqa(), OFFLINE, source=source, corpus=corpus)
    assert [question.gold_passages for question in task.questions] == [("7",), ("7", "8"), ("7",)]
    assert task.notes == ("4 of 6 gold passages are in the corpus, for 1 of 3 questions all of them",)
    assert task.corpus_origin == Origin("files", str(corpus))


def test_paragraphs_by_name(tmp_path: Path):
    source, corpus = jsonl(tmp_path / "dev.jsonl", STRATEGYQA), jsonl(tmp_path / "p.jsonl", PARAGRAPHS)
    row = QuestionRow(task="t")
    task = load_questions(suite(), row, OFFLINE, source=source, corpus=corpus)
    assert task.questions[0].gold_passages == ("Ulve-1",)
    assert (task.coverage.wanted, task.coverage.found) == (2, 1)
    oracle = load_questions(suite(), row, OFFLINE, source=source, corpus=corpus, search="oracle")
    assert [passage.text for passage in oracle.questions[0].context] == ["Paragraph 1."]
    for search, message in (("oracle", "needs --corpus"), ("distractor", "bring no passages")):
        with pytest.raises(UsageError, match=message):
            load_questions(suite(), row, OFFLINE, source=source, search=search)


def test_no_corpus_at_all(tmp_path: Path):
    source = jsonl(tmp_path / "dev.jsonl", STRATEGYQA)
    task = load_questions(suite(), QuestionRow(task="t"), OFFLINE, source=source)
    assert (len(task.passages), task.questions[0].gold_passages) == (0, ())
    assert "--corpus" in task.notes[0]


def test_a_limit_keeps_the_corpus(source: Path):
    whole = load_questions(suite(), hotpotqa(), OFFLINE, source=source)
    some = load_questions(suite(), hotpotqa(), OFFLINE, source=source, limit=1)
    assert [question.id for question in some.questions] == ["h0"]
    assert some.passages.fingerprint == whole.passages.fingerprint
    assert some.fingerprint != whole.fingerprint


def test_what_exsearch_and_dro_leave_out(source: Path):
    task = load_questions(suite(), hotpotqa(), OFFLINE, source=source, drop_unusable=True, limit=1)
    assert [question.id for question in task.questions] == ["h1"]  # h0 has an empty answer
    assert len(task.passages) == 5
    assert "1 questions without answer" in task.notes[0]
    question = load_questions(suite(), hotpotqa(), OFFLINE, source=source, search="oracle").questions[1]
    assert not usable(question)  # nothing but gold passages


def test_names_of_entities_beside_the_source(tmp_path: Path):
    record = {**HOTPOTQA[1], "evidences": [], "answer_id": "Q1"}
    source = jsonl(tmp_path / "dev.jsonl", [record])
    jsonl(tmp_path / "id_aliases.json", ALIASES)
    task = load_questions(suite(), hotpotqa(), OFFLINE, source=source)
    assert task.questions[0].answers == ("a", "Ulva")


def test_files_beside_the_suite(tmp_path: Path):
    jsonl(tmp_path / "own.jsonl", [{"id": "q", "question": "Is it?", "answer": "No", "gold_passages": ["p1"]}])
    (tmp_path / "corpus.toml").write_text('name = "own"\nfiles = ["passages.jsonl"]\n')
    jsonl(
        tmp_path / "passages.jsonl", [{"id": "p1", "title": "T", "text": "x"}, {"id": "p2", "title": "U", "text": "y"}]
    )
    row = QuestionRow(task="t", file="own.jsonl", corpus="own", answer_type="boolean")
    task = load_questions(suite(tmp_path), row, OFFLINE)
    assert (task.questions[0].answers, task.questions[0].answer_type) == (("no",), "boolean")
    assert task.questions[0].gold_passages == ("p1",)
    assert task.passages.titles.to_pylist() == ["T", "U"]
    with pytest.raises(UnknownNameError):
        load_questions(suite(tmp_path), row.model_copy(update={"corpus": "absent"}), OFFLINE, registry=Registry())


def test_a_mirror_of_the_hub_in_columns(tmp_path: Path, source: Path):
    columns = [
        {
            "id": one["_id"],
            "question": one["question"],
            "answer": one["answer"],
            "supporting_facts": {"title": [t for t, _ in one["supporting_facts"]], "sent_id": [0, 0]},
            "context": {"title": [t for t, _ in one["context"]], "sentences": [s for _, s in one["context"]]},
        }
        for one in HOTPOTQA
    ]
    folder = tmp_path / "mirror" / "own" / "hotpot" / "distractor"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(columns), folder / "validation-00000-of-00001.parquet")
    row = hotpotqa(repo="own/hotpot", config="distractor", split="validation", format="hotpotqa")
    task = load_questions(suite(), row, Access(mirror=tmp_path / "mirror", offline=True))
    assert task.origin.kind == "mirror"
    given = load_questions(suite(), hotpotqa(), OFFLINE, source=source)
    assert task.fingerprint == given.fingerprint
    assert task.passages.fingerprint == given.passages.fingerprint
    told = load_questions(suite(), row.model_copy(update={"format": "auto"}), Access(tmp_path / "mirror", True))
    assert told.fingerprint == task.fingerprint


@pytest.mark.parametrize(
    ("rows", "row", "field", "message"),
    [
        ([HOTPOTQA[0], HOTPOTQA[0]], 2, "id", "stands twice"),
        ([HOTPOTQA[0], {**HOTPOTQA[1], "question": None}], 2, "question", "is missing"),
        ([], None, None, "holds no record"),
        ([{"prompt": "x"}], 1, None, "no known format"),
    ],
)
def test_wrong_sources(tmp_path: Path, rows: list[dict[str, object]], row: int | None, field: str | None, message: str):
    source = jsonl(tmp_path / "dev.jsonl", rows)
    with pytest.raises(DataError, match=message) as caught:
        load_questions(suite(), hotpotqa(), OFFLINE, source=source)
    assert (str(caught.value.file), caught.value.row, caught.value.field) == (str(source), row, field)


def test_a_task_without_data_says_how_to_give_it():
    with pytest.raises(MissingDataError, match="--source FILE"):
        load_questions(suite(), hotpotqa(), OFFLINE)


def test_a_given_file_may_have_another_format_than_the_task(tmp_path: Path):
    source = jsonl(tmp_path / "flash.jsonl", [{"id": "f", "question": "q", "golden_answers": ["a"], "metadata": {}}])
    task = load_questions(suite(), hotpotqa(format="hotpotqa"), OFFLINE, source=source)
    assert task.questions[0].answers == ("a",)
