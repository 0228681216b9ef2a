"""What `submit` takes and refuses, and what it leaves behind."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.forging import STATEMENT, Forger, submitted, verified
from support.mirrors import random_benchmark, write_declaration, write_mirror

import toolbench_eval
from toolbench_eval.api import as_model
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, GateError, UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.leaderboard import submit as submitting
from toolbench_eval.leaderboard.board import Board, BoardDeclaration, find_boards, write_board
from toolbench_eval.leaderboard.branch import on_branch
from toolbench_eval.leaderboard.entry import Submission
from toolbench_eval.leaderboard.findings import QrelsNotAtHandError
from toolbench_eval.leaderboard.freeze import frozen_if_superseded
from toolbench_eval.leaderboard.render import build
from toolbench_eval.leaderboard.verify import verify_board
from toolbench_eval.ranking.run import Run
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import identity_of
from toolbench_eval.results.store import find_result, read_result


@pytest.fixture
def own(results: Path, tmp_path: Path) -> Path:
    """A copy of BM25's result, to do with as one likes; returns the folder of the result."""
    return find_result(Path(shutil.copytree(results / "bm25", tmp_path / "own"))).parent


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def rewrite(folder: Path, change) -> None:
    path = folder / "result.json"
    result = json.loads(path.read_text())
    change(result)
    result["identity"] = identity_of(result)
    path.write_text(json.dumps(result))


def test_an_entry_holds_what_it_needs_and_no_judgments(own, tmp_path):
    entry = submitted(own, tmp_path / "board")
    result = read_result(own / "result.json")
    assert entry.name == f"bm25-without-{result.identity[:12]}"
    names = below(entry)
    assert {"result.json", "submission.toml", "cards.json", "runs/trips.parquet", "per_query/trips.parquet"} <= set(
        names
    )
    assert not any("qrels" in name for name in names)
    stored = (entry / "result.json").read_text()
    assert json.loads(stored)["identity"] == result.identity
    assert stored == json.dumps(json.loads(stored), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert str(tmp_path) not in "".join(path.read_text() for path in entry.glob("*.*"))
    assert 'trained_on = "none"' in (entry / "submission.toml").read_text()


def test_the_checksums_are_those_of_sha256sum(own, tmp_path):
    submitted(own, tmp_path / "board")
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "board", check=False)
    assert done.returncode == 0


def test_nothing_else_is_written(own, tmp_path):
    before = below(tmp_path)
    entry = submitted(own, tmp_path / "boards" / "leaderboards")
    board = entry.parent
    assert board == tmp_path / "boards/leaderboards/sample/1"
    new = set(below(tmp_path)) - set(before)
    assert all(name.startswith("boards") for name in new)
    assert {path.name for path in board.parent.iterdir()} == {"1"}
    assert {path.name for path in board.iterdir()} == {
        "board.toml",
        "pins.toml",
        "SHA256SUMS",
        "README.md",
        entry.name,
    }


def test_twice_is_refused(own, tmp_path):
    submitted(own, tmp_path / "board")
    before = below(tmp_path / "board")
    with pytest.raises(GateError, match="on the board already"):
        submitted(own, tmp_path / "board")
    assert below(tmp_path / "board") == before


def test_the_runs_of_another_are_refused(own, tmp_path):
    first = submitted(own, tmp_path / "board")
    rewrite(own, lambda result: result.update({"model": "mine"}))
    with pytest.raises(GateError, match=f"same runs as {first.name}"):
        submitted(own, tmp_path / "board")


def test_altered_scores_are_refused_and_nothing_is_left(own, tmp_path):
    rewrite(own, lambda result: result["tasks"]["sample/trips"]["scores"].update({"R@10": 1.0}))
    with pytest.raises(GateError, match=r"tasks.sample/trips.scores.R@10: says 1; the run gives 0\.552083"):
        submitted(own, tmp_path / "place" / "board")
    assert below(tmp_path / "place") == []


def test_hand_edited_result_is_bad_input(own, tmp_path):
    text = (own / "result.json").read_text()
    (own / "result.json").write_text(text.replace('"R@10": 0.5', '"R@10": 0.9'))
    with pytest.raises(DataError, match="changed by hand"):
        submitted(own, tmp_path / "board")


def test_partial_is_refused(tmp_path):
    toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path / "r", instruction="without", offline=True)
    with pytest.raises(GateError, match="partial"):
        submitted(tmp_path / "r", tmp_path / "board")


def test_partial_that_says_it_is_whole_is_refused(tmp_path):
    toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path / "r", instruction="without", offline=True)
    rewrite(find_result(tmp_path / "r").parent, lambda result: result.update({"partial": False}))
    with pytest.raises(GateError, match="sample/homebudget: is missing"):
        submitted(tmp_path / "r", tmp_path / "board")


def test_deeper_runs_are_refused(tmp_path):
    toolbench_eval.evaluate("sample", "tfidf", out=tmp_path / "r", instruction="without", k=120, offline=True)
    with pytest.raises(GateError, match=r"task_setting\.k: says 120"):
        submitted(tmp_path / "r", tmp_path / "board")


