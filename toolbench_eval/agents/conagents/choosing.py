"""ConAgents' grounding agent: it decides on the next sub-task and its tool, and sees observations only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolbench_eval.agents.conagents.colleagues import Colleague, continued
from toolbench_eval.agents.conagents.tool_choice import (
    EXPECTED,
    Choice,
    Reading,
    bare_name,
    by_segments,
    named,
    read_choice,
)
from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import spoken
from toolbench_eval.agents.shared.tool_prompting import NO_TOOLS, block, json_lines
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.llms.base import Message

Matching = Literal["segments", "exact", "llm"]
"""What becomes of a name that no tool has: the tool that shares most segments with it, nothing, or, as in the paper's
code, the tool that the execution agent takes it for, and the one with most shared segments after that."""


@dataclass(frozen=True)
class Grounding:
    """The agent.

    Attributes:
        colleague: Its model.
        sample: The request.
        tools: What may be called.
        tries: Times it is asked for a choice that can be read, before it is asked for the bare name of a tool.
        reading: How its replies are read.
    """

    colleague: Colleague
    sample: Sample
    tools: Sequence[ToolSpec]
    tries: int
    reading: Reading

    def choose(self, done: str, objections: Sequence[tuple[str, str]] = ()) -> tuple[Choice, str]:
        """The next choice, and the reply that it was read from.

        Args:
            done: The steps so far, as a block.
            objections: Replies of its own to this prompt, each with what a colleague says against it.

        Raises:
            UnreadableError: See `read_choice`.
        """
        form = form_of(self.sample.answer_type)
        request = self.sample.text
        messages = self.colleague.opening("ground", request=request, tools=brief(self.tools), done=done, form=form)
        for said, objection in objections:
            messages = continued(messages, said, objection)
        asked, reply = messages, ""
        for attempt in range(self.tries):
            reply = self.colleague.ask("ground", asked, stop=(EXPECTED,), attempt=attempt)
            choice = read_choice(reply, self.sample.answer_type, self.reading)
            if choice is not None:
                return choice, reply
            if self.reading == "tolerant":
                asked = continued(messages, reply, self.colleague.prompt.fill("unreadable_choice", form=form))
        return self._by_name(messages, reply), reply

    def _by_name(self, messages: Sequence[Message], reply: str) -> Choice:
        """The last reply as a thought, and the tool that it is asked for."""
        asked = continued(messages, reply, self.colleague.prompt.texts["name_tool"])
        name = self.colleague.ask("name_tool", asked)
        return Choice(one_line(spoken(reply)), bare_name(spoken(name).removeprefix("Tool:")))


def brief(tools: Sequence[ToolSpec]) -> str:
    """Tools as the grounding agent is told of them: name, description, and the arguments that a call must have.

    An address shows its variables in the paper's list; a function's required arguments stand for them here.
    """
    return block("tools", json_lines(map(_told, tools)) or NO_TOOLS)


def find_tool(written: str, tools: Sequence[ToolSpec], matching: Matching, executor: Colleague) -> ToolSpec | None:
    """The tool that a name means, None where it means none; how it was found is noted."""
    found, how = named(written, tools), "name"
    if found is None and matching == "llm" and tools:
        asked = executor.opening("match", name=one_line(written), tools=brief(tools))
        # As released: drawn at the endpoint's usual temperature.
        found, how = named(spoken(executor.ask("match", asked, temperature=1.0)), tools), "llm"
    if found is None and matching != "exact":
        found, how = by_segments(written, tools, always=matching == "llm"), "segments"
    executor.session.note("match", written=written, tool=found.name if found else None, how=how if found else None)
    return found


def _told(tool: ToolSpec) -> Mapping[str, Any]:
    address = {"url": f"{tool.method} {tool.url}".strip()} if tool.url else {}
    takes = {name: _kind(tool.properties.get(name, {})) for name in tool.required}
    return {"name": tool.name, **address, "description": one_line(tool.description), "takes": takes}


def _kind(schema: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, [str(schema.get("type", "")), one_line(str(schema.get("description", "")))]))
