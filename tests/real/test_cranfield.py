"""A TF-IDF run over Cranfield, scored by us and by pytrec_eval."""

from __future__ import annotations

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest
import pytrec_eval
from sklearn.feature_extraction.text import TfidfVectorizer

from toolbench_eval.data.ids import string_array
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.order import order
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.trec import read_qrels, read_run, write_run

pytestmark = pytest.mark.real

DEPTH = 200
NAMES = (
    "map", "map_cut_10", "ndcg", "ndcg_cut_10", "P_10", "recall_100", "recip_rank", "Rprec", "bpref", "infAP",
    "set_F", "G", "binG", "ndcg_rel", "Rndcg", "relative_P_20", "success_1", "num_rel_ret",
)  # fmt: skip


@pytest.fixture(scope="module")
def tfidf(shared_data) -> Run:
    folder = shared_data / "trec" / "cranfield"
    documents = pq.read_table(folder / "docs.parquet")
    with (folder / "queries.tsv").open(encoding="utf-8", newline="") as lines:
        queries = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    text = next(name for name in documents.column_names if name in ("text", "body"))
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    matrix = vectorizer.fit_transform([value or "" for value in documents[text].to_pylist()])
    scores = (vectorizer.transform([query[1] for query in queries]) @ matrix.T).toarray().astype(np.float32)
    best = np.argsort(-scores, axis=1)[:, :DEPTH].astype(np.int32)
    ids = string_array([str(value) for value in documents.column(0).to_pylist()])
    run = Run(string_array([query[0] for query in queries]), ids, best, np.take_along_axis(scores, best, axis=1))
    return order(run)


def test_equals_pytrec_eval(shared_data, tfidf):
    qrels = read_qrels(shared_data / "trec" / "cranfield" / "qrels.txt")
    queries, ids = tfidf.query_ids.to_pylist(), tfidf.doc_ids.to_pylist()
    run = {
        query: {ids[doc]: float(score) for doc, score in zip(docs, scores, strict=True)}
        for query, docs, scores in zip(queries, tfidf.documents, tfidf.scores, strict=True)
    }
    judgments: dict[str, dict[str, int]] = {}
    for row, doc, grade in zip(qrels.rows, qrels.documents, qrels.grades, strict=True):
        judgments.setdefault(qrels.query_ids[row].as_py(), {})[qrels.doc_ids[doc].as_py()] = int(grade)
    theirs = pytrec_eval.RelevanceEvaluator(judgments, set(NAMES)).evaluate(run)
    scores = score_run(tfidf, qrels, NAMES, missing="drop")
    assert set(scores.query_ids.to_pylist()) == set(theirs)
    for name in NAMES:
        expected = [theirs[query][name] for query in scores.query_ids.to_pylist()]
        np.testing.assert_allclose(scores.of(name), expected, rtol=0, atol=1e-9, err_msg=name)
    assert 0.3 < scores.mean("nDCG@10") < 0.6  # a run that works, so that there is something to compare


def test_the_run_survives_its_file(tfidf, tmp_path):
    write_run(tfidf, tmp_path / "tfidf.run.zst", "tfidf")
    again = read_run(tmp_path / "tfidf.run.zst")
    assert np.array_equal(again.scores, tfidf.scores)
    names = again.doc_ids.take(again.documents.ravel()).to_pylist()
    assert names == tfidf.doc_ids.take(tfidf.documents.ravel()).to_pylist()
