"""Everything that can go wrong: one clear message, the right exit code, nothing half-written."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command import command, environment, evalharness, files_below
from support.slow_fixture import slow_model

__all__ = ["slow_model"]

RUN = ("run", "--model", "bm25", "--out", "out")
SAMPLE = (*RUN, "--task", "sample/trips")


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> str:
    """Check that a command failed as it should; returns the message."""
    message = done.stderr.splitlines()[-1] if done.stderr else ""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error: ") == 1
    for word in words:
        assert word in done.stderr
    return message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*RUN, "--task", "toolrett"), ("task 'toolrett'", "toolret")),
        ((*RUN, "--task", "apigen"), ("task 'apigen'", "toolret/apigen")),
        ((*RUN, "--task", "apibank"), ("'apibank' is a tool-use suite", "--agent")),
        ((*RUN, "--task", "toolret/apibnk"), ("task 'toolret/apibnk'", "toolret/apibank")),
        ((*RUN, "--task", "toolret:wbe"), ("category 'toolret:wbe'", "toolret:web")),
        ((*RUN, "--task", "toolret/zz*"), ("task 'toolret/zz*'", "toolret")),
        ((*RUN, "--task", ""), ("task ''", "tasks list")),
        (("run", "--task", "sample", "--model", "bm52"), ("model 'bm52'", "bm25")),
        (("run", "--task", "sample", "--model", "bm25+"), ("bm25+", "must not be empty")),
        ((*SAMPLE, "--metrics", "nDGC@10"), ("measure 'nDGC'", "Did you mean")),
        ((*SAMPLE, "--metrics", "nDCG@"), ("'nDCG@' is no measure", "NAME@k")),
        ((*SAMPLE, "--metrics", "P"), ("P needs a",)),
        ((*SAMPLE, "--set", "wo_inst=bare"), ("switch 'wo_inst'", "wo_inst_template")),
        ((*SAMPLE, "--set", "wo_inst_template=bar"), ("bare, scaffold", "'bar'")),
        ((*SAMPLE, "--set", "ties"), ("KEY=VALUE", "'ties'")),
        ((*SAMPLE, "--instruction", "wiht"), ("--instruction", "'wiht'", "'with'")),
        ((*SAMPLE, "--protocol", "papre"), ("--protocol", "'papre'", "'paper'")),
        ((*SAMPLE, "--k", "0"), ("--k", "at least 1", "found 0")),
        ((*SAMPLE, "--k", "abc"), ("--k", "whole number", "found 'abc'")),
        ((*SAMPLE, "--limit", "0"), ("--limit", "at least 1", "found 0")),
        ((*SAMPLE, "--limit", "1.5"), ("--limit", "whole number", "found '1.5'")),
        ((*SAMPLE, "--seed", "x"), ("--seed", "whole number", "found 'x'")),
        ((*SAMPLE, "--seed", "-1"), ("--seed", "at least 0", "found -1")),
        ((*SAMPLE, "--batch-tokens", "0"), ("--batch-tokens", "at least 1", "found 0")),
        ((*SAMPLE, "--tasks-dir", "nowhere"), ("nowhere", "no such folder")),
        (("run", "--task", "toolret", "--model", "bm25", "--data", "nowhere"), ("nowhere", "--data")),
        (("run", "--task", "toolret", "--model", "bm25", "--offline"), ("mangopy/ToolRet", "--offline")),
        ((*SAMPLE, "--ouput", "x"), ("--ouput", "evalharness run --help")),
        (("run", "--model", "bm25"), ("--task", "evalharness run --help")),
        (("rnu",), ("rnu", "evalharness --help")),
        (("tasks", "lst"), ("Did you mean 'list'? See 'evalharness tasks --help'.",)),
        (("tasks", "list", "sampel"), ("suite 'sampel'", "sample")),
        (("tasks", "show", "sample/trip"), ("task 'sample/trip'", "sample/trips")),
        (("models", "show", "bgee"), ("model 'bgee'", "bge")),
        (("cache", "prune", "nothing", "--yes"), ("cache entry 'nothing'",)),
        (("rescore", "nowhere"), ("nowhere", "no such result")),
        (("rescore", "."), ("holds no finished result",)),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else None,
)
def test_wrong_usage_exits_2_and_writes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = evalharness(*arguments, cwd=tmp_path)
    assert refused(done, 2, *words).startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert files_below(tmp_path) == {}


# TREC files -----------------------------------------------------------------------------------

QRELS = "q1 0 d1 1\nq1 0 d2 0\nq2 0 d1 2\n"
TREC_RUN = "q1 Q0 d1 1 2.0 t\nq1 Q0 d3 2 1.0 t\nq2 Q0 d2 1 1.0 t\n"


@pytest.mark.parametrize(
    ("qrels", "run", "words"),
    [
        (QRELS.replace("d2 0", "d2 x"), TREC_RUN, ("qrels.txt", "row 2", "grade", "'x'")),
        (QRELS, TREC_RUN.replace("2 1.0 t", "2 1.0"), ("run.txt", "row 2", "6 fields", "found 5")),
        (QRELS, "", ("run.txt", "empty")),
        ("", TREC_RUN, ("qrels.txt", "empty")),
        (QRELS, TREC_RUN.replace("1 2.0 t", "1 high t"), ("run.txt", "row 1", "score")),
        (QRELS, TREC_RUN.replace("d3", "d1"), ("run.txt", "d1")),
        (QRELS, TREC_RUN.replace("q1", "a1").replace("q2", "a2"), ("no query of the run is judged",)),
    ],
)
def test_faulty_trec_files_are_named_with_their_row(
    tmp_path: Path, qrels: str, run: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "qrels.txt").write_text(qrels)
    (tmp_path / "run.txt").write_text(run)
    refused(evalharness("score", "qrels.txt", "run.txt", "nDCG@10", cwd=tmp_path), 2, *words)


# mirrors --------------------------------------------------------------------------------------


def mirror(folder: Path, *subsets: str) -> Path:
    """A tiny copy of ToolRet with some of its subsets."""
    for config in ("web", "code", "customized"):
        path = folder / "mangopy/ToolRet-Tools" / config / "tools-00000-of-00001.parquet"
        path.parent.mkdir(parents=True)
        ids = [f"{config}_tool_{n}" for n in range(3)]
        pq.write_table(pa.table({"id": ids, "documentation": [f"a {config} tool for {n}" for n in ids]}), path)
    for subset in subsets:
        path = folder / "mangopy/ToolRet-Queries" / subset / "queries-00000-of-00001.parquet"
        path.parent.mkdir(parents=True)
        labels = json.dumps([{"id": "web_tool_1", "relevance": 1}])
        row = {"id": [f"{subset}_query_0"], "query": ["web tool 1"], "instruction": ["find it"], "labels": [labels]}
        pq.write_table(pa.table(row), path)
    return folder


def test_a_subset_that_the_mirror_lacks_is_an_error_that_names_it(tmp_path: Path) -> None:
    mirror(tmp_path / "hub", "apibank")
    done = evalharness(*RUN, "--task", "toolret/api*", "--data", "hub", "--offline", cwd=tmp_path)
    refused(done, 2, "apigen", "--allow-missing")
    assert not (tmp_path / "out").exists()


def test_allow_missing_goes_on_and_marks_the_result(tmp_path: Path) -> None:
    mirror(tmp_path / "hub", "apibank")
    task = ("--task", "toolret/api*", "--data", "hub", "--offline", "--allow-missing", "--json")
    done = evalharness(*RUN, *task, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning: " in done.stderr
    for result in json.loads(done.stdout)["results"]:
        assert result["partial"] is True
        assert result["missing"] == ["toolret/apigen"]
        assert list(result["tasks"]) == ["toolret/apibank"]
        assert result["counts"]["toolret/apibank"] == {"expected": 101, "found": 1}


def test_allow_missing_does_not_make_a_result_of_nothing(tmp_path: Path) -> None:
    mirror(tmp_path / "hub", "apibank")
    task = ("--task", "toolret/apigen", "--data", "hub", "--offline", "--allow-missing")
    refused(evalharness(*RUN, *task, cwd=tmp_path), 2, "apigen")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", [b"", b"PAR1 this is not Parquet PAR1"])
def test_a_broken_parquet_file_is_named(tmp_path: Path, damage: bytes) -> None:
    folder = mirror(tmp_path / "hub", "apibank")
    broken = folder / "mangopy/ToolRet-Queries/apibank/queries-00000-of-00001.parquet"
    broken.write_bytes(damage)
    done = evalharness(*RUN, "--task", "toolret/apibank", "--data", "hub", "--offline", cwd=tmp_path)
    refused(done, 2, "queries-00000-of-00001.parquet", "not a Parquet file")
    assert not (tmp_path / "out").exists()


# the disk -------------------------------------------------------------------------------------


def limited(size: int) -> None:
    """No file may become larger than this many bytes: writing fails as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run leaves, without its result files."""
    folder = tmp_path_factory.mktemp("clean")
    assert evalharness(*SAMPLE, cwd=folder).returncode == 0
    return sidecars(folder / "out")


def sidecars(out: Path) -> dict[str, bytes]:
    return {name: content for name, content in files_below(out).items() if not name.endswith("result.json")}


@pytest.mark.parametrize("size", [600, 4000, 6000])
def test_a_full_disk_leaves_no_result_and_the_same_command_succeeds_later(
    tmp_path: Path, clean: dict[str, bytes], size: int
) -> None:
    done = evalharness(*SAMPLE, cwd=tmp_path, preexec_fn=lambda: limited(size))
    refused(done, 3, "cannot write", "out/sample/bm25")
    left = files_below(tmp_path / "out")
    assert not [name for name in left if not name.endswith((".parquet", ".json")) or name.endswith("result.json")]
    assert all(".partial/" in name for name in left)
    again = evalharness(*SAMPLE, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert sidecars(tmp_path / "out") == clean


def test_a_disk_that_is_full_at_the_very_end_keeps_the_finished_tasks(tmp_path: Path) -> None:
    """With `--k 5` the result itself is the largest file, so it is the one that does not fit."""
    shallow = (*SAMPLE, "--k", "5")
    done = evalharness(*shallow, cwd=tmp_path, preexec_fn=lambda: limited(4500))
    refused(done, 3, "cannot write", "result.json")
    assert not list((tmp_path / "out").rglob("result.json"))
    assert not list((tmp_path / "out").rglob("*.tmp"))
    again = evalharness(*shallow, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "continuing: 2 of 2" in again.stderr
    assert len(list((tmp_path / "out").rglob("result.json"))) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("models", "list"), ("tasks", "list", "--json"), ("--help",)])
def test_output_that_cannot_be_written_is_no_success(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*arguments), cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 3
    assert b"error: No space left on device" in done.stderr


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_file_in_the_place_of_the_out_folder(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    done = evalharness("run", "--model", "bm25", "--task", "sample/trips", "--out", out, cwd=tmp_path)
    refused(done, 3, "cannot write", "file")
    assert files_below(tmp_path) == {"file": b"mine"}


def without_a_reader(*arguments: str, cwd: Path) -> int:
    """Exit code of a command whose output nobody takes; it must not complain."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    return process.wait()


