"""A model whose answers are computed from the prompt: for tests, demonstrations and dry runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling, Usage
from toolbench_eval.llms.native_calls import no_native_calls

Script = Callable[[Sequence[Message]], str]

_NUMBERED = re.compile(r"^\[(\d+)\]\s*(.*)", re.DOTALL)
_WORD = re.compile(r"\w+")


class Scripted:
    """Answers with what a function makes of the messages; usage counts words."""

    def __init__(self, script: Script | None = None, name: str = "scripted") -> None:
        """Set the function.

        Args:
            script: Makes the answer; by default `by_script`.
            name: Name in results.
        """
        self._script, self.name = script or by_script, name

    @property
    def identity(self) -> dict[str, Any]:
        """The function's name; its code may change, so answers of scripted models are not kept."""
        return {"script": f"{self._script.__module__}:{self._script.__qualname__}"}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Compute the answer.

        Raises:
            UsageError: Tools are offered: a script writes its calls as text.
        """
        if sampling.tools:
            raise no_native_calls(self.name)
        text = self._script(messages)
        read = sum(len(message.text.split()) for message in messages)
        return Reply(text, Usage(read, len(text.split())))


def by_script(messages: Sequence[Message]) -> str:
    """What the scripted reader says to the prompts of the agents that ship; other prompts are answered `by_overlap`."""
    from toolbench_eval.llms.scripts import speak

    reply = speak(messages)
    return by_overlap(messages) if reply is None else reply


def by_overlap(messages: Sequence[Message]) -> str:
    """Rank passages that are numbered `[1]`, `[2]` ... by the words they share with the last message.

    Without numbered passages, the answer is the last message.
    """
    asked = set(_words(messages[-1].text))
    passages = [found for message in messages if message.role == "user" and (found := _NUMBERED.match(message.text))]
    shared = {int(found[1]): len(asked & set(_words(found[2]))) for found in passages}
    ranked = sorted(shared, key=lambda number: (-shared[number], number))
    return " > ".join(f"[{number}]" for number in ranked) or messages[-1].text


def find_script(name: str) -> Script:
    """The function `package.module:function`.

    Raises:
        UsageError: There is none.
    """
    module, colon, function = name.partition(":")
    if not colon:
        raise UsageError(f"'{name}' names no function: use scripted/package.module:function")
    try:
        script: Script = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"the script '{name}' cannot be imported: {error}") from error
    return script


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
