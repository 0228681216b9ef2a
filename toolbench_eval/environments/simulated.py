"""Replies that a language model makes up for calls nobody recorded.

As StableToolBench's virtual API server does it (Guo et al. 2024, arXiv 2403.07714): a model that is shown the tool's
documentation and a few recordings, temperature 0, three tries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolbench_eval.environments.base import Json, ToolResult, ToolSpec, answer, cut, failure
from toolbench_eval.llms.base import LLM, Message, Sampling
from toolbench_eval.prompts import load_prompt

if TYPE_CHECKING:
    from toolbench_eval.environments.recorded import Recording

PROMPT = "tool-simulator-1"
TRIES = 3
EXAMPLE = 2_000
"""Characters that are shown of one recorded reply."""
DRAWN = Sampling(max_tokens=2_000)
_FENCE = re.compile(r"^```\w*\n(.*?)\n?```$", re.DOTALL)


@dataclass(frozen=True)
class LLMSimulator:
    """A simulator for `RecordedEnvironment` that asks a language model.

    Attributes:
        llm: Whom to ask.
        sampling: How replies are drawn.
    """

    llm: LLM
    sampling: Sampling = DRAWN

    def __call__(self, tool: ToolSpec, arguments: Mapping[str, Any], examples: Sequence[Recording]) -> ToolResult:
        """Make up a reply; one that cannot be read after all tries is a `miss`.

        Raises:
            EndpointError: The model did not answer.
        """
        prompt = load_prompt(PROMPT)
        listed = "\n".join(
            prompt.fill("example", arguments=json.dumps(dict(one.arguments)), reply=cut(one.text, EXAMPLE))
            for one in examples
        )
        task = prompt.fill(
            "task",
            name=tool.name,
            description=tool.description,
            parameters=json.dumps(dict(tool.parameters)),
            examples=listed or prompt.texts["none"],
            arguments=json.dumps(dict(arguments)),
        )
        messages = [Message("system", prompt.texts["system"]), Message("user", task)]
        for attempt in range(TRIES):
            reply = _read(self.llm.complete(messages, self.sampling, attempt).text)
            if reply is not None:
                return reply
        return failure("miss", f"no reply of {tool.name} could be simulated", "simulated")


def _read(text: str) -> ToolResult | None:
    """The reply in an object with `error` and `response`, None if it is not one."""
    found = _FENCE.match(text.strip())
    try:
        value: Json = json.loads(found[1] if found else text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not {"error", "response"} <= value.keys():
        return None
    if value["error"]:
        return failure("tool_error", str(value["error"]), "simulated")
    return answer(value["response"], "simulated")
