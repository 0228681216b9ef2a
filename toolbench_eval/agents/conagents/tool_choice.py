"""ConAgents' choice of a tool: reading it from a reply, and finding the tool that a misremembered name means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.parsing import cut_at, short_answer, spoken
from toolbench_eval.data.questions import AnswerType
from toolbench_eval.environments.base import ToolSpec

Reading = Literal["tolerant", "released"]
"""`tolerant`: of tool and final answer what comes first counts, in any case and decoration; what cannot be read is
asked for again. `released`, as in the paper's code: a final answer counts wherever it stands, and is put in lower case;
a second choice of a tool, and a request that is no JSON, end the work."""

EXPECTED = "\nExpected"
"""Where the model's choice ends: what the call brings is not its to write."""

_TOOL = re.compile(r"^[ \t>*_#-]*tool[*_ \t]*:[*_]*[ \t]*(?=\S)", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(r"^[ \t>*_#-]*final answer[*_ \t]*:[*_]*[ \t]*(?=\s*\S)", re.IGNORECASE | re.MULTILINE)
_THOUGHT = re.compile(r"^[\s>*_#-]*thought[*_ \t]*:[*_ \t]*", re.IGNORECASE)
_MARK = re.compile(r"^\[\d+\]\s*")
_METHOD = re.compile(r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+", re.IGNORECASE)
_QUOTES = "`'\"*“”‘’ \t"  # noqa: RUF001 - quotation marks of print


class UnreadableError(Exception):
    """A reply that the paper's code does not survive."""


@dataclass(frozen=True)
class Choice:
    """What the grounding agent decided.

    Attributes:
        thought: The next sub-task, in words.
        tool: Name of the tool as it was written; empty where the work is done.
        answer: The final answer, None where there is more to do.
    """

    thought: str
    tool: str = ""
    answer: str | None = None


def read_choice(reply: str, answer_type: AnswerType = "text", reading: Reading = "tolerant") -> Choice | None:
    """The choice in a reply, None where there is none.

    Raises:
        UnreadableError: With `released`, there are two.
    """
    if reading == "released":
        return _released_choice(reply, answer_type)
    text = cut_at(spoken(reply), EXPECTED)
    tool, final = _TOOL.search(text), _FINAL.search(text)
    if final is not None and (tool is None or final.start() < tool.start()):
        answer = short_answer(text[final.end() :], answer_type)
        return None if answer is None else Choice(_thought(text[: final.start()]), answer=answer)
    if tool is None:
        return None
    return Choice(_thought(text[: tool.start()]), _first_line(text[tool.end() :]))


def bare_name(written: str) -> str:
    """A tool's name without number, quotes, query and arguments."""
    name = _MARK.sub("", _first_line(written).strip(_QUOTES))
    return re.split(r"[(?]|\[(?!\d)", name, maxsplit=1)[0].strip(_QUOTES + ".,:;")


def named(written: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool of just this name, address or `METHOD /path`, case aside."""
    name = _METHOD.sub("", bare_name(written)).casefold()
    return next((tool for tool in tools if name and name in _names(tool)), None)


def by_segments(written: str, tools: Sequence[ToolSpec], *, always: bool = False) -> ToolSpec | None:
    """The tool that shares most segments of its path, or words of its name, with what was written; the first of equals.

    Args:
        written: What the model called it.
        tools: What there is.
        always: Whether one is found even where none shares anything, as in the paper's code.
    """
    wanted = _segments(_METHOD.sub("", bare_name(written)))
    shared = [len(wanted & (_segments(tool.name) | _segments(_path(tool)))) for tool in tools]
    best = max(shared, default=0)
    return tools[shared.index(best)] if tools and (best or always) else None


def _released_choice(reply: str, answer_type: AnswerType) -> Choice | None:
    if "Final Answer:" in reply:
        thought, _, answer = reply.partition("Final Answer:")
        return Choice(_thought(thought), answer=short_answer(answer.lower(), answer_type))
    parts = reply.split("Tool:")
    if len(parts) > 2:
        raise UnreadableError("the reply chooses two tools")
    return Choice(_thought(parts[0]), _first_line(parts[1])) if len(parts) == 2 else None


def _names(tool: ToolSpec) -> set[str]:
    return {one.casefold() for one in (tool.name, tool.url, _path(tool)) if one}


def _path(tool: ToolSpec) -> str:
    path = _METHOD.sub("", tool.source)
    return path if path.startswith("/") else urlsplit(tool.url).path


def _segments(text: str) -> set[str]:
    """Parts of a path; of a name without slashes its words, those of `searchPerson` too."""
    path = urlsplit(text).path if "://" in text else text
    parts = path.split("/") if "/" in path else re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", path)
    return {part.casefold() for part in parts if part}


def _thought(text: str) -> str:
    return one_line(_THOUGHT.sub("", text))


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0].strip()
