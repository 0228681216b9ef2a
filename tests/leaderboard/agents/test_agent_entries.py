"""Entries of agents: taken and proven by the real commands, what they hold, and what is refused or flagged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.command import ROOT, evalharness
from support.forging import faults, submitted, verified
from support.forging_agents import SAMPLES, TASK, AgentForger, call, first, is_found, solved

from toolbench_eval.agents.session import Limits
from toolbench_eval.errors import GateError

STATED = ("--contact", "A. Person", "--licence", "CC0-1.0", "--trained-on", "none", "--offline")


def task(result: dict) -> dict:
    return result["tasks"][TASK]


def test_honest_entries_are_proven(board):
    report = verified(board)
    assert report.findings == ()
    assert report.proven == 2


def test_an_entry_holds_trajectories_and_runs_where_there_are_some(board):
    names = {path.relative_to(board).as_posix().partition("/")[2] for path in board.rglob("*") if path.is_file()}
    assert SAMPLES in names
    assert "runs/chain.parquet" in names
    assert not any("qrels" in name or name.endswith(".eval") for name in names)
    direct = next(board.glob("direct_*"))
    assert sorted(path.name for path in direct.iterdir() if path.is_dir()) == ["per_query", "samples"]
    assert str(Path.home()) not in (direct / "result.json").read_text()


def test_the_command_line(results, tmp_path):
    done = evalharness("submit", str(results / "rag"), "--board", "board", *STATED, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("submitted: board/rag_scripted_bm25-own-")
    again = evalharness("submit", str(results / "rag"), "--board", "board", *STATED, cwd=tmp_path)
    assert again.returncode == 1
    assert "is on the board already" in again.stderr
    assert evalharness("leaderboard", "verify", "board", "--offline", cwd=tmp_path).returncode == 0
    shown = evalharness("leaderboard", "show", "board", cwd=tmp_path)
    assert "default setting, by F1, task_macro" in shown.stdout
    head, _, row = shown.stdout.splitlines()[3:6]
    assert [*head.split()][:3] == ["system", "F1", "95"]
    assert "LLM calls" in head
    assert "tokens" in head
    assert row.startswith("rag · scripted · bm25")
    assert " 1.0 " in row
    page = (tmp_path / "board/README.md").read_text()
    assert "It cannot tell which models wrote the replies" in " ".join(page.split())
    as_json = evalharness("leaderboard", "show", "board", "--json", cwd=tmp_path)
    (entry,) = json.loads(as_json.stdout)["boards"][0]["verified"]
    assert (entry["system"], entry["agent"], entry["llm"]) == ("rag · scripted · bm25", "rag", "scripted")
    assert entry["cost"]["LLM calls"] == 1.0
    built = evalharness("leaderboard", "build", "board", cwd=tmp_path)
    assert built.returncode == 0
    assert (tmp_path / "board/README.md").read_text() == page
    forger = AgentForger(next((tmp_path / "board").glob("rag_*")))
    forger.forge(lambda result: task(result)["scores"].update({"F1": 1.0}))
    wrong = evalharness("leaderboard", "verify", "board", "--offline", cwd=tmp_path)
    assert wrong.returncode == 1
    assert f"tasks.{TASK}.scores.F1: says 1; the trajectory gives" in wrong.stdout


def test_sums_see_what_no_score_sees(board, forger):
    """A reply is worded otherwise where no score looks: consistent, and so another claim; the checksums tell."""
    sums = (board / "SHA256SUMS").read_text()
    forger.rewrite(first(lambda record: call(record).update({"reply": "other words"})))
    assert faults(board) == []
    (board / "SHA256SUMS").write_text(sums)
    assert is_found(board, forger, f"{SAMPLES}: SHA256SUMS does not list it")


def test_an_answer_that_does_not_come_out_of_its_steps_is_found_by_replaying(board, forger):
    """As the documentation says: `verify` takes the answer as it is recorded, `replay` takes the steps."""
    answer = forger.records()[0]["trajectory"]["prediction"]
    forger.rewrite(first(lambda record: record["trajectory"].update({"prediction": f"{answer}!"})))
    assert faults(board) == []  # normalisation takes the mark away: no score sees it
    done = evalharness("trajectories", "replay", str(forger.folder), "--offline", cwd=board)
    assert done.returncode == 1
    assert "sample 'chain-01'" in done.stderr


def test_the_trajectories_of_another_under_a_new_name(board, forger):
    copy = AgentForger(Path(shutil.copytree(forger.folder, board / "copy")))

    def steal(result: dict) -> None:
        result["agent"] = result["model_setting"]["agent"]["name"] = "zz-mine"
        result["task_setting"]["seed"] = 7

    copy.forge(steal)
    assert is_found(board, copy, f"trajectories: same trajectories as {forger.folder.name}")


def test_two_agents_that_retrieve_nothing_are_two(results, board, tmp_path):
    solved(tmp_path / "cot", "cot")
    submitted(tmp_path / "cot", board)
    assert verified(board).findings == ()


def test_partial_results_are_refused(tmp_path):
    solved(tmp_path / "r", "direct", limit=3)
    with pytest.raises(GateError, match="partial"):
        submitted(tmp_path / "r", tmp_path / "board")


def test_samples_without_an_answer_are_counted(tmp_path):
    solved(tmp_path / "r", "direct", limits=Limits(tokens=0), max_failures=1.0)
    entry = submitted(tmp_path / "r", tmp_path / "board")
    report = verified(tmp_path / "board")
    assert report.findings == ()
    result = json.loads((entry / "result.json").read_text())
    assert task(result)["failed"] == 16
    assert result["task_setting"]["token_limit"] == 0
    AgentForger(entry).forge(lambda values: task(values)["solved"]["failures"].pop("chain-01"))
    assert any("solved.failures.chain-01" in text for text in faults(tmp_path / "board"))


def test_a_judge_is_flagged_and_its_verdicts_are_zero_or_one(tmp_path):
    solved(tmp_path / "r", "direct", judge="scripted")
    forger = AgentForger(submitted(tmp_path / "r", tmp_path / "board"))
    report = verified(tmp_path / "board")
    assert report.of_kind("fault") == []
    (flag,) = report.of_kind("flag")
    assert (flag.field, report.proven) == ("task_setting.judge", 1)
    assert "verify did not ask it again" in flag.message
    forger.rewrite(first(lambda record: record["scores"].update({"acc_judged": 0.5})))
    assert is_found(tmp_path / "board", forger, "a judge says 0 or 1")
    forger.rewrite(first(lambda record: record["scores"].update({"acc_judged": 1.0})))
    assert is_found(tmp_path / "board", forger, f"tasks.{TASK}.scores.acc_judged")


def test_other_measures_of_a_user_are_scored_too(tmp_path):
    solved(tmp_path / "r", "rag", metrics=("gold_recall@2",))
    forger = AgentForger(submitted(tmp_path / "r", tmp_path / "board"))
    assert verified(tmp_path / "board").findings == ()
    forger.forge(lambda result: task(result)["scores"].update({"gold_recall@2": 1.0}))
    assert is_found(tmp_path / "board", forger, f"tasks.{TASK}.scores.gold_recall@2")


@pytest.fixture
def own_suite(tmp_path: Path) -> Path:
    """A suite of one's own whose questions can be taken away, and a board with an entry of it."""
    folder = Path(shutil.copytree(ROOT / "tasks/sample-mhqa", tmp_path / "tasks/own-mhqa"))
    text = (folder / "suite.toml").read_text().replace('name = "sample-mhqa"', 'name = "own-mhqa"')
    (folder / "suite.toml").write_text(text)
    asked = ("--task", "own-mhqa", "--agent", "rag", "--llm", "scripted", "--tasks-dir", "tasks", "--offline")
    assert evalharness("run", *asked, cwd=tmp_path).returncode == 0
    done = evalharness("submit", "results", "--board", "board", *STATED, "--tasks-dir", "tasks", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return folder


def test_data_that_are_not_at_hand(own_suite, tmp_path):
    """Gold never comes from the entry: without the suite's own nothing is proven, and nothing is taken."""
    verify = ("leaderboard", "verify", "board", "--tasks-dir", "tasks", "--offline")
    assert evalharness(*verify, cwd=tmp_path).returncode == 0
    (own_suite / "questions/chain.jsonl").rename(tmp_path / "elsewhere")
    done = evalharness(*verify, cwd=tmp_path)
    assert done.returncode == 3
    assert "0 of 1 entries proven; 1 open" in done.stdout
    again = evalharness("submit", "results", "--board", "new", *STATED, "--tasks-dir", "tasks", cwd=tmp_path)
    assert again.returncode == 3
    assert not (tmp_path / "new").exists()


def test_other_questions_are_not_those_of_the_board(own_suite, tmp_path):
    path = own_suite / "questions/chain.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1].replace("?", " then?", 1)]) + "\n")
    done = evalharness("leaderboard", "verify", "board", "--tasks-dir", "tasks", "--offline", cwd=tmp_path)
    assert done.returncode == 3
    assert "the data at hand has other samples than the board pins" in done.stdout


def test_questions_in_another_order_are_the_same_data(own_suite, tmp_path):
    path = own_suite / "questions/chain.jsonl"
    path.write_text("\n".join(path.read_text().splitlines()[::-1]) + "\n")
    done = evalharness("leaderboard", "verify", "board", "--tasks-dir", "tasks", "--offline", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
