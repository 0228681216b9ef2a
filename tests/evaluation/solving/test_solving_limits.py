"""Limits of samples and of the run: what is over is said, and what was answered before stays answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import LLM, Stage, predictions, samples, stage
from support.endpoint import EndpointServer, scripted_reader, told

TASK = "sample-mhqa/bridge"
GENGROUND = ("--task", TASK, "--agent", "genground", "--model", "bm25", "--limit", "4", "--concurrency", "1")
OWN = (*GENGROUND, "--llm", LLM)
PRICED = (*GENGROUND, "--llm", "openai/gpt-4o-mini")


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with EndpointServer(scripted_reader) as made:
        yield made


@pytest.fixture
def run(tmp_path: Path, server: EndpointServer) -> Iterator[Stage]:
    with stage(tmp_path, server, OPENAI_BASE_URL=server.url) as made:
        yield made


def solved(result: dict[str, Any]) -> dict[str, Any]:
    return result["tasks"][TASK]["solved"]


def test_tokens_of_a_sample(run: Stage) -> None:
    done = run(*OWN, "--token-limit", "1000")
    assert done.code == 3
    result = done.result
    assert solved(result)["stop_reasons"] == {"budget": 4}
    assert all(
        why.startswith("the sample's limit of 1000 tokens is reached (") for why in solved(result)["failures"].values()
    )
    assert "A limit ended some: raise it" in done.err
    assert "ended in an error" not in done.err
    assert result["task_setting"]["token_limit"] == 1000
    for record in samples(done.folder).values():
        used = [
            step["input_tokens"] + step["output_tokens"]
            for step in record["trajectory"]["steps"]
            if step["step"] == "llm"
        ]
        assert sum(used[:-1]) < 1000 <= sum(used)
    assert run(*OWN, "--token-limit", "1000000").code == 0


def test_cost_of_a_sample(run: Stage) -> None:
    done = run(*PRICED, "--cost-limit", "0.0002", "--max-failures", "1")
    assert done.code == 0, done.err
    result = done.result
    assert solved(result)["stop_reasons"] == {"budget": 4}
    assert all("limit of 0.0002 dollars is reached (0.000" in why for why in solved(result)["failures"].values())
    assert result["execution"]["cost"]["usd"] == result["execution"]["cost"]["usd_spent_now"] > 4 * 0.0002
    assert result["task_setting"]["cost_limit"] == 0.0002


def test_time_of_a_sample(run: Stage, server: EndpointServer) -> None:
    """One hangs; the agent's next call is never made, and the others are not kept waiting."""
    server.hang(match=told("Kestrel"))
    done = run(*OWN, "--time-limit", "1.2", "--concurrency", "1", "--max-failures", "1")
    assert done.code == 0, done.err
    failures = solved(done.result)["failures"]
    assert set(failures.values()) == {"the sample's limit of 1.2 seconds is reached"}
    hung = [name for name, one in samples(done.folder).items() if "Kestrel" in one["gold"]["text"]]
    assert sorted(failures) == hung
    assert solved(done.result)["stop_reasons"] == {"answered": 4 - len(hung), "budget": len(hung)}


def test_tokens_of_the_run_and_going_on_with_as_many_again(run: Stage) -> None:
    limited = (*OWN, "--run-token-limit", "3000")
    first = run(*limited)
    assert first.code == 3
    assert "the run's limit of 3000 tokens is reached" in first.err
    answered = {name: said for name, said in predictions(first.folder).items() if said}
    assert 0 < len(answered) < 4
    assert list(answered) == ["bridge-01", "bridge-02", "bridge-03"][: len(answered)]
    ends = [first]
    while ends[-1].code == 3 and len(ends) < 8:
        ends.append(run(*limited))
    assert ends[-1].code == 0
    assert solved(ends[-1].result)["failures"] == {}
    assert predictions(ends[-1].folder).items() >= answered.items()


def test_cost_of_the_run(run: Stage) -> None:
    done = run(*PRICED, "--run-cost-limit", "0.0005", "--json")
    assert done.code == 3
    [result] = done.json["results"]
    assert 0 < solved(result)["stop_reasons"]["budget"] < 4
    assert "the run's limit of 0.0005 dollars is reached" in done.err
    assert result["execution"]["cost"]["usd"] < 0.0007


def test_a_model_that_does_not_say_what_it_used(run: Stage, server: EndpointServer) -> None:
    """The limit is kept by an estimate, and the result records no tokens."""

    def silent(body: dict[str, Any]) -> dict[str, Any]:
        return {"choices": [{"message": {"content": scripted_reader(body)}}]}

    server.reply = silent
    done = run(*OWN, "--token-limit", "1000", "--max-failures", "1")
    assert solved(done.result)["stop_reasons"] == {"budget": 4}
    assert done.result["tasks"][TASK]["scores"]["prompt_tokens"] == 0
    assert done.result["execution"]["cost"]["without_usage"] > 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cost-limit", "1"), f"no price is known for {LLM}"),
        (("--run-cost-limit", "1"), "use --token-limit or --run-token-limit"),
        (("--cost-limit", "nan"), "--cost-limit is a number from 0, found nan"),
        (("--time-limit", "inf"), "--time-limit is a number from 0, found inf"),
        (("--time-limit", "-1"), "-1"),
        (("--token-limit", "0"), "must be at least 1, found 0"),
        (("--max-failures", "2"), "--max-failures is a share from 0 to 1, found 2.0"),
        (("--llm", "openai/gpt-4o-mini"), "names two models for the role 'main'"),
        (("--k", "5"), "are for retrieval"),
    ],
)
def test_limits_that_cannot_be_kept_or_are_none(
    run: Stage, server: EndpointServer, options: tuple[str, ...], said: str
) -> None:
    done = run(*OWN, *options)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not server.requests


def test_limits_are_part_of_what_is_comparable(run: Stage) -> None:
    settings = [
        ("--seed", "0"),
        ("--token-limit", "1000000"),
        ("--run-token-limit", "1000000"),
        ("--time-limit", "100"),
    ]
    results = [run(*OWN, *setting).result for setting in settings]
    assert len({result["identity"] for result in results}) == len(settings)
    assert len({json.dumps(result["tasks"][TASK]["scores"]) for result in results}) == 1
