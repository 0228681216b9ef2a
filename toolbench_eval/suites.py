"""What a suite, a task and a corpus declare: the schema of their TOML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Protocol = Literal["default", "paper", "released"]
Kind = Literal["retrieval", "question-answering", "tool-use"]
Oddity = Literal["duplicate-documents", "duplicate-queries", "empty-labels"]


class Declared(BaseModel):
    """Base of all declarations: unknown keys are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitDocuments(Declared):
    """Where the documents of each query split are, for suites whose tasks bring their own."""

    repo: str
    revision: str | None = None
    config: str = "{task}"
    split_suffix: tuple[str, str] = ("queries", "docs")
    """The document split is the query split with this ending replaced."""


class HubQueries(Declared):
    """Where a suite's queries are on the hub."""

    repo: str
    """`owner/name` of the data set."""
    revision: str | None = None
    """Commit, tag or branch; suites that ship pin a commit."""
    config: str = "{task}"
    """Name of the config; `{task}` stands for the task's name."""
    split: str = "queries"
    """Name of the split, or a glob: each split that fits is searched by itself."""
    documents: UnitDocuments | None = None


class FileQueries(Declared):
    """Where a suite's queries are among the files beside its declaration."""

    queries: str = "queries/{task}.jsonl"
    qrels: str | None = None
    """Judgments in a file of their own (TREC, or TSV with a header as in BEIR); without it the
    queries carry their labels."""


class QueryColumns(Declared):
    """Names of the columns that hold a query."""

    id: str = "id"
    query: str = "query"
    instruction: str | None = "instruction"
    labels: str = "labels"
    grade: str = "relevance"
    """Key of a label's grade."""


class DocumentColumns(Declared):
    """Names of the columns that hold a document."""

    id: str = "id"
    text: str = "text"
    title: str | None = None
    """Joined in front of the text with a space where the column exists and is not empty."""


class Headline(Declared):
    """The one number of a suite."""

    metric: str
    aggregate: str = "category_macro"
    """`<group>_macro`, `<unit>_macro` or `micro`."""


class SwitchDefault(Declared):
    """What a switch is under each protocol in this suite, and why they differ."""

    default: str
    paper: str | None = None
    released: str | None = None
    only: list[str] = []
    """Families of models that it concerns; empty means all."""
    why: str = ""

    def under(self, protocol: Protocol) -> str:
        """Value under a protocol; the reference code's faults come on top of the paper's choices."""
        if protocol == "default":
            return self.default
        published = self.paper or self.default
        return published if protocol == "paper" else self.released or published


class TaskRow(Declared):
    """One task of a suite: its row in the suite's table."""

    task: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$")
    category: str | None = None
    subcategory: str | None = None
    home: Literal["p-MRR", "pairwise-accuracy", "robustness@10"] | None = None
    """The task's own measure, computed beside the suite's."""
    splits: int | None = None
    """Expected number of query splits."""
    queries: int | None = None
    """Expected number of queries."""
    qrels: int | None = None
    """Expected number of labels."""
    shared_corpus: str | None = None
    """Name of a corpus that the task brings along; tasks that name the same one should bring equal documents."""


class SplitRow(Declared):
    """Splits that a task should have: a row of the table of splits."""

    task: str
    split: str
    """Name of a split without its ending, or of a group of splits, whose names go on with two underscores."""
    splits: int = Field(default=1, ge=1)
    """Number of splits of that name, or in that group."""


Search = Literal["open", "distractor", "oracle"]
"""Where an agent searches: the task's whole corpus, the passages that come with the record, or the gold ones alone."""


class QuestionRow(TaskRow):
    """One task of a question answering suite."""

    format: str = "auto"
    """Layout of the records (`toolbench_eval.data.qa.formats`); `auto` tells it from the first record."""
    file: str | None = None
    """File of the records, beside the suite."""
    repo: str | None = None
    """Data set on the hub. A task with neither file nor data set needs `--source`."""
    revision: str | None = None
    config: str | None = None
    split: str | None = None
    corpus: str = ""
    """What `open` searches: `context` the pooled passages of all records of the task, else the name of a corpus;
    empty where the task has none and `--corpus` has to name one."""
    search: Search = "open"
    """Where an agent searches unless the user says otherwise."""
    profile: str = "hippo-rag"
    """Rules of the task's own evaluator (`toolbench_eval.metrics.answers.profiles`); the default has nothing special:
    normalised as for SQuAD, the best of all references."""
    answer_type: Literal["span", "boolean", "text"] | None = None
    """What kind of answer is wanted, where the records do not tell (see `Question`)."""
    licence: str = "not stated"
    """Licence of the data."""


