"""Which weights a result is of: others in the same folder make another result, and are never mixed into one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import toolbench_eval
from toolbench_eval.encoding import weights as weights_module
from toolbench_eval.encoding.weights import folder_digest
from toolbench_eval.errors import EvalHarnessError
from toolbench_eval.evaluation import pipeline
from toolbench_eval.results.schema import Result
from toolbench_eval.retrievers.load import load_model

pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")

MADE: dict[str, Callable[[Path, int], Path]] = {}


def made_by(name: str) -> Callable[[Callable[[Path, int], Path]], Callable[[Path, int], Path]]:
    def note(make: Callable[[Path, int], Path]) -> Callable[[Path, int], Path]:
        MADE[name] = make
        return make

    return note


@made_by("dense")
def dense(folder: Path, seed: int) -> Path:
    from support.tiny_models import bert

    return bert(folder, seed=seed)


@made_by("splade")
def splade(folder: Path, seed: int) -> Path:
    from support.tiny_bert import save_splade

    save_splade(folder, seed)
    return folder


@made_by("late")
def late(folder: Path, seed: int) -> Path:
    from support.tiny_bert import save_pylate

    save_pylate(folder, seed)
    return folder


@made_by("reranker")
def reranker(folder: Path, seed: int) -> Path:
    from support.tiny_rerankers import bert_cross_encoder
    from transformers import AutoModelForSequenceClassification

    bert_cross_encoder(folder)
    if seed:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        model.classifier.weight.data *= -1
        model.save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


def evaluated(model: str, tmp_path: Path, tasks: list[str] | None = None) -> Result:
    asked = tasks or ["sample/trips"]
    return toolbench_eval.evaluate(asked, model, instruction="without", limit=5, out=tmp_path / "out")[0]


@pytest.mark.parametrize("family", MADE)
def test_other_weights_in_the_same_folder_make_another_result(tmp_path: Path, family: str) -> None:
    folder = MADE[family](tmp_path / "m", 0)
    other = MADE[family](tmp_path / "other", 1)
    name = f"bm25>{folder}" if family == "reranker" else str(folder)
    first = evaluated(name, tmp_path)
    assert evaluated(name, tmp_path).execution == first.execution  # already there
    digest = f"files:{folder_digest(folder)}"
    assert first.execution.sources["models"]["m"] == {"folder": str(folder), "content": digest}
    shutil.copy(other / "model.safetensors", folder / "model.safetensors")
    second = evaluated(name, tmp_path)
    assert second.execution.sources["models"]["m"]["content"] not in (None, digest)
    assert second.tasks["sample/trips"].run_digest != first.tasks["sample/trips"].run_digest
    shutil.rmtree(tmp_path / "cache")
    shutil.rmtree(tmp_path / "out")
    assert evaluated(name, tmp_path).identity == second.identity


def test_a_run_that_was_stopped_goes_on_with_its_own_weights_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = dense(tmp_path / "m", 0), dense(tmp_path / "other", 1)
    tasks = ["sample/trips", "sample/office", "sample/tabtext"]
    whole = pipeline.finish_task
    finished: list[str] = []

    def stopped(task: object, *rest: object) -> None:
        if len(finished) == 2:
            raise KeyboardInterrupt
        finished.append(str(task))
        whole(task, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "finish_task", stopped)
    with pytest.raises(KeyboardInterrupt):
        evaluated(str(folder), tmp_path, tasks)
    monkeypatch.setattr(pipeline, "finish_task", whole)
    shutil.copy(other / "model.safetensors", folder / "model.safetensors")
    mixed = evaluated(str(folder), tmp_path, tasks)
    assert not mixed.execution.resumed
    shutil.rmtree(tmp_path / "out")
    assert evaluated(str(folder), tmp_path, tasks).identity == mixed.identity


def test_finished_work_needs_no_weights_of_a_model_that_has_none(tmp_path: Path) -> None:
    assert "models" not in evaluated("bm25", tmp_path).execution.sources


def test_a_file_that_lies_still_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 1000)
    read: list[object] = []
    whole = weights_module.hashlib.file_digest

    def counted(file: object, kind: str) -> object:
        read.append(file)
        return whole(file, kind)  # type: ignore[type-var]

    monkeypatch.setattr(weights_module.hashlib, "file_digest", counted)
    before = folder_digest(tmp_path)
    assert folder_digest(tmp_path) == before
    assert len(read) == 4  # both changed a moment ago, and may change again without a new date
    monkeypatch.setattr(weights_module, "SETTLED", -1.0)
    assert [folder_digest(tmp_path), folder_digest(tmp_path)] == [before, before]
    assert len(read) == 6
    (tmp_path / "model.safetensors").write_bytes(b"\1" * 1001)
    assert folder_digest(tmp_path) != before
    assert len(read) == 7


def test_weights_that_are_gone_are_named_before_anything_is_searched(tmp_path: Path) -> None:
    folder = dense(tmp_path / "m", 0)
    model = load_model(str(folder))
    (folder / "config.json").unlink()
    with pytest.raises(EvalHarnessError, match=r"config\.json"):
        toolbench_eval.evaluate(["sample/trips"], model, instruction="without", out=tmp_path / "out")
