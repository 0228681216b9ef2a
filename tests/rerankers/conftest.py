"""Tiny checkpoints, made once, and a cache of each test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import tiny_rerankers

PAIRS = [
    ("weather in the city", "rain and sun for one city"),
    ("which train to the city", "the best route of a train, the map of a city is what tells how to find it"),
    ("play music", "play a song"),
    ("send mail", "read the mail, translate text in french, german, send one text to one city of two, find file"),
    ("play music", "stock price graph"),
    ("weather in the city", ""),
    (
        "instruct: red green blue one two three four five six seven eight nine ten for the tool",
        "one tool for a picture",
    ),
    ("what is the tool", "tool " * 100),
    ("song " * 90, "music " * 80),
    ("song " * 70, "mail"),
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or left in the user's cache; nothing goes through a proxy."""
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny checkpoint of each kind."""
    pytest.importorskip("transformers")
    root = tmp_path_factory.mktemp("checkpoints")
    tiny_rerankers.bert_cross_encoder(root / "bert")
    tiny_rerankers.roberta_cross_encoder(root / "roberta")
    tiny_rerankers.t5_seq2seq(root / "t5")
    tiny_rerankers.llama_decoder(root / "llama")
    tiny_rerankers.llama_decoder(root / "llama-without-start", start=False)
    tiny_rerankers.gpt2_decoder(root / "gpt2")
    return root


@pytest.fixture
def pairs() -> list[tuple[str, str]]:
    """Queries and documents: short, empty, and longer than every limit, on either side."""
    return PAIRS
