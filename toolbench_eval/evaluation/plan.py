"""What one suite and one model come to: data, settings, folders, and what is done already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from toolbench_eval import __version__
from toolbench_eval.data.documents import load_corpus
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.pins import check_pins
from toolbench_eval.data.scopes import scoped
from toolbench_eval.data.shelf import CorpusHandle, Shelf
from toolbench_eval.data.tasks import Origin, TaskData, Unit
from toolbench_eval.data.unreachable import unreachable
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.evaluation.parts import weights_key
from toolbench_eval.evaluation.provenance import versions
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.workplace import Workplace
from toolbench_eval.metrics.language import Measure, parse_measures
from toolbench_eval.registry import Registry
from toolbench_eval.results.store import slug, work_key
from toolbench_eval.retrievers.model import Model
from toolbench_eval.selection import Selection
from toolbench_eval.suites import Suite
from toolbench_eval.switches import TaskSwitches, resolve

Instruction = Literal["with", "without"]

READERS = 2
"""Corpora that are read and fingerprinted at a time."""


@dataclass(frozen=True)
class SuiteData:
    """The data of a selection.

    Attributes:
        shared: The corpus that all tasks search, None where they bring their own.
        shared_origin: Where it came from.
        documents_expected: Number of documents that its declaration names.
        tasks: Tasks that have data.
        missing: Names of tasks that have none.
        unreachable: Number of labels of a task that name no document of what it searches, where there are any.
    """

    shared: CorpusHandle | None
    shared_origin: Origin | None
    documents_expected: int | None
    tasks: tuple[TaskData, ...]
    missing: tuple[str, ...]
    unreachable: Mapping[str, int] = field(default_factory=dict)

    def handle(self, unit: Unit) -> CorpusHandle:
        """The documents that belong to a unit.

        Raises:
            DataError: Neither the suite nor the task has any.
        """
        handle = self.shared if unit.corpus is None else unit.corpus  # not `or`, which would ask for its length
        if handle is None:
            raise DataError("the suite declares no corpus", field="corpus")
        return handle


@dataclass(frozen=True)
class Plan:
    """One result to make: a suite's tasks, a model and a setting.

    Attributes:
        selection: Suite and tasks.
        data: Their data.
        instruction: Whether queries come with their instructions.
        task_setting: As recorded in the result.
        switches: The switches of the task setting.
        measures: The suite's measures and the user's.
        ordered: Whether scores depend on the order of the documents, as some switches have it.
        workplace: Where the result is made.
    """

    selection: Selection
    data: SuiteData
    instruction: Instruction
    task_setting: dict[str, Any]
    switches: TaskSwitches
    measures: tuple[Measure, ...]
    ordered: bool
    workplace: Workplace

    def corpus_of(self, task: TaskData, unit: Unit) -> CorpusHandle:
        """The documents that a split of a task searches under the plan's scope."""
        return scoped(self.data.handle(unit), self.switches.scope, task)

    def index_of(self, task: TaskData, unit: Unit) -> str:
        """Name of the index that a split is searched in: the same for equal documents."""
        handle = self.corpus_of(task, unit)
        return f"{handle.fingerprint}/{handle.order}" if self.ordered else handle.fingerprint


def load_data(selection: Selection, request: Request, registry: Registry, reporter: Reporter) -> SuiteData:
    """Load the corpus and the selected tasks.

    Raises:
        UsageError: The suite is not for retrievers.
        MissingDataError: A task has no data and the request does not allow that, or none has any.
    """
    suite = selection.suite
    if suite.spec.kind != "retrieval":
        advice = "name one with --agent A --llm L; --model is then what it searches with"
        raise UsageError(f"'{suite.name}' is a {suite.spec.kind} suite, for agents: {advice}")
    shelf = Shelf()
    shared, shared_origin, expected = _shared_corpus(suite, request, registry, shelf)
    tasks: list[TaskData] = []
    lacking: list[MissingDataError] = []
    missing: list[str] = []
    with reporter.track(f"load {suite.name}", len(selection.rows)) as advance:
        for row in selection.rows:
            try:
                task = load_task_data(suite, row, request.access, shelf)
                tasks.append(task if request.limit is None else task.head(request.limit))
            except MissingDataError as error:
                lacking.append(error)
                missing.append(f"{suite.name}/{row.task}")
            advance(1)
    if lacking and not (request.allow_missing and tasks):
        first = lacking[0]
        others = f" ({len(lacking)} of {len(selection.rows)} tasks have no data: {', '.join(missing)})"
        advice = "" if not tasks else ". Use --allow-missing to go on without them; the result is then partial"
        raise MissingDataError(f"{first.message}{others if len(missing) > 1 else ''}{advice}", file=first.file)
    data = SuiteData(shared, shared_origin, expected, tuple(tasks), tuple(missing))
    data = replace(data, unreachable=_read_corpora(data))
    if request.limit is None:
        check_pins(suite, data)
    return data


