"""The searches of one question as one ranked list, so that recall at k has a meaning for agents that search often."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)


def concatenate(searches: Iterable[Sequence[Id]]) -> list[Id]:
    """The lists one after the other in the order of the calls, each id at its first place. The default."""
    return list(dict.fromkeys(chain.from_iterable(searches)))


def round_robin(searches: Iterable[Sequence[Id]]) -> list[Id]:
    """The first of every list in the order of the calls, then the second of every list, each id at its first place."""
    lists = list(searches)
    deepest = max(map(len, lists), default=0)
    return list(dict.fromkeys(ids[rank] for rank in range(deepest) for ids in lists if rank < len(ids)))


MERGES: Mapping[str, Callable[[Iterable[Sequence[str]]], list[str]]] = {
    "concatenate": concatenate,
    "round_robin": round_robin,
}
"""By the name that a result records; the first is the default."""
