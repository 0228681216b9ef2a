"""A pool of experience."""

from __future__ import annotations

import pytest

from toolbench_eval.agents.rea360.experience import Experience, Pool, write_pool


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.json"
    entries = (Experience("Write a poem.", "POOL-LEADER", ("POOL-MEMBER",)), Experience("Plan a trip.", "OTHER"))
    write_pool(path, Pool("other tasks", entries))
    return str(path)
