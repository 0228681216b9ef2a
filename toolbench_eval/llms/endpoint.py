"""An OpenAI-compatible endpoint: calls within bounds, and answers only where there is one."""

from __future__ import annotations

import email.utils
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.llms.loop import within
from toolbench_eval.llms.meter import Meter

_T = TypeVar("_T")
Resource = Literal["chat", "embeddings"]
PATHS: dict[Resource, str] = {"chat": "/chat/completions", "embeddings": "/embeddings"}

OPENAI = "https://api.openai.com/v1"
RETRIED = {408, 409, 429}
"""Statuses below 500 that may pass; every status from 500 on may, too."""
INSTALL = "hosted models need the openai SDK: pip install openai"
UNREADABLE = (ValueError, ArithmeticError, RecursionError)
"""What reading a foreign body may raise: bytes that are no text, numbers of thousands of digits, endless brackets."""
SHOWN = 200
"""Characters of a foreign message that an error repeats."""


@dataclass(frozen=True)
class Address:
    """Where an endpoint is and how it is entered; the key is never shown, stored or hashed.

    Attributes:
        name: As the command line names it, e.g. `openai` or `openai-api/local`.
        url: Base URL.
        key: Secret; endpoints that need none take any.
    """

    name: str
    url: str
    key: str = field(default="none", repr=False)

    @property
    def official(self) -> bool:
        """Whether it is OpenAI's own, whose newest parameters others do not know."""
        return urlsplit(self.url).hostname == "api.openai.com"


@dataclass(frozen=True)
class Patience:
    """Bounds of one call with all its retries.

    Attributes:
        attempts: Times it is sent at most.
        timeout: Seconds to wait for the next byte of an answer.
        total: Seconds after which no further attempt begins, and one that is open is cut.
        first_pause: Seconds before the second attempt; doubled before each further one.
        longest_pause: Bound of the doubling. `Retry-After` may ask for more, never for less.
    """

    attempts: int = 6
    timeout: float = 120.0
    total: float = 600.0
    first_pause: float = 0.5
    longest_pause: float = 30.0

    def pause(self, attempts: int) -> float:
        """Seconds to wait after so many attempts."""
        pause = min(self.first_pause * 2.0 ** (attempts - 1), self.longest_pause)
        return pause * random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, decides nothing


class NotAnAnswer(ValueError):  # noqa: N818 - a finding about an answer
    """An answer with status 200 that is not what was asked for."""


def parse_address(name: str, environment: Mapping[str, str] = os.environ) -> tuple[Address, str]:
    """The address and the model of `openai/<model>` or `openai-api/<name>/<model>`.

    Raises:
        UsageError: It is neither, or a variable that it needs is not set.
    """
    provider, _, rest = name.partition("/")
    if provider == "openai" and rest:
        url = environment.get("OPENAI_BASE_URL") or OPENAI
        key = environment.get("OPENAI_API_KEY")
        if not key and url == OPENAI:
            raise UsageError(f"'{name}' needs the environment variable OPENAI_API_KEY")
        return Address(provider, url, key or "none"), rest
    service, _, model = rest.partition("/")
    if provider == "openai-api" and service and model:
        prefix = re.sub(r"[^A-Z0-9]", "_", service.upper())
        address = environment.get(f"{prefix}_BASE_URL")
        if not address:
            raise UsageError(f"'{name}' needs the environment variable {prefix}_BASE_URL, the endpoint's address")
        return Address(f"{provider}/{service}", address, environment.get(f"{prefix}_API_KEY") or "none"), model
    raise UsageError(f"'{name}' names no hosted model: use openai/<model> or openai-api/<name>/<model>")


