"""A tiny chat model."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_chat import chat_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    return chat_model(tmp_path_factory.mktemp("tiny") / "model", spread=0.2)
