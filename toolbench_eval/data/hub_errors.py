"""What can go wrong with the hub: when to try again, and what to tell the user."""

from __future__ import annotations

import errno
import importlib
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import TypeVar

from toolbench_eval.errors import DataError, EvalHarnessError, HubError, StorageError

RETRY_WAITS = (1.0, 2.0, 4.0)
"""Seconds before the second, third and fourth try; then the hub is given up."""

MAX_WAIT = 30.0
"""Seconds: a hub that asks for a longer wait is given up at once."""

_TOO_MANY_REQUESTS = 429
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
_ANOTHER_WAY = "run the same command again later, give a mirror folder with --data DIR, or use --offline"

T = TypeVar("T")


def retried(
    call: Callable[[], T],
    *,
    statuses: Container[int] = (_TOO_MANY_REQUESTS, *range(500, 600)),
    lost_connections: bool = True,
) -> T:
    """The result of a call to the hub, tried again a few times where that may help.

    Args:
        call: The request.
        statuses: HTTP statuses after which to try again.
        lost_connections: Try again where there was no answer at all.
    """
    for wait in RETRY_WAITS:
        try:
            return call()
        except failures() as error:
            status = _own_status(error)
            again = status in statuses if status is not None else lost_connections and not _is_disk_error(error)
            asked = _asked_wait(error)
            if not again or asked > MAX_WAIT:
                raise
            time.sleep(max(wait, asked))
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
    """The failure itself: huggingface_hub wraps one that it met, and tried to get over, on the way to a file."""
    return error.__cause__ if error.__cause__ is not None and _own_status(error) is None else error


def _own_status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _status(error: BaseException) -> int | None:
    return _own_status(_root(error))


def _asked_wait(error: BaseException) -> float:
    """Seconds that the hub asks to wait, 0 if it does not say."""
    headers = getattr(getattr(_root(error), "response", None), "headers", {})
    asked = str(headers.get("Retry-After", ""))
    return float(asked) if asked.isdigit() else 0.0


def _is_disk_error(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _DISK_ERRORS


def _endpoint() -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT)
