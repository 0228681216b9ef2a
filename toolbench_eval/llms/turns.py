"""Which tokens of a conversation are the assistant's: the whole of it is encoded once, as it is for training.

Turns that are encoded one by one and put together differ from that for some templates (a default system text, merges
across the border of two turns); reference code of EXSEARCH does so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import Message

BETWEEN = "\n\n"
"""What parts the turns where a model has no chat template."""

Span = tuple[int, int]
_SHAPES: tuple[Callable[[str], str], ...] = (str, str.strip, str.lstrip, str.rstrip)
"""What templates do to the text of a turn."""


@dataclass(frozen=True)
class Encoded:
    """A conversation as token ids.

    Attributes:
        ids: Token ids of the whole conversation, what the template adds included.
        spans: For each turn of the assistant its first token and the one behind its last; what the template puts
            around the text is outside.
    """

    ids: tuple[int, ...]
    spans: tuple[Span, ...]

    def mask(self, turns: Sequence[int] | None = None) -> npt.NDArray[np.bool_]:
        """Which tokens are the assistant's text, shape (tokens,).

        Args:
            turns: The assistant's turns that count, from 0; None for all.
        """
        chosen = np.zeros(len(self.ids), dtype=np.bool_)
        for at in range(len(self.spans)) if turns is None else turns:
            start, end = self.spans[at]
            chosen[start:end] = True
        return chosen


def encode(tokenizer: Any, messages: Sequence[Message]) -> Encoded:
    """Encode a whole conversation once.

    Args:
        tokenizer: A fast tokenizer of transformers, with a chat template or without.
        messages: The conversation, closed; no turn is opened behind it.

    Raises:
        DataError: The template rewrites what the assistant said.
    """
    text, places = _rendered(tokenizer, messages)
    plain = tokenizer.chat_template is None  # a template writes its special tokens itself
    found = tokenizer(text, add_special_tokens=plain, return_offsets_mapping=True)
    offsets = np.array(found["offset_mapping"], dtype=np.int64).reshape(-1, 2)
    return Encoded(tuple(found["input_ids"]), tuple(_tokens(offsets, place) for place in places))


def _tokens(offsets: npt.NDArray[np.int64], place: Span) -> Span:
    """The tokens that hold characters of a place; one across its border is within."""
    starts, ends = offsets.T
    within = np.flatnonzero((ends > starts) & (ends > place[0]) & (starts < place[1]))
    return (int(within[0]), int(within[-1]) + 1) if len(within) else (0, 0)


def _rendered(tokenizer: Any, messages: Sequence[Message]) -> tuple[str, list[Span]]:
    """The conversation as text, and where the assistant's turns stand in it.

    A second rendering, in which marks stand for these turns, shows what the template puts around them.
    """
    text = _filled(tokenizer, [message.text for message in messages], messages)
    own = [at for at, message in enumerate(messages) if message.role == "assistant"]
    salt = hashlib.sha256(text.encode()).hexdigest()[:16]
    marks = {at: f"turn-{at}-{salt}" for at in own}
    marked = _filled(tokenizer, [marks.get(at, message.text) for at, message in enumerate(messages)], messages)
    around = re.split("|".join(map(re.escape, marks.values())), marked) if marks else [marked]
    for shape in _SHAPES:
        said = [shape(messages[at].text) for at in own]
        if len(around) == len(said) + 1 and "".join(_woven(around, said)) == text:
            borders = [0, *np.cumsum([len(part) for part in _woven(around, said)]).tolist()]
            return text, list(pairwise(borders))[1::2]
    raise DataError(
        f"the chat template of {tokenizer.name_or_path} rewrites what the assistant said (it drops reasoning, for "
        "instance), so that nobody can tell which tokens are the assistant's"
    )


def _filled(tokenizer: Any, texts: Sequence[str], messages: Sequence[Message]) -> str:
    if tokenizer.chat_template is None:
        return BETWEEN.join(texts)
    turns = [{"role": one.role, "content": text} for one, text in zip(messages, texts, strict=True)]
    return str(tokenizer.apply_chat_template(turns, tokenize=False))


def _woven(around: Sequence[str], said: Sequence[str]) -> Iterator[str]:
    yield around[0]
    for own, after in zip(said, around[1:], strict=True):
        yield from (own, after)
