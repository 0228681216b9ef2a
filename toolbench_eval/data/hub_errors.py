"""What can go wrong with the hub: when to try again, and what to tell the user."""

from __future__ import annotations

import errno
import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from toolbench_eval.errors import DataError, EvalHarnessError, HubError, StorageError

RETRY_WAITS = (1.0, 2.0, 4.0)
"""Seconds before the second, third and fourth try; then the hub is given up."""

GIVE_UP_AFTER = 20.0
"""Seconds: no further try after this long. huggingface_hub tries some requests again by itself, which ones depends
on its version, and our tries must not multiply with its own; nor does a hub that asks for a longer wait get it."""

_TOO_MANY_REQUESTS = 429
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
_ANOTHER_WAY = "run the same command again later, give a mirror folder with --data DIR, or use --offline"

T = TypeVar("T")


def retried(call: Callable[[], T]) -> T:
    """The result of a call to the hub, tried again a few times where that may help.

    It may after 429 (too many requests), a server error (5xx) or a lost connection.
    """
    start = time.monotonic()
    for wait in RETRY_WAITS:
        try:
            return call()
        except failures() as error:
            pause = max(wait, _asked_wait(error))
            if not may_pass(error) or time.monotonic() - start + pause > GIVE_UP_AFTER:
                raise
            time.sleep(pause)
    return call()


@contextmanager
def explained(repo: str, revision: str | None) -> Iterator[None]:
    """Turn failures of huggingface_hub into our own errors.

    Raises:
        HubError: The hub refused, failed, broke off or could not be reached.
        StorageError: The cache cannot be written.
        DataError: The hub does not allow such a name.
    """
    from huggingface_hub.errors import HFValidationError

    try:
        yield
    except failures() as error:
        raise _explanation(error, repo, revision) from error
    except HFValidationError as error:
        raise DataError(f"'{repo}' is not the name of a data set: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        # The parsers of huggingface_hub, on an answer that is not the hub's (a login page of a network, say).
        raise HubError(f"{_endpoint()} does not answer like a hub ({error}): check HF_ENDPOINT") from error


def failures() -> tuple[type[Exception], ...]:
    """The exceptions with which huggingface_hub lets a request fail.

    Its HTTP library changed (requests until 0.36, then httpx, then httpx2), so it is asked for.
    """
    from huggingface_hub.utils import get_session  # type: ignore[attr-defined]

    library = importlib.import_module(type(get_session()).__module__.partition(".")[0])
    return (OSError, getattr(library, "HTTPError", OSError))


def _explanation(error: Exception, repo: str, revision: str | None) -> EvalHarnessError:
    if _is_disk_error(error):
        return StorageError(f"data set '{repo}' cannot be written to the cache ({error}): free space, or set HF_HOME")
    return HubError(_message(error, f"data set '{repo}'", revision))


def _message(error: Exception, what: str, revision: str | None) -> str:
    from huggingface_hub import errors

    status = _status(error)
    if isinstance(error, errors.RevisionNotFoundError):
        return f"the hub has no revision '{revision}' of {what}: check the revision, or give a mirror with --data DIR"
    if isinstance(error, errors.GatedRepoError) or status in (401, 403):
        advice = "accept its terms on the hub and log in with `hf auth login`, or give a mirror with --data DIR"
        return f"the hub refuses access to {what} (HTTP {status}): {advice}"
    if isinstance(error, errors.RepositoryNotFoundError):
        advice = "check the name, log in with `hf auth login` if it is private, or give a mirror with --data DIR"
        return f"the hub has no {what}: {advice}"
    if status == _TOO_MANY_REQUESTS:
        asked = _asked_wait(error)
        wait = f", it asks to wait {asked:.0f} s" if asked else ""
        return f"the hub limits the rate of requests (HTTP 429{wait}), so {what} could not be had: {_ANOTHER_WAY}"
    if status is not None:
        return f"the hub answered HTTP {status} for {what}: {_ANOTHER_WAY}"
    reason = str(_root(error)) or type(_root(error)).__name__
    return f"{_endpoint()} could not be reached, or broke off, for {what} ({reason}): {_ANOTHER_WAY}"


def _root(error: BaseException) -> BaseException:
    """The failure itself: huggingface_hub wraps one that it met on its way to a file."""
    return (error.__cause__ or error) if getattr(error, "response", None) is None else error


def _status(error: BaseException) -> int | None:
    status = getattr(getattr(_root(error), "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _asked_wait(error: BaseException) -> float:
    """Seconds that the hub asks to wait, 0 if it does not say."""
    headers = getattr(getattr(_root(error), "response", None), "headers", {})
    asked = str(headers.get("Retry-After", ""))
    return float(asked) if asked.isdigit() else 0.0


def may_pass(error: BaseException) -> bool:
    """Whether a later try may help: too many requests, a server error, a lost connection."""
    status = _status(error)
    return not _is_disk_error(error) if status is None else status == _TOO_MANY_REQUESTS or status >= 500


def _is_disk_error(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _DISK_ERRORS


def _endpoint() -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT)
