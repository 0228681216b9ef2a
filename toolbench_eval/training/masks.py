"""What a trainer predicts: the tokens of the turns that are learned, and nothing of a document or the template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.turns import encode

IGNORED = -100
"""The label of a token that is not predicted, as torch's cross entropy has it."""


def learned_tokens(
    tokenizer: Any, messages: Sequence[Message], trained: Sequence[int], *, ends: bool = False
) -> tuple[tuple[int, ...], npt.NDArray[np.bool_]]:
    """A conversation's token ids, and which of them are learned.

    The ids are those of the whole conversation encoded once.

    Args:
        tokenizer: A fast tokenizer of transformers.
        messages: The conversation.
        trained: The turns that are learned, from 0 (`trainable` of an exported line).
        ends: Whether the special token behind such a turn is learned, too, so that the model learns to stop. The
            likelihoods by which samples are weighed leave it out.

    Returns:
        Ids and mask, each of shape (tokens,).

    Raises:
        DataError: A turn is none of the assistant's, or the template rewrites what the assistant said.
    """
    said = [at for at, message in enumerate(messages) if message.role == "assistant"]
    if foreign := sorted(set(trained) - set(said)):
        raise DataError(f"turn {foreign[0]} cannot be learned: it is none of the assistant's")
    encoded = encode(tokenizer, messages)
    turns = [said.index(at) for at in trained]
    mask = encoded.mask(turns)
    if ends:
        special = set(tokenizer.all_special_ids)
        behind = [encoded.spans[turn][1] for turn in turns]
        mask[[at for at in behind if at < len(mask) and encoded.ids[at] in special]] = True
    return encoded.ids, mask


def labels(ids: Sequence[int], mask: npt.NDArray[np.bool_]) -> list[int]:
    """The ids where they are learned, -100 elsewhere."""
    return [token if learned else IGNORED for token, learned in zip(ids, mask.tolist(), strict=True)]
