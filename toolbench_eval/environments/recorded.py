"""Recorded replies as an environment, and the recorder that writes them.

A recording is found by the tool and the canonical JSON of the arguments. Where one call was recorded several times,
asking it again gives the next recording, and in the end the last one, so that a recorded run replays as it was.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from toolbench_eval.environments.base import (
    Arguments,
    Environment,
    ErrorKind,
    Json,
    Source,
    Status,
    ToolResult,
    ToolSpec,
    canonical,
    failure,
    shown,
)
from toolbench_eval.environments.similarity import similarity
from toolbench_eval.environments.toolbox import Toolbox, ToolError, parse_arguments
from toolbench_eval.errors import DataError, MissingDataError, StorageError, UsageError

MissPolicy = Literal["error", "nearest", "simulate"]
NEAR = 0.5
"""Similarity of the arguments from which on a recording may stand for another call."""
EXAMPLES = 5
"""Recordings that a simulator is shown, as in StableToolBench's server."""
NOT_RECORDED = {"unknown_tool", "malformed_arguments", "invalid_arguments", "call_limit"}
"""Errors that are found before a tool is asked; a replay finds them again."""


@dataclass(frozen=True)
class Recording:
    """A call and its reply.

    Attributes:
        tool: Name of the tool.
        arguments: A JSON object.
        value: The reply as a JSON value.
        text: The reply as the model was shown it.
        error: Kind of the error, None for an answer.
        source: Who replied then.
    """

    tool: str
    arguments: Mapping[str, Any]
    value: Json
    text: str
    error: ErrorKind | None = None
    source: Source = "live"

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by."""
        return self.tool, canonical(self.arguments)

    def replay(self, source: Source) -> ToolResult:
        """The reply again; a simulation stays one, whoever replays it."""
        status: Status = "ok" if self.error is None else "cut" if self.error == "too_large" else "error"
        made_up = self.source == "simulated"
        return ToolResult(status, self.value, self.text, self.error, "simulated" if made_up else source)


def recording_of(tool: str, arguments: Mapping[str, Any], value: Json, error: ErrorKind | None = None) -> Recording:
    """A recording whose text is that of its value."""
    return Recording(tool, arguments, value, shown(value), error)


Simulator = Callable[[ToolSpec, Mapping[str, Any], Sequence[Recording]], ToolResult]
"""Makes up a reply from the tool, the arguments and recordings of that tool, most similar first."""


class RecordedEnvironment:
    """Replies that were recorded; `counts` says how many calls each source answered, and how many were a `miss`."""

    def __init__(
        self,
        tools: Iterable[ToolSpec],
        recordings: Iterable[Recording],
        miss: MissPolicy = "error",
        *,
        simulator: Simulator | None = None,
        least: float = NEAR,
    ) -> None:
        """Sort the recordings.

        Args:
            tools: The tools, see `inferred_tools` where nobody declared them.
            recordings: The replies, in the order of the recording.
            miss: What a call without a recording gets: an error, the reply to the most similar arguments, or a
                simulation. The result's source says which it was.
            simulator: Makes up replies; needed for `simulate` only.
            least: How similar the arguments of the nearest recording must be, 0 to 1 (see `similarity`).

        Raises:
            UsageError: An unknown policy, or `simulate` without a simulator.
            DataError: Two tools have the same name, or a schema is none.
        """
        if miss not in get_args(MissPolicy):
            raise UsageError(f"a miss is one of {', '.join(get_args(MissPolicy))}; found '{miss}'")
        if (miss == "simulate") != (simulator is not None):
            raise UsageError("a simulator is needed for the policy 'simulate', and for no other")
        self._box, self._simulator = Toolbox(tools), simulator
        self._least = least if miss == "nearest" else None
        self._exact: dict[tuple[str, str], list[Recording]] = defaultdict(list)
        self._of_tool: dict[str, list[Recording]] = defaultdict(list)
        self._asked: Counter[tuple[str, str]] = Counter()
        self.counts: Counter[str] = Counter()
        for recording in recordings:
            self._exact[recording.key].append(recording)
            self._of_tool[recording.tool].append(recording)

    def tools(self) -> Sequence[ToolSpec]:
        """The tools."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Reply as recorded, or as the policy says."""
        return self._box.call(name, arguments, self._run, "recorded")

    def reset(self) -> None:
        """Begin again with the first recording of each call, and count anew."""
        self._asked.clear()
        self.counts.clear()

    def snapshot(self) -> Json:
        """How often each call was made, which is all that decides the next reply."""
        return sorted([tool, arguments, times] for (tool, arguments), times in self._asked.items())

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        key = (tool.name, canonical(arguments))
        same = self._exact.get(key)
        result = same[min(self._asked[key], len(same) - 1)].replay("recorded") if same else None
        self._asked[key] += 1
        result = result or self._missed(tool, arguments)
        self.counts["miss" if result.error == "miss" else result.source] += 1
        return result

    def _missed(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        # Sorting keeps the order of recording among equals, so the answer does not depend on chance.
        ranked = sorted(self._of_tool[tool.name], key=lambda one: -similarity(arguments, one.arguments))
        if self._simulator is not None:
            result = self._simulator(tool, arguments, ranked[:EXAMPLES])
            # Kept, so that the same call gets the same reply; not among the examples, which stay real.
            made_up = Recording(tool.name, arguments, result.value, result.text, result.error, "simulated")
            self._exact[made_up.key].append(made_up)
            return made_up.replay("simulated")
        if self._least is not None and ranked and similarity(arguments, ranked[0].arguments) >= self._least:
            return ranked[0].replay("nearest")
        return failure("miss", f"no reply of {tool.name} to these arguments is recorded", "recorded")


class Recorder:
    """Writes every reply of an environment to a JSONL file, each durable before it is passed on."""

    def __init__(self, environment: Environment, path: Path) -> None:
        """Begin or go on with a file.

        Raises:
            StorageError: The file cannot be written.
        """
        self._environment, self._path = environment, path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _drop_unfinished_line(path)
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}") from error

    def tools(self) -> Sequence[ToolSpec]:
        """The tools of the environment."""
        return self._environment.tools()

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool and write its reply.

        Raises:
            StorageError: The file cannot be written.
        """
        result = self._environment.call(name, arguments)
        try:
            read = parse_arguments(arguments)
        except ToolError:
            return result
        if result.error not in NOT_RECORDED:
            recording = Recording(name, read, result.value, result.text, result.error, result.source)
            try:
                with self._path.open("a", encoding="utf-8", newline="\n") as file:
                    file.write(json.dumps(asdict(recording), ensure_ascii=False) + "\n")
            except OSError as error:
                raise StorageError(f"cannot write {self._path}: {error.strerror or error}") from error
        return result

    def reset(self) -> None:
        """Reset the environment; what was written stays."""
        self._environment.reset()

    def snapshot(self) -> Json:
        """The state of the environment."""
        return self._environment.snapshot()


def read_recordings(path: Path) -> list[Recording]:
    """What a recorder wrote; a last line that a killed process left unfinished is no recording.

    Raises:
        MissingDataError: There is no such file.
        DataError: A line is no recording.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        raise MissingDataError("there is no such file", file=path) from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from error
    return [_read(line, path, row) for row, line in enumerate(lines, start=1) if line.strip()]


def _read(line: bytes, path: Path, row: int) -> Recording:
    try:
        recording = Recording(**json.loads(line))
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"not a recording: {error}", file=path, row=row) from None
    if not isinstance(recording.arguments, dict):
        raise DataError("must be a JSON object", file=path, row=row, field="arguments")
    if recording.error not in (None, *get_args(ErrorKind)) or recording.source not in get_args(Source):
        raise DataError(f"unknown error '{recording.error}' or source '{recording.source}'", file=path, row=row)
    return recording


def _drop_unfinished_line(path: Path) -> None:
    if path.exists():
        with path.open("rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
