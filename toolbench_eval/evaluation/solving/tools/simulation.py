"""A language model that plays the services of a task whose calls nobody can execute any more.

As StableToolBench has it (Guo et al. 2024, arXiv 2403.07714): a reply that was recorded is given as it is, and any
other is made up, marked as `simulated` in the trajectory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from toolbench_eval.data.tools.environments import REPLIES
from toolbench_eval.data.tools.load import unexecuted
from toolbench_eval.environments.simulated import PROMPT, LLMSimulator
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.tools.work import ToolWork
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.prompts import load_prompt

SIMULATOR = "simulator"
"""The role of the model that makes up replies: no agent's, but the task's."""


def simulated(work: Work, llm: CachedLLM) -> Work:
    """A task where a model makes up the replies that are not there.

    Raises:
        UsageError: Its calls are executed, or it has none.
    """
    if not isinstance(work, ToolWork):
        raise UsageError(f"the role '{SIMULATOR}' makes up replies of tools, and '{work.row.task}' has none")
    row = work.task.row
    if row.environment not in REPLIES:
        advice = f"leave out --llm {SIMULATOR}=..."
        raise UsageError(f"the calls of '{row.task}' are answered by '{row.environment}': {advice}")
    told = f"{row.task}: replies that are not recorded are made up by {llm.name}, and marked as simulated"
    notes = tuple(note for note in work.task.notes if note not in unexecuted(row))
    task = replace(work.task, simulator=LLMSimulator(llm), notes=(*notes, told))
    return replace(work, task=task, offers=replace(work.offers, task=task), _seen={})


def simulator_setting(llm: CachedLLM) -> Mapping[str, Any]:
    """What a result records of a simulator: it decides what agents are told, as a task's data do."""
    known = {key: value for key, value in llm.identity.items() if key != "endpoint"}
    return {"name": llm.name, **known, "prompts": {PROMPT: load_prompt(PROMPT).digest}}
