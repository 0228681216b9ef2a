"""Tools as documents: which of a task's tools a retriever finds for each request (ToolRet's downstream setting)."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from toolbench_eval.data.passages import Passage, Passages
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.evaluation.solving.searching import SharedModel


@dataclass
class ToolSearch:
    """Searches the tools of a task for all its requests at once, when the first is asked for.

    Attributes:
        model: The retriever.
        tools: The tools by name.
        problems: The problems whose requests are the queries.
        k: How many tools are retrieved.
    """

    model: SharedModel
    tools: Mapping[str, ToolSpec]
    problems: Sequence[ToolProblem]
    k: int
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, problem: ToolProblem) -> Sequence[str]:
        """Names of the tools for a problem, best first."""
        with self._lock:
            return self._found[problem.id]

    @cached_property
    def _found(self) -> dict[str, tuple[str, ...]]:
        passages = Passages.of(document(tool) for tool in self.tools.values())
        found = self.model.search_in(passages, [one.text for one in self.problems], self.k)
        names = passages.ids.to_pylist()
        return {one.id: tuple(names[at] for at in row) for one, row in zip(self.problems, found, strict=True)}


def document(tool: ToolSpec) -> Passage:
    """A tool as a document: its name as the title, its description and its arguments as the text."""
    arguments = [f"{name}: {schema.get('description', '')}".strip(": ") for name, schema in tool.properties.items()]
    return Passage(tool.name, tool.name, "\n".join(filter(None, [tool.description, *arguments])))
