"""One sample's dealings with the world: every call, search and finding goes through it and is recorded."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from toolbench_eval.agents.trajectory import LLMCall, Note, SearchCall, Step, ToolCall, prompt_digest
from toolbench_eval.data.passages import Passage
from toolbench_eval.environments.base import Arguments, Json, ToolResult, ToolSpec, json_or_text
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import GREEDY, LLM, Message, NativeCall, Reply, Sampling, Token, Usage
from toolbench_eval.llms.meter import Price

MAIN = "main"
"""The role that plays every part for which no model of its own is named."""
MOST_WRITTEN = 2**22
"""Characters that models may write for one sample: what one of them babbles must fill neither memory nor disk."""
CHARACTERS_A_TOKEN = 4
"""What a token is taken for where a model does not say how many it used and a limit has to be kept."""


class Search(Protocol):
    """Searches passages for one sample."""

    def __call__(self, query: str, k: int) -> Sequence[Passage]:
        """The k best passages, best first."""


class Tools(Protocol):
    """Tools that an agent may call (see `toolbench_eval.environments.base.Environment`)."""

    def tools(self) -> Sequence[ToolSpec]:
        """What there is, with JSON schemas."""

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call one; a mistake of the model is an answer, not an exception."""


class BudgetError(Exception):
    """A limit of the sample or of the whole run is reached."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one sample; None for no bound.

    Attributes:
        tokens: Tokens in and out of all calls.
        dollars: Cost of all calls; calls of a model without a known price cost nothing here.
        seconds: Time; looked at before each call.
        calls: Number of calls, so that a model that loops comes to an end.
    """

    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None
    calls: int | None = 200


class Allowance(Protocol):
    """The bounds of a whole run; shared by its sessions, safe for threads."""

    def check(self) -> None:
        """Refuse a further call.

        Raises:
            BudgetError: The run's tokens or money are used up.
        """

    def used(self, usage: Usage, dollars: float) -> None:
        """Count a call."""


