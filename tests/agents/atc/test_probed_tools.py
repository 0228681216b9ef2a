"""What probing found out, as a file and as documentation."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.probing_stage import CHAINED, ENVIRONMENT, explorer, play

from toolbench_eval.agents.atc.probed_tools import ProbedTools, read_probed, write_probed
from toolbench_eval.agents.atc.probing import Probing, probe
from toolbench_eval.agents.shared.tool_docs import declared
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.llms.scripted import Scripted


def test_the_file_holds_what_was_found(tmp_path):
    file = tmp_path / "shelves.json"
    probed = probe(ENVIRONMENT.tools(), ENVIRONMENT, Scripted(explorer, "explorer"), Probing(rounds=2), file=file)
    assert read_probed(file) == probed
    assert read_probed(file).digest == probed.digest
    assert probed.model == "explorer"
    assert probed.settings["rounds"] == 2
    assert probed.cost.llm_calls == 1 + 3 + 3 + 1 + 1 + 1 + 3
    assert probed.cost.input_tokens > 0
    content = json.loads(file.read_text())
    assert (content["format"], content["version"]) == ("toolbench-eval/probed-tools", 1)
    assert [tool["name"] for tool in content["documented"]] == ["list_shelves", "open_shelf"]


def test_the_digest_is_of_what_was_found_not_of_its_cost(tmp_path):
    probed, _ = play(explorer)
    assert replace(probed, cost=ProbedTools(()).cost).digest == probed.digest
    assert replace(probed, undocumented=()).digest != probed.digest


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": "x"}', '{"format": "toolbench-eval/probed-tools", "version": 1}']
)
def test_files_of_another_kind_are_refused(tmp_path, content):
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(DataError, match=r"other\.json"):
        read_probed(file)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MissingDataError, match=r"none\.json"):
        read_probed(tmp_path / "none.json")


def test_descriptions_hold_what_was_probed_and_nothing_else_of_replies():
    probed, _ = play(explorer)
    spec = ToolSpec("lost", returns={"type": "string"})
    docs = probed.describe(declared([*ENVIRONMENT.tools()[:2], spec]))
    assert [doc.returns for doc in docs] == [
        [{"shelf_id": "int", "wood": "str"}],
        {"books": ["str"], "locked": "bool"},
        None,
    ]
    assert docs[1].example.program == CHAINED


def test_files_are_written_whole(tmp_path):
    probed, _ = play(explorer)
    write_probed(tmp_path / "a" / "b.json", probed)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]
