"""BM25 with exact ties; scores are those of bm25s to the last bit."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from itertools import chain, pairwise
from os.path import commonprefix
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import top_k
from toolbench_eval.retrievers.postings import bm25s_postings, lucene_postings
from toolbench_eval.retrievers.words import words

FALLBACK_QUERY = "none"
"""What is searched for a query without any known term (ToolRet's reference does so)."""

BLOCK_BYTES = 2**20

_LANGUAGES = {
    "da": "DANISH",
    "de": "GERMAN",
    "es": "SPANISH",
    "fr": "FRENCH",
    "it": "ITALIAN",
    "ko": "KOREAN",
    "nl": "DUTCH",
    "no": "NORWEGIAN",
    "pt": "PORTUGUESE",
    "ru": "RUSSIAN",
    "sv": "SWEDISH",
    "tr": "TURKISH",
}
"""Lists of bm25s for languages that are written with spaces between words; Chinese would need more than a list."""


class BM25:
    """BM25 (Robertson and Zaragoza 2009) in the variants of bm25s (Lù 2024, arXiv 2407.03618).

    The Lucene variant is indexed here, several times faster and bit for bit as bm25s does it; the
    others by bm25s. A query's score is the sum of its terms' float32 scores in the order of the
    query, as in bm25s. The documents are indexed in tie order, so equal scores are resolved before the
    cut, which bm25s leaves to chance.
    """

    def __init__(self, k1: float = 1.5, b: float = 0.75, method: str = "lucene", stopwords: str = "en") -> None:
        """Set the parameters.

        Args:
            k1: Term frequency saturation.
            b: Length normalisation.
            method: Variant, as bm25s names it.
            stopwords: `en` for bm25s' English list, which is kept here, the code of another language whose list bm25s
                has (e.g. `de`, `fr`), or an empty string for none.

        Raises:
            UsageError: There is no such list of stop words.
        """
        self.k1, self.b, self.method = k1, b, method
        self._stopwords = stopword_list(stopwords)

    def index(self, corpus: Corpus) -> None:
        """Split the documents into words and score every word in every document."""
        self._corpus = corpus
        if self.method == "lucene":
            found = words(corpus.texts, self._stopwords)
            self._postings = lucene_postings(found, corpus.tie_order, self.k1, self.b)
        else:
            texts = corpus.texts.take(corpus.tie_order).to_pylist()
            self._postings = bm25s_postings(texts, self.k1, self.b, self.method, self._stopwords)

    @property
    def index_bytes(self) -> int:
        """Memory that the postings take."""
        return self._postings.nbytes

    def search(self, queries: Queries, k: int) -> Run:
        """Rank all documents; those without any query term score 0 and fill the ranking in tie order."""
        terms = self._terms(queries.texts)
        common = self._postings.rows(_frequent(terms))
        # Queries often begin alike, with one instruction: its part of the sum is computed once.
        shared = list(commonprefix(terms))  # noqa: RUF071 - of lists of terms, not of paths
        begun = self._added(np.zeros(self._postings.size, dtype=np.float32), shared, common)
        n = self._postings.size
        block = max(1, BLOCK_BYTES // (4 * n))
        scores = np.empty((min(block, len(terms)), n), dtype=np.float32)
        columns = np.empty((len(terms), min(k, n)), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        for start in range(0, len(terms), block):
            rows = terms[start : start + block]
            for row, of_query in enumerate(rows):
                scores[row] = begun
                self._added(scores[row], of_query[len(shared) :], common)
                self._add_absent(scores[row], of_query)
            columns[start : start + block], best[start : start + block] = top_k(scores[: len(rows)], k)
        return to_run(columns, best, queries.ids, self._corpus)

    def _terms(self, texts: pa.LargeStringArray) -> list[list[int]]:
        """Positions of each query's terms, repeated as they are in the query."""
        found = words([FALLBACK_QUERY, *texts.to_pylist()], self._stopwords)
        positions = positions_of(found.vocabulary, self._postings.terms)[found.ids].tolist()
        fallback, *of_queries = (
            [at for at in positions[start:end] if at >= 0] for start, end in pairwise([0, *np.cumsum(found.lengths)])
        )
        return [terms or fallback for terms in of_queries]

    def _added(
        self, scores: npt.NDArray[np.float32], terms: list[int], common: dict[int, npt.NDArray[np.float32]]
    ) -> npt.NDArray[np.float32]:
        """The scores with those of some terms added, in place and in the order of the terms."""
        postings = self._postings
        for term in terms:
            if term in common:
                scores += common[term]  # adding 0 for the documents without the term changes no bit
                continue
            start, end = postings.starts[term], postings.starts[term + 1]
            scores[postings.documents[start:end]] += postings.scores[start:end]
        return scores

    def _add_absent(self, scores: npt.NDArray[np.float32], terms: list[int]) -> None:
        # bm25s adds the share of absent terms after the sum, so must we to agree in the last bit.
        if self._postings.absent is not None:
            scores += self._postings.absent[np.asarray(terms, dtype=np.int64)].sum()


def _frequent(terms: list[list[int]]) -> list[int]:
    """Terms that stand several times in the queries, the most frequent first."""
    return [term for term, times in Counter(chain.from_iterable(terms)).most_common() if times > 1]


def stopword_list(name: str) -> list[str]:
    """The words of a stop-word list.

    Raises:
        UsageError: There is no such list.
    """
    if not name:
        return []
    if name in _LANGUAGES:
        return list(getattr(import_module("bm25s.stopwords"), f"STOPWORDS_{_LANGUAGES[name]}"))
    path = Path(__file__).with_name(f"stopwords_{name}.txt")
    if not path.is_file():
        known = ", ".join(["en", *_LANGUAGES])
        raise UsageError(f"there is no list of stop words '{name}'; use one of {known}, or an empty string for none")
    return path.read_text(encoding="utf-8").split()
