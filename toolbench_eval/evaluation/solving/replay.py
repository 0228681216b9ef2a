"""Running an agent again from its trajectory: no language model, no retriever, no tool; the same steps or an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.session import Session, sound
from toolbench_eval.agents.trajectory import LLMCall, SearchCall, Step, ToolCall, Trajectory, prompt_digest
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.base import Arguments, ToolResult, ToolSpec, cut, json_or_text
from toolbench_eval.errors import DataError, EvalHarnessError
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling, Token, Usage

_S = TypeVar("_S", bound=Step)

SHOWN = 300
"""Characters of a step that an error shows."""


class ReplayError(DataError):
    """The agent does something else than the trajectory says."""


@dataclass
class Recording:
    """Hands out what was recorded, in order, and refuses any other question.

    Attributes:
        trajectory: What happened then.
        find: Passages of ids.
        specs: Tools that the agent was offered.
    """

    trajectory: Trajectory
    find: Callable[[Iterable[str]], Sequence[Passage]]
    specs: Sequence[ToolSpec] = ()
    at: int = 0
    _steps: Iterator[Step] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Begin at the first step."""
        self._steps = iter(step for step in self.trajectory.steps if isinstance(step, LLMCall | SearchCall | ToolCall))

    def next(self, kind: type[_S], what: str) -> _S:
        """The next recorded dealing with the world, which must be of this kind.

        Raises:
            ReplayError: There is none, or it is another one.
        """
        self.at += 1
        step = next(self._steps, None)
        if not isinstance(step, kind):
            found = "the end" if step is None else type(step).__name__
            raise self.differs(f"the agent {what}, the trajectory has {found}")
        return step

    def differs(self, text: str) -> ReplayError:
        """The error that names sample and step."""
        return ReplayError(f"sample '{self.trajectory.sample}', dealing {self.at}: {text}")

    def search(self, query: str, k: int) -> Sequence[Passage]:
        """What this search found."""
        step = self.next(SearchCall, f"searches {query!r}")
        if (step.query, step.k) != (query, k):
            raise self.differs(f"the agent searches {query!r} ({k}), the trajectory {step.query!r} ({step.k})")
        found = self.find(step.documents)
        if len(found) != len(step.documents):
            raise self.differs(f"the corpus lacks some of the passages {', '.join(step.documents)}")
        return found

    def tools(self) -> Sequence[ToolSpec]:
        """What the agent was offered."""
        return self.specs

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """What this tool said."""
        step = self.next(ToolCall, f"calls {name}")
        given = arguments if isinstance(arguments, str) else dict(arguments)
        if (step.name, _written(step.arguments)) != (name, _written(given)):
            raise self.differs(f"the agent calls {name}({given}), the trajectory {step.name}({step.arguments})")
        value = json_or_text(step.text) if step.value is None else step.value
        return ToolResult(step.status, value, step.text, step.error, step.source)  # type: ignore[arg-type]


@dataclass(frozen=True)
class RecordedLLM:
    """One role's language model, speaking from a recording."""

    name: str
    recording: Recording

    @property
    def identity(self) -> dict[str, Any]:
        """That it is a recording."""
        return {"recording": self.recording.trajectory.sample}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """What the model said then.

        Raises:
            ReplayError: It was asked something else.
        """
        step = self.recording.next(LLMCall, "asks its model")
        if step.prompt != prompt_digest(messages, sampling) or step.attempt != attempt:
            raise self.recording.differs(f"the prompt of '{step.action}' is another one than then")
        tokens = None if step.logprob is None else (Token("", step.logprob),)
        usage = Usage(step.input_tokens, step.output_tokens)
        return Reply(step.reply, usage, step.finish, tokens, calls=step.calls)


def replay(
    agent: Agent,
    sample: Sample,
    trajectory: Trajectory,
    find: Callable[[Iterable[str]], Sequence[Passage]],
    *,
    specs: Sequence[ToolSpec] = (),
    seed: int | None = None,
) -> Trajectory:
    """Solve a sample again from what was recorded.

    Args:
        agent: The agent with the options of then.
        sample: The sample.
        trajectory: What happened then; one that ended in an error, a budget or a time-out cannot be replayed.
        find: Passages of ids.
        specs: Tools that the agent was offered.
        seed: Seed of the run.

    Returns:
        The new trajectory; its canonical content is that of the old one.

    Raises:
        ReplayError: The agent asks, searches, calls, notes or answers something else.
        UsageError: It finds things out once a run, which no trajectory holds.
    """
    if trajectory.stop_reason in {"error", "budget"}:
        raise ReplayError(f"sample '{trajectory.sample}' ended by {trajectory.stop_reason}: there is nothing to replay")
    recording = Recording(trajectory, find, specs)
    roles = {call.role: call.model for call in trajectory.calls}
    llms = {role: RecordedLLM(name, recording) for role, name in {"main": "", **roles}.items()}
    session = Session(llms, recording.search, recording, seed=seed, asides=False)
    try:
        answer = agent.solve(sample, session)
    except EvalHarnessError:
        raise
    except Exception as error:
        raise recording.differs(f"the agent fails now: {type(error).__name__}: {error}") from error
    text, raw = sound(answer.text or "") or None, sound(answer.raw)
    again = Trajectory(
        sample.id, text, answer.stop_reason, raw, tuple(session.steps), trajectory.error, session.seconds
    )
    if other := _difference(trajectory, again):
        raise recording.differs(other)
    return again


def _difference(then: Trajectory, now: Trajectory) -> str | None:
    """The first thing that is another one than then; None where all is the same."""
    before, after = then.canonical(), now.canonical()
    for what, key in (("answer", "prediction"), ("reason to stop", "stop_reason"), ("final text", "final_text")):
        if before[key] != after[key]:
            return f"the {what} is {after[key]!r}, the trajectory has {before[key]!r}"
    for number, (old, new) in enumerate(zip(before["steps"], after["steps"], strict=False), start=1):
        if _written(old) != _written(new):
            return f"step {number} is another one: {_shown(new)}, the trajectory has {_shown(old)}"
    if len(before["steps"]) != len(after["steps"]):
        return f"there are {len(after['steps'])} steps, the trajectory has {len(before['steps'])}"
    return None if _written(before) == _written(after) else "the trajectory is another one"


def _written(value: Any) -> str:
    """A JSON value as text, so that what was read from a file equals what was not."""
    return json.dumps(value, sort_keys=True)


def _shown(step: Any) -> str:
    return cut(_written(step), SHOWN)
