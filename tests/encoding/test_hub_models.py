"""Models of the hub: the commit is part of the key, and the second run needs no hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import tiny_models
from support.command import evalharness
from support.hub_server import HubServer

pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")

ENCODE = """
import json, logging, sys
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.errors import EvalHarnessError
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model
notes = []
class Notes(logging.Handler):
    def emit(self, record):
        notes.append(record.getMessage())
logging.getLogger("toolbench_eval").addHandler(Notes())
logging.getLogger("toolbench_eval").setLevel(logging.INFO)
model = load_model("owner/tiny", runtime=Runtime(device="cpu", offline="offline" in sys.argv))
try:
    model.index(Corpus.of(["a", "b"], ["weather tool", "city"]))
    weights = model.retriever.weights
    said = {"vectors": model.retriever._vectors.tolist(), "loaded": "torch" in sys.modules}
    said["weights"] = {"commit": weights.commit, "confirmed": weights.confirmed}
except EvalHarnessError as error:
    said = {"error": type(error).__name__, "message": str(error)}
print(json.dumps({**said, "notes": notes}))
"""


class Machine:
    """A user's machine: its own caches."""

    def __init__(self, root: Path, hub: HubServer) -> None:
        self.root, self.hub = root, hub

    def run(self, *arguments: str) -> dict[str, Any]:
        own = {"EVALHARNESS_CACHE": str(self.root / "vectors"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", ENCODE, *arguments],
            env=os.environ | self.hub.env(self.root / "home") | own,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


@pytest.fixture
def machine(tmp_path: Path, hub: HubServer) -> Machine:
    checkpoint = tiny_models.bert(tmp_path / "checkpoint")
    folder = hub.root / "models" / "owner" / "tiny" / "main"
    tiny_models.sentence_transformer(folder, checkpoint, pooling="cls", normalize=True)
    return Machine(tmp_path, hub)


def test_from_the_hub_to_the_cache(machine: Machine) -> None:
    never = machine.run("offline")
    assert never["error"] == "MissingDataError"
    first = machine.run()
    assert first["loaded"]
    assert any("by its own files" in note and "cls" in note for note in first["notes"])
    offline = machine.run("offline")
    assert offline["vectors"] == first["vectors"]
    assert not offline["loaded"]
    # Where the hub cannot be asked, what it said last holds.
    machine.hub.fail(503)
    outage = machine.run()
    assert outage["vectors"] == first["vectors"]
    assert not outage["loaded"]
    commit = first["weights"]["commit"]
    assert outage["weights"] == {"commit": commit, "confirmed": False}
    assert any("cannot be asked" in note and commit in note for note in outage["notes"])
    assert first["weights"]["confirmed"]
    assert not any("cannot be asked" in note for note in first["notes"])
    machine.hub.heal()
    # A new commit is another model.
    other = tiny_models.bert(machine.root / "other", seed=5)
    folder = machine.hub.root / "models" / "owner" / "tiny" / "main"
    shutil.copy2(other / "model.safetensors", folder / "model.safetensors")
    second = machine.run()
    assert second["vectors"] != first["vectors"]
    assert machine.run("offline")["vectors"] == second["vectors"]


def test_an_outage_while_weights_load_uses_what_is_cached_and_the_result_says_so(machine: Machine) -> None:
    """Weights are in the hub's cache, vectors are not: the model is loaded without the hub."""
    first = machine.run()
    shutil.rmtree(machine.root / "vectors")
    machine.hub.fail(503)
    command = ("run", "--task", "sample/trips", "--model", "owner/tiny", "--device", "cpu", "--instruction", "without")
    own = {"EVALHARNESS_CACHE": str(machine.root / "vectors"), "OMP_NUM_THREADS": "1"}
    environment = os.environ | machine.hub.env(machine.root / "home") | own
    done = evalharness(*command, cwd=machine.root, env=environment)
    assert done.returncode == 0, done.stderr
    commit = first["weights"]["commit"]
    assert "cannot be asked for owner/tiny" in done.stderr
    assert commit in done.stderr
    result = json.loads(next((machine.root / "results").rglob("result.json")).read_text())
    named = {"repository": "owner/tiny", "commit": commit, "confirmed": False}
    assert result["execution"]["sources"]["models"] == {"owner/tiny": named}
    assert result["model_setting"]["max_length"] == "model"
    assert result["execution"]["sources"]["max_length"] == {"owner/tiny": tiny_models.POSITIONS}


@pytest.mark.parametrize("revision", ["", f'revision = "{"0" * 40}"\n'])
def test_a_hub_that_fails_is_tried_a_few_times_and_told_of_once(machine: Machine, revision: str) -> None:
    """Not by each library for each file, with a line for each try."""
    (machine.root / "own" / "models").mkdir(parents=True)
    card = f'name = "mine"\nfamily = "dense"\nhub = "owner/tiny"\n{revision}'
    (machine.root / "own" / "models" / "mine.toml").write_text(card)
    machine.hub.fail(503)
    command = ("models", "check", "mine", "--tasks-dir", str(machine.root / "own"), "--device", "cpu")
    done = evalharness(*command, cwd=machine.root, env=os.environ | machine.hub.env(machine.root / "home"))
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert "the weights of owner/tiny could not be had" in done.stderr
    assert len(machine.hub.log) <= 5


def test_a_hub_that_fails_is_said_to(machine: Machine) -> None:
    machine.hub.fail(503)
    answer = machine.run()
    assert answer["error"] == "HubError"
    assert "owner/tiny" in answer["message"]
    machine.hub.heal()
    shutil.rmtree(machine.hub.root / "models" / "owner")
    assert machine.run()["error"] == "HubError"
