"""Probing on the public tool files of AutoTools: their skeletons are ours, and every tool can be probed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.agents.atc.probing import Probing, probe
from toolbench_eval.agents.shared.tool_docs import declared, full_block, skeleton
from toolbench_eval.environments.operations import recorded_examples
from toolbench_eval.environments.recorded import RecordedEnvironment
from toolbench_eval.environments.tool_files import read_tool_file
from toolbench_eval.llms.scripted import Scripted

pytestmark = pytest.mark.real
SKELETONS = {"food": 22, "game": 18, "music": 32, "spotify": 30, "tmdb": 54, "weather": 11}
"""Endpoints that have both a reply and its skeleton."""


@pytest.fixture(params=SKELETONS)
def tool_file(request: pytest.FixtureRequest, shared_data: Path) -> tuple[str, Any]:
    path = shared_data / "agents" / "specs" / f"autotools_{request.param}_tools.json.gz"
    if not path.is_file():
        pytest.skip(f"no tool files: {path} is no file")
    return request.param, json.loads(gzip.decompress(path.read_bytes()))


def test_skeletons_are_those_that_were_published(tool_file: tuple[str, Any]) -> None:
    name, document = tool_file
    compared = 0
    for endpoint in document["endpoints"]:
        reply, published = endpoint.get("response", endpoint.get("responses")), endpoint.get("_responses_json")
        if reply is not None and published is not None:
            assert skeleton(reply) == (json.loads(published) if isinstance(published, str) else published)
            compared += 1
    assert compared == SKELETONS[name]


def test_every_tool_that_replies_is_documented(tool_file: tuple[str, Any]) -> None:
    operations = read_tool_file(tool_file[1])
    tools = [operation.tool for operation in operations]
    environment = RecordedEnvironment(tools, recorded_examples(operations), "nearest", least=0)
    probed = probe(tools, environment, Scripted(), Probing(rounds=2, tries=2, mutating=True))
    names = [tool.name for tool in probed.documented]
    assert sorted([*names, *probed.undocumented]) == sorted(tool.name for tool in tools)
    assert probed.success == 1.0
    docs = probed.describe(declared(tools))
    lines = full_block(docs, "requests").splitlines()[1:-1]
    assert [json.loads(line)["name"] for line in lines] == [doc.name for doc in docs]
