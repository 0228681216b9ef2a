"""Several models as one: reciprocal rank fusion of their runs."""

from __future__ import annotations

from collections import defaultdict

import pytest

import toolbench_eval
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.retrievers.bounds import Random
from toolbench_eval.retrievers.fused import FusedModel
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.model import TemplatedModel

IDS = [f"d{at}" for at in range(40)]
CORPUS = Corpus.of(IDS, [f"word{at % 7} text" for at in range(40)])
QUERIES = Queries.of(["q1", "q2"], ["word3", "word1 word2"])


def names(run: Run, row: int) -> list[str]:
    return [run.doc_ids[int(at)].as_py() for at in run.documents[row]]


def member(name: str, seed: int) -> TemplatedModel:
    return TemplatedModel(name=name, revision=f"r{seed}", load=lambda: Random(seed))


@pytest.mark.parametrize("k", [5, 40])
def test_reciprocal_ranks_by_hand(k: int):
    """score(d) = sum over the members of 1 / (60 + rank), over the documents that each found in its first k."""
    members = [member("a", 1), member("b", 2), member("c", 3)]
    fused = FusedModel("a+b+c", list(members))
    fused.index(CORPUS)
    run = fused.search(QUERIES, k)
    for row in range(2):
        expected: dict[str, float] = defaultdict(float)
        for one in members:
            for rank, name in enumerate(names(one.search(QUERIES, k), row), start=1):
                expected[name] += 1 / (60 + rank)
        ranked = sorted(expected, key=str.encode, reverse=True)
        ranked.sort(key=lambda name: -expected[name])
        assert names(run, row) == ranked[:k]
        assert run.scores[row].tolist() == pytest.approx([expected[name] for name in ranked[:k]], rel=1e-6)


def test_what_is_recorded():
    fused = FusedModel("a+b", [member("a", 1), member("b", 2)])
    assert fused.revision == "a@r1 b@r2"
    assert (fused.setting["fusion"], fused.setting["rrf_k"]) == ("rrf", 60)
    assert list(fused.setting["members"]) == ["a", "b"]


def test_by_name(tmp_path):
    result = toolbench_eval.evaluate("sample/tunes", "bm25+tfidf", out=tmp_path, instruction="with")[0]
    assert result.model == "bm25+tfidf"
    assert list(result.model_setting["members"]) == ["bm25", "tfidf"]
    assert load_model("bm25+tfidf").name == "bm25+tfidf"


@pytest.mark.parametrize("name", ["bm25+", "+bm25", "+"])
def test_names_with_nothing_to_fuse(name: str):
    with pytest.raises(UsageError, match="must not be empty"):
        load_model(name)


def test_unknown_members():
    with pytest.raises(UnknownNameError, match="tfdif"):
        load_model("bm25+tfdif")
