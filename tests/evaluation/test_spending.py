"""What a model used is recorded with the result that it was used for."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.endpoint import EndpointServer

import toolbench_eval
from toolbench_eval.results.schema import Result
from toolbench_eval.retrievers.cost import added, since

CARD = 'name = "{0}"\nfamily = "hosted"\n[options]\nendpoint = "openai-api/local/{0}"\nbatch = 16\n'
TRIPS, DOCUMENTS = 24, 405


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder of cards of a stand-in endpoint; the server is given, too."""
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "models").mkdir()
    for name in ("one", "two"):
        (tmp_path / "models" / f"{name}.toml").write_text(CARD.format(name))
    with EndpointServer(reply=lambda body: "[2] > [1]") as server:
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        yield tmp_path, server


def evaluated(own: Path, model: str, **options) -> dict[str, Result]:
    options = {"instruction": "both", "out": own / "results", "offline": True, **options}
    results = toolbench_eval.evaluate("sample/trips", model, tasks_dir=own, **options)
    return {result.task_setting["instruction"]: result for result in results}


def test_each_setting_has_its_own_and_the_shared_index_counts_once(own):
    folder, server = own
    found = evaluated(folder, "one")
    asked = [text for body in server.requests for text in body["input"]]
    words = {"without": 0, "with": 0}
    for text in asked:
        words["with" if text.startswith("Instruct: ") else "without"] += len(text.split())
    without, with_ = (found[name].execution.cost for name in ("without", "with"))
    assert (without["input_tokens"], with_["input_tokens"]) == (words["without"], words["with"])
    assert without["calls"] + with_["calls"] == len(server.requests)
    assert with_["calls"] == -(-TRIPS // 16)
    assert len(asked) == len(set(asked)) <= DOCUMENTS + 2 * TRIPS


def test_the_members_of_a_fusion_and_both_stages_of_a_pipeline_count(own):
    folder, server = own
    server.fail(503, times=1)
    cost = evaluated(folder, "one+two>rankgpt:openai-api/local/m", instruction="without")["without"].execution.cost
    assert cost["calls"] == len(server.requests) - 1
    assert cost["http_503"] == 1
    assert cost["windows"] == sum("messages" in body for body in server.requests) == TRIPS * 9


def test_what_is_not_metered_costs_nothing_and_a_finished_result_keeps_its_cost(own):
    folder, server = own
    assert evaluated(folder, "bm25", instruction="without")["without"].execution.cost == {}
    first = evaluated(folder, "one", instruction="without")["without"].execution.cost
    server.requests.clear()
    assert evaluated(folder, "one", instruction="without")["without"].execution.cost == first
    assert server.requests == []


def test_sums_and_differences():
    assert added([{"calls": 1.0, "usd": 0.1}, {}, {"usd": 0.2}]) == {"calls": 1.0, "usd": 0.3}
    assert since({"calls": 2.0}, {"calls": 5.0, "usd": 0.25}) == {"calls": 3.0, "usd": 0.25}
    assert since({}, {}) == {}
