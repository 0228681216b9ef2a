"""`mteb:<name>`: the error without mteb; scores and prompts with the real mteb, in whatever interpreter has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolbench_eval.errors import UsageError
from toolbench_eval.retrievers.load import load_model

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(find_spec("mteb") is not None, reason="mteb is installed here")
def test_without_mteb_the_user_is_told_what_to_install() -> None:
    with pytest.raises(UsageError, match=r"^a model named 'mteb:\.\.\.' needs mteb: pip install mteb$"):
        load_model("mteb:intfloat/e5-small-v2")


def test_a_broken_mteb_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mteb.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mteb", raising=False)
    with pytest.raises(UsageError, match="installed but cannot be imported: No module named 'a_package_that_is_not_"):
        load_model("mteb:intfloat/e5-small-v2")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the real mteb says, from `EVALHARNESS_MTEB_PYTHON` or from this interpreter."""
    python = os.environ.get("EVALHARNESS_MTEB_PYTHON") or (sys.executable if find_spec("mteb") else None)
    if python is None:
        pytest.skip("no mteb here: set EVALHARNESS_MTEB_PYTHON to an interpreter that has it and sentence-transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from support.tiny_bert import HIDDEN, save_plain

    folder = tmp_path_factory.mktemp("mteb")
    for seed, name in enumerate(("prompted", "instructed")):
        transformer = Transformer(str(save_plain(folder / f"bert{seed}", seed)))
        modules = [transformer, Pooling(HIDDEN, pooling_mode="mean")]
        SentenceTransformer(modules=modules, device="cpu").save(str(folder / "tiny" / name))
    paths = f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"
    own = {"EVALHARNESS_CACHE": str(folder / "cache"), "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1"}
    told = subprocess.run(
        [python, "-m", "support.mteb_side"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **own},
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def test_scores_are_those_of_the_prompted_texts(real: dict[str, Any]) -> None:
    assert set(real["cases"]) == {
        "prompted",
        "prompted, with instruction",
        "instructed",
        "instructed for ToolRetrieval",
    }
    for name, case in real["cases"].items():
        np.testing.assert_allclose(case["got"], case["expected"], atol=1e-5, err_msg=name)
        assert not np.allclose(case["expected"], case["unprompted"], atol=1e-4), f"{name}: the prompt must matter"
        assert case["first"].index(2) == case["first"].index(0) - 1, "equal documents: the higher id is first"


def test_the_task_and_the_instruction_change_the_scores(real: dict[str, Any]) -> None:
    cases = real["cases"]
    general, of_task = cases["instructed"]["got"], cases["instructed for ToolRetrieval"]["got"]
    assert not np.allclose(general, of_task, atol=1e-4)
    assert not np.allclose(cases["prompted"]["got"], cases["prompted, with instruction"]["got"], atol=1e-4)


def test_vectors_are_kept_for_the_same_model_and_prompts_alone(real: dict[str, Any]) -> None:
    kept = real["kept"]
    assert kept["same"] == 0
    assert kept["again"]["got"] == real["cases"]["prompted"]["got"]
    np.testing.assert_allclose(kept["other prompt"]["got"], kept["other prompt"]["expected"], atol=1e-5)
    assert not np.allclose(kept["other prompt"]["got"], kept["again"]["got"], atol=1e-4)
    # Both queries, and each different document once.
    assert len(kept["encoded for it"]) == 2 + 3


def test_errors_with_mteb(real: dict[str, Any]) -> None:
    misspelt, no_task, reranker = real["errors"].values()
    assert misspelt.startswith("UnknownNameError: unknown mteb model 'tiny/promted'. Did you mean tiny/prompted")
    assert no_task.startswith("UsageError: mteb has no task 'NoSuchTask'")
    assert "only mteb's encoders can be used here" in reranker


def test_the_setting_names_model_task_and_version(real: dict[str, Any]) -> None:
    options = real["setting"]["options"]
    assert options["model"] == "tiny/prompted"
    assert options["task"] == ""
    assert options["mteb"][0].isdigit()
    assert real["setting"]["templates"]["with_instruction"] == "{query} {instruction}"
