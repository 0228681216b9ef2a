"""Recorded runs are scored again to their recorded figures."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.metrics.answers.normalise import normalise
from toolbench_eval.metrics.tools.numbers import calculations, final_number, last_number, recomputes, same_number
from toolbench_eval.metrics.tools.stability import pass_hat_k
from toolbench_eval.metrics.tools.toolalpaca import counts, read_verdicts
from toolbench_eval.metrics.tools.toolbench import Answer, SolvablePassRate, solvable_pass_rate

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def agents(shared_data: Path) -> Path:
    folder = shared_data / "agents"
    if not (folder / "expected.json").is_file():
        pytest.skip(f"no recorded runs: {folder} has no expected.json")
    return folder


@pytest.fixture(scope="module")
def expected(agents: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((agents / "expected.json").read_text(encoding="utf-8"))
    return recorded


def records(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def test_tau_bench_pass_hat_k(agents: Path, expected: dict[str, Any]) -> None:
    solved: Counter[int] = Counter()
    trials: Counter[int] = Counter()
    for run in records(agents / "tau" / "trajectories_gpt4o_airline.jsonl.gz"):
        solved[run["task_id"]] += run["reward"] == 1
        trials[run["task_id"]] += 1
    assert set(trials.values()) == {4}
    found = {k: pass_hat_k([solved[task] for task in trials], 4, int(k)) for k in "1234"}
    assert found == pytest.approx(expected["tau_gpt4o_airline"]["pass^k"])


def test_gsm8k_verdicts(agents: Path, expected: dict[str, Any]) -> None:
    recorded = expected["gsm8k_example_model_solutions"]["correct"]
    found = {model: [0, 0] for model in recorded}
    for record in records(agents / "gsm8k_example_model_solutions.jsonl.gz"):
        gold = final_number(record["ground_truth"])
        for model in recorded:
            right = same_number(final_number(record[model]["solution"]), gold)
            assert right == record[model]["is_correct"]
            found[model][0] += right
            found[model][1] += 1
    assert found == recorded


def test_gsm8k_calculator_calls(agents: Path) -> None:
    made = [call for record in records(agents / "gsm8k_test.jsonl.gz") for call in calculations(record["answer"])]
    assert (len(made), sum(map(recomputes, made))) == (2834, 2833)


def test_tabmwp_answers_are_numbers(agents: Path) -> None:
    gold = [record["answer"] for record in records(agents / "tabmwp_craft.jsonl.gz")]
    assert len(gold) == 3584
    assert all(same_number(last_number(f"The answer is {answer}."), answer) for answer in gold)
    assert not any(same_number(last_number(f"The answer is {answer + 1}."), answer) for answer in gold)


@pytest.mark.parametrize("model", ["7b", "13b"])
def test_toolalpaca_verdicts(agents: Path, expected: dict[str, Any], model: str) -> None:
    runs = list(records(agents / "toolalpaca" / f"verdicts_ToolAlpaca{model}.jsonl.gz"))
    found = [read_verdicts(run["output"]) for run in runs]
    for run, verdicts in zip(runs, found, strict=True):
        assert verdicts.process == run.get("process_correctness")
        assert verdicts.response == run.get("final_response_correctness")
    assert {
        "records": len(found),
        "process": dict(counts(one.process for one in found)),
        "response": dict(counts(one.response for one in found)),
    } == expected["toolalpaca"][model]


def test_react_trials(agents: Path, expected: dict[str, Any]) -> None:
    """Exact match of the last Finish reproduces every verdict of the log, and its numbers of right and wrong runs.

    A run that finished wrong at its limit is listed among the halted ones as well; the halted ones of the summary are
    those without an answer, but for the third trial, whose numbers sum to 99.
    """
    with gzip.open(agents / "react_hotpotqa_100_questions_5_trials.txt.gz", "rt", encoding="utf-8") as file:
        trials = re.split(r"BEGIN TRIAL \d+\n", file.read())[1:]
    summaries, halted = [], []
    for trial in trials:
        sections = re.split(r"-+ BEGIN (\w+) AGENTS -+", trial)
        groups = dict(zip(sections[1::2], (part.split("\nQuestion: ")[1:] for part in sections[2::2]), strict=True))
        for runs in groups.values():
            for run in runs:
                verdicts = re.findall(r"Answer is (CORRECT|INCORRECT)", run)
                assert not verdicts or exact_match(run) == (verdicts[-1] == "CORRECT")
        assert all(map(exact_match, groups["CORRECT"]))
        assert not any(map(exact_match, groups["INCORRECT"] + groups["HALTED"]))
        unanswered = sum("Answer is" not in run for run in groups["HALTED"])
        summaries.append(
            f"Correct: {len(groups['CORRECT'])}, Incorrect: {len(groups['INCORRECT'])}, Halted: {unanswered}"
        )
        halted.append(unanswered)
    recorded = expected["react_hotpotqa"]["trials"]
    assert [line.rpartition(",")[0] for line in summaries] == [line.rpartition(",")[0] for line in recorded]
    assert [at for at, (line, other) in enumerate(zip(summaries, recorded, strict=True), 1) if line != other] == [3]


def exact_match(run: str) -> bool:
    finished = re.findall(r"Action \d+: Finish\[(.*)\]", run)
    gold = re.search(r"Correct answer: (.*)", run)
    return bool(finished and gold) and normalise(finished[-1]) == normalise(gold[1])  # type: ignore[index]


@pytest.mark.parametrize(("method", "solved"), [("cot", 2), ("dfs", 3)])
def test_stabletoolbench_example_pass_rates(agents: Path, method: str, solved: int) -> None:
    file = agents / "stabletoolbench" / f"example_pass_rate_results_virtual_chatgpt_{method}.jsonl.gz"
    statuses = {}
    for record in records(file):
        runs = record["is_solved"]
        statuses[record["query_id"]] = [
            Answer(runs[str(run)].removeprefix("AnswerStatus.")) for run in range(len(runs))
        ]
    assert len(statuses) == 3
    assert solvable_pass_rate(statuses, list(statuses), 3) == SolvablePassRate(
        pytest.approx(solved / 3), pytest.approx(0)
    )