def _read_corpora(data: SuiteData) -> dict[str, int]:
    """Read every corpus once, some at a time: Arrow unpacks outside the interpreter's lock.

    Fingerprints are left in the handles; returns the number of labels that name no document, by task.
    """
    handles: dict[str, CorpusHandle] = {}
    searched: dict[str, list[tuple[str, Unit]]] = {}
    for task in data.tasks:
        for unit in task.units:
            handle = data.handle(unit)
            handles[handle.key] = handle
            searched.setdefault(handle.key, []).append((task.row.task, unit))

    def lacking(key: str) -> list[int]:
        return unreachable([unit.qrels for _, unit in searched[key]], handles[key].read().ids)

    found: Counter[str] = Counter()
    with ThreadPoolExecutor(READERS) as pool:
        for key, counts in zip(searched, pool.map(lacking, searched), strict=True):
            for (name, _), count in zip(searched[key], counts, strict=True):
                found[name] += count
    return dict(+found)


def _shared_corpus(
    suite: Suite, request: Request, registry: Registry, shelf: Shelf
) -> tuple[CorpusHandle | None, Origin | None, int | None]:
    if suite.spec.corpus is None:
        return None, None, None
    source = registry.corpus(suite.spec.corpus, suite)
    loaded = load_corpus(source, request.access)
    handle = CorpusHandle(f"corpus:{source.spec.name}", lambda: load_corpus(source, request.access).corpus, shelf)
    shelf.get(handle.key, lambda: loaded.corpus)
    return handle, loaded.origin, source.spec.documents


def make_plans(selection: Selection, data: SuiteData, model: Model, request: Request) -> list[Plan]:
    """One plan for each instruction setting.

    Raises:
        UsageError: Instructions are asked for and the queries have none.
        EvalHarnessError: The weights cannot be had.
    """
    instructions = _instructions(selection, data, request)
    weights = weights_key(model)
    return [_plan(selection, data, model, weights, request, instruction) for instruction in instructions]


def _instructions(selection: Selection, data: SuiteData, request: Request) -> list[Instruction]:
    choice = request.instruction or selection.suite.spec.instruction
    wanted: list[Instruction] = ["without", "with"] if choice == "both" else [choice]
    there = any(task.queries.instructions is not None for task in data.tasks)
    if "with" in wanted and not there:
        if request.instruction is not None:
            raise UsageError(f"the queries of '{selection.suite.name}' have no instructions: use --instruction without")
        wanted = ["without"]
    return wanted


def _plan(
    selection: Selection,
    data: SuiteData,
    model: Model,
    weights: dict[str, Any],
    request: Request,
    instruction: Instruction,
) -> Plan:
    suite = selection.suite
    switches, _ = resolve(suite.switch_defaults(request.protocol), request.switches)
    measures = tuple(dict.fromkeys(parse_measures([*suite.spec.metrics, *request.metrics])))
    setting = {
        "instruction": instruction,
        "protocol": request.protocol,
        "k": request.k or suite.spec.depth,
        "limit": request.limit,
        "seed": request.runtime.seed,
        **switches.model_dump(),
    }
    ordered = switches.ties == "stable" or _in_force(model.setting, "small_corpora", "reference")
    key = work_key(
        {
            "suite": [suite.name, suite.spec.version],
            "tasks": {task.row.task: [_identity(unit, data, ordered) for unit in task.units] for task in data.tasks},
            "missing": data.missing,
            "model": [model.name, model.revision, model.setting],
            **weights,
            "setting": setting,
            "measures": [str(measure) for measure in measures],
            "versions": {**versions(), "toolbench-eval": __version__},
        }
    )
    folder = request.out / slug(suite.name) / slug(model.name) / f"{instruction}-{key}"
    return Plan(selection, data, instruction, setting, switches, measures, ordered, Workplace(folder))


def _in_force(setting: object, switch: str, value: str) -> bool:
    """Whether a model, or a stage or member of it, was set so."""
    if not isinstance(setting, Mapping):
        return False
    return setting.get(switch) == value or any(_in_force(part, switch, value) for part in setting.values())


def origins(data: SuiteData) -> dict[str, Any]:
    """Where the corpus and each task came from."""
    tasks = {task.row.task: _origin(task.origin) for task in data.tasks}
    return {"corpus": _origin(data.shared_origin), "tasks": tasks}


def _identity(unit: Unit, data: SuiteData, ordered: bool) -> list[str]:
    handle = data.handle(unit)
    order = [handle.order] if ordered else []
    return [unit.split, unit.queries.fingerprint, unit.qrels.fingerprint, handle.fingerprint, *order]


def _origin(origin: Origin | None) -> dict[str, str | None] | None:
    if origin is None:
        return None
    return {"kind": origin.kind, "location": origin.location, "revision": origin.revision}
