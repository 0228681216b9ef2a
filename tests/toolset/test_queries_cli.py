"""The commands `queries generate` and `queries accept`."""

from __future__ import annotations

import json
from pathlib import Path

from support.command import ROOT, environment, evalharness


def test_the_commands(place: Path) -> None:
    env = environment(HF_HOME=str(place / ".hf"), PYTHONPATH=f"{place}:{ROOT}")
    asked = ["queries", "generate", "--corpus", "kitchen", "--llm", "scripted", "-n", "2", "--out", "q"]
    done = evalharness(*asked, "--environment", "none", "--json", cwd=place, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept"] == 2
    assert done.stderr.startswith("warning: nobody executes")
    review = place / "q/review.csv"
    review.write_text(review.read_text().replace("kitchen-0000,,", "kitchen-0000,x,").replace("01,,", "01,n,"))
    done = evalharness("queries", "accept", "q/review.csv", "--out", "final", cwd=place, env=env)
    assert (done.returncode, done.stdout) == (0, "final: 1 queries kept, 0 of them edited, 1 refused\n")
    for wrong in ("3..1", "0", "a..b"):
        done = evalharness(*asked, "--tools-per-query", wrong, cwd=place, env=env)
        assert (done.returncode, "must be" in done.stderr) == (2, True)
    for command in ("generate", "accept"):
        text = evalharness("queries", command, "--help", cwd=place, env=env | {"COLUMNS": "80"}).stdout
        examples = [line for line in text.splitlines() if line.startswith(f"    evalharness queries {command}")]
        assert examples
        assert all(len(line) <= 80 for line in text.splitlines() if line not in examples)
