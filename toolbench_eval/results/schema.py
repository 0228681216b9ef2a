"""A result: what `run --json` prints and what lies on the disk (see `docs/results.md`)."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from toolbench_eval.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas


def _all_finite(scores: Any) -> Any:
    for name, value in scores.items() if isinstance(scores, Mapping) else ():
        if isinstance(value, float) and not math.isfinite(value):
            raise DataError(f"the measure '{name}' came to {value}: a result holds finite numbers only")
    return scores


Scores = Annotated[dict[str, FiniteFloat], BeforeValidator(_all_finite)]
"""Value of each measure."""


class Part(BaseModel):
    """Base of all parts of a result."""

    model_config = ConfigDict(extra="forbid")


class Count(Part):
    """How many queries a task has, and how many its suite's table says."""

    expected: int
    found: int


class Solved(Part):
    """What became of a task's samples when an agent solved them."""

    samples_file: str
    """Each sample's trajectory and gold: what the scores are computed from (JSON lines, zstd)."""
    samples_digest: str
    """SHA-256 of the trajectories' content without times, in the order of the samples."""
    profile: str
    """Name of the rules that answers are scored by."""
    stop_reasons: dict[str, int]
    """Why samples ended, and how many."""
    sources: dict[str, int] = Field(default={}, exclude_if=lambda sources: not sources)
    """Who answered the calls of tools (`live`, `recorded`, `nearest`, `simulated`, `local`), and how many; `miss`: a
    reply that nobody recorded and nobody made up."""
    failures: dict[str, str] = {}
    """Samples without an answer, and what went wrong; they score 0 and stay in the denominator."""
    left_out: list[str] = []
    """Measures that were asked for and that some sample has no gold for."""
    agreement: dict[str, float] = {}
    """How far the judge agrees with exact match: share of equal verdicts, Cohen's kappa."""


class TaskResult(Part):
    """What one task came to."""

    category: str | None = None
    scores: Scores
    """Value of each measure over the task's queries."""
    subtasks: dict[str, Scores] = {}
    """The same for the splits of a task that has several (groups of splits, for IFEval)."""
    home: dict[str, FiniteFloat | None] = {}
    """The task's own measure (p-MRR, pairwise accuracy, robustness), and over how many pairs or groups; null where
    there are none."""
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
    """The runtime's log, for its viewer."""
    solved: Solved | None = Field(default=None, exclude_if=lambda solved: solved is None)
    """For agents: what became of the samples. Results of retrieval keep the form, and so the identity, that they had
    before there were agents."""


class Headline(Part):
    """The one number of a result."""

    metric: str
    aggregate: str
    value: FiniteFloat
    ci95: tuple[FiniteFloat, FiniteFloat]
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
    kind: Literal["retrieval", "question-answering", "tool-use"] = "retrieval"
    model: str
    """The retriever; `none` for an agent that was given none."""
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
    """Averages by name; `by_<group>` holds those of each category."""
    headline: Headline
    intervals: dict[str, tuple[FiniteFloat, FiniteFloat]] = Field(default={}, exclude_if=lambda found: not found)
    """For agents: 95 % interval of every measure, of the headline's average."""
    agent: str | None = None
    """The agent, None for retrieval."""
    llm: str | None = None
    """The language model that plays its main role; the others stand in `model_setting`."""
    execution: Execution = Field(default_factory=Execution)

    @property
    def system(self) -> str:
        """What was evaluated, in one name: the model, or agent, language model and retriever."""
        if self.agent is None:
            return self.model
        return " · ".join([self.agent, str(self.llm), *([] if self.model == "none" else [self.model])])

    def with_identity(self) -> Result:
        """The result with the SHA-256 of its canonical part."""
        return self.model_copy(update={"identity": identity_of(self.model_dump(mode="json"))})

    def to_json(self) -> str:
        """The whole result as indented JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def to_frame(self) -> pandas.DataFrame:
        """One row for each task: what it is of, how many queries it has, and the value of each measure.

        Frames of several results can be put one below the other.

        Raises:
            UsageError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise UsageError("a frame needs pandas: pip install pandas") from None
        of_all = {"suite": self.suite, "model": self.model, "instruction": self.task_setting.get("instruction")}
        rows = [
            {
                **of_all,
                "task": name,
                "category": task.category,
                "queries": task.queries,
                "failed": task.failed,
                **task.scores,
            }
            for name, task in self.tasks.items()
        ]
        return pandas.DataFrame(rows)


def canonical(values: Mapping[str, Any]) -> str:
    """The canonical part of a result's JSON: sorted keys, no execution, no identity."""
    part = {name: value for name, value in values.items() if name not in ("execution", "identity")}
    return json.dumps(part, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def identity_of(values: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical part of a result's JSON, as it stands: fields that later versions add are no part."""
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def json_schema() -> dict[str, Any]:
    """The JSON schema of a result as it is written."""
    schema = Result.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def main() -> None:
    """Print the JSON schema: `python -m toolbench_eval.results.schema > toolbench_eval/results/result.schema.json`."""
    sys.stdout.write(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
