"""The command: studies of shipped samples from start to end, continued, overridden, refused."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.agent_stage import Done, stage
from support.command import evalharness, files_below
from support.endpoint import EndpointServer, scripted_reader
from support.study_stage import POLICY, Coin, problems, small_suite, study_stage, write_study

from toolbench_eval.results.store import read_result

QA = """
name = "qa"
repeats = 2
[base]
task = "sample-mhqa/bridge"
agent = "rag"
llm = "scripted"
model = "bm25"
limit = 6
[factors]
temperature = [0, 1.0]
query-style = ["original", "terse"]
"""


def test_a_study_of_questions_as_a_user_makes_it(tmp_path: Path) -> None:
    (tmp_path / "qa.toml").write_text(QA)
    done = evalharness("study", "qa.toml", "--repeats", "1", "--out", "made", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    head = done.stdout.splitlines()[0]
    assert head == "qa: rag · scripted · bm25 on sample-mhqa/bridge, F1, 6 samples"
    assert "temperature" in done.stdout
    assert "written to made: report.html, study.json, long.csv, long.parquet" in done.stdout
    assert "warning: replies are identical at all temperatures (0, 1.0)" in done.stderr
    values = json.loads((tmp_path / "made/study.json").read_text())
    assert values["metric"] == "F1"
    assert [one["label"] for one in values["conditions"]] == ["base", "temperature=1.0", "query-style=terse"]

    with (tmp_path / "made/long.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert Counter(row["condition"] for row in rows) == dict.fromkeys(
        ("base", "temperature=1.0", "query-style=terse"), 6
    )
    assert {(row["factor"], row["level"]) for row in rows} == {
        ("base", ""),
        ("temperature", "1.0"),
        ("query-style", "terse"),
    }
    table = pq.read_table(tmp_path / "made/long.parquet").to_pylist()
    assert [row["outcome"] for row in table] == [float(row["outcome"]) for row in rows]
    base = [row["outcome"] for row in table if row["condition"] == "base"]
    assert values["base"]["success"]["value"] == pytest.approx(sum(base) / 6)
    for run in values["runs"]:
        result = read_result(tmp_path / "made" / run["file"])
        assert result.identity == run["identity"]
        assert result.task_setting["perturbations"] == run["perturbations"]
        own = [row["outcome"] for row in table if (row["condition"], row["seed"]) == (run["condition"], run["seed"])]
        assert result.tasks["sample-mhqa/bridge"].scores["F1"] == pytest.approx(sum(own) / 6)

    before = files_below(tmp_path / "made")
    again = evalharness("study", "qa.toml", "--repeats", "1", "--out", "made", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout == done.stdout
    assert files_below(tmp_path / "made") == before


def test_a_ready_study_with_another_base(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        base = (
            "--task",
            "sample-tools/lookup",
            "--limit",
            "4",
            "--repeats",
            "1",
            "--agent",
            "dfsdt",
            "--set",
            "width=1",
        )
        done = run.command("study", "tool-order", *base, "--out", str(tmp_path / "made"), "--json")
    assert done.code == 0, done.err
    made = done.json
    assert made["study"]["base"]["agent"] == "dfsdt"
    assert made["samples"] == 4
    assert [one["level"] for one in made["factors"][0]["levels"]][:4] == [
        "released",
        "reversed",
        "gold-first",
        "gold-last",
    ]
    assert len(made["runs"]) == 9
    assert {one["tools_on_offer"] for one in made["factors"][0]["levels"]} == {made["base"]["tools_on_offer"]}


def test_what_was_run_is_not_run_again_and_more_can_be_asked_for(tmp_path: Path) -> None:
    tiny = small_suite(tmp_path / "tiny", problems(4))
    coin = Coin(share=1.0)
    with study_stage(tmp_path, coin) as run:

        def made(levels: str, *more: str) -> dict[str, object]:
            path = write_study(tmp_path / "s.toml", f"temperature = {levels}", llm="coin")
            done = run.command(
                "study", str(path), "--tasks-dir", str(tiny), "--out", str(tmp_path / "made"), "--json", *more
            )
            assert done.code == 0, done.err
            found: dict[str, object] = done.json
            return found

        first = made("[0, 1]")
        asked = coin.asked
        assert made("[0, 1]") == first
        assert coin.asked == asked
        wider = made("[0, 1, 2]")
        assert coin.asked == asked * 3 / 2
        repeated = made("[0, 1, 2]", "--repeats", "2")
        assert coin.asked == asked * 3
    identities = [{run["identity"] for run in one["runs"]} for one in (first, wider, repeated)]  # type: ignore[attr-defined]
    assert identities[0] < identities[1] < identities[2]


def test_the_endpoint_is_asked_as_the_study_says(tmp_path: Path) -> None:
    text = QA.replace('llm = "scripted"', 'llm = "openai-api/local/reader"').replace("limit = 6", "limit = 1")
    text = text.replace('query-style = ["original", "terse"]', 'system-prompt = ["default", "empty", "mine"]')
    (tmp_path / "s.toml").write_text(text + '[system-prompts]\nmine = "Mind the gap."\n')
    with EndpointServer(scripted_reader) as server, stage(tmp_path, server) as run:
        done = run.command("study", str(tmp_path / "s.toml"), "--out", str(tmp_path / "made"))
        assert done.code == 0, done.err
        asked = list(server.requests)
    by_temperature = Counter(body["temperature"] for body in asked)
    assert by_temperature[1.0] == 2
    # Four conditions, two repeats; the base's and the others' prompts differ, and so do the seeds of repeats.
    assert len({json.dumps(body, sort_keys=True) for body in asked}) == len(asked)
    assert len({body["seed"] for body in asked}) == 2
    openings = Counter(body["messages"][0]["content"] for body in asked if body["messages"][0]["role"] == "system")
    assert openings["Mind the gap."] > 0
    assert any(body["messages"][0]["role"] == "user" for body in asked)


def test_an_endpoint_that_fails_stops_the_study_and_the_same_command_goes_on(tmp_path: Path) -> None:
    text = QA.replace('llm = "scripted"', 'llm = "openai-api/local/reader"').replace("repeats = 2\n", "")
    (tmp_path / "s.toml").write_text(text)
    with EndpointServer(scripted_reader) as server, stage(tmp_path, server) as run:

        def study() -> Done:
            return run.command("study", str(tmp_path / "s.toml"), "--out", str(tmp_path / "made"))

        server.fail(500, match=lambda body: body["temperature"] == 1.0)
        done = study()
        assert (done.code, "temperature=1.0, seed 0" in done.err) == (3, True)
        assert "the same command continues" in done.err
        assert not (tmp_path / "made/study.json").exists()
        server.heal()
        done = study()
        assert done.code == 0, done.err
        assert Counter(body["temperature"] for body in server.requests) == {1.0: 6, 0: 6}  # the base is not asked again


def test_answers_that_do_not_come_are_an_outcome(tmp_path: Path) -> None:
    tiny = small_suite(tmp_path / "tiny", problems(4))
    path = write_study(tmp_path / "s.toml", 'system-prompt = ["default", "short"]', llm=POLICY + "mute_without_prompt")
    with study_stage(tmp_path) as run:
        done = run.command("study", str(path), "--tasks-dir", str(tiny), "--out", str(tmp_path / "made"), "--json")
    assert done.code == 0, done.err
    assert "They count as not solved" in done.err
    default, short = done.json["factors"][0]["levels"]
    assert (default["success"]["value"], default["failed"]) == (1, 0)
    assert (short["success"]["value"], short["failed"]) == (0, 1)


def test_what_ships_and_what_would_be_run(tmp_path: Path) -> None:
    with stage(tmp_path) as run:
        listed = run.command("study", "--list")
        assert listed.code == 0
        assert "Order of the candidate tools" in listed.out
        assert "query-style" in listed.out
        factors = run.command("study", "--list", "--json").json["factors"]
        assert {"temperature", "tool-order"} <= {one["factor"] for one in factors}
        plan = run.command("study", "toolset-size", "--dry-run", "--out", str(tmp_path / "made"))
        assert "8 conditions, 24 runs" in plan.out
        rows = run.command("study", "toolset-size", "--dry-run", "--json").json["plan"]
        assert rows[1]["condition"] == "toolset-size=relevant"
        assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a study"),
        (("tool-oder",), "Did you mean tool-order"),
        (("none.toml",), "there is no such study"),
        (("tool-order", "--task", "sample-mhqa/bridge"), "'bridge' is no tool use task"),
        (("tool-order", "--agent", "recat"), "Did you mean react"),
        (("tool-order", "--metric", "sucess"), "sucess"),
        (("tool-order", "--repeats", "0"), "must be at least 1"),
        (("tool-order", "--set", "order"), "--set takes KEY=VALUE"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    with stage(tmp_path) as run:
        out = () if not arguments else ("--out", str(tmp_path / "made"))
        done = run.command("study", *arguments, *out)
    assert (done.code, message in done.err) == (2, True), done.err
