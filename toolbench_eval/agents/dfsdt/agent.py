"""DFSDT: depth-first search over a tree of thoughts and tool calls.

Source: Qin et al. 2023, *ToolLLM*, ICLR 2024 (arXiv 2307.16789), section 3.2, and the search without filter of its
code (OpenBMB/ToolBench d56fdd8, `inference/Algorithms/DFS.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.dfsdt.tool_tree import Bounds, Node, TreeSearch
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_prompting import tool_block
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError
from toolbench_eval.prompts import load_prompt

DEEPEST = 200
"""Largest bound of nodes that is taken: the search goes down by recursion, as the reference's does."""


@dataclass(frozen=True)
class Dfsdt:
    """Go down until an answer comes or a line is given up, go back, and try something else."""

    width: int = option(2, "tries at each point")
    max_nodes: int = option(12, "deepest node; a step is one node for its thought and two for its call")
    max_queries: int = option(60, "most steps that the model is asked for in the whole tree")
    observation: int = option(1024, "characters of a tool's answer that are shown")
    unknown_names: Literal["kept", "replaced"] = option("kept", "names of tools that do not exist, in the conversation")
    last_reply: Literal["used", "dropped"] = option("used", "what the step that reaches max_queries is good for")

    name: ClassVar[str] = "dfsdt"
    prompts: ClassVar[tuple[str, ...]] = ("dfsdt-1", "tool-observation-1", "answer-1")
    protocols: ClassVar[Protocols] = {
        "paper": {"max_queries": 200},
        "released": {"unknown_names": "replaced", "last_reply": "dropped"},
    }

    def __post_init__(self) -> None:
        at_least(1, width=self.width, max_nodes=self.max_nodes, max_queries=self.max_queries)
        at_least(1, observation=self.observation)
        if self.max_nodes > DEEPEST:
            raise ValueError(f"max_nodes is at most {DEEPEST}; found {self.max_nodes}")

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Search until the first answer; no answer comes of a tree without one.

        Calls have effects that going back does not undo: a note `backtrack` names those that stay.

        Raises:
            UsageError: The task has no tools.
        """
        tools = session.tools()
        if not tools:
            raise UsageError("dfsdt calls tools, and the task has none")
        prompt = load_prompt("dfsdt-1")
        opening = prompt.fill("opening", request=sample.text, tools=tool_block(tools), form=form_of(sample.answer_type))
        bounds = Bounds(self.width, self.max_nodes, self.max_queries, self.observation)
        search = TreeSearch(
            session,
            prompt,
            sample.answer_type,
            bounds,
            replace_unknown=self.unknown_names == "replaced",
            drop_last=self.last_reply == "dropped",
        )
        search.expand(Node(tuple(conversation(prompt.texts["system"], opening))))
        if search.found is not None:
            return Answer(search.found.answer, "answered", search.raw)
        return Answer(None, "max_hops" if search.bounded else "no_progress", search.raw)
