"""Measures of answers on the evaluators' own cases and on real questions."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from statistics import fmean

import pytest

from toolbench_eval.metrics.answers.aggregate import mean_over_gold
from toolbench_eval.metrics.answers.boolean import last_boolean, score_boolean
from toolbench_eval.metrics.answers.kilt import score_kilt, score_pages
from toolbench_eval.metrics.answers.merging import concatenate
from toolbench_eval.metrics.answers.normalise import empty_golds
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.metrics.answers.recall import (
    all_gold,
    annotator_recall,
    annotator_sets,
    answers_in,
    recall_scores,
)
from toolbench_eval.metrics.answers.score import score_answer
from toolbench_eval.metrics.answers.support import facts, score_hotpotqa
from toolbench_eval.metrics.answers.two_wiki import gold_answers, gold_triples, score_2wiki

pytestmark = pytest.mark.real

KILT_NAMES = {
    "em": "EM",
    "f1": "F1",
    "rougel": "ROUGE-L",
    "KILT-em": "KILT-EM",
    "KILT-f1": "KILT-F1",
    "KILT-rougel": "KILT-ROUGE-L",
    "Rprec": "page_Rprec",
    "precision@1": "page_precision@1",
    "precision@5": "page_precision@5",
    "recall@5": "page_recall@5",
    "success_rate@5": "page_success@5",
}
RANK_KEYS = [("wikipedia_id",), ("wikipedia_id", "section"), ("wikipedia_id", "start_paragraph_id", "end_paragraph_id")]


@pytest.fixture(scope="module")
def qa(shared_data) -> Path:
    folder = shared_data / "qa"
    if not folder.is_dir():
        pytest.skip(f"no question answering data: {folder} is no folder")
    return folder


@pytest.fixture(scope="module")
def expected(qa) -> dict:
    return json.loads((qa / "eval_cases" / "expected.json").read_text())


def rows(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def test_kilt_cases(qa, expected):
    cases = expected["kilt"]["cases"]
    assert len(cases) == 4
    for case in cases:
        gold, guess = (rows(qa / "eval_cases" / case[side]) for side in ("gold", "guess"))
        guesses = {str(record["id"]): record for record in guess}
        for keys in RANK_KEYS if "rank_keys" in case else RANK_KEYS[:1]:
            score = score_kilt if "downstream" in case else score_pages
            items = [score(record, guesses.get(str(record["id"])), keys=keys) for record in gold]
            wanted = {
                name: value
                for part in ("kilt", "downstream", "retrieval")
                for name, value in case.get(part, {}).items()
            }
            got = {name: fmean(item[KILT_NAMES[name]] for item in items) for name in wanted}
            assert got == pytest.approx(wanted, abs=1e-9)


def test_shares_of_questions_with_all_gold_titles(qa, expected):
    for size, systems in expected["fast_graphrag_2wiki"]["perfect_retrieval"].items():
        for system, value in systems.items():
            records = rows(qa / "eval_cases" / f"fast_graphrag_2wiki_{size}_{system}.jsonl.gz")
            assert len(records) == int(size)
            found = [all_gold(record["evidence"], record["ground_truth"], 8) for record in records]
            assert fmean(found) == pytest.approx(value, abs=1e-9)
            again = [
                recall_scores([(title, "") for title in record["evidence"]], [], [], record["ground_truth"], [8])
                for record in records
            ]
            assert fmean(scores["title_recall@8"] == 1 for scores in again) == pytest.approx(value, abs=1e-9)


def test_strategyqa(qa):
    questions = rows(qa / "strategyqa_dev.jsonl.gz")
    corpus = {f"{row['title']}-{row['para_index']}" for row in rows(qa / "strategyqa_dev_corpus.jsonl.gz")}
    predictions = rows(qa / "eval_cases" / "strategyqa_bart_decomp_dev_predictions.jsonl.gz")
    assert {row["qid"]: row["gold_decomposition"] for row in predictions} == {
        row["qid"]: row["decomposition"] for row in questions
    }
    paragraphs: list[str] = []
    for question in questions:
        annotators = annotator_sets(question["evidence"])
        paragraphs += set.union(*annotators)
        everything = concatenate(sorted(gold) for gold in annotators)
        found = [annotator_recall(everything, annotators, k) for k in range(1, 11)]
        assert found == sorted(found)
        assert annotator_recall(everything, annotators, len(everything)) == float(any(annotators))
        assert annotator_recall(everything[1:], [annotators[0]], 100) < 1 or not annotators[0]
        assert last_boolean(str(question["answer"])) is question["answer"]
    assert (len(paragraphs), len(set(paragraphs))) == (655, 653)
    assert set(paragraphs) <= corpus
    always = [score_boolean("Thus, the answer is no.", question["answer"])["acc_bool"] for question in questions]
    assert (len(questions), sum(always)) == (153, 87)


def test_the_format_of_2wiki_predictions(qa):
    with gzip.open(qa / "eval_cases" / "2wiki_prediction_format.json.gz", "rt", encoding="utf-8") as text:
        predictions = json.load(text)
    rules = PROFILES["official-2wiki-v1.1"].rules
    triples = {question: gold_triples(found) for question, found in predictions["evidence"].items()}

    def means(answer, sp, evidence):
        scores = {
            question: score_2wiki(
                answer.get(question),
                [gold],
                facts(sp[question]) if question in sp else None,
                facts(predictions["sp"][question]),
                evidence.get(question),
                triples[question],
                rules,
            )
            for question, gold in predictions["answer"].items()
        }
        return mean_over_gold(scores, list(predictions["answer"]), ["EM", "sp_EM", "evi_EM", "joint_EM", "joint_F1"])

    assert set(means(**predictions).values()) == {1}
    first = next(iter(predictions["answer"]))
    fewer = {**predictions, "sp": {key: value for key, value in predictions["sp"].items() if key != first}}
    assert means(**fewer) == {"EM": 1, "sp_EM": 0.5, "evi_EM": 1, "joint_EM": 0.5, "joint_F1": 0.5}


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_hotpotqa_scores_itself_perfect(qa, level):
    questions = rows(qa / f"hotpotqa_bolaa_{level}.jsonl.gz")
    rules = PROFILES["official-hotpotqa"].rules
    assert len(questions) == 100
    for question in questions:
        gold = facts(question["supporting_facts"])
        assert set(score_hotpotqa(question["answer"], [question["answer"]], gold, gold, rules).values()) == {1}


def test_2wiki_scores_itself_perfect(qa):
    questions = rows(qa / "2wikimultihopqa_migres_train.jsonl.gz")
    rules = PROFILES["official-2wiki-v1.1"].rules
    assert len(questions) == 500
    for question in questions:
        gold, triples = facts(question["supporting_facts"]), question["evidences"]
        golds = gold_answers(question["answer"], question["answer_id"], {})
        named = gold_triples(triples, question["evidences_id"] or ())
        assert set(score_2wiki(question["answer"], golds, gold, gold, triples, named, rules).values()) == {1}


def test_what_i_do_not_know_earns(qa):
    """Accuracy by containment of an answer that says nothing: a quarter of 2Wiki's questions."""
    questions = rows(qa / "2wikimultihopqa_migres_train.jsonl.gz")
    got = [score_answer("I do not know", [row["answer"]], PROFILES["official-2wiki-v1.1"]) for row in questions]
    assert (sum(row["acc_contain"] for row in got), sum(row["acc_token"] for row in got)) == (128, 0)
    assert sum(row["EM"] for row in got) == 0
    assert sum(row["F1"] for row in got) < 1


