"""A model's first trial: a few queries and documents of the shipped sample, and what can be said after seconds.

A finding makes a model unusable; a warning is worth a look.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.documents import load_corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import joined_qrels, joined_queries
from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError
from toolbench_eval.evaluation.parts import dense_facts, described_parts
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.run import Run
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import is_reranker, load_model
from toolbench_eval.retrievers.model import Model

T = TypeVar("T")
Matrix = npt.NDArray[np.float32]

MEASURE = "nDCG@10"
FIRST_STAGE = "bm25"
"""Whose documents a reranker is tried on that is named alone."""
QUERIES_PER_TASK = 2
DOCUMENTS = 100
"""With the copy; as many as a reranker takes by default."""
BOUNDS = ("random", "oracle")
FEW_QUERIES = 4
FEW_DOCUMENTS = 20
"""Encoded once more, every text in a batch of its own."""
COPY = "copy"
TOP = 10
TIED = 0.5
NOISE = 1e-3


@dataclass(frozen=True)
class Sample:
    """What a model is tried on.

    Attributes:
        corpus: Documents, the last of which is a copy of the one before it; neither is labelled.
        queries: Queries, with their instructions.
        qrels: Their judgments.
    """

    corpus: Corpus
    queries: Queries
    qrels: Qrels

    @property
    def bare(self) -> Queries:
        """The queries without their instructions."""
        return replace(self.queries, instructions=None)

    @property
    def few(self) -> Sample:
        """A part that can be encoded text by text."""
        corpus = self.corpus.take(np.arange(len(self.corpus) - FEW_DOCUMENTS, len(self.corpus)))
        return Sample(corpus, self.queries.head(FEW_QUERIES), self.qrels.head(FEW_QUERIES))


@dataclass
class Trial:
    """What was found.

    Attributes:
        model: Name.
        findings: What makes it unusable.
        warnings: What is worth a look.
        notes: How it was tried, where that is not as it was named.
        parts: Each model of a pipeline: family, dimension, pooling, lengths, texts as it sees them.
        seconds_to_load: Until the first document was indexed.
        documents_per_second: After that.
        queries_per_second: After that.
        scores: nDCG@10 of the model, of chance (`random`) and of the labels themselves (`oracle`).
        equal_texts: The largest difference between the scores of two equal documents.
        batch_noise: The largest difference between scores when every text is in a batch of its own, as a share of the
            range of a query's scores.
        queries: Number of queries.
        documents: Number of documents.
    """

    model: str
    findings: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)
    seconds_to_load: float | None = None
    documents_per_second: float | None = None
    queries_per_second: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    equal_texts: float | None = None
    batch_noise: float | None = None
    queries: int = 0
    documents: int = 0

    @property
    def usable(self) -> bool:
        """Whether nothing was found that is wrong."""
        return not self.findings


def try_model(name: str, registry: Registry | None = None, runtime: Runtime | None = None) -> Trial:
    """Try a model; nothing is kept in the cache.

    Args:
        name: As for `load_model`; a reranker alone is tried behind `bm25`.
        registry: Where names are looked up.
        runtime: How to execute.

    Returns:
        What was found; whatever fails while the model loads or works is a finding.

    Raises:
        UnknownNameError: Nothing has this name.
        MissingDataError: Offline, and the cache lacks the weights.
        UsageError: The name cannot be read, an extra is missing, or code would be run that was not allowed.
        OutsideError: The hub, an endpoint or the disk failed.
    """
    registry, runtime = registry or Registry(), runtime or Runtime()
    sample = load_sample(registry)
    trial = Trial(name, queries=len(sample.queries), documents=len(sample.corpus))
    if is_reranker(name, registry):
        trial.model = name = f"{FIRST_STAGE}>{name}"
        trial.notes.append(f"a reranker: tried as '{name}'")

    def load(runtime: Runtime) -> Model:
        return load_model(name, registry, suite=registry.suite("sample"), runtime=runtime)

    with _faults_in(trial):
        with _empty_cache():
            model = load(runtime)
            found = _searched(trial, model, sample)
            trial.parts = described_parts(model, sample.queries, sample.corpus, registry)
            few = _ranked(model, sample.few)
        del model
        gc.collect()  # a second copy of a large model may not fit
        for part in trial.parts:
            if part.get("family") == "dense":
                part.update(dense_facts(part, registry, runtime))
        _judge(trial, found, sample)
        if trial.usable:
            with _empty_cache():
                _measure_noise(trial, load(replace(runtime, batch_tokens=1)), few, sample.few)
    return trial


def load_sample(registry: Registry) -> Sample:
    """The first queries of each task of the shipped sample, what is labelled for them, and some other documents."""
    suite = registry.suite("sample")
    tasks = [load_task_data(suite, row, Access()).head(QUERIES_PER_TASK) for row in suite.rows]
    queries, qrels = joined_queries([task.queries for task in tasks]), joined_qrels([task.qrels for task in tasks])
    whole = load_corpus(registry.corpus("sample", suite), Access()).corpus
    labelled = np.unique(positions_of(qrels.doc_ids.take(np.unique(qrels.documents)), whole.ids))
    others = np.setdiff1d(np.arange(len(whole)), labelled)
    spread = others[np.linspace(0, len(others) - 1, DOCUMENTS - 1 - len(labelled)).astype(np.int64)]
    chosen = whole.take(np.concatenate([labelled, spread]))
    ids, texts = chosen.ids.to_pylist(), chosen.texts.to_pylist()
    return Sample(Corpus.of([*ids, COPY], [*texts, texts[-1]]), queries, qrels)


def _searched(trial: Trial, model: Model, sample: Sample) -> Run:
    """The whole ranking of every query, and how long things took."""
    trial.seconds_to_load, _ = _timed(lambda: model.index(sample.corpus.take(np.arange(1))))
    indexing, _ = _timed(lambda: model.index(sample.corpus))
    searching, run = _timed(lambda: model.search(sample.bare, len(sample.corpus), sample.qrels))
    trial.documents_per_second = len(sample.corpus) / indexing
    trial.queries_per_second = len(sample.queries) / searching
    return run


def _judge(trial: Trial, run: Run, sample: Sample) -> None:
    """Score, and look for what no working model does."""
    bound = any(part.get("family") in BOUNDS for part in trial.parts)
    trial.warnings += [
        f"'{part['name']}' has prompts of its own that are not used here (the benchmark's templates are): "
        "see --set query_format=model_card"
        for part in trial.parts
        if part["unused_prompts"]
    ]
    scores = _by_document(run, sample.corpus)
    if not np.isfinite(scores).all():
        trial.findings.append(f"{np.mean(~np.isfinite(scores)):.0%} of the scores are missing, NaN or infinite")
        return
    trial.scores = {name: _value(name_run, sample) for name, name_run in _runs(run, sample).items()}
    trial.equal_texts = float(np.abs(scores[:, -1] - scores[:, -2]).max())
    spread = np.ptp(scores, axis=1)
    tied = np.mean(np.diff(run.scores[:, :TOP], axis=1) == 0)
    if not spread.any():
        trial.findings.append("every document has the same score for a query: the scores are constant")
    elif tied > TIED and not bound:
        trial.findings.append(f"ties everywhere: {tied:.0%} of the neighbours in the first {TOP} have equal scores")
    if trial.equal_texts > NOISE * spread.max() and not bound and len(trial.parts) == 1:
        trial.warnings.append(f"two documents with one text differ in their scores by up to {trial.equal_texts:.3g}")
    if trial.scores["model"] <= trial.scores["random"] and not bound:
        trial.warnings.append(f"no better than chance: {MEASURE} {trial.scores['model']:.3f}")


def _measure_noise(trial: Trial, model: Model, found: Run, few: Sample) -> None:
    """Compare with the scores that come out when no text shares a batch with another."""
    before, after = (_by_document(run, few.corpus) for run in (found, _ranked(model, few)))
    spread = np.maximum(np.ptp(before, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    trial.batch_noise = float((np.abs(before - after) / spread).max()) if np.ptp(before) else 0.0
    if trial.batch_noise > NOISE:
        trial.warnings.append(
            f"scores depend on the batch: they move by up to {trial.batch_noise:.1%} of a query's range when every "
            "text is encoded alone"
        )


def _ranked(model: Model, sample: Sample) -> Run:
    """The whole ranking of every query of a sample."""
    model.index(sample.corpus)
    return model.search(sample.bare, len(sample.corpus), sample.qrels)


def _runs(run: Run, sample: Sample) -> dict[str, Run]:
    """The model's ranking between the floor and the ceiling."""
    runs = {"model": run}
    for bound in BOUNDS:
        runs[bound] = _ranked(load_model(bound), sample)
    return runs


