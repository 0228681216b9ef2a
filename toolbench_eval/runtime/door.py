"""The door to language models for an agent whose calls are logged."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from toolbench_eval.llms.base import GREEDY, LLM, Message, Reply, Sampling
from toolbench_eval.runtime.journal import Journal


class SampleOver(BaseException):
    """Nobody waits for this agent any longer: its sample ran out of time, or the whole run was stopped."""


class SampleLog:
    """What the journal is told of one sample; safe for threads."""

    def __init__(self, sample: str, journal: Journal) -> None:
        """Name the sample."""
        self._sample, self._journal = sample, journal
        self._numbers = itertools.count()
        self._began = time.time()
        self._lock = threading.Lock()
        self._over = False

    def asked(self, role: str, messages: Sequence[Message], sampling: Sampling, attempt: int) -> int:
        """Note that a model is asked; gives the number of the call.

        Raises:
            SampleOver: The sample has ended.
        """
        number = next(self._numbers)
        turns = [[message.role, message.text] for message in messages]
        self._note("asked", call=number, role=role, messages=turns, sampling=asdict(sampling), attempt=attempt)
        return number

    def answered(self, call: int, reply: Reply, seconds: float) -> None:
        """Note an answer.

        Raises:
            SampleOver: The sample has ended.
        """
        self._note("answered", call=call, reply=asdict(reply), seconds=seconds)

    def failed(self, call: int, error: Exception) -> None:
        """Note that there is no answer.

        Raises:
            SampleOver: The sample has ended.
        """
        self._note("failed", call=call, error=f"{type(error).__name__}: {error}")

    def end(self, kind: str, **values: Any) -> None:
        """Note how the sample ended; its agent, if it still runs, ends with its next call.

        Raises:
            TypeError: A value is none of JSON's.
        """
        self._note(kind, **values)
        self.leave()

    def leave(self) -> None:
        """Note nothing any longer; the agent ends with its next call."""
        self._over = True

    def _note(self, kind: str, **values: Any) -> None:
        with self._lock:
            if self._over:
                raise SampleOver
            now = time.time()
            self._journal.note(kind, sample=self._sample, at=now, since=now - self._began, **values)


class RuntimeLLM:
    """A language model whose calls are in the log; made for one sample."""

    def __init__(self, llm: LLM, role: str, log: SampleLog, slots: threading.Semaphore) -> None:
        """Bind a model to a sample.

        Args:
            llm: Who answers: cache, retries and meter are its own.
            role: What the model is to the agent.
            log: The sample's log.
            slots: Bound on calls that are open at a time.
        """
        self._llm, self._role, self._log, self._slots = llm, role, log, slots

    @property
    def name(self) -> str:
        """The model's name."""
        return self._llm.name

    @property
    def identity(self) -> dict[str, Any]:
        """The model's identity."""
        return self._llm.identity

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Answer, and have it logged.

        Raises:
            EndpointError: The model did not answer.
            SampleOver: Nobody waits for the agent any longer.
        """
        with self._slots:
            call = self._log.asked(self._role, messages, sampling, attempt)
            began = time.monotonic()
            try:
                reply = self._llm.complete(messages, sampling, attempt)
            except Exception as error:
                self._log.failed(call, error)
                raise
            self._log.answered(call, reply, time.monotonic() - began)
            return reply