def test_real_golds_of_nothing(qa):
    """Two bands in HotpotQA's dev set: F1 cannot be reached, EM can, and the token run finds both."""
    golds = [row["answer"] for row in rows(qa / "hotpotqa_react_dev_simplified.jsonl.gz")]
    assert len(golds) == 4806
    assert len(empty_golds(golds)) == 2
    for gold in empty_golds(golds):
        got = score_answer(gold, [gold], PROFILES["official-hotpotqa"])
        assert (got["EM"], got["F1"], got["acc_contain"], got["acc_token"], got["empty_gold"]) == (1, 0, 1, 1, 1)
        other = score_answer("Metallica", [gold], PROFILES["official-hotpotqa"])
        assert (other["EM"], other["acc_contain"], other["acc_token"]) == (0, 0, 0)
        assert score_answer("Metallica", [gold], PROFILES["flashrag"])["acc_contain"] == 1


def test_passages_marked_as_holding_the_answer(qa):
    questions = rows(qa / "nq_open_oracle.jsonl.gz")
    held = [answers_in([passage["text"]], row["answers"]) for row in questions for passage in row["ctxs"]]
    marked = [passage["hasanswer"] for row in questions for passage in row["ctxs"]]
    assert len(marked) == 1770
    assert [found for (found,) in held] == marked
