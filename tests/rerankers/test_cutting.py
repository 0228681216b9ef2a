"""Texts cut for prompts: by words, by tokens, and what is said where tokens cannot be counted."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import run_of

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.prompts import load_prompt
from toolbench_eval.rerankers.cutting import cl100k_counter, first_words, shortened
from toolbench_eval.rerankers.listwise import Listwise, Windows


def test_words() -> None:
    assert first_words("a  b\nc", 3) == "a  b\nc"
    assert first_words("a  b\nc", 2) == "a b"


@pytest.mark.parametrize(
    ("text", "below", "shown"),
    [
        ("ab cd ef", 9, "ab cd ef"),
        ("ab cd ef", 8, "ab cd"),
        ("ab cd ef", 6, "ab cd"),
        ("ab cd ef", 5, "ab"),
        ("abcdef gh", 4, "abc"),  # no whole word fits
        ("abc", 1, ""),
    ],
)
def test_tokens(text: str, below: int, shown: str) -> None:
    """A character is a token."""
    assert shortened(text, below, len) == shown


@given(st.text(alphabet="ab \n", max_size=40), st.integers(1, 30))
def test_what_is_shown_is_short_enough_and_as_long_as_can_be(text: str, below: int) -> None:
    shown = shortened(text, below, len)
    assert len(shown) < below or not shown
    if len(text) < below:
        assert shown == text
    elif text.split() and len(text.split(maxsplit=1)[0]) < below:
        words = shown.split()
        assert words == text.split()[: len(words)]
        longer = " ".join(text.split()[: len(words) + 1])
        assert len(words) == len(text.split()) or len(longer) >= below


def letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiktoken in which each character is a token."""

    def get_encoding(name: str) -> Any:
        assert name == "cl100k_base"
        return SimpleNamespace(encode=lambda text, disallowed_special: list(text))

    monkeypatch.setitem(sys.modules, "tiktoken", SimpleNamespace(get_encoding=get_encoding))


def test_query_and_passages_are_cut_and_the_instruction_never(monkeypatch: pytest.MonkeyPatch) -> None:
    letters(monkeypatch)
    seen: list[str] = []

    def script(messages: Any) -> str:
        seen.extend(message.text for message in messages)
        return "[1] > [2]"

    corpus = Corpus.of(["a", "b"], ["passage " * 3 + "gone", "short"])
    asked = Queries.of(["q"], ["question " * 2 + "lost"], ["instruction " * 20 + "kept"])
    llm = CachedLLM(Scripted(script), None, Meter())
    plan = Windows(text_tokens=24)
    Listwise(llm, load_prompt("listwise-1"), plan).rerank(asked, run_of(corpus, asked, [["a", "b"]]), corpus)
    whole = "\n".join(seen)
    assert "passage passage passage" in whole
    assert "question question lost" in whole  # 22 characters
    assert "gone" not in whole
    assert "instruction kept" in whole
    seen.clear()
    Listwise(llm, load_prompt("listwise-1"), Windows(text_tokens=22)).rerank(
        asked, run_of(corpus, asked, [["a", "b"]]), corpus
    )
    assert "question question" in "\n".join(seen)
    assert "lost" not in "\n".join(seen)


def test_without_tiktoken_or_its_table_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> Any:
        raise ConnectionError("no network")

    monkeypatch.setitem(sys.modules, "tiktoken", SimpleNamespace(get_encoding=fails))
    with pytest.raises(UsageError, match=r"TIKTOKEN_CACHE_DIR.*--set text_tokens=0"):
        cl100k_counter()
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    with pytest.raises(UsageError, match=r"pip install tiktoken.*--set text_tokens=0"):
        cl100k_counter()
