"""What one suite and one model come to: data, settings, folders, and what is done already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from toolbench_eval import __version__
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.load import LoadedCorpus, Origin, TaskData, load_corpus, load_task_data
from toolbench_eval.data.pins import check_pins
from toolbench_eval.errors import MissingDataError, UsageError
from toolbench_eval.evaluation.provenance import versions
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.select import Selection
from toolbench_eval.evaluation.workplace import Workplace
from toolbench_eval.metrics.language import Measure, parse_measures
from toolbench_eval.registry import Registry
from toolbench_eval.results.store import slug, work_key
from toolbench_eval.retrievers.model import Model
from toolbench_eval.switches import TaskSwitches, resolve

Instruction = Literal["with", "without"]


@dataclass(frozen=True)
class SuiteData:
    """The data of a selection.

    Attributes:
        loaded: The corpus that the tasks search.
        tasks: Tasks that have data.
        missing: Names of tasks that have none.
    """

    loaded: LoadedCorpus
    tasks: tuple[TaskData, ...]
    missing: tuple[str, ...]


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
        workplace: Where the result is made.
    """

    selection: Selection
    data: SuiteData
    instruction: Instruction
    task_setting: dict[str, Any]
    switches: TaskSwitches
    measures: tuple[Measure, ...]
    workplace: Workplace

    def corpus_of(self, task: TaskData) -> Corpus:
        """The documents that a task searches under the plan's scope."""
        corpus = self.data.loaded.corpus
        if self.switches.scope == "pooled" or task.row.category is None:
            return corpus
        return corpus.only_group(task.row.category)


def load_data(selection: Selection, request: Request, registry: Registry, reporter: Reporter) -> SuiteData:
    """Load the corpus and the selected tasks.

    Raises:
        MissingDataError: A task has no data and the request does not allow that, or none has any.
    """
    suite = selection.suite
    loaded = load_corpus(registry.corpus(suite.spec.corpus, suite), request.access)
    tasks: list[TaskData] = []
    lacking: list[MissingDataError] = []
    missing: list[str] = []
    with reporter.track(f"load {suite.name}", len(selection.rows)) as advance:
        for row in selection.rows:
            try:
                task = load_task_data(suite, row, request.access)
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
    data = SuiteData(loaded, tuple(tasks), tuple(missing))
    if request.limit is None:
        check_pins(suite, data)
    return data


def make_plans(selection: Selection, data: SuiteData, model: Model, request: Request) -> list[Plan]:
    """One plan for each instruction setting.

    Raises:
        UsageError: Instructions are asked for and the queries have none.
    """
    return [
        _plan(selection, data, model, request, instruction) for instruction in _instructions(selection, data, request)
    ]


def _instructions(selection: Selection, data: SuiteData, request: Request) -> list[Instruction]:
    choice = request.instruction or selection.suite.spec.instruction
    wanted: list[Instruction] = ["without", "with"] if choice == "both" else [choice]
    there = any(task.queries.instructions is not None for task in data.tasks)
    if "with" in wanted and not there:
        if request.instruction is not None:
            raise UsageError(f"the queries of '{selection.suite.name}' have no instructions: use --instruction without")
        wanted = ["without"]
    return wanted


def _plan(selection: Selection, data: SuiteData, model: Model, request: Request, instruction: Instruction) -> Plan:
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
    key = work_key(
        {
            "suite": [suite.name, suite.spec.version],
            "tasks": {task.row.task: [task.queries.fingerprint, task.qrels.fingerprint] for task in data.tasks},
            "corpus": data.loaded.corpus.fingerprint,
            "missing": data.missing,
            "model": [model.name, model.revision, model.setting],
            "setting": setting,
            "measures": [str(measure) for measure in measures],
            "versions": {**versions(), "toolbench-eval": __version__},
        }
    )
    folder = request.out / slug(suite.name) / slug(model.name) / f"{instruction}-{key}"
    return Plan(selection, data, instruction, setting, switches, measures, Workplace(folder))


def origins(data: SuiteData) -> dict[str, Any]:
    """Where the corpus and each task came from."""
    tasks = {task.row.task: _origin(task.origin) for task in data.tasks}
    return {"corpus": _origin(data.loaded.origin), "tasks": tasks}


def _origin(origin: Origin) -> dict[str, str | None]:
    return {"kind": origin.kind, "location": origin.location, "revision": origin.revision}