def test_too_large_is_refused(own, tmp_path, monkeypatch):
    monkeypatch.setattr(submitting, "ENTRY_BYTES", 1000)
    with pytest.raises(GateError, match="at most 1000 bytes"):
        submitted(own, tmp_path / "board")


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", "runs/../../x.parquet"])
def test_files_elsewhere_are_never_copied(own, tmp_path, path):
    rewrite(own, lambda result: result["tasks"]["sample/trips"].update({"run_file": path}))
    with pytest.raises(GateError, match=r"run_file is .* it must be 'runs/trips\.parquet'"):
        submitted(own, tmp_path / "board")


def test_a_link_beside_the_result_is_not_followed(own, tmp_path):
    run = own / "runs" / "trips.parquet"
    run.rename(tmp_path / "elsewhere.parquet")
    run.symlink_to(tmp_path / "elsewhere.parquet")
    with pytest.raises(DataError, match="not there, or is a link"):
        submitted(own, tmp_path / "board")


def test_a_strange_model_name_stays_in_the_board(own, tmp_path):
    rewrite(own, lambda result: result.update({"model": "../../x/<b>|y\u202e"}))
    entry = submitted(own, tmp_path / "board")
    assert entry.parent == tmp_path / "board"
    assert entry.name.startswith("x_b_y-without-")
    assert "<b>" not in (tmp_path / "board" / "README.md").read_text().replace("\\<", "")
    assert verified(tmp_path / "board").of_kind("fault") == []


def test_another_board_is_refused(own, tmp_path):
    write_board(Board(tmp_path / "other", BoardDeclaration(suite="toolret", version="1")))
    with pytest.raises(UsageError, match="is of toolret, version 1; the result is of sample"):
        submitted(own, tmp_path / "other")
    write_board(Board(tmp_path / "frozen", BoardDeclaration(suite="sample", version="1", frozen=True)))
    with pytest.raises(UsageError, match="frozen"):
        submitted(own, tmp_path / "frozen")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="no board"):
        submitted(own, tmp_path / "full")


def test_an_entry_that_cannot_be_read_does_not_hide(own, tmp_path, results):
    entry = submitted(own, tmp_path / "board")
    (entry / "result.json").write_text("{}")
    with pytest.raises(DataError):
        submitted(results / "tfidf", tmp_path / "board")


def test_what_was_cut_short_before_the_entry_can_be_submitted_again(own, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            submitted(own, tmp_path / "board")
    assert any("is gone" in str(finding) for finding in verified(tmp_path / "board").findings)
    submitted(own, tmp_path / "board")
    assert verified(tmp_path / "board").findings == ()


@pytest.fixture
def gearbox(tmp_path: Path) -> dict[str, Path]:
    """A benchmark on a mirror of the hub, and a result on it."""
    benchmark = random_benchmark(seed=5)
    mirror = write_mirror(tmp_path / "mirror", benchmark)
    tasks_dir = write_declaration(tmp_path / "tasks", benchmark)
    toolbench_eval.evaluate(
        "gearbox", "bm25", data=mirror, tasks_dir=tasks_dir, out=tmp_path / "out", instruction="with", offline=True
    )
    return {"mirror": mirror, "tasks": tasks_dir, "result": find_result(tmp_path / "out")}


def put(gearbox: dict[str, Path], board: Path, mirror: Path | None) -> Path:
    access = Access(mirror=mirror, offline=True)
    return submitting.submit(
        gearbox["result"], board, STATEMENT, Registry((gearbox["tasks"],)), access, LoggingReporter()
    )


def report_on(gearbox: dict[str, Path], place: Path, mirror: Path | None):
    (board,) = find_boards(place)
    access = Access(mirror=mirror, offline=True)
    return verify_board(board, Registry((gearbox["tasks"],)), access, LoggingReporter())


def test_judgments_that_are_not_at_hand(gearbox, tmp_path):
    """Never from the entry: without the mirror nothing is taken and nothing is proven."""
    with pytest.raises(QrelsNotAtHandError, match=r"cannot score 'gearbox/.* is not at hand"):
        put(gearbox, tmp_path / "board", None)
    assert not (tmp_path / "board").exists()
    put(gearbox, tmp_path / "board", gearbox["mirror"])
    assert report_on(gearbox, tmp_path / "board", gearbox["mirror"]).findings == ()
    report = report_on(gearbox, tmp_path / "board", None)
    assert report.of_kind("fault") == []
    assert len(report.of_kind("open")) == 5
    assert report.proven == 0


def test_other_judgments_are_not_those_of_the_board(gearbox, tmp_path):
    put(gearbox, tmp_path / "board", gearbox["mirror"])
    other = write_mirror(tmp_path / "other", random_benchmark(seed=6))
    report = report_on(gearbox, tmp_path / "board", other)
    assert report.of_kind("fault") == []
    assert any("has other queries than the board pins" in str(one) for one in report.of_kind("open"))


def test_judgments_of_the_entry_are_not_asked(gearbox, tmp_path):
    """A forger who scores against judgments of his own has to claim their fingerprint, which the board does not pin."""
    entry = Forger(put(gearbox, tmp_path / "board", gearbox["mirror"]))
    entry.forge(lambda result: result["tasks"]["gearbox/well"].update({"qrels_fingerprint": "f" * 64}))
    found = [str(one) for one in report_on(gearbox, tmp_path / "board", gearbox["mirror"]).of_kind("fault")]
    assert any("tasks.gearbox/well.qrels_fingerprint: is not that of the board's data" in text for text in found)


def test_rows_in_another_order_are_the_same_data(gearbox, tmp_path):
    """Fingerprints do not see the order of rows, and neither may the check."""
    from dataclasses import replace

    put(gearbox, tmp_path / "board", gearbox["mirror"])
    benchmark = random_benchmark(seed=5)
    subsets = {name: replace(one, queries=one.queries[::-1]) for name, one in benchmark.subsets.items()}
    turned = write_mirror(tmp_path / "turned", replace(benchmark, subsets=subsets))
    assert report_on(gearbox, tmp_path / "board", turned).findings == ()


def test_a_new_version_freezes_the_board(gearbox, tmp_path):
    place = tmp_path / "leaderboards" / "gearbox" / "3"
    entry = put(gearbox, tmp_path / "leaderboards", gearbox["mirror"])
    assert entry.parent == place
    toml = gearbox["tasks"] / "gearbox" / "suite.toml"
    toml.write_text(toml.read_text().replace('version = "3"', 'version = "4"'))
    (board,) = find_boards(place)
    report = report_on(gearbox, place, gearbox["mirror"])
    assert report.of_kind("fault") == []
    assert "the suite at hand has version 4" in report.of_kind("open")[0].message
    frozen = frozen_if_superseded(board, Registry((gearbox["tasks"],)))
    build(frozen)
    assert frozen.spec.frozen
    assert "scores of version 3 do not compare" in (place / "board.toml").read_text()
    assert "scores of version 3 do not compare" in (place / "README.md").read_text()
    with pytest.raises(UsageError, match="frozen"):
        put(gearbox, place, gearbox["mirror"])


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch) -> Path:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet", "-b", "main")
    (folder / "file").write_text("x")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def test_a_branch_with_the_entry(own, checkout):
    def write(place: Path) -> Path:
        return submitted(own, place)

    made = on_branch("mine", checkout / "leaderboards", write, lambda entry: f"Submit {entry.name}")
    assert made.parent == checkout / "leaderboards/sample/1"
    assert not made.exists()
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "branch", "--show-current").strip() == "main"
    assert git(checkout, "log", "-1", "--format=%s", "mine").strip() == f"Submit {made.name}"
    assert git(checkout, "worktree", "list").count("\n") == 1
    git(checkout, "checkout", "--quiet", "mine")
    assert verified(made.parent).findings == ()


