"""A list-wise reranker that never answers usefully is no success."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import toolbench_eval
from toolbench_eval.errors import EndpointError
from toolbench_eval.llms.scripted import by_overlap

RUN = {"task": "sample/trips", "instruction": "without", "offline": True}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


def sorry(messages) -> str:
    return "sorry"


def sorry_for_trains(messages) -> str:
    return "sorry" if "train" in messages[-1].text else by_overlap(messages)


def sorry_without_instruction(messages) -> str:
    return by_overlap(messages) if any("Instruct" in message.text for message in messages) else "sorry"


def model(script) -> str:
    return f"bm25>rankgpt:scripted/{__name__}:{script.__name__}"


def test_nothing_reordered_is_an_error_that_stays(tmp_path):
    for _ in range(2):
        with pytest.raises(EndpointError, match=r"reordered nothing: .* in any of 216 windows") as raised:
            toolbench_eval.evaluate(model=model(sorry), out=tmp_path, **RUN)
    assert raised.value.exit_code == 3
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_some_given_up_are_said_and_counted(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        [result] = toolbench_eval.evaluate(model=model(sorry_for_trains), out=tmp_path, **RUN)
    lost = result.execution.cost["windows_given_up"]
    assert 0 < lost < 216
    said = f"without instruction: {lost:.0f} of 216 windows were given up: their documents keep the first stage's order"
    assert [record.getMessage() for record in caplog.records] == [f"sample, {said}"]


def test_a_useful_answer_is_no_matter_of_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "toolbench_eval"):
        toolbench_eval.evaluate(model="bm25>rankgpt:scripted", out=tmp_path, **RUN)
    assert caplog.records == []


def test_the_other_setting_is_finished_before_the_error(tmp_path):
    both = {**RUN, "instruction": "both"}
    with pytest.raises(EndpointError, match="216 windows"):
        toolbench_eval.evaluate(model=model(sorry_without_instruction), out=tmp_path, **both)
    [file] = tmp_path.rglob("result.json")
    assert file.parent.name.startswith("with-")
