"""Cutting texts for the prompts of language models: by words, and by tokens of cl100k."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import accumulate

from toolbench_eval.errors import UsageError

Count = Callable[[str], int]


def first_words(text: str, most: int) -> str:
    """The first words, as white space parts them; a text that has no more stays as it is."""
    words = text.split()
    return text if len(words) <= most else " ".join(words[:most])


def shortened(text: str, below: int, count: Count) -> str:
    """The longest beginning of a text with fewer tokens, of whole words where at least one word fits.

    How MAIR's reference takes off what is too much is not known; that fewer than 512 tokens remain is.

    Args:
        text: The text.
        below: Tokens that it must not reach, at least 1.
        count: Tokens of a text.
    """
    if count(text) < below:
        return text
    words = text.split()
    ends = list(accumulate(words, lambda first, word: f"{first} {word}"))
    return _longest(ends, below, count) or _longest([text[:end] for end in range(1, len(text))], below, count)


def cl100k_counter() -> Count:
    """Counts tokens of cl100k, the vocabulary of GPT-3.5 and GPT-4; names of special tokens in a text are text.

    Raises:
        UsageError: tiktoken is not installed, or has no table of cl100k and cannot fetch it.
    """
    way_out = "or give --set text_tokens=0, which cuts by words alone"
    try:
        encoding = import_module("tiktoken").get_encoding("cl100k_base")
    except ImportError:
        raise UsageError(f"texts are to be cut by tokens of cl100k: pip install tiktoken, {way_out}") from None
    except Exception as error:
        raise UsageError(
            f"tiktoken has no table of cl100k and cannot fetch it ({type(error).__name__}): run once with a network, "
            f"set TIKTOKEN_CACHE_DIR to a folder that has it, {way_out}"
        ) from error
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def _longest(beginnings: list[str], below: int, count: Count) -> str:
    """The longest of ever longer texts that is short enough, empty where none is."""
    low, high = 0, len(beginnings)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(beginnings[middle - 1]) < below else (low, middle - 1)
    return beginnings[low - 1] if low else ""
