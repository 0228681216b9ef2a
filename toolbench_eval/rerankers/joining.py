"""How a tokenizer joins two texts, and how pairs that are too long are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolbench_eval.errors import UsageError
from toolbench_eval.rerankers.scoring import Encoded

_HUGE = 1_000_000
"""Tokenizers without a limit of their own say a number far above this."""


@dataclass(frozen=True)
class Joining:
    """The special tokens around a pair, found by joining a probe.

    Joining here what was tokenised apart gives what the tokenizer gives for the pair, so that each text is tokenised
    once however many pairs it is in.

    Attributes:
        before: Ids in front of the first text.
        between: Ids between the texts.
        after: Ids behind the second text.
        segments: Segments of (before, first text, between, second text, after), one for each token of the
            special parts and one for each text; None where the model takes none.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    segments: tuple[tuple[int, ...], ...] | None

    @classmethod
    def of(cls, tokenizer: Any) -> Joining:
        """How a fast tokenizer joins.

        Raises:
            UsageError: It joins in another way than first text, second text, special tokens around them.
        """
        probe = tokenizer("a", "b")
        ids, places = probe["input_ids"], probe.sequence_ids(0)
        first = [at for at, place in enumerate(places) if place == 0]
        second = [at for at, place in enumerate(places) if place == 1]
        if not first or not second or first[-1] > second[0]:
            raise UsageError("the tokenizer joins pairs in a way that is not known here")
        parts = [
            slice(0, first[0]),
            slice(first[0], first[-1] + 1),
            slice(first[-1] + 1, second[0]),
            slice(second[0], second[-1] + 1),
            slice(second[-1] + 1, len(ids)),
        ]
        types = probe["token_type_ids"] if "token_type_ids" in tokenizer.model_input_names else None
        segments = None if types is None else tuple(tuple(types[part]) for part in parts)
        return cls(tuple(ids[parts[0]]), tuple(ids[parts[2]]), tuple(ids[parts[4]]), segments)

    @property
    def added(self) -> int:
        """Number of special tokens."""
        return len(self.before) + len(self.between) + len(self.after)

    def join(self, first: list[int], second: list[int]) -> Encoded:
        """Two texts as one input."""
        ids = [*self.before, *first, *self.between, *second, *self.after]
        if self.segments is None:
            return Encoded(ids)
        before, one, between, two, after = self.segments
        return Encoded(ids, [*before, *one[:1] * len(first), *between, *two[:1] * len(second), *after])


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """Lengths of two texts that are cut, the longer one first, until both fit: as the `tokenizers` library does it.

    Args:
        first: Tokens of the first text.
        second: Tokens of the second text.
        room: Tokens that both may have together.
    """
    if first + second <= room:
        return first, second
    short, long = sorted((first, second))
    long = short if short > room else max(short, room - short)
    if short + long > room:
        short = room // 2
        long = short + room % 2
    return (long, short) if first > second else (short, long)


def length_limit(wanted: int | str, tokenizer: Any, config: Any) -> int:
    """Tokens that a model sees: the card's number, or, for `model`, the tokenizer's limit, else the config's."""
    if isinstance(wanted, int):
        return wanted
    if tokenizer.model_max_length < _HUGE:
        return int(tokenizer.model_max_length)
    return int(getattr(config, "max_position_embeddings", 512))
