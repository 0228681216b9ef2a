"""A forger of agents' entries: changes samples, then makes every hash fit again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import toolbench_eval
from support.forging import Forger, faults, restore_sums
from toolbench_eval.agents.trajectory import from_json
from toolbench_eval.leaderboard.entry import entry_name
from toolbench_eval.results.samples import ContentDigest, read_samples, write_samples
from toolbench_eval.results.schema import Result

Records = list[dict[str, Any]]
TASK = "sample-mhqa/chain"
SAMPLES = "samples/chain.jsonl.zst"


class AgentForger(Forger):
    """One entry of a board of agents."""

    def write(self, result: dict[str, Any]) -> None:
        super().write(result)
        try:
            name = entry_name(Result.model_validate(self.result))
        except ValueError:  # the forger writes what no reader takes
            return
        self.folder = self.folder.rename(self.folder.parent / name)
        restore_sums(self.folder.parent)

    def records(self, name: str = SAMPLES) -> Records:
        return list(read_samples(self.folder / name))

    def rewrite(self, change: Callable[[Records], Any], task: str = TASK) -> None:
        """Change the records of a task; a list that is returned takes their place."""
        name = f"samples/{task.partition('/')[2]}.jsonl.zst"
        records = self.records(name)
        changed = change(records)
        self.put(task, changed if isinstance(changed, list) else records)

    def put(self, task: str, records: Iterable[dict[str, Any]]) -> None:
        """Write other samples, and their digest into the result."""
        path, kept = self.folder / f"samples/{task.partition('/')[2]}.jsonl.zst", list(records)
        write_samples(path, kept)
        self.forge(lambda result: result["tasks"][task]["solved"].update(samples_digest=digest_of(kept, path)))


def solved(out: Path, agent: str, **options: Any) -> Path:
    """Run an agent with the scripted reader on the whole sample."""
    toolbench_eval.evaluate("sample-mhqa", out=out, agent=agent, llm="scripted", offline=True, **options)
    return out


def is_found(board: Path, forger: Forger, words: str) -> bool:
    """Whether a fault of the forger's entry has these words; shows all where none has."""
    there = faults(board)
    assert any(text.startswith(f"{forger.folder.name}: ") and words in text for text in there), there
    return True


def first(change: Callable[[dict[str, Any]], Any]) -> Callable[[Records], Any]:
    """The change of the first record."""
    return lambda records: change(records[0])


def call(record: dict[str, Any]) -> dict[str, Any]:
    """The first call of a language model."""
    return next(step for step in record["trajectory"]["steps"] if step["step"] == "llm")


def digest_of(records: Records, path: Path) -> str:
    """The digest that a result has of these, as far as they are samples."""
    digest = ContentDigest()
    for record in records:
        try:
            digest.add(from_json(record["trajectory"]).canonical())
        except Exception:  # noqa: BLE001 - the forger writes what no reader takes
            continue
    return digest.value