@dataclass
class Endpoint:
    """Calls one endpoint; safe for threads.

    Attributes:
        address: The endpoint.
        meter: Told of faults and waiting.
        patience: Bounds.
    """

    address: Address
    meter: Meter = field(default_factory=Meter)
    patience: Patience = field(default_factory=Patience)

    def ask(self, what: Resource, body: dict[str, Any], read: Callable[[Any], _T]) -> _T:
        """Send a request until there is an answer.

        Args:
            what: What is asked for.
            body: The request as JSON values.
            read: Makes the answer of the reply's JSON; raises `NotAnAnswer` where that is none.

        Raises:
            EndpointError: There was no answer within the bounds, or there never will be (wrong key, unknown model,
                a request that is refused).
        """
        began = time.monotonic()
        faults: Counter[str] = Counter()
        attempt = 0
        while True:
            attempt += 1
            try:
                return _read(read, self._send(what, body, self.patience.total - (time.monotonic() - began)))
            except _Passing as error:
                fault = error
            self.meter.count(fault.kind)
            faults[fault.kind] += 1
            pause = max(self.patience.pause(attempt), fault.pause)
            spent = time.monotonic() - began
            if attempt >= self.patience.attempts or spent + pause > self.patience.total:
                raise self._given_up(body, faults, spent, fault)
            self.meter.wait(pause)
            time.sleep(pause)

    def _send(self, what: Resource, body: dict[str, Any], left: float) -> Any:
        client = self._client
        import openai

        try:
            # Untyped both ways: the SDK would walk through every message, and make an object of anything.
            return within(left, client.post(PATHS[what], body=body, cast_to=object))
        except UnicodeEncodeError as error:
            raise EndpointError(f"{self._who(body)} cannot be sent a text that is no Unicode: {error}") from error
        except UNREADABLE as error:
            raise _no_answer(error) from error
        except openai.APITimeoutError as error:
            raise _Passing("timeout", f"no answer within {self.patience.timeout:g} s") from error
        except TimeoutError as error:
            raise _Passing("timeout", f"no whole answer within the {self.patience.total:g} s of a call") from error
        except openai.APIConnectionError as error:
            raise _Passing("connection_lost", str(error.__cause__ or error)) from error
        except openai.APIStatusError as error:
            raise self._status(error.response, body) from error

    def _status(self, response: Any, body: dict[str, Any]) -> Exception:
        status, said = response.status_code, response.text
        may_pass = (status in RETRIED or status >= 500) and "insufficient_quota" not in said
        text = f"{status} {response.reason_phrase}: {said[:SHOWN]}"
        if may_pass:
            return _Passing(f"http_{status}", text, _retry_after(response.headers))
        return EndpointError(self._censored(f"{self._who(body)} refused the request: {text}"))

    def _given_up(self, body: dict[str, Any], faults: Counter[str], seconds: float, last: Exception) -> EndpointError:
        listed = ", ".join(f"{kind} x {times}" for kind, times in faults.most_common())
        return EndpointError(
            self._censored(
                f"{self._who(body)} gave no answer in {faults.total()} attempts and {seconds:.0f} s ({listed}); "
                f"the last: {last}. What is finished is kept, the same command continues"
            )
        )

    def _who(self, body: dict[str, Any]) -> str:
        host = urlsplit(self.address.url)
        return f"{self.address.name} at {host.hostname}{host.path} (model '{body.get('model')}')"

    def _censored(self, text: str) -> str:
        return text if self.address.key == "none" else text.replace(self.address.key, "***")

    @cached_property
    def _client(self) -> Any:
        try:
            import openai
        except ImportError:
            raise UsageError(INSTALL) from None
        # Retries are counted and bounded here, so the SDK must not make its own.
        return openai.AsyncOpenAI(
            base_url=self.address.url, api_key=self.address.key, max_retries=0, timeout=self.patience.timeout
        )


class _Passing(Exception):  # noqa: N818 - not an error that leaves this module
    """A fault that may pass; `pause` is how long the endpoint asks to wait."""

    def __init__(self, kind: str, text: str, pause: float = 0.0) -> None:
        super().__init__(text)
        self.kind, self.pause = kind, pause


def _read(read: Callable[[Any], _T], body: Any) -> _T:
    try:
        return read(body)
    except UNREADABLE as error:
        raise _no_answer(error) from error


def _no_answer(error: Exception) -> _Passing:
    if isinstance(error, NotAnAnswer):
        return _Passing("not_an_answer", str(error))
    if isinstance(error, json.JSONDecodeError):
        return _Passing("not_an_answer", f"the body is not JSON: {error.doc[:SHOWN]!r}")
    return _Passing("not_an_answer", f"the body cannot be read: {str(error)[:SHOWN]}")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the endpoint asks to wait: `Retry-After` as a number or as a date (RFC 9110, 10.2.3), else 0."""
    given = headers.get("retry-after", "")
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        date = email.utils.parsedate_tz(given)
        return 0.0 if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
    except (ValueError, ArithmeticError, TypeError, IndexError):
        return 0.0