class ToolRow(TaskRow):
    """One task of a tool use suite."""

    format: str = "plain"
    """Layout of the records (`toolbench_eval.data.tools.formats`)."""
    file: str | None = None
    """File of the records, beside the suite."""
    repo: str | None = None
    """Data set on the hub. A task with neither file nor data set needs `--source`."""
    revision: str | None = None
    config: str | None = None
    split: str | None = None
    source: str | None = None
    """Name of the records in a folder that is given with `--source`; several, separated by blanks, are tried in
    turn."""
    subset: str | None = None
    """Keep the records of this category only, where a file holds several tasks."""
    tools: str | None = None
    """File of the tools' descriptions, where the format has one: beside the records, or in `--corpus`."""
    gold: str | None = None
    """File of the accepted answers beside the records, where the format has one."""
    world: str | None = None
    """What environments begin with, beside the records: recorded replies (a file), databases (a folder)."""
    environment: str = "none"
    """What answers the calls (`toolbench_eval.data.tools.environments`), or `package.module:function`."""
    scoring: str = "answer"
    """What success means (`toolbench_eval.evaluation.solving.tools.scoring`)."""
    toolset: Literal["released", "gold", "all"] = "released"
    """Which tools are offered unless the user says otherwise: `released` those that the record lists, `gold` those of
    its solution, `all` the whole environment."""
    licence: str = "not stated"
    """Licence of the data."""


ROWS: dict[Kind, type[TaskRow]] = {"question-answering": QuestionRow, "tool-use": ToolRow}
"""Schema of a task by the kind of its suite; the others have `TaskRow`."""


class SuiteDeclaration(Declared):
    """`suite.toml`."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str
    kind: Kind = "retrieval"
    title: str = ""
    description: str = ""
    homepage: str = ""
    licence: str = "not stated"
    citation: str | None = None
    """File beside the declaration with the benchmark's own citation (BibTeX)."""
    corpus: str | None = None
    """Name of the corpus that every task searches; None where tasks bring their own."""
    table: str = "tasks.csv"
    tasks: list[dict[str, Any]] = []
    """The rows of the table, where they are written here."""
    split_table: str | None = None
    """Table beside the declaration with the splits that tasks should have (`SplitRow`)."""
    hub: HubQueries | None = None
    files: FileQueries | None = None
    columns: QueryColumns = QueryColumns()
    document_columns: DocumentColumns = DocumentColumns()
    tolerate: list[Oddity] = []
    """Oddities of the source that are mended with a warning instead of refused."""
    metrics: list[str] = ["nDCG@10", "R@100"]
    headline: Headline = Headline(metric="nDCG@10")
    unit: str = "subset"
    """What the suite calls a task: the mean over tasks is `<unit>_macro`."""
    group: str = "category"
    """What the suite calls a category: the mean over categories is `<group>_macro`."""
    depth: int = 100
    instruction: Literal["with", "without", "both"] = "without"
    switches: dict[str, SwitchDefault] = {}


class HubDocuments(Declared):
    """Where a corpus is on the hub."""

    repo: str
    revision: str | None = None
    configs: list[str]
    """Read in this order; the config's name becomes the document's group."""
    split: str = "tools"


class CorpusDeclaration(Declared):
    """`corpora/<name>.toml`."""

    name: str
    title: str = ""
    licence: str = "not stated"
    hub: HubDocuments | None = None
    files: dict[str, str] | list[str] | None = None
    """Files beside the declaration; as a table, the keys become the documents' groups."""
    columns: DocumentColumns = DocumentColumns()
    documents: int | None = None
    """Expected number of documents."""


class Located(BaseModel):
    """A declaration together with the folder that its file names are relative to."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    folder: Path


class CorpusSource(Located):
    """A declared corpus and its folder."""

    spec: CorpusDeclaration


class Suite(Located):
    """A declared suite, its folder and its tasks."""

    spec: SuiteDeclaration
    rows: tuple[TaskRow, ...]

    @property
    def name(self) -> str:
        """Name of the suite."""
        return self.spec.name

    @property
    def categories(self) -> list[str]:
        """Categories in the order of the table, and `category/subcategory` where there are any."""
        categories = dict.fromkeys(row.category for row in self.rows if row.category)
        parts = dict.fromkeys(f"{row.category}/{row.subcategory}" for row in self.rows if row.subcategory)
        return [*categories, *parts]

    def switch_defaults(self, protocol: Protocol, family: str = "") -> dict[str, str]:
        """Value of every switch that the suite declares, under a protocol and for a family of models."""
        declared = self.spec.switches.items()
        return {name: spec.under(protocol) for name, spec in declared if not spec.only or family in spec.only}
