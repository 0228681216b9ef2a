"""What the answer should look like, in words for the model."""

from __future__ import annotations

from toolbench_eval.data.questions import AnswerType
from toolbench_eval.prompts import load_prompt

PROMPT = "answer-1"


def form_of(answer_type: AnswerType) -> str:
    """The demand for one type of answer."""
    return load_prompt(PROMPT).texts[answer_type]