def test_a_reader_that_leaves_ends_the_command_as_a_broken_pipe_does(tmp_path: Path) -> None:
    assert without_a_reader("tasks", "show", "toolret", "--json", cwd=tmp_path) == 141


@pytest.mark.parametrize("as_json", [True, False])
def test_a_gate_whose_reader_leaves_does_not_look_as_if_it_had_passed(tmp_path: Path, as_json: bool) -> None:
    (tmp_path / "suite.toml").write_text('name = "broken"\n')
    assert evalharness("tasks", "check", ".", cwd=tmp_path).returncode == 1
    assert without_a_reader("tasks", "check", ".", *(["--json"] if as_json else []), cwd=tmp_path) in (1, 141)


# interruption ---------------------------------------------------------------------------------


def test_ctrl_c_exits_130_and_the_same_command_continues(tmp_path: Path, slow_model: dict[str, str]) -> None:
    arguments = ("run", "--task", "sample", "--instruction", "with", "--model", "slow", "--tasks-dir", "mine")
    log = Path(slow_model["SLOW_LOG"])
    process = subprocess.Popen(
        command(*arguments),
        cwd=tmp_path,
        env={**slow_model, "SLOW_AT": "sleep-search:3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    waited = time.monotonic() + 60
    while not (log.is_file() and log.read_text().count("search") == 3):
        assert time.monotonic() < waited
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == ""
    assert errors == "error: interrupted; what is finished is kept, the same command continues\n"
    left = files_below(tmp_path / "results")
    assert not [name for name in left if name.endswith(("result.json", ".tmp", ".lock"))]

    done = evalharness(*arguments, cwd=tmp_path, env=slow_model)
    assert done.returncode == 0, done.stderr
    assert "continuing: 2 of 8" in done.stderr
    assert log.read_text().split().count("search") == 3 + 6


def test_two_processes_that_write_one_result(tmp_path: Path, slow_model: dict[str, str]) -> None:
    arguments = ("run", "--task", "sample", "--model", "slow", "--tasks-dir", "mine", "--json")
    processes = [
        subprocess.Popen(
            command(*arguments),
            cwd=tmp_path,
            env={**slow_model, "SLOW_AT": "pause:0.05"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    first, second = (json.loads(output)["results"] for output, _ in outputs)
    assert first == second
    assert Path(slow_model["SLOW_LOG"]).read_text().split().count("search") == 16
    folder = tmp_path / "results/sample/slow"
    assert len(list(folder.iterdir())) == 2
    for result in first:
        setting = result["task_setting"]["instruction"]
        again = evalharness("rescore", str(folder), "--instruction", setting, "--json", cwd=tmp_path)
        assert json.loads(again.stdout)["identity"] == result["identity"]
