"""Models of the providers that the agent runtime knows: `anthropic/<model>`, `google/<model>`, `mistral/<model>` ...

inspect_ai (https://inspect.aisi.org.uk/providers.html) names their environment variables and what else to install.
Retries and their bounds are ours, as for every hosted model.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling
from toolbench_eval.llms.endpoint import NotAnAnswer, Patience
from toolbench_eval.llms.loop import within
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.runtime_forms import config_of, messages_of, reply_of, tools_of

if TYPE_CHECKING:
    from inspect_ai.model import ModelOutput

INSTALL = "models of other providers need the agent runtime: pip install 'toolbench-eval[agents]'"
UNBOUNDED = 1_000_000
"""Calls at a time as the runtime bounds them; whoever asks keeps a bound."""
_MARKUP = re.compile(r"\[/?[a-z ]+\]")


class ProviderLLM:
    """A model that the runtime knows how to ask."""

    def __init__(self, name: str, patience: Patience, meter: Meter) -> None:
        """Find the model; nothing is sent yet.

        Args:
            name: `<provider>/<model>`.
            patience: Bounds of one call with all its retries.
            meter: Told of faults and waiting.

        Raises:
            UsageError: The runtime is not installed or knows no such provider, or what the provider needs is missing.
        """
        if find_spec("inspect_ai") is None:
            raise UsageError(f"'{name}': {INSTALL}")
        from inspect_ai.model import GenerateConfig, get_model

        config = GenerateConfig(max_retries=0, max_connections=UNBOUNDED, adaptive_connections=False)
        hook = sys.excepthook
        try:
            self._model = get_model(name, config=config, memoize=False)
        except Exception as error:  # a provider may raise anything where a package or a key is missing
            said = " ".join(_MARKUP.sub("", str(getattr(error, "message", error))).split())
            raise UsageError(f"the model '{name}' cannot be used: {said.removeprefix('ERROR: ')}") from error
        finally:
            sys.excepthook = hook  # The runtime puts its own there.
        self.name, self._patience, self._meter = name, patience, meter

    @property
    def identity(self) -> dict[str, Any]:
        """Model and address."""
        return {"model": self.name, "endpoint": self._model.api.base_url}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Ask the provider.

        Raises:
            EndpointError: There was no answer within the bounds, or there never will be.
        """
        began = time.monotonic()
        faults: Counter[str] = Counter()
        while True:
            try:
                left = self._patience.total - (time.monotonic() - began)
                return reply_of(self._ask(messages, sampling, left))
            except Exception as error:  # noqa: BLE001 - each provider has its own
                fault = _cause(error)
            pause = self._pause(fault, faults.total())
            kind = _kind(fault)
            self._meter.count(kind)
            faults[kind] += 1
            spent = time.monotonic() - began
            if faults.total() >= self._patience.attempts or spent + pause > self._patience.total:
                raise self._given_up(faults, spent, fault)
            self._meter.wait(pause)
            time.sleep(pause)

    def _ask(self, messages: Sequence[Message], sampling: Sampling, left: float) -> ModelOutput:
        call = self._model.generate(messages_of(messages), tools_of(sampling.tools), config=config_of(sampling))
        return within(min(self._patience.timeout, left), call)

    def _pause(self, fault: BaseException, before: int) -> float:
        """Seconds before another attempt: more after each fault before, and never fewer than the provider asks for.

        Raises:
            EndpointError: Another attempt is of no use.
        """
        passing = isinstance(fault, NotAnAnswer | TimeoutError)
        decision = passing or (isinstance(fault, Exception) and self._model.api.should_retry(fault))
        if not decision:
            raise EndpointError(f"{self.name} refused the request: {type(fault).__name__}: {fault}") from fault
        return max(self._patience.pause(before + 1), getattr(decision, "retry_after", None) or 0.0)

    def _given_up(self, faults: Counter[str], seconds: float, last: BaseException) -> EndpointError:
        listed = ", ".join(f"{kind} x {times}" for kind, times in faults.most_common())
        return EndpointError(
            f"{self.name} gave no answer in {faults.total()} attempts and {seconds:.0f} s ({listed}); "
            f"the last: {last}. What is finished is kept, the same command continues"
        )


def _cause(error: BaseException) -> BaseException:
    """The provider's own error: the runtime wraps it where it would have retried."""
    attempt = getattr(error, "last_attempt", None)
    cause = attempt.exception() if attempt is not None else error.__cause__
    return cause or error


def _kind(fault: BaseException) -> str:
    if isinstance(fault, TimeoutError):
        return "timeout"
    if isinstance(fault, NotAnAnswer):
        return "not_an_answer"
    status = getattr(fault, "status_code", None)
    return f"http_{status}" if isinstance(status, int) else type(fault).__name__
