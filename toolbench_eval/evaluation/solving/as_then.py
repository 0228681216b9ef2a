"""The tasks of a stored result as they were for it: the same tools on offer, found by nobody again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.kinds import TASK_OPTIONS, load_works
from toolbench_eval.evaluation.solving.perturbed import Perturbation, perturbed_work
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.tools.offers import RETRIEVED
from toolbench_eval.evaluation.solving.tools.work import ToolWork
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.llms.load import load_llm
from toolbench_eval.ranking.run import NO_DOCUMENT
from toolbench_eval.registry import Registry
from toolbench_eval.results import sidecars
from toolbench_eval.results.schema import Result, TaskResult
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.selection import select

NOBODY = "scripted"
"""Stands for models that are named and never asked."""

Restore = Callable[[Mapping[str, Any]], Sequence[Perturbation]]
"""Makes of what a result records of a perturbation the perturbation again; nothing where a replay does not meet it."""


@dataclass(frozen=True)
class Then:
    """A result, and where its data may come from today.

    Attributes:
        result: The result.
        folder: Where its files lie.
        perturbations: What its agent, its task and their surroundings were changed by.
        registry: Where names are looked up.
        access: Where data may come from.
        source: The task's records, as they were given with `--source`.
        corpus: The task's corpus or tools, as they were given with `--corpus`.
    """

    result: Result
    folder: Path
    perturbations: Sequence[Perturbation]
    registry: Registry
    access: Access
    source: Path | None = None
    corpus: Path | None = None

    def works(self, reporter: Reporter) -> Iterator[tuple[Work, TaskResult]]:
        """Each task, with what came of it.

        Raises:
            DataError: The data at hand are not those of the result.
            MissingDataError: There are none.
        """
        request, options = self._request(), self._options()
        # A task that can only be judged is not loaded without a judge; answers are scored without one.
        judge = load_llm(NOBODY) if self.result.kind == "tool-use" and "judge" in self.result.task_setting else None
        for selection in select(request.base.tasks, self.registry):
            works, _ = load_works(selection, request, self.registry, reporter, options, None, judge)
            for work in works:
                stored = self.result.tasks[f"{self.result.suite}/{work.row.task}"]
                if (work.fingerprint, work.corpus_fingerprint) != (
                    stored.queries_fingerprint,
                    stored.corpus_fingerprint,
                ):
                    raise DataError("the data at hand are not those of the result", file=work.origin.location)
                yield perturbed_work(self._with_retrieved(work, stored), self.perturbations), stored

    def _request(self) -> AgentRequest:
        setting = self.result.task_setting
        runtime = Runtime(offline=self.access.offline, seed=setting["seed"])
        base = Request(tuple(self.result.tasks), access=self.access, limit=setting["limit"], runtime=runtime)
        return AgentRequest(base, str(self.result.agent), {"main": NOBODY}, source=self.source, corpus=self.corpus)

    def _options(self) -> dict[str, str]:
        """The task's options; tools that were retrieved are loaded as if they were listed, and put in their place."""
        setting, choices = self.result.task_setting, TASK_OPTIONS[self.result.kind]
        options = {name: str(setting.get(name, known[0])) for name, known in choices.items()}
        return options | ({"toolset": "released"} if self._retrieved else {})

    @property
    def _retrieved(self) -> bool:
        return self.result.task_setting.get("toolset") == RETRIEVED

    def _with_retrieved(self, work: Work, stored: TaskResult) -> Work:
        if not (self._retrieved and isinstance(work, ToolWork)):
            return work
        return work.with_retrieved(_rankings(stored, self.folder, [sample.id for sample in work.samples]))


def _rankings(stored: TaskResult, folder: Path, samples: Sequence[str]) -> dict[str, list[str]]:
    """What was retrieved for each sample, best first, as the result's run has it."""
    if stored.run_file is None or stored.documents_file is None or stored.per_query_file is None:
        return {name: [] for name in samples}
    documents = sidecars.read_documents(folder / stored.documents_file)
    queries, _ = sidecars.read_per_query(folder / stored.per_query_file)
    run = sidecars.read_run(folder / stored.run_file, queries, documents)
    names = documents.to_pylist()
    found = {
        query: [names[at] for at in row if at != NO_DOCUMENT]
        for query, row in zip(queries.to_pylist(), run.documents.tolist(), strict=True)
    }
    if missing := [name for name in samples if name not in found]:
        raise DataError(f"lacks the sample '{missing[0]}'", file=folder / stored.per_query_file)
    return found


def restored(result: Result, restore: Restore | None) -> tuple[Perturbation, ...]:
    """The perturbations that a result was made under, as far as a replay meets them.

    Raises:
        UsageError: There are some, and nobody knows how to make them again.
    """
    settings = result.task_setting.get("perturbations", [])
    if settings and restore is None:
        raise UsageError("the result was made under perturbations, and nothing was named that makes them again")
    return tuple(one for setting in settings if restore is not None for one in restore(setting))
