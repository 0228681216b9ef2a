"""The response cache: an answer that was given once is not asked for again."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from toolbench_eval.encoding.weights import Weights
from toolbench_eval.llms.base import (
    GREEDY,
    LLM,
    Message,
    NativeCall,
    Reply,
    Sampling,
    Token,
    Usage,
    sampling_as_json,
    turns_as_json,
)
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.native_calls import numbered
from toolbench_eval.llms.scoring import Likelihood, ScoresAnswers, cannot_score
from toolbench_eval.memo import Memo, key_of

_T = TypeVar("_T")

FORMAT = 1
"""Raised when the stored form changes, so that old values are not found."""
_SCORE = struct.Struct("<dq")


class CachedLLM:
    """A model whose answers are kept, and whose use is counted."""

    def __init__(self, llm: LLM, memo: Memo | None, meter: Meter) -> None:
        """Wrap a model.

        Args:
            llm: Whom to ask.
            memo: Where answers are kept, None to ask every time.
            meter: Where use is counted.
        """
        self._llm, self._memo, self.meter = llm, memo, meter

    @property
    def name(self) -> str:
        """The model's name."""
        return self._llm.name

    @property
    def identity(self) -> dict[str, Any]:
        """The model's identity."""
        return self._llm.identity

    @property
    def weights(self) -> Weights | None:
        """What the model is made of, where it runs in this process."""
        return getattr(self._llm, "weights", None)

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Answer from the cache, or ask and keep the answer.

        Raises:
            EndpointError: The model did not answer; nothing is kept.
            StorageError: The cache cannot be used.
            UsageError: The sampling offers tools, and the model has no format for calls.
        """
        key = self._key(messages, sampling, attempt)
        reply = self._read(key, _unpacked)
        if reply is None:
            reply = self._llm.complete(messages, sampling, attempt)
            reply = replace(reply, calls=numbered(reply.calls, messages))
            used = reply.usage
            reply = self._keep(key, _packed(reply), _unpacked) or reply
            self.meter.answered(used, cached=False)
            return replace(reply, cached=False)
        self.meter.answered(reply.usage, cached=reply.cached)
        return reply

    @property
    def scores(self) -> bool:
        """Whether the model is of a kind that can score; an endpoint says only when it is asked."""
        return isinstance(self._llm, ScoresAnswers)

    def score(self, messages: Sequence[Message], answer: str) -> Likelihood:
        """The likelihood of an answer from the cache, or ask and keep it.

        Raises:
            UsageError: The model cannot score, or the answer is empty.
            EndpointError: The model did not answer; nothing is kept.
            StorageError: The cache cannot be used.
        """
        if not isinstance(self._llm, ScoresAnswers):
            raise cannot_score(self.name)
        key = key_of("likelihood", FORMAT, self._llm.identity, turns_as_json(messages), answer)
        likelihood = self._read(key, _likelihood)
        self.meter.count("scored" if likelihood is None else "scored_cached")
        if likelihood is None:
            likelihood = self._llm.score(messages, answer)
            if not math.isnan(likelihood.logprob):
                packed = _SCORE.pack(likelihood.logprob, likelihood.tokens)
                likelihood = self._keep(key, packed, _likelihood) or likelihood
        return likelihood

    def _key(self, messages: Sequence[Message], sampling: Sampling, attempt: int) -> bytes:
        asked = turns_as_json(messages), sampling_as_json(sampling)
        return key_of("reply", FORMAT, self._llm.identity, *asked, attempt)

    def _read(self, key: bytes, read: Callable[[bytes], _T | None]) -> _T | None:
        """What is kept under a key; a value that cannot be read makes room for another."""
        found = {} if self._memo is None else self._memo.get([key])
        value = read(found[key]) if key in found else None
        if self._memo is not None and value is None:
            self._memo.forget(found)
        return value

    def _keep(self, key: bytes, value: bytes, read: Callable[[bytes], _T | None]) -> _T | None:
        """Keep a value; where another process was faster, what it kept is the one that counts."""
        return None if self._memo is None else read(self._memo.put({key: value})[key])


def _likelihood(value: bytes) -> Likelihood | None:
    """The likelihood, None if the value is none."""
    found = Likelihood(*_SCORE.unpack(value)) if len(value) == _SCORE.size else None
    return None if found is None or math.isnan(found.logprob) else found


def _packed(reply: Reply) -> bytes:
    values = asdict(replace(reply, cached=False))
    return json.dumps(values).encode()


def _unpacked(value: bytes) -> Reply | None:
    """The reply, None if the value is not one: then it is asked for again."""
    try:
        values = json.loads(value)
        usage = None if values["usage"] is None else Usage(**values["usage"])
        tokens = None if values["tokens"] is None else tuple(Token(**token) for token in values["tokens"])
        calls = tuple(NativeCall(**call) for call in values.get("calls", ()))
        return Reply(values["text"], usage, values["finish"], tokens, cached=True, calls=calls)
    except (ValueError, KeyError, TypeError):
        return None
