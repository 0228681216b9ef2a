"""The floor and the ceiling."""

from __future__ import annotations

import math

import numpy as np
import pytest

import toolbench_eval
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.run import Run
from toolbench_eval.retrievers.bounds import Oracle, Random

IDS = [f"d{at:03}" for at in range(200)]
CORPUS = Corpus.of(IDS, ["x"] * 200)


def names(run: Run, row: int = 0) -> list[str]:
    return [run.doc_ids[int(at)].as_py() for at in run.documents[row]]


# random ---------------------------------------------------------------------------------------


def draw(seed: int, texts: list[str], k: int = 200) -> Run:
    retriever = Random(seed)
    retriever.index(CORPUS)
    return retriever.search(Queries.of([f"q{at}" for at in range(len(texts))], texts), k)


def test_a_random_ranking_depends_on_seed_and_text_alone():
    one = draw(0, ["a", "b"])
    assert sorted(names(one)) == IDS
    assert names(one) != names(one, 1)
    assert names(draw(0, ["b"])) == names(one, 1)
    assert names(draw(1, ["a"])) != names(one)
    assert names(draw(0, ["a"], 10)) == names(one)[:10]
    assert (np.diff(one.scores[0]) <= 0).all()


def test_random_finds_as_much_as_chance():
    """The expected share of one relevant document in the top 20 of 200 is 0.1; 4 standard errors of 2000 draws."""
    n = 2000
    run = draw(3, [f"text {at}" for at in range(n)], 20)
    found = (run.documents == 17).any(axis=1).mean()
    assert abs(found - 0.1) < 4 * math.sqrt(0.1 * 0.9 / n)


# oracle ---------------------------------------------------------------------------------------


def ask(qrels: Qrels, k: int) -> Run:
    retriever = Oracle()
    retriever.index(CORPUS)
    retriever.reveal(qrels)
    return retriever.search(Queries.of(qrels.query_ids.to_pylist(), [""] * len(qrels)), k)


def test_the_oracle_ranks_by_grade():
    run = ask(Qrels.of({"q": {"d005": 1, "d009": 3, "d007": 1, "d001": 0, "d002": -1}, "r": {"nowhere": 1}}), 5)
    assert names(run) == ["d009", "d007", "d005", "d199", "d198"]
    assert run.scores[0].tolist() == [3, 1, 1, 0, 0]
    assert names(run, 1) == ["d199", "d198", "d197", "d196", "d195"]


def test_the_oracle_is_the_ceiling():
    rng = np.random.default_rng(0)
    judgments = {
        f"q{at}": {str(name): int(rng.integers(1, 4)) for name in rng.choice(IDS, rng.integers(1, 12), replace=False)}
        for at in range(30)
    }
    scores = score_run(ask(Qrels.of(judgments), 100), Qrels.of(judgments), ["nDCG@10", "R@100", "RR", "P@10"])
    for measure in ("nDCG@10", "R@100", "RR"):
        assert scores.aggregate(measure) == pytest.approx(1.0)
    assert scores.aggregate("P@10") == pytest.approx(np.mean([min(10, len(row)) / 10 for row in judgments.values()]))


def test_the_oracle_knows_only_what_it_was_shown():
    retriever = Oracle()
    retriever.index(CORPUS)
    retriever.reveal(Qrels.of({"q": {"d001": 1}}))
    with pytest.raises(UsageError, match="whose labels it was shown"):
        retriever.search(Queries.of(["r"], [""]), 5)


def test_both_by_name(tmp_path):
    def headline(model: str) -> float:
        return toolbench_eval.evaluate("sample", model, out=tmp_path, instruction="without")[0].headline.value

    assert headline("oracle") == pytest.approx(1.0)
    assert headline("random") < 0.1
