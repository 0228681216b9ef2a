"""`verify` finds spoiled samples, runs and values of agents, and is not drowned by what they unpack to."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pytest
import zstandard
from support.forging import faults, restore_sums
from support.forging_agents import SAMPLES, TASK, AgentForger, Records, call, first, is_found

OTHER = "sample-mhqa/bridge"


def wrong(records: Records) -> dict:
    """A sample whose answer is wrong."""
    return next(one for one in records if one["scores"]["EM"] == 0.0)


def search(record: dict) -> dict:
    return next(step for step in record["trajectory"]["steps"] if step["step"] == "search")


def nested(levels: int) -> dict:
    """A note that is deeper than a reader may go."""
    inside: dict = {}
    for _ in range(levels):
        inside = {"a": inside}
    return {"step": "note", "action": "x", "values": inside}


SPOILED = {
    "answer": (
        lambda r: wrong(r)["trajectory"].update({"prediction": wrong(r)["gold"]["answers"][0]}),
        f"tasks.{TASK}.scores.EM",
    ),
    "gold": (
        lambda r: wrong(r)["gold"].update({"answers": [wrong(r)["trajectory"]["prediction"]]}),
        "solved.samples_file, gold: sample 'chain-",
    ),
    "gold passages": (first(lambda r: r["gold"].update({"gold_passages": []})), "samples_file, gold: sample"),
    "no gold": (first(lambda r: r.pop("gold")), "line 1, gold: is missing"),
    "score": (first(lambda r: r["scores"].update({"F1": 0.5})), "samples_file, scores: sample 'chain-"),
    "score that is none": (first(lambda r: r["scores"].update({"F1": "all"})), "samples_file, scores: sample 'chain-"),
    "no scores": (first(lambda r: r.update({"scores": None})), "samples_file, scores: sample 'chain-"),
    "cost": (first(lambda r: call(r).update({"input_tokens": 1})), f"tasks.{TASK}.scores.prompt_tokens"),
    "negative cost": (first(lambda r: call(r).update({"input_tokens": -5})), "a number of tokens or passages is none"),
    "a call less": (first(lambda r: r["trajectory"]["steps"].remove(call(r))), f"tasks.{TASK}.scores.llm_calls"),
    "what was found": (first(lambda r: search(r)["documents"].reverse()), "is not the digest of what the trajectories"),
    "unknown passage": (first(lambda r: search(r)["documents"].append("mine")), "is not the digest of what"),
    "passage twice": (first(lambda r: search(r)["documents"].append(search(r)["documents"][0])), "passages_returned"),
    "held": (first(lambda r: r["retrieved"].update({"held": [True] * 5})), "samples_file, retrieved: sample 'chain-"),
    "missing": (lambda r: r.pop(3), "the sample 'chain-04' is missing"),
    "last one missing": (lambda r: r.pop(), "the sample 'chain-16' is missing"),
    "all missing": (lambda r: [], "the sample 'chain-01' is missing"),
    "twice": (lambda r: r.insert(5, r[4]), "the sample 'chain-05' stands there twice"),
    "at the end twice": (lambda r: r.append(r[0]), "the sample 'chain-01' stands there twice"),
    "in the place of another": (lambda r: r.__setitem__(3, r[2]), "the sample 'chain-03' stands there twice"),
    "another order": (lambda r: r[::-1], "the sample 'chain-01' is missing, or not in its place"),
    "unknown": (first(lambda r: r["trajectory"].update({"sample": "x\ud800"})), f"tasks.{TASK}"),
    "stop": (first(lambda r: r["trajectory"].update({"stop_reason": "budget"})), "solved.stop_reasons"),
    "failure": (first(lambda r: r["trajectory"].update({"prediction": None})), f"tasks.{TASK}.failed"),
    "model": (first(lambda r: call(r).update({"model": "mine"})), "'mine' answered, and model_setting.llms names no"),
    "prediction": (first(lambda r: r["trajectory"].update({"prediction": 7})), "not a trajectory: prediction"),
    "steps": (first(lambda r: r["trajectory"].update({"steps": "all"})), "not a trajectory: steps"),
    "step": (first(lambda r: r["trajectory"]["steps"].append({"step": "joke"})), "not a trajectory"),
    "documents": (first(lambda r: search(r).update({"documents": [1]})), "not a trajectory"),
    "more": (first(lambda r: r["trajectory"].update({"fame": 1})), "not a trajectory"),
    "huge count": (first(lambda r: call(r).update({"input_tokens": 10**400})), f"tasks.{TASK}"),
    "deep": (first(lambda r: r["trajectory"]["steps"].append(nested(900))), "a trajectory"),
    "other words": (first(lambda r: r.update({"request": "easy"})), "request: does not belong to a sample"),
    "no sample": (lambda r: [{"a": 1}], "line 1, a: does not belong to a sample"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_samples_are_is_found(board, forger, name):
    change, words = SPOILED[name]
    forger.rewrite(change)
    assert is_found(board, forger, words)


def test_swapped_files_of_samples(board, forger):
    mine, other = forger.records(), forger.records("samples/bridge.jsonl.zst")
    forger.put(TASK, other)
    forger.put(OTHER, mine)
    there = faults(board)
    assert any(f"tasks.{TASK}, line 1: the task has no sample 'bridge-01'" in text for text in there)
    assert any(f"tasks.{OTHER}, line 1: the task has no sample 'chain-01'" in text for text in there)


def test_samples_of_another_entry(board, forger):
    other = next(board.glob("direct_*"))
    forger.put(TASK, AgentForger(other).records())
    assert is_found(board, forger, f"tasks.{TASK}.scores.")


BYTES = {
    "text": (b"hello", "not a zstd file"),
    "empty": (b"", "the file is cut off"),
    "no lines": (zstandard.compress(b"{}" * 10), "the last line is cut off"),
    "no object": (zstandard.compress(b"[]\n"), "not an object"),
    "nested": (zstandard.compress(b"[" * 100_000 + b"\n"), "not JSON"),
    "two files": (zstandard.compress(b"") * 2, "something follows its end"),
    "bomb": (zstandard.compress(b" " * (2**24 + 1)), "a line is longer than 16777216 bytes"),
}


@pytest.mark.parametrize("name", BYTES)
def test_files_that_hold_no_samples(board, forger, name):
    content, words = BYTES[name]
    (forger.folder / SAMPLES).write_bytes(content)
    forger.write(forger.result)
    assert is_found(board, forger, words)


def test_a_bomb_of_many_lines(board, forger, monkeypatch):
    from toolbench_eval.leaderboard import entry_samples

    monkeypatch.setattr(entry_samples, "SAMPLES_BYTES", 1000)
    assert is_found(board, forger, "unpacks to more than 1000 bytes")


def test_links_are_never_followed(board, forger, tmp_path):
    path = forger.folder / SAMPLES
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    restore_sums(board)
    assert is_found(board, forger, f"{SAMPLES}: must be a plain file")


@pytest.mark.parametrize("name", [SAMPLES, "runs/chain.parquet", "per_query/chain.parquet"])
def test_files_that_are_gone(board, forger, name):
    (forger.folder / name).unlink()
    restore_sums(board)
    assert is_found(board, forger, f"{name}: the file is missing")


def test_files_that_do_not_belong(board, forger):
    shutil.copy(forger.folder / SAMPLES, forger.folder / "samples/more.jsonl.zst")
    restore_sums(board)
    assert is_found(board, forger, "samples/more.jsonl.zst: does not belong to the entry")


def test_an_altered_run(board, forger):
    run = forger.table("runs/chain.parquet")
    documents = run["document"].to_numpy().copy()
    documents[:2] = documents[1::-1]
    forger.replace("runs/chain.parquet", run.set_column(1, "document", pa.array(documents)))
    assert is_found(board, forger, "run_file: is not what the trajectories retrieved")


@pytest.mark.parametrize("measure", ["F1", "completion_tokens"])
def test_altered_values_per_query(board, forger, measure):
    table = forger.table("per_query/chain.parquet")
    at = table.column_names.index(measure)
    forger.replace("per_query/chain.parquet", table.set_column(at, measure, pa.array(table[measure].to_numpy() + 0.25)))
    assert is_found(board, forger, f"per_query_file, {measure}: query 'chain-01' says")
