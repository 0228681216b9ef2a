"""BM25 of Lucene itself, through pyserini and the Anserini jar that it carries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import top_k

JAVA_NEEDED = (((0, 35), 21), ((0, 0), 11))
"""From which version of pyserini on which Java is needed, newest first (its release notes)."""
LOG_ERRORS_TO_STDERR = "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory"
"""Anserini would log everything to stdout, where `--json` is."""
BATCH = 1000
"""Documents handed to the indexer, and queries to the searcher, at a time."""


class Lucene:
    """Anserini's BM25: Lucene's English analyser with Porter stemming, one field, a bag of words as the query.

    Lucene keeps a document's length in one byte, so scores of long documents differ a little from the formula's.
    """

    def __init__(self, k1: float = 0.9, b: float = 0.4, threads: int = 0) -> None:
        """Start Java.

        Args:
            k1: Term frequency saturation.
            b: Length normalisation.
            threads: Threads that search; 0 for one per processor.

        Raises:
            UsageError: pyserini or Java is missing, or Java is too old for this pyserini.
        """
        check_java()
        self.k1, self.b = float(k1), float(b)
        self._threads = threads or os.cpu_count() or 1
        self._java = _start()

    def index(self, corpus: Corpus) -> None:
        """Index into a temporary folder, which goes when the retriever does.

        Documents are named by their places in tie order, so that Anserini, which puts equal scores in the order of the
        names, resolves ties as we do.
        """
        self._corpus = corpus
        self._folder = TemporaryDirectory(prefix="evalharness-lucene-")
        texts = corpus.texts.take(corpus.tie_order)
        indexer = self._java("io.anserini.index.SimpleIndexer")(self._folder.name)
        document = self._java("io.anserini.collection.JsonCollection$Document")
        for start in range(0, len(texts), BATCH):
            batch = enumerate(texts.slice(start, BATCH).to_pylist(), start)
            # Anserini refuses documents without text; they are searched as what no query finds.
            indexer.addJsonDocuments([document.fromFields(f"{at:09d}", text) for at, text in batch if text.strip()])
        indexer.close()
        self._searcher: Any = self._java("io.anserini.search.SimpleSearcher")(self._folder.name)
        self._searcher.set_bm25(self.k1, self.b)

    @property
    def index_bytes(self) -> int:
        """What the index takes on the disk."""
        return sum(path.stat().st_size for path in Path(self._folder.name).rglob("*") if path.is_file())

    def search(self, queries: Queries, k: int) -> Run:
        """Rank; documents without any query term score 0 and fill the ranking in tie order."""
        n = len(self._corpus)
        columns = np.empty((len(queries), min(k, n)), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        texts = queries.texts.to_pylist()
        for start in range(0, len(texts), BATCH):
            for row, hits in enumerate(self._hits(texts[start : start + BATCH], min(k, n)), start):
                scores = np.zeros((1, n), dtype=np.float32)
                for hit in hits:
                    scores[0, int(hit.docid)] = hit.score
                columns[row : row + 1], best[row : row + 1] = top_k(scores, k)
        return to_run(columns, best, queries.ids, self._corpus)

    def _hits(self, texts: list[str], k: int) -> list[Any]:
        wanted, names = self._java("java.util.ArrayList")(), self._java("java.util.ArrayList")()
        for row, text in enumerate(texts):
            wanted.add(text)
            names.add(str(row))
        found = self._searcher.batch_search(wanted, names, k, self._threads)
        return [found.get(str(row)) for row in range(len(texts))]


def check_java() -> None:
    """See that pyserini and a Java that it works with are there, before anything is imported.

    Raises:
        UsageError: They are not; says what to install.
    """
    try:
        installed = version("pyserini")
    except PackageNotFoundError:
        raise UsageError(
            "Lucene's BM25 needs pyserini and Java: pip install 'toolbench-eval[lucene]' (Java 21), or for Java 11 to "
            "20 pip install 'pyserini<0.35'. The model 'bm25' needs neither"
        ) from None
    needed, found = java_needed(installed), java_found()
    if found is None:
        raise UsageError(f"pyserini {installed} needs Java {needed} or newer and there is none: set JAVA_HOME or PATH")
    if found < needed:
        older = ", or pip install 'pyserini<0.35', which works with Java 11 and newer" if found >= 11 else ""
        raise UsageError(f"pyserini {installed} needs Java {needed} or newer, found Java {found}: install it{older}")


def java_needed(pyserini: str) -> int:
    """The oldest Java that a version of pyserini runs on."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", pyserini)[:2])
    return next(java for since, java in JAVA_NEEDED if numbers >= since)


def java_found() -> int | None:
    """Major version of the Java that would be started, None where there is none."""
    home = os.environ.get("JAVA_HOME")
    command = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if command is None:
        return None
    try:
        told = subprocess.run([command, "-version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(number[1]) if number else None


@cache
def _start() -> Any:
    """Pyserini's `autoclass`; there is one Java machine in a process.

    pyserini's own search classes are left aside: they import torch and faiss and take ten seconds to do so.
    """
    try:
        settings = import_module("jnius_config")
        if not settings.vm_running:
            settings.add_options(LOG_ERRORS_TO_STDERR)
        autoclass = import_module("pyserini.pyclass").autoclass
    except Exception as error:  # a Java machine that does not start tells so in many ways
        raise UsageError(f"pyserini could not start Java: {error}") from error
    # Lucene refuses queries of more than 1024 different words, and some benchmarks have them.
    autoclass("org.apache.lucene.search.IndexSearcher").setMaxClauseCount(2**31 - 1)
    return autoclass
