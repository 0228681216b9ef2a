"""The door to language models for an agent whose sample the runtime is running.

An agent is plain code on a thread of its own. The runtime is an event loop that must see every call, or it would not be
in the log. So a call goes to the loop first, which opens an entry and gives the word; then the agent's own thread asks
the model, hands the answer to the loop and goes on, while the loop closes the entry. Two switches between threads are
waited for, and no second thread is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from toolbench_eval.agents.session import sound
from toolbench_eval.llms.base import GREEDY, LLM, Message, Reply, Sampling

if TYPE_CHECKING:
    from inspect_ai.model import Model

TOO_LATE = "the sample ended before the answer came"


class SampleOver(BaseException):
    """Nobody waits for this agent any longer: its sample ran out of time, or the whole run was stopped."""


class NoAnswerError(RuntimeError):
    """The model did not answer, as the log says it; the agent gets the model's own error."""

    def __init__(self, message: str) -> None:
        """Set the words; the runtime logs `message`."""
        self.message = sound(message)
        super().__init__(self.message)


@dataclass(eq=False)
class Call:
    """One question to a model.

    Attributes:
        messages: The conversation.
        sampling: How the answer is drawn.
        attempt: Number of the try.
    """

    messages: Sequence[Message]
    sampling: Sampling
    attempt: int
    _word: SimpleQueue[BaseException | None] = field(default_factory=SimpleQueue)
    _reply: asyncio.Future[Reply] | None = None

    def wait(self) -> None:
        """On the agent's thread: wait for the word to ask.

        Raises:
            BaseException: What the runtime refused the call with.
        """
        refused = self._word.get()
        if refused is not None:
            raise refused

    async def reply(self) -> Reply:
        """On the event loop: give the word, and wait for the answer.

        Raises:
            NoAnswerError: There was none.
        """
        self._reply = asyncio.get_running_loop().create_future()
        self._word.put(None)
        return await self._reply

    def refuse(self, why: BaseException) -> None:
        """On the event loop: let nobody wait for the word any longer."""
        self._word.put(why)

    def close(self, reply: Reply | None, error: str = "") -> bool:
        """On the event loop: note the answer, or why there is none; whether the call was made at all."""
        if self._reply is None:
            return False
        if not self._reply.done():
            if reply is None:
                self._reply.set_exception(NoAnswerError(error))
            else:
                self._reply.set_result(reply)
        return True


CALL: ContextVar[Call] = ContextVar("call")
"""What the runtime's model is asked at this moment."""


class Desk:
    """The calls of one sample; made on the event loop, within the sample."""

    def __init__(self) -> None:
        """Note where the sample runs."""
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._open: dict[asyncio.Task[Any], Call] = {}
        self._over = False

    def ask(self, model: Model, llm: LLM, call: Call) -> Reply:
        """On the agent's thread: have a call noted, and make it.

        Raises:
            SampleOver: Nobody waits for the agent any longer.
            EndpointError: The model did not answer.
        """
        self.post(self._begin, model, call)
        call.wait()
        try:
            reply = llm.complete(call.messages, call.sampling, call.attempt)
        except BaseException as error:
            self.post(call.close, None, f"{type(error).__name__}: {error}")
            raise
        self.post(call.close, reply)
        return reply

    def post(self, function: Callable[..., object], *arguments: object) -> None:
        """On any thread: have the event loop call a function.

        Raises:
            SampleOver: It would be of no use any longer.
        """
        if self._over:
            raise SampleOver
        try:
            self._loop.call_soon_threadsafe(function, *arguments, context=self._context)
        except RuntimeError:  # the loop is closed
            raise SampleOver from None

    def _begin(self, model: Model, call: Call) -> None:
        from toolbench_eval.runtime.provider import asked

        if self._over:
            call.refuse(SampleOver())
            return
        try:
            arguments = asked(call)
        except Exception as error:  # noqa: BLE001 - messages that are none; the agent is told
            call.refuse(error)
            return
        context = self._context.copy()
        context.run(CALL.set, call)
        task = self._loop.create_task(model.generate(**arguments), context=context)
        self._open[task] = call
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        call = self._open.pop(task)
        error = SampleOver() if task.cancelled() else task.exception()
        if error is not None:
            call.refuse(error)  # Nobody waits where the call was made: then the error is the model's, and in the log.

    async def settle(self) -> None:
        """On the event loop: close every entry; no further one is opened, and the agent ends with its next call."""
        from anyio import CancelScope

        self._over = True
        for task, call in self._open.items():
            if not call.close(None, TOO_LATE):
                task.cancel()
        with CancelScope(shield=True):
            while self._open:
                await asyncio.wait(self._open)


class RuntimeLLM:
    """A language model whose calls are in the runtime's log; made for one sample."""

    def __init__(self, llm: LLM, model: Model, desk: Desk) -> None:
        """Bind a model to a sample.

        Args:
            llm: Who answers: cache, retries and meter are its own.
            model: Its double in the runtime.
            desk: The sample's calls.
        """
        self._llm, self._model, self._desk = llm, model, desk

    @property
    def name(self) -> str:
        """The model's name."""
        return self._llm.name

    @property
    def identity(self) -> dict[str, Any]:
        """The model's identity."""
        return self._llm.identity

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Answer, on the agent's thread.

        Raises:
            EndpointError: The model did not answer.
            SampleOver: Nobody waits for the agent any longer.
        """
        return self._desk.ask(self._model, self._llm, Call(messages, sampling, attempt))
