"""Whether a value is one of the accepted ones: strings, lists, dictionaries, lists of dictionaries (BFCL's AST check).

Sources: BFCL v4, `ast_checker.py`. Accepted values may hold ``""``: the parameter may be left out; an empty list is
then accepted as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

DROPPED = re.compile(r"[ ,./\-_*^]")


def standardise(text: str) -> str:
    """Lower case, without blanks and ``,./-_*^``, single quotes as double ones: ``April 1, 2024`` is ``april12024``."""
    return DROPPED.sub("", text).lower().replace("'", '"')


def is_accepted_string(value: str, accepted: Sequence[Any]) -> bool:
    """Whether a string is an accepted one after standardisation."""
    return standardise(value) in [standardise(other) for other in accepted if isinstance(other, str)]


def is_accepted_list(value: Sequence[Any], accepted: Sequence[Any]) -> bool:
    """Whether a list is an accepted one, item by item in order, its strings standardised."""
    wanted = [_standard_items(other) for other in accepted if isinstance(other, list | str)]
    return _standard_items(value) in wanted


def is_accepted_dict(value: Any, accepted: Sequence[Any]) -> bool:
    """Whether a dictionary fits an accepted one, in which each key has its own list of accepted values.

    No key may be unknown, none may be missing unless its list holds ``""``. Values inside values are compared as they
    are.
    """
    if not isinstance(value, Mapping):
        return False
    return any(_fits(value, other) for other in accepted if isinstance(other, Mapping))


def is_accepted_list_of_dicts(value: Sequence[Any], accepted: Sequence[Any]) -> bool:
    """Whether a list of dictionaries fits an accepted one of the same length, in order."""
    return any(
        len(value) == len(other)
        and all(is_accepted_dict(item, [gold]) for item, gold in zip(value, other, strict=True))
        for other in accepted
        if isinstance(other, list | str)
    )


def _standard(value: Any) -> Any:
    return standardise(value) if isinstance(value, str) else value


def _standard_items(values: Sequence[Any]) -> list[Any]:
    return [_standard(item) for item in values]


def _fits(value: Mapping[str, Any], gold: Mapping[str, Any]) -> bool:
    wanted = {key: values if isinstance(values, list | str) else [values] for key, values in gold.items()}
    present = all(key in wanted and _standard(item) in _standard_items(wanted[key]) for key, item in value.items())
    return present and all(key in value or "" in accepted for key, accepted in wanted.items())
