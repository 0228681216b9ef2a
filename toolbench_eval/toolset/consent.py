"""Which services a user has allowed on this machine.

Corpora and problems are data that anybody may have made, and the services they name start programs, contact hosts and
hand them keys. So nothing is opened that was not allowed here: `corpus import` allows what the user himself names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.errors import UsageError
from toolbench_eval.location import cache_root
from toolbench_eval.memo import key_of

VARIABLE = "EVALHARNESS_ALLOW_SERVICES"
"""Set to 1, it allows every service: for containers that keep nothing."""


def allow(described: Mapping[str, Any]) -> None:
    """Allow a service from now on.

    Args:
        described: All that says what is started, contacted and handed out, as JSON values.

    Raises:
        StorageError: The note cannot be kept.
    """
    write_text(_note(described), "", durable=False)


def check(described: Mapping[str, Any], what: str) -> None:
    """Refuse a service that was not allowed.

    Args:
        described: As for `allow`.
        what: What it does, in words.

    Raises:
        UsageError: It was not allowed on this machine.
    """
    if os.environ.get(VARIABLE) == "1" or _note(described).is_file():
        return
    raise UsageError(
        f"the toolset {what}, which was not allowed on this machine: import it here with 'evalharness corpus import', "
        f"or set {VARIABLE}=1 if you trust it"
    )


def _note(described: Mapping[str, Any]) -> Any:
    return cache_root() / "services" / key_of("service", dict(described)).hex()
