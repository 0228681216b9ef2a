"""A forger of trajectories: changes stored samples, and makes the digests fit again if told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolbench_eval.agents.trajectory import from_json
from toolbench_eval.results.samples import ContentDigest, read_samples, write_samples
from toolbench_eval.results.schema import identity_of


def forge(folder: Path, task: str, change: Callable[[list[dict[str, Any]]], object], *, mended: bool = True) -> None:
    """Change the samples beside a result; the result's digest and identity follow where `mended`."""
    path = folder / f"samples/{task.rpartition('/')[2]}.jsonl.zst"
    records = list(read_samples(path))
    change(records)
    write_samples(path, records)
    if mended:
        digest = ContentDigest()
        for record in records:
            digest.add(from_json(record["trajectory"]).canonical())
        file = folder / "result.json"
        result = json.loads(file.read_text(encoding="utf-8"))
        result["tasks"][task]["solved"]["samples_digest"] = digest.value
        result["identity"] = identity_of(result)
        file.write_text(json.dumps(result), encoding="utf-8")


def steps(record: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """A trajectory's steps of one kind."""
    return [step for step in record["trajectory"]["steps"] if step["step"] == kind]
