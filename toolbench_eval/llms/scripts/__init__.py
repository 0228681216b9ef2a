"""The scripted model: a small reader that plays the language model in demonstrations and tests.

It knows nothing by heart. Its answers are computed from the prompt: each voice recognises the prompts of one agent by
the texts of their templates (`heard.py`), takes question, history, passages and tools out of them, and answers in the
form that is asked for. There are three rooms:

    voices/   one file for each agent, or family of agents or prompts, that it can play
    reading/  what it makes of questions and passages: relations, names, numbers, comparisons, puzzles
    tools/    what it makes of requests and tools: which one to call, with which arguments, and what came of it
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from toolbench_eval.llms.base import Message

VOICES = (
    "single_turn",
    "stepwise",
    "genground",
    "exsearch",
    "dro",
    "judging",
    "atc",
    "probing",
    "autotools",
    "tool_steps",
    "conagents",
    "rea360",
    "tool_writer",
)
"""Modules of `voices`; each has `reply(messages) -> str | None`, None where a prompt is not one of its agents'."""


def speak(messages: Sequence[Message]) -> str | None:
    """The answer of the first voice that knows the prompt, None where none does."""
    for voice in VOICES:
        reply: str | None = import_module(f"{__name__}.voices.{voice}").reply(messages)
        if reply is not None:
            return reply
    return None
