"""What kept scores of rerankers are found by, beside the two texts."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="the extra 'dense' is not installed")

from support.tiny_rerankers import bert_cross_encoder

from toolbench_eval.encoding.devices import Devices
from toolbench_eval.registry import Registry
from toolbench_eval.rerankers.load import load_reranker
from toolbench_eval.retrievers.base import Runtime


def identity(folder: Path, device: str = "cpu") -> dict[str, object]:
    made = load_reranker(str(folder), Registry(), runtime=Runtime(device=device, dtype="float32", offline=True))
    return dict(made.reranker._scorer.identity)


def test_device_and_libraries_are_in_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bert_cross_encoder(tmp_path / "m")
    on_cpu = identity(folder)
    assert on_cpu["device"] == "cpu"
    assert {name: on_cpu[name] for name in ("torch", "transformers", "tokenizers")} == {
        name: version(name) for name in ("torch", "transformers", "tokenizers")
    }
    monkeypatch.setattr("toolbench_eval.checkpoint.find_devices", lambda wanted: Devices(wanted, (wanted,)))
    on_gpu = identity(folder, "cuda")
    assert {name for name in on_cpu if on_cpu[name] != on_gpu[name]} == {"device"}