@dataclass
class Session:
    """What an agent works with while it solves one sample.

    Attributes:
        llms: Language models by role; `main` plays the others' parts where they are not named.
        searcher: Searches passages, None where the task has none.
        environment: Tools, None where the task has none.
        limits: Bounds of this sample.
        allowance: Bounds of the run, None for none.
        prices: Price of each role's model, for the cost limit.
        seed: Seed of calls that draw their answer and name none.
        asides: Whether work may be done that is part of no trajectory (see `agents.shared.once`).
        steps: What happened so far.

    Whatever goes through it is without halves of characters (see `sound`): models write some as JSON's escapes, too.
    """

    llms: Mapping[str, LLM]
    searcher: Search | None = None
    environment: Tools | None = None
    limits: Limits = field(default_factory=Limits)
    allowance: Allowance | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    seed: int | None = None
    asides: bool = True
    steps: list[Step] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _calls: int = 0
    _tokens: int = 0
    _dollars: float = 0.0
    _written: int = 0

    def ask(
        self,
        action: str,
        messages: Sequence[Message],
        sampling: Sampling = GREEDY,
        *,
        role: str = MAIN,
        attempt: int = 0,
        passages: int = 0,
    ) -> Reply:
        """Ask a language model.

        Args:
            action: What it is asked to do, for the trajectory.
            messages: The conversation.
            sampling: How the answer is drawn.
            role: Which of the agent's models is asked.
            attempt: Number of the try; another number asks anew instead of reading the response cache.
            passages: How many passages the messages show, for the cost counts.

        Raises:
            BudgetError: A limit is reached.
            EndpointError: The model did not answer.
        """
        self._check()
        messages = [sound_message(message) for message in messages]
        played = role if role in self.llms else MAIN
        llm = self.llms[played]
        if sampling.temperature > 0 and sampling.seed is None:
            sampling = replace(sampling, seed=self.seed)
        began = time.monotonic()
        said = llm.complete(messages, sampling, attempt)
        whole, calls = sound(said.text), tuple(map(_sound_call, said.calls))
        written = whole + "".join(call.name + call.arguments for call in calls)
        fits = self._written + len(written) <= MOST_WRITTEN
        reply = replace(said, text=whole[: max(0, MOST_WRITTEN - self._written)], calls=calls if fits else ())
        usage = reply.usage or Usage()
        self.steps.append(
            LLMCall(
                action=action,
                role=role,
                model=llm.name,
                prompt=prompt_digest(messages, sampling),
                reply=reply.text,
                finish=reply.finish,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                logprob=_logprob(reply.tokens),
                attempt=attempt,
                passages=passages,
                cached=reply.cached,
                seconds=time.monotonic() - began,
                calls=reply.calls,
            )
        )
        self._count(said.usage or _estimated(messages, written), played)
        self._written += len(written)
        if not fits:
            raise BudgetError(f"the model wrote more than {MOST_WRITTEN:,} characters")
        return reply

    def search(self, query: str, k: int) -> tuple[Passage, ...]:
        """Search passages.

        Raises:
            UsageError: The task has nothing to search in, or no retriever was named.
        """
        if self.searcher is None:
            raise UsageError("this agent searches: name its retriever with --model, e.g. --model bm25")
        began, query = time.monotonic(), sound(query)
        found = tuple(self.searcher(query, k)) if query.strip() else ()
        ids = tuple(passage.id for passage in found)
        self.steps.append(SearchCall(query, k, ids, time.monotonic() - began))
        return found

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool with an object of arguments, or with the text that a model wrote for one.

        What the tool says to a malformed call is an answer, too.

        Raises:
            UsageError: The task has no tools.
            BudgetError: The sample's time is up.
        """
        if self.environment is None:
            raise UsageError("this agent calls tools, and the task has none")
        self._check()
        began = time.monotonic()
        result = self.environment.call(name, arguments)
        result = replace(result, text=sound(result.text))
        self.steps.append(
            ToolCall(
                name=name,
                arguments=_recorded(arguments),
                status=result.status,
                text=result.text,
                error=result.error,
                source=result.source,
                seconds=time.monotonic() - began,
                value=_beyond_text(result),
            )
        )
        return result

    def tools(self) -> Sequence[ToolSpec]:
        """The tools that may be called, with JSON schemas."""
        return () if self.environment is None else self.environment.tools()

    def note(self, action: str, **values: Any) -> None:
        """Record a finding.

        Raises:
            TypeError: A value is none of JSON's.
            ValueError: A number is not finite.
        """
        json.dumps(values, allow_nan=False)
        self.steps.append(Note(action, values))

    @property
    def seconds(self) -> float:
        """Time since the session began."""
        return time.monotonic() - self._began

    def _check(self) -> None:
        limits = self.limits
        bounds = (
            ("tokens", limits.tokens, self._tokens),
            ("dollars", limits.dollars, self._dollars),
            ("seconds", limits.seconds, self.seconds),
            ("calls", limits.calls, self._calls),
        )
        for what, bound, used in bounds:
            if bound is not None and used >= bound:
                # How long it took differs from run to run, and the error is a part of the result.
                spent = "" if what == "seconds" else f" ({used:.6g} used)"
                raise BudgetError(f"the sample's limit of {bound:g} {what} is reached{spent}")
        if self.allowance is not None:
            self.allowance.check()

    def _count(self, usage: Usage, role: str) -> None:
        price = self.prices.get(role)
        dollars = 0.0 if price is None else price.of(usage)
        self._calls += 1
        self._tokens += usage.input_tokens + usage.output_tokens
        self._dollars += dollars
        if self.allowance is not None:
            self.allowance.used(usage, dollars)


def sound(text: str) -> str:
    """The text with U+FFFD for each half of a character (lone surrogate), which JSON can say and no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def sound_message(message: Message) -> Message:
    """The message without halves of characters."""
    answers = None if message.answers is None else _sound_call(message.answers)
    return Message(message.role, sound(message.text), tuple(map(_sound_call, message.calls)), answers)


def _sound_call(call: NativeCall) -> NativeCall:
    return replace(call, name=sound(call.name), arguments=sound(call.arguments))


def _logprob(tokens: Sequence[Token] | None) -> float | None:
    """The sum; None where there is none, or one that is no number (some endpoints say so of unlikely tokens)."""
    total = math.nan if tokens is None else sum(token.logprob for token in tokens)
    return total if math.isfinite(total) else None


def _estimated(messages: Sequence[Message], reply: str) -> Usage:
    """What a call may have used, for limits only: results record nothing where a model says nothing."""
    asked = sum(len(message.text) for message in messages)
    return Usage(asked // CHARACTERS_A_TOKEN, len(reply) // CHARACTERS_A_TOKEN)


def _beyond_text(result: ToolResult) -> Json:
    """The value, None where the text tells it."""
    return None if json_or_text(result.text) == result.value else result.value


def _recorded(arguments: Arguments) -> Arguments:
    return arguments if isinstance(arguments, str) else dict(arguments)
