"""What reversed construction makes: a request with the calls that answer it, and the recipe for it."""

from __future__ import annotations

from dataclasses import dataclass

from toolbench_eval.environments.base import Environment, Json, ToolResult, ToolSpec, canonical


@dataclass(frozen=True)
class Recipe:
    """How data is made; the defaults are those of TTPA's released code, the bounds of retries aside.

    Attributes:
        window: Consecutive tools that a scene is made for; the list of tools is taken as a circle.
        chosen: Least and most tools that a scene is asked for; of more than the most, the first are kept.
        fallback: Tools that are drawn where a scene names none that exists.
        turns: Least and most turns, of which one is the answer; how many is drawn for each scene.
        least: Calls that must be made before an answer is taken.
        restarts: Times that all is begun anew.
        retries: Times that an unreadable reply is asked for again.
        temperature: Of the main model; the strong one takes its likeliest tokens.
        characters: Most characters of a result that are shown.
    """

    window: int = 20
    chosen: tuple[int, int] = (7, 10)
    fallback: int = 5
    turns: tuple[int, int] = (4, 7)
    least: int = 2
    restarts: int = 3
    retries: int = 2
    temperature: float = 1.0
    characters: int = 8192


@dataclass(frozen=True)
class MadeCall:
    """A call and its result.

    Attributes:
        name: Tool as it was called.
        arguments: What it was given: an object, or the text of a model that is none.
        result: What came of it.
        counts: Whether it brought something: no error and, unless the tool changes something, no empty value.
    """

    name: str
    arguments: Json
    result: ToolResult
    counts: bool


@dataclass(frozen=True)
class Scene:
    """A situation.

    Attributes:
        scenario: What it is.
        facts: What calls need to know.
        tools: The tools to use, in the order in which they were named.
        window: Names of the tools that it was made for.
    """

    scenario: str
    facts: tuple[str, ...]
    tools: tuple[ToolSpec, ...]
    window: tuple[str, ...]


@dataclass(frozen=True)
class Built:
    """A request with the way on which it can be answered.

    Attributes:
        scene: Situation and tools.
        question: The request.
        turns: Number of turns that was drawn; 0 where it was made from documentation alone.
        calls: The calls, in order; empty where it was made from documentation alone.
        answer: The answer to the request.
        short: The few words of a result that are asked for; empty where there are none.
        forced: Whether the turns were used up before the model answered by itself.
        restarts: Times that all was begun anew.
    """

    scene: Scene
    question: str
    turns: int = 0
    calls: tuple[MadeCall, ...] = ()
    answer: str = ""
    short: str = ""
    forced: bool = False
    restarts: int = 0

    @property
    def done(self) -> tuple[MadeCall, ...]:
        """The calls that brought something."""
        return tuple(call for call in self.calls if call.counts)

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the tools that are needed, each once: those that brought something; without calls, the scene's."""
        names = [call.name for call in self.done] if self.calls else [tool.name for tool in self.scene.tools]
        return tuple(dict.fromkeys(names))


class DroppedError(Exception):
    """No request came of it; the text is the reason: `unreadable`, `restarted`, `no result`, `names a tool`."""


def replays(built: Built, environment: Environment) -> bool:
    """Whether the calls that brought something bring the same again in a new environment.

    Only these are made, so that what is kept as the solution is shown to work by itself.
    """
    return all(_same(call.result, environment.call(call.name, call.arguments)) for call in built.done)


EMPTY: tuple[Json, ...] = (None, "", [], {})
"""Results that tell nothing."""


def _same(first: ToolResult, second: ToolResult) -> bool:
    return first.status == second.status and canonical(first.value) == canonical(second.value)
