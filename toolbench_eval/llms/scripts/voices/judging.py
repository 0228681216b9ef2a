"""The scripted model as a judge: an answer is right if it is a reference, but for case, articles and punctuation."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import asked_of, unfill
from toolbench_eval.metrics.answers.judged import PROMPT
from toolbench_eval.metrics.answers.normalise import normalise
from toolbench_eval.prompts import load_prompt

_PROMPT = load_prompt(PROMPT)


def reply(messages: Sequence[Message]) -> str | None:
    """The verdict on an answer, None to any other prompt."""
    heard = unfill(_PROMPT.texts["user"], messages[1].text) if asked_of(_PROMPT, messages) else None
    if heard is None:
        return None
    references = {normalise(line.removeprefix("- ")) for line in heard["golds"].splitlines()}
    return "yes" if normalise(heard["prediction"]) in references else "no"
