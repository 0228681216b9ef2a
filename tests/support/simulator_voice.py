"""A script for `--llm simulator=scripted/support.simulator_voice:service`: a service that says what it was asked."""

from __future__ import annotations

import json
from collections.abc import Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import unfill
from toolbench_eval.prompts import load_prompt


def service(messages: Sequence[Message]) -> str:
    """A reply that names the function and its arguments; one that cannot be read to anything else."""
    heard = unfill(load_prompt("tool-simulator-1").texts["task"], messages[-1].text)
    if heard is None:
        return "What?"
    return json.dumps({"error": "", "response": {"made_up_by": heard["name"], "for": json.loads(heard["arguments"])}})
