"""ConAgents' execution agent: it writes a call, and repairs it by what the tool's server says (IterCali).

Source: Shi et al. 2024 (arXiv 2403.03031v1), iterative calibration with the tool server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolbench_eval.agents.conagents.colleagues import Colleague, continued
from toolbench_eval.agents.conagents.tool_choice import Reading, UnreadableError
from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.programs import without_thought
from toolbench_eval.agents.shared.tool_prompting import block, tool_block
from toolbench_eval.environments.base import Arguments, ToolResult, ToolSpec, cut

COMPLAINT = 2_000
"""Characters of an error that are shown to the agent that repairs."""

_DECODER = json.JSONDecoder()
_VARIABLE = re.compile(r"\{([^{}/]+)\}")
_ARGUMENTS = ("arguments", "params", "parameters")
_TELLING = ("output_instructions", "description")


@dataclass(frozen=True)
class Request:
    """A call as the execution agent writes it.

    Attributes:
        arguments: What the tool is given.
        instruction: What is to be taken out of the response.
        description: What the response is about.
    """

    arguments: Arguments
    instruction: str = ""
    description: str = ""

    @property
    def shown(self) -> str:
        """The arguments as text."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Outcome:
    """What came of a sub-task.

    Attributes:
        request: The last request, None where none could be read.
        result: What came of the last call, None where none was made.
        problem: What was wrong in the end, empty where nothing was.
    """

    request: Request | None
    result: ToolResult | None
    problem: str = ""


def execute(
    executor: Colleague, tool: ToolSpec, task: str, request: str, known: str, tries: int, reading: Reading
) -> Outcome:
    """Call a tool for a sub-task; what is wrong with the call is told, and it is repaired.

    Args:
        executor: The agent.
        tool: The tool.
        task: The sub-task, in words.
        request: The user's request.
        known: What came of earlier calls, as a block.
        tries: Times a request is written; 1 is without calibration.
        reading: How requests are read.

    Raises:
        UnreadableError: With `released`, a request is no JSON.
    """
    opening = executor.opening("execute", request=request, known=known, thought=task, tool=tool_block([tool]))
    messages, outcome = opening, Outcome(None, None)
    for attempt in range(1, tries + 1):
        reply = executor.ask("execute" if attempt == 1 else "repair_request", messages)
        outcome, told = _tried(executor, tool, task, reply)
        if not outcome.problem:
            break
        if outcome.request is None and reading == "released":
            raise UnreadableError("a request is no JSON")
        kind = outcome.result.error if outcome.result else "unfilled" if outcome.request else "unreadable"
        repaired = attempt < tries
        executor.session.note("calibrate", agent="execution", attempt=attempt, kind=kind, repaired=repaired)
        messages = continued(messages, reply, told)
    return outcome


def read_request(reply: str) -> Request | None:
    """The request in a reply: the first JSON object; None where there is none."""
    text = without_thought(reply)
    for opened in re.finditer(r"\{", text):
        try:
            found, _ = _DECODER.raw_decode(text, opened.start())
        except (ValueError, RecursionError):
            continue
        return _request(found)
    return None


def unfilled(arguments: Arguments, tool: ToolSpec) -> list[str]:
    """Arguments that are variables still: values such as `{movie_id}`, and variables of the address without a value."""
    if isinstance(arguments, str):
        return []
    open_values = [name for name, value in arguments.items() if isinstance(value, str) and _VARIABLE.fullmatch(value)]
    return [*open_values, *(name for name in _VARIABLE.findall(tool.url) if name not in arguments)]


def _tried(executor: Colleague, tool: ToolSpec, task: str, reply: str) -> tuple[Outcome, str]:
    """What came of a reply, and what is said to it if that is not good."""
    texts = executor.prompt
    request = read_request(reply)
    if request is None:
        return Outcome(None, None, texts.texts["not_written"]), texts.texts["no_object"]
    request = request if request.instruction else Request(request.arguments, task, request.description)
    if names := unfilled(request.arguments, tool):
        told = texts.fill("unfilled", names=", ".join(names))
        return Outcome(request, None, told), told
    result = executor.session.call(tool.name, request.arguments)
    if not result.failed:
        return Outcome(request, result), ""
    return Outcome(request, result, result.text), texts.fill(
        "call_failed", result=block("result", cut(result.text, COMPLAINT))
    )


def _request(found: Mapping[str, Any]) -> Request:
    """An object as a request; without the keys that were asked for, all of it is taken for arguments."""
    key = next((name for name in _ARGUMENTS if isinstance(found.get(name), dict | str)), None)
    arguments = {name: value for name, value in found.items() if name not in _TELLING} if key is None else found[key]
    instruction, description = (one_line(str(found.get(name) or "")) for name in _TELLING)
    return Request(arguments, instruction, description)