def _value(run: Run, sample: Sample) -> float:
    return score_run(run, sample.qrels, MEASURE).mean(MEASURE)


def _by_document(run: Run, corpus: Corpus) -> Matrix:
    """Scores, shape (queries, documents); NaN where a document was not ranked."""
    scores = np.full((len(run), len(corpus)), np.nan, dtype=np.float32)
    at = positions_of(run.doc_ids, corpus.ids)
    rows, places = np.nonzero(run.documents >= 0)
    scores[rows, at[run.documents[rows, places]]] = run.scores[rows, places]
    return scores


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    done = work()
    return max(time.perf_counter() - start, 1e-9), done


@contextmanager
def _faults_in(trial: Trial) -> Iterator[None]:
    """Make findings of faults of the model; those of the user or of the world outside are raised."""
    try:
        yield
    except (MissingDataError, MemoryError):
        raise
    except DataError as error:
        trial.findings.append(str(error))
    except EvalHarnessError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a model's own code raises is what was to be found out
        stage = "does not load" if trial.seconds_to_load is None else "fails"
        trial.findings.append(f"it {stage}: {type(error).__name__}: {error}")


@contextmanager
def _empty_cache() -> Iterator[None]:
    """A cache for the block alone: what was encoded earlier would prove nothing."""
    before = os.environ.get("EVALHARNESS_CACHE")
    with TemporaryDirectory(prefix="evalharness-trial-") as folder:
        os.environ["EVALHARNESS_CACHE"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["EVALHARNESS_CACHE"]
            else:
                os.environ["EVALHARNESS_CACHE"] = before
