"""The searches of one question as one ranked list, so that recall at k has a meaning for agents that search often."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)
_NONE = object()


def concatenate(searches: Iterable[Sequence[Id]]) -> list[Id]:
    """The lists one after the other in the order of the calls, each id at its first place. The default."""
    return list(dict.fromkeys(chain.from_iterable(searches)))


def round_robin(searches: Iterable[Sequence[Id]]) -> list[Id]:
    """The first of every list in the order of the calls, then the second of every list, each id at its first place."""
    by_rank = chain.from_iterable(zip_longest(*searches, fillvalue=_NONE))
    return list(dict.fromkeys(item for item in by_rank if item is not _NONE))  # type: ignore[misc]


MERGES: Mapping[str, Callable[[Iterable[Sequence[str]]], list[str]]] = {
    "concatenate": concatenate,
    "round_robin": round_robin,
}
"""By the name that a result records; the first is the default."""
