"""Run in an interpreter that has pyserini: Lucene's scores beside those of bm25s over Lucene's own words.

Prints one JSON object: `short` compares texts whose length Lucene stores exactly (up to 40 words), `sample` the whole
shipped sample corpus.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import bm25s
import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.documents import load_corpus
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.sources import Access
from toolbench_eval.ranking.topk import top_k
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.lucene import Lucene, _start

Words = Callable[[str], list[str]]
CUT = 30
"""Words of a short text, some of which the analyser drops when it sees them again."""


def main() -> None:
    """Compare and print."""
    registry = Registry()
    suite = registry.suite("sample")
    corpus = load_corpus(registry.corpus("sample", suite), Access()).corpus
    queries = load_task_data(suite, suite.rows[0], Access()).queries
    lucene = Lucene(k1=0.9, b=0.4)
    words = _analyser()
    cut = Corpus.of(corpus.ids.to_pylist(), [" ".join(words(text)[:CUT]) for text in corpus.texts.to_pylist()])
    compared = {name: _compared(lucene, one, queries, words) for name, one in (("short", cut), ("sample", corpus))}
    print(json.dumps(compared))  # noqa: T201


def _compared(lucene: Lucene, corpus: Corpus, queries: Queries, words: Words) -> dict[str, float]:
    lucene.index(corpus)
    run = lucene.search(queries, len(corpus))
    scores = np.empty((len(queries), len(corpus)))
    np.put_along_axis(scores, run.documents, run.scores, axis=1)
    documents = [words(text) for text in corpus.texts.to_pylist()]
    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index(documents, show_progress=False)
    expected = np.stack([_summed(index, words(text)) for text in queries.texts.to_pylist()])
    order = corpus.tie_order
    best = order[top_k(expected[:, order].astype(np.float32), 10)[0]]
    return {
        "documents": len(corpus),
        "longest": max(len(words) for words in documents),
        "largest_difference": float(np.abs(scores - expected).max()),
        "same_zeros": bool(((scores == 0) == (expected == 0)).all()),
        "top10_overlap": float(
            np.mean([np.isin(a, b).mean() for a, b in zip(run.documents[:, :10], best, strict=True)])
        ),
        "highest": float(expected.max()),
    }


def _summed(index: bm25s.BM25, words: list[str]) -> np.ndarray:
    known = [word for word in words if word in index.vocab_dict]
    return index.get_scores(known) if known else np.zeros(index.scores["num_docs"])


def _analyser() -> Words:
    java = _start()
    analyser = java("io.anserini.analysis.DefaultEnglishAnalyzer").newDefaultInstance()
    analyse = java("io.anserini.analysis.AnalyzerUtils").analyze

    def words(text: str) -> list[str]:
        return list(analyse(analyser, text).toArray())

    return words


if __name__ == "__main__":
    main()
