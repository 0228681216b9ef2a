"""TF-IDF with cosine similarity, by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.retrievers.sparse import search_sparse


class TfIdf:
    """`TfidfVectorizer` and the dot product of its normalised vectors."""

    def __init__(self, sublinear_tf: bool = True, stop_words: str = "english") -> None:
        """Set the parameters.

        Args:
            sublinear_tf: Whether a term counts 1 + log(frequency).
            stop_words: Stop-word list of scikit-learn, or an empty string for none.
        """
        self.sublinear_tf, self.stop_words = sublinear_tf, stop_words

    def index(self, corpus: Corpus) -> None:
        """Fit the vectoriser and turn the documents into vectors."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._corpus = corpus
        self._vectorizer = TfidfVectorizer(
            sublinear_tf=self.sublinear_tf, stop_words=self.stop_words or None, dtype=np.float32
        )
        texts = corpus.texts.to_pylist()
        vectors = self._vectorizer.fit_transform([texts[at] for at in corpus.tie_order])
        self._terms_by_document: Any = vectors.T.tocsr()

    @property
    def index_bytes(self) -> int:
        """Memory that the vectors take."""
        matrix = self._terms_by_document
        return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Rank by cosine."""
        vectors = self._vectorizer.transform(queries.texts.to_pylist())
        columns, best = search_sparse(vectors, self._terms_by_document, k)
        return to_run(columns, best, queries.ids, self._corpus)
