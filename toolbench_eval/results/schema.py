"""A result: what `run --json` prints and what lies on the disk (see `docs/results.md`)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of all parts of a result."""

    model_config = ConfigDict(extra="forbid")


class Count(Part):
    """How many queries a task has, and how many its suite's table says."""

    expected: int
    found: int


class TaskResult(Part):
    """What one task came to."""

    category: str | None = None
    scores: dict[str, float]
    """Value of each measure over the task's queries."""
    subtasks: dict[str, dict[str, float]] = {}
    """The same for the splits of a task that has several (groups of splits, for IFEval)."""
    queries: int
    """Number of queries in the denominator."""
    failed: int = 0
    """Queries that are counted as 0 because they have no ranking."""
    corpus_fingerprint: str
    queries_fingerprint: str
    qrels_fingerprint: str
    run_digest: str
    """SHA-256 of the ranking's content: query ids, document ids and float32 scores in rank order."""
    run_file: str | None
    """Paths are relative to the result's folder."""
    per_query_file: str | None
    qrels_file: str | None
    documents_file: str | None
    trajectories_file: str | None = None


class Headline(Part):
    """The one number of a result."""

    metric: str
    aggregate: str
    value: float
    ci95: tuple[float, float]
    """Percentile bootstrap over queries, resampled within each task."""


class Execution(Part):
    """How it was computed: recorded, but no part of the identity."""

    timing: dict[str, float] = {}
    """Seconds of each phase."""
    environment: dict[str, Any] = {}
    cost: dict[str, float] = {}
    index_bytes: int = 0
    queries_per_second: float = 0.0
    peak_memory_bytes: int = 0
    sources: dict[str, Any] = {}
    """Where each task's data and the corpus came from."""
    files: dict[str, str] = {}
    """SHA-256 of each file beside the result."""
    examples: dict[str, str] = {}
    """The exact text of the first query and the first document, as the model saw them."""
    resumed: bool = False
    created: str = ""


class Result(Part):
    """One suite, one model, one setting. Everything but `execution` is canonical."""

    schema_version: Literal[1] = 1
    suite: str
    suite_version: str
    kind: Literal["retrieval"] = "retrieval"
    model: str
    model_revision: str | None
    task_setting: dict[str, Any]
    """Must match for two results to be comparable."""
    model_setting: dict[str, Any]
    """Recorded; may differ between models."""
    identity: str = ""
    partial: bool
    missing: list[str]
    """Tasks that were asked for and have no data."""
    counts: dict[str, Count]
    tasks: dict[str, TaskResult]
    aggregates: dict[str, dict[str, Any]]
    headline: Headline
    agent: None = None
    llm: None = None
    execution: Execution = Field(default_factory=Execution)

    def canonical(self) -> str:
        """The canonical part as JSON: sorted keys, no execution, no identity."""
        values = self.model_dump(mode="json", exclude={"execution", "identity"})
        return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    def with_identity(self) -> Result:
        """The result with the SHA-256 of its canonical part."""
        return self.model_copy(update={"identity": hashlib.sha256(self.canonical().encode()).hexdigest()})

    def to_json(self) -> str:
        """The whole result as indented JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def json_schema() -> dict[str, Any]:
    """The JSON schema of a result."""
    return Result.model_json_schema()
