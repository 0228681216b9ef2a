"""Plans of jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolbench_eval.encoding import batching
from toolbench_eval.encoding.plans import PlanFile, make_plan
from toolbench_eval.encoding.store import digest

KEYS = [digest(str(number)) for number in range(7)]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "SHARD_TEXTS", 3)


def test_longest_first_then_by_digest() -> None:
    lengths = dict(zip(KEYS, [5, 50, 5, 7, 5, 500, 5], strict=True))
    plan = make_plan(lengths, 100, 64)
    fives = sorted(KEYS[at] for at in (0, 2, 4, 6))
    assert plan.shards == [[KEYS[5], KEYS[1], KEYS[3]], fives[:3], fives[3:]]
    assert make_plan(dict(reversed(lengths.items())), 100, 64) == plan


def test_a_shards_name_is_its_texts_and_batches() -> None:
    plan, wider = make_plan(dict.fromkeys(KEYS, 5), 100, 64), make_plan(dict.fromkeys(KEYS, 5), 101, 64)
    names = {plan.name(shard) for shard in plan.shards} | {wider.name(shard) for shard in wider.shards}
    assert len(names) == 6
    assert plan.name(plan.shards[0]) == plan.name(list(plan.shards[0]))


def test_round_trip(tmp_path: Path) -> None:
    plan = make_plan(dict(zip(KEYS, range(7), strict=True)), 100, 64)
    file = PlanFile(tmp_path, KEYS, 100)
    assert file.read() is None
    file.write(plan)
    assert PlanFile(tmp_path, [*reversed(KEYS), KEYS[0]], 100).read() == plan
    assert PlanFile(tmp_path, KEYS[:-1], 100).read() is None
    assert PlanFile(tmp_path, KEYS, 99).read() is None
    file.remove()
    assert file.read() is None


@pytest.mark.parametrize("kept", [0, 10, 300])
def test_a_damaged_plan_is_none(tmp_path: Path, kept: int) -> None:
    file = PlanFile(tmp_path, KEYS, 100)
    file.write(make_plan(dict.fromkeys(KEYS, 5), 100, 64))
    file.path.write_bytes(file.path.read_bytes()[:kept])
    assert file.read() is None


def test_lock_leaves_nothing(tmp_path: Path) -> None:
    with PlanFile(tmp_path, KEYS, 100).locked():
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())