def test_a_refused_result_leaves_no_branch(own, checkout):
    rewrite(own, lambda result: result["headline"].update({"value": 0.9}))
    with pytest.raises(GateError):
        on_branch("mine", checkout / "leaderboards", lambda place: submitted(own, place), lambda _: "x")
    assert git(checkout, "branch", "--list", "mine") == ""
    assert git(checkout, "worktree", "list").count("\n") == 1


def test_no_checkout_no_branch(own, tmp_path):
    with pytest.raises(UsageError, match="git rev-parse failed"):
        on_branch("mine", tmp_path / "leaderboards", lambda place: submitted(own, place), lambda _: "x")


def test_bounds_stand_apart(results, tmp_path):
    submitted(results / "bm25", tmp_path / "board")
    bound = Submission(contact="A", licence="B", trained_on="test", bound=True)
    entry = submitted(results / "oracle", tmp_path / "board", bound)
    page = (tmp_path / "board" / "README.md").read_text()
    systems, bounds = page.split("Sanity bounds")
    assert entry.name in bounds
    assert entry.name not in systems


class Silent:
    """Finds the first documents of the corpus, and nothing for every third query."""

    def index(self, corpus: Corpus) -> None:
        self.corpus = corpus

    def search(self, queries: Queries, k: int) -> Run:
        documents = np.tile(np.arange(k, dtype=np.int32), (len(queries), 1))
        scores = np.tile(np.arange(k, 0, -1, dtype=np.float32), (len(queries), 1))
        documents[::3], scores[::3] = -1, -np.inf
        return Run(queries.ids, self.corpus.ids, documents, scores)


@pytest.mark.parametrize("missing", ["zero", "drop"])
def test_queries_without_a_ranking(tmp_path, missing):
    toolbench_eval.evaluate(
        "sample",
        as_model("silent", Silent()),
        out=tmp_path / "r",
        instruction="without",
        switches={"missing": missing},
        offline=True,
    )
    entry = submitted(tmp_path / "r", tmp_path / "board")
    assert verified(tmp_path / "board").findings == ()
    values = read_result(entry / "result.json").tasks["sample/trips"]
    assert (values.queries, values.failed) == ((24, 8) if missing == "zero" else (16, 0))
    forger = Forger(entry)
    forger.forge(lambda result: result["tasks"]["sample/trips"].update({"queries": 20}))
    assert any("trips.queries: says 20" in str(one) for one in verified(tmp_path / "board").findings)
