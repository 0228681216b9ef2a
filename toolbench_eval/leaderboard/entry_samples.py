"""The samples of an agent's entry, read with care: somebody else wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toolbench_eval.agents.trajectory import Trajectory, from_json
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import DataError
from toolbench_eval.leaderboard.limits import SAMPLE_BYTES, SAMPLES_BYTES, is_plain, is_whole
from toolbench_eval.results.samples import read_samples

MOST_TOKENS = 10**12
ALWAYS = {"trajectory", "gold", "scores"}
EVIDENCE = {
    "question-answering": {"retrieved"},
    "tool-use": {"offered", "state", "verdict", "likeness"},
}
"""By kind of result: what records hold beside the trajectory, the gold and the scores; likeness not in all."""


@dataclass(frozen=True)
class Recorded:
    """One sample of an entry.

    Attributes:
        sample: What the agent was given, from the suite's own data.
        trajectory: What it says that the agent did.
        record: The whole record.
    """

    sample: Sample
    trajectory: Trajectory
    record: dict[str, Any]


def read_recorded(path: Path, kind: str, samples: Sequence[Sample]) -> Iterator[Recorded]:
    """The samples of a file, which must be exactly those of the task, in its order.

    Raises:
        DataError: A sample is missing, stands there twice, is unknown or is none; the file is too large.
    """
    if not is_plain(path):
        raise DataError("must be a plain file, not a link or a folder", file=path)
    places = {sample.id: at for at, sample in enumerate(samples)}
    records = read_samples(path, longest=SAMPLE_BYTES, size=SAMPLES_BYTES)
    count = 0
    for count, record in enumerate(records, start=1):
        where = f"line {count}"
        trajectory = _trajectory(record, kind, path, where)
        place = places.get(trajectory.sample)
        if place is None:
            raise DataError(f"the task has no sample '{trajectory.sample:.80}'", file=path, field=where)
        if place < count - 1:
            raise DataError(f"the sample '{trajectory.sample:.80}' stands there twice", file=path, field=where)
        if place > count - 1:
            raise DataError(f"the sample '{samples[count - 1].id}' is missing, or not in its place", file=path)
        yield Recorded(samples[place], trajectory, record)
    if count < len(samples):
        raise DataError(f"the sample '{samples[count].id}' is missing", file=path)


def _trajectory(record: dict[str, Any], kind: str, path: Path, where: str) -> Trajectory:
    known = ALWAYS | EVIDENCE[kind]
    for name in sorted((known - {"likeness"} - record.keys()) | (record.keys() - known)):
        said = "is missing" if name in known else "does not belong to a sample"
        raise DataError(said, file=path, field=f"{where}, {name:.40}")
    try:
        text = json.dumps(record["trajectory"], ensure_ascii=False).encode()
        _schema().validate_json(text, strict=True)
        trajectory = from_json(record["trajectory"])
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][:4])
        raise DataError(f"not a trajectory: {field}: {first['msg']}"[:300], file=path, field=where) from None
    except (DataError, ValueError, RecursionError) as error:
        raise DataError(f"not a trajectory: {error}"[:300], file=path, field=where) from None
    counts = [number for call in trajectory.calls for number in (call.input_tokens, call.output_tokens, call.passages)]
    if not all(is_whole(number, 0, MOST_TOKENS) for number in counts):
        raise DataError("a number of tokens or passages is none", file=path, field=where)
    return trajectory


@cache
def _schema() -> TypeAdapter[Trajectory]:
    return TypeAdapter(Trajectory)
