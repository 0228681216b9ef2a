"""Reading the TOML files that declare suites, corpora and model cards, and the faults in them.

Each `inspect_...` returns what could be read and all faults; each `read_...` raises the first of them.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toolbench_eval.errors import DataError, UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from toolbench_eval.cards import ModelCard
    from toolbench_eval.suites import CorpusSource, Protocol, QuestionRow, Suite, SuiteDeclaration, TaskRow, ToolRow

    Declaration = TypeVar("Declaration", bound=BaseModel)
    Read = TypeVar("Read")

Faults = list[DataError]


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        DataError: The file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"not a TOML file: {error}", file=path) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=path) from None


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV table with a header; empty cells are left out.

    Raises:
        DataError: The file cannot be read, or a row has more or fewer cells than the header.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", file=path) from None
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise DataError("the row has not as many cells as the header", file=path, row=number)
    return [{key: cell for key, cell in row.items() if cell != ""} for row in rows]


def validated(schema: type[Declaration], values: Mapping[str, Any], path: Path, row: int | None = None) -> Declaration:
    """The values as an instance of the schema.

    Raises:
        DataError: The first field that is missing, unknown or of the wrong type.
    """
    return _first_refused(_inspect(schema, values, path, row))


def read_suite(path: Path) -> Suite:
    """The suite that a `suite.toml` declares.

    Raises:
        DataError: The declaration or its table of tasks is wrong.
    """
    return _first_refused(inspect_suite(path))


def read_corpus(path: Path) -> CorpusSource:
    """The corpus that a TOML file declares.

    Raises:
        DataError: The declaration is wrong.
    """
    return _first_refused(inspect_corpus(path))


def read_card(path: Path) -> ModelCard:
    """A model's card.

    Raises:
        DataError: The card is wrong.
    """
    return _first_refused(inspect_card(path))


def inspect_suite(path: Path) -> tuple[Suite | None, Faults]:
    """The suite of a `suite.toml` with those of its tasks that are well declared, and all faults."""
    from toolbench_eval.suites import Suite, SuiteDeclaration

    spec, faults = _inspect_file(SuiteDeclaration, path)
    if spec is None:
        return None, faults
    rows, row_faults = _inspect_tasks(spec, path)
    return Suite(folder=path.parent, spec=spec, rows=tuple(rows)), [*_suite_faults(spec, path), *row_faults]


def inspect_corpus(path: Path) -> tuple[CorpusSource | None, Faults]:
    """The corpus of a TOML file, and all faults of the declaration."""
    from toolbench_eval.suites import CorpusDeclaration, CorpusSource

    spec, faults = _inspect_file(CorpusDeclaration, path)
    if spec is None:
        return None, faults
    if (spec.hub is None) == (spec.files is None):
        faults.append(DataError("a corpus has exactly one of [hub] and files", file=path))
    if spec.files is not None and not spec.files:
        faults.append(DataError("name at least one file", file=path, field="files"))
    if spec.hub is not None and not spec.hub.configs:
        faults.append(DataError("name at least one config", file=path, field="hub.configs"))
    # A suite's own corpus lies beside it under one name for all suites, others are found by file name.
    if path.name != "corpus.toml" and spec.name != path.stem:
        faults.append(DataError(f"must be '{path.stem}', the name of the file", file=path, field="name"))
    return CorpusSource(folder=path.parent, spec=spec), faults


def inspect_card(path: Path) -> tuple[ModelCard | None, Faults]:
    """The card of a TOML file, and all faults of it."""
    from toolbench_eval.cards import ModelCard

    card, faults = _inspect_file(ModelCard, path)
    return card, [*faults, *([] if card is None else _card_faults(card, path))]


def _suite_faults(spec: SuiteDeclaration, path: Path) -> Faults:
    """What the schema alone does not see."""
    parse = _measure_reader(spec)
    faults = _place_faults(spec, path) if spec.kind == "retrieval" else _unused_faults(spec, path)
    faults += _refusals(parse, spec.metrics, path, "metrics")
    wrong_headline = _refusals(parse, [spec.headline.metric], path, "headline.metric")
    if not faults and not wrong_headline and parse(spec.headline.metric) not in map(parse, spec.metrics):
        wrong_headline.append(DataError("must be one of the suite's metrics", file=path, field="headline.metric"))
    known = [f"{spec.group}_macro", f"{spec.unit}_macro", "micro"]
    if spec.headline.aggregate not in known:
        faults.append(DataError(f"must be one of {', '.join(known)}", file=path, field="headline.aggregate"))
    if spec.citation is not None and not (path.parent / spec.citation).is_file():
        faults.append(DataError(f"there is no file '{spec.citation}'", file=path, field="citation"))
    return [*faults, *wrong_headline, *_switch_faults(spec, path)]


def _measure_reader(spec: SuiteDeclaration) -> Callable[[str], object]:
    """What makes a measure of its name; names that mean the same give equal values."""
    from toolbench_eval.metrics.language import parse_measure

    if spec.kind == "retrieval":
        return parse_measure
    from toolbench_eval.metrics.answers.registry import known
    from toolbench_eval.metrics.tools.registry import MEASURES

    of_tools = MEASURES if spec.kind == "tool-use" else {}
    return lambda name: name if known(name) or name in of_tools else parse_measure(name)


def _place_faults(spec: SuiteDeclaration, path: Path) -> Faults:
    """Where a retrieval suite says that its data is."""
    faults = []
    if (spec.hub is None) == (spec.files is None):
        faults.append(DataError("a suite has exactly one of [hub] and [files]", file=path))
    brings_own = spec.hub is not None and spec.hub.documents is not None
    if brings_own == (spec.corpus is not None):
        message = "name the corpus that every task searches, or give [hub.documents] if each brings its own"
        faults.append(DataError(message, file=path, field="corpus"))
    return faults


def _unused_faults(spec: SuiteDeclaration, path: Path) -> Faults:
    """Keys of retrieval suites, in a suite whose tasks say themselves where their data is."""
    message = f"has no meaning in a suite of kind '{spec.kind}': each row of its table says where its data is"
    retrieval = ("corpus", "hub", "files", "columns", "document_columns", "tolerate", "instruction", "depth")
    return [DataError(message, file=path, field=name) for name in retrieval if name in spec.model_fields_set]


def _card_faults(card: ModelCard, path: Path) -> Faults:
    """What the schema alone does not see."""
    from pydantic import ValidationError

    from toolbench_eval.retrievers.families import factory
    from toolbench_eval.switches import check_switch

    # One's own factory (`package.module:factory`) is imported when the model is made, not to look at its card.
    faults = [] if ":" in card.family else _refusals(factory, [card.family], path, "family")
    if card.name != path.stem:
        faults.append(DataError(f"must be '{path.stem}', the name of the file", file=path, field="name"))
    for name, value in card.switches.items():
        faults += _refusals(partial(check_switch, name), [value], path, f"switches.{name}")
    for table, templates in (("templates", card.templates), ("own_prompts", card.own_prompts)):
        texts = {} if templates is None else templates.model_dump()
        for name, text in texts.items():
            place = "{text}" if name == "document" else "{query}"
            if place not in text:
                faults.append(DataError(f"lacks {place}", file=path, field=f"{table}.{name}"))
    declared: list[tuple[str | None, Protocol]] = [(None, protocol) for protocol in card.protocols]
    declared += [(name, protocol) for name, suite in card.suites.items() for protocol in suite.protocols]
    for suite, protocol in declared:
        try:
            card.under(protocol, suite)
        except ValidationError as error:
            found = [_fault(one, path, None) for one in error.errors()]
            faults += [DataError(f"under '{protocol}': {one.message}", file=path, field=one.field) for one in found]
    return faults


def _switch_faults(spec: SuiteDeclaration, path: Path) -> Faults:
    from toolbench_eval.switches import check_switch

    faults: Faults = []
    for name, switch in spec.switches.items():
        values = [value for value in (switch.default, switch.paper, switch.released) if value is not None]
        faults += _refusals(partial(check_switch, name), values, path, f"switches.{name}")
    return faults


def _refusals(check: Callable[[str], object], values: Iterable[str], path: Path, field: str) -> Faults:
    """What a check says of each value; the same words once."""
    messages: dict[str, None] = {}
    for value in values:
        try:
            check(value)
        except UsageError as error:
            messages[str(error)] = None
    return [DataError(message, file=path, field=field) for message in messages]


def _inspect_tasks(spec: SuiteDeclaration, path: Path) -> tuple[list[TaskRow], Faults]:
    """The tasks in `suite.toml` itself or in its table, each name once."""
    from toolbench_eval.suites import ROWS, TaskRow

    faults: Faults = []
    table = path if spec.tasks else path.parent / spec.table
    try:
        values: list[tuple[int, Mapping[str, Any]]] = list(_numbered_rows(spec, table))
    except DataError as error:
        return [], [error]
    found: list[tuple[int, TaskRow]] = []
    for number, value in values:
        row, row_faults = _inspect(ROWS.get(spec.kind, TaskRow), value, table, number)
        faults += row_faults
        if row is not None:
            faults += _row_faults(row, table, number)
            found.append((number, row))
    rows: dict[str, TaskRow] = {}
    for number, row in found:
        if row.task in rows:
            faults.append(DataError(f"the task '{row.task}' stands twice", file=table, row=number, field="task"))
        rows.setdefault(row.task, row)
    if not rows and not faults:
        faults.append(DataError("a suite needs at least one task", file=table))
    if 0 < sum(row.category is None for row in rows.values()) < len(rows):
        message = "give every task a category, or none: an average over categories would leave out the others"
        faults.append(DataError(message, file=table, field="category"))
    return list(rows.values()), faults


def _numbered_rows(spec: SuiteDeclaration, table: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    return enumerate(spec.tasks, start=1) if spec.tasks else enumerate(read_rows(table), start=2)


def _row_faults(row: TaskRow, table: Path, number: int) -> Faults:
    """What the schema alone does not see."""
    from toolbench_eval.suites import QuestionRow, ToolRow

    if not isinstance(row, QuestionRow | ToolRow):
        return []
    checks = _question_checks(row) if isinstance(row, QuestionRow) else _tool_checks(row)
    faults = [fault for check, value, field in checks for fault in _refusals(check, [value], table, field)]
    if row.file is not None and row.repo is not None:
        faults.append(DataError("a task has a file or a data set (repo), not both", file=table, field="file"))
    if row.repo is not None and row.split is None:
        faults.append(DataError("name the split of the data set", file=table, field="split"))
    if row.repo is None:
        alone = [name for name in ("revision", "config", "split") if getattr(row, name) is not None]
        faults += [DataError("needs a data set (repo)", file=table, field=name) for name in alone]
    return [DataError(fault.message, file=table, row=number, field=fault.field) for fault in faults]


Check = tuple[Callable[[str], object], str, str]
"""What refuses a wrong value, the value, its field."""


def _question_checks(row: QuestionRow) -> list[Check]:
    from toolbench_eval.data.qa.formats import check_format
    from toolbench_eval.metrics.answers.profiles import find_profile

    return [(check_format, row.format, "format"), (find_profile, row.profile, "profile")]


def _tool_checks(row: ToolRow) -> list[Check]:
    from toolbench_eval.data.tools.environments import check_environment
    from toolbench_eval.data.tools.formats import check_format
    from toolbench_eval.data.tools.scorings import check_scoring

    checks: list[Check] = [(check_format, row.format, "format"), (check_scoring, row.scoring, "scoring")]
    return [*checks, (check_environment, row.environment, "environment")]


def _inspect_file(schema: type[Declaration], path: Path) -> tuple[Declaration | None, Faults]:
    try:
        return _inspect(schema, read_toml(path), path)
    except DataError as error:
        return None, [error]


def _inspect(
    schema: type[Declaration], values: Mapping[str, Any], path: Path, row: int | None = None
) -> tuple[Declaration | None, Faults]:
    from pydantic import ValidationError

    try:
        return schema.model_validate(values), []
    except ValidationError as error:
        return None, [_fault(one, path, row) for one in error.errors()]


def _fault(error: Mapping[str, Any], path: Path, row: int | None) -> DataError:
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return DataError("is missing", file=path, row=row, field=field)
    if error["type"] == "extra_forbidden":
        return DataError("there is no such key", file=path, row=row, field=field)
    return DataError(f"{error['msg']} (found {error['input']!r:.80})", file=path, row=row, field=field)


def _first_refused(inspected: tuple[Read | None, Faults]) -> Read:
    value, faults = inspected
    if value is None or faults:
        raise faults[0]
    return value
