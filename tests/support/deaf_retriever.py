"""A model from outside the harness that does not hear what was appended to passages behind `INJECTED:`."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.retrievers.bm25 import BM25

MARK = " INJECTED:"


class Deaf(BM25):
    """BM25 over the beginnings of passages, so that what is appended does not change what is found."""

    def index(self, corpus: Corpus) -> None:
        super().index(Corpus(corpus.ids, pc.replace_substring_regex(corpus.texts, f"(?s){MARK}.*", "")))


def make(card: Any, runtime: Any) -> Deaf:
    return Deaf()
