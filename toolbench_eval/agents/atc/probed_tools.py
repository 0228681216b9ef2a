"""What probing found out about tools, and the JSON file that it is kept in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from toolbench_eval.agents.shared.tool_docs import Example, ToolDoc
from toolbench_eval.agents.trajectory import LLMCall, Step, ToolCall
from toolbench_eval.atomic import write_text
from toolbench_eval.environments.base import Json, canonical
from toolbench_eval.errors import DataError, MissingDataError

FORMAT, VERSION = "toolbench-eval/probed-tools", 1


@dataclass(frozen=True)
class Cost:
    """What a piece of work took: calls of the model, their tokens, calls of tools."""

    llm_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    tool_calls: int = 0

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Cost:
        """The cost of steps; answers of the response cache cost what they cost when they were given."""
        steps = list(steps)
        asked = [step for step in steps if isinstance(step, LLMCall)]
        return cls(
            len(asked),
            sum(call.input_tokens for call in asked),
            sum(call.output_tokens for call in asked),
            sum(isinstance(step, ToolCall) for step in steps),
        )


@dataclass(frozen=True)
class ProbedTool:
    """A tool's protocol: what a call of it looks like, and the shape of its reply.

    Attributes:
        name: The tool.
        description: What it does, in its own words.
        query: The request that the probe made up.
        program: The program that answered it; it names tools as programs do.
        returns: Skeleton of what it printed.
        prerequisites: Tools that were shown because they supply arguments.
        round: Round in which it was found, from 1.
    """

    name: str
    description: str
    query: str
    program: str
    returns: Json
    prerequisites: tuple[str, ...] = ()
    round: int = 1


@dataclass(frozen=True)
class ProbedTools:
    """The outcome of probing: every tool is either documented or not.

    Attributes:
        documented: H, the tools with a protocol, in the order in which they were found.
        undocumented: B, the names of the others.
        tries: Programs that were asked for, by tool.
        model: Name of the model that probed.
        settings: The settings of the probing.
        cost: What it took.
    """

    documented: tuple[ProbedTool, ...]
    undocumented: tuple[str, ...] = ()
    tries: Mapping[str, int] = field(default_factory=dict)
    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)

    @property
    def success(self) -> float:
        """Share of the tools that are documented; 0 where there are none."""
        tools = len(self.documented) + len(self.undocumented)
        return len(self.documented) / tools if tools else 0.0

    @property
    def digest(self) -> str:
        """SHA-256 of what was found out, whatever it cost."""
        found = [self.model, dict(self.settings), [asdict(tool) for tool in self.documented], list(self.undocumented)]
        return hashlib.sha256(canonical(found).encode()).hexdigest()

    def describe(self, docs: Sequence[ToolDoc]) -> tuple[ToolDoc, ...]:
        """Documentation with what probing found of replies, and nothing else of them."""
        known = {tool.name: tool for tool in self.documented}
        described = []
        for doc in docs:
            tool = known.get(doc.spec.name)
            found = (None, None) if tool is None else (tool.returns, Example(tool.query, tool.program))
            described.append(replace(doc, returns=found[0], example=found[1]))
        return tuple(described)


def write_probed(path: Path, probed: ProbedTools) -> None:
    """Write the file.

    Raises:
        StorageError: It could not be written.
    """
    content = {"format": FORMAT, "version": VERSION, **asdict(probed)}
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def read_probed(path: Path) -> ProbedTools:
    """Read a file that `write_probed` wrote.

    Raises:
        MissingDataError: There is none.
        DataError: It is none.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise MissingDataError(f"cannot be read: {error.strerror or error}", file=path) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=path) from error
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise DataError(f"must be '{FORMAT}' of version {VERSION}", file=path, field="format")
    try:
        values = {name: value for name, value in content.items() if name not in {"format", "version"}}
        tools = tuple(_tool(tool) for tool in values.pop("documented"))
        undocumented = tuple(values.pop("undocumented"))
        return ProbedTools(tools, undocumented, cost=Cost(**values.pop("cost")), **values)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"not what probing writes: {error!r}", file=path, field="documented") from error


def _tool(values: Mapping[str, Any]) -> ProbedTool:
    return ProbedTool(**{**values, "prerequisites": tuple(values["prerequisites"])})
