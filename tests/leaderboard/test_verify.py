"""What `verify` finds, also where the forger made every hash fit again."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.forging import FILE, TASK, Forger, digest, faults, restore_sums, submitted, verified

from toolbench_eval.leaderboard import entry as entries
from toolbench_eval.results.schema import identity_of


def task(result: dict) -> dict:
    return result["tasks"][TASK]


def test_an_honest_board_is_proven(board):
    report = verified(board)
    assert report.findings == ()
    assert report.proven == 2
    assert len(report.entries) == 2


CLAIMS = {
    "score": (lambda r: task(r)["scores"].update({"nDCG@10": 0.99}), "tasks.sample/trips.scores.nDCG@10"),
    "small": (
        lambda r: task(r)["scores"].update({"nDCG@10": task(r)["scores"]["nDCG@10"] + 1e-5}),
        "tasks.sample/trips.scores.nDCG@10",
    ),
    "average": (lambda r: r["aggregates"]["category_macro"].update({"R@10": 1.0}), "aggregates.category_macro.R@10"),
    "category average": (
        lambda r: r["aggregates"]["by_category"]["web"].update({"R@10": 1.0}),
        "aggregates.by_category.web.R@10",
    ),
    "another average": (lambda r: r["aggregates"].update({"mine": {"R@10": 1.0}}), "aggregates.mine"),
    "headline": (lambda r: r["headline"].update({"value": 0.9}), "headline.value"),
    "interval": (lambda r: r["headline"].update({"ci95": [0.36, 0.38]}), "headline.ci95"),
    "aggregate": (lambda r: r["headline"].update({"aggregate": "micro"}), "headline.aggregate"),
    "measure": (lambda r: r["headline"].update({"metric": "R@100"}), "headline.metric"),
    "category": (lambda r: task(r).update({"category": "code"}), "tasks.sample/trips.category"),
    "queries": (lambda r: task(r).update({"queries": 23}), "tasks.sample/trips.queries"),
    "failed": (lambda r: task(r).update({"failed": 3}), "tasks.sample/trips.failed"),
    "home": (lambda r: task(r).update({"home": {"p-MRR": 1.0}}), "tasks.sample/trips.home"),
    "subtasks": (lambda r: task(r).update({"subtasks": {"a": {"R@10": 1.0}}}), "tasks.sample/trips.subtasks"),
    "digest": (lambda r: task(r).update({"run_digest": "0" * 64}), "tasks.sample/trips.run_digest"),
    "qrels": (lambda r: task(r).update({"qrels_fingerprint": "0" * 64}), "tasks.sample/trips.qrels_fingerprint"),
    "corpus": (lambda r: task(r).update({"corpus_fingerprint": "0" * 64}), "tasks.sample/trips.corpus_fingerprint"),
    "dropped task": (lambda r: r["tasks"].pop(TASK), "tasks.sample/trips: is missing"),
    "unknown task": (
        lambda r: r["tasks"].update({"sample/easy": dict(task(r), run_file="runs/easy.parquet")}),
        "tasks.sample/easy: no task of 'sample'",
    ),
    "version": (lambda r: r.update({"suite_version": "2"}), "suite_version"),
    "suite": (lambda r: r.update({"suite": "toolret"}), "suite: says 'toolret'"),
    "partial": (lambda r: r.update({"partial": True}), "partial"),
    "missing": (lambda r: r.update({"missing": ["sample/tunes"]}), "missing"),
    "limit": (lambda r: r["task_setting"].update({"limit": 5}), "task_setting.limit"),
    "deep": (lambda r: r["task_setting"].update({"k": 1000}), "task_setting.k"),
    "shallow": (
        lambda r: r["task_setting"].update({"k": 5}),
        "trips: has 2400 rows; at most 120 are read",
    ),
    "k is true": (lambda r: r["task_setting"].update({"k": True}), "task_setting.k"),
    "seed": (lambda r: r["task_setting"].update({"seed": -1}), "task_setting.seed"),
    "protocol": (lambda r: r["task_setting"].update({"protocol": "mine"}), "task_setting.protocol"),
    "no scope": (lambda r: r["task_setting"].pop("scope"), "task_setting.scope: is missing"),
    "unknown setting": (lambda r: r["task_setting"].update({"boost": 2}), "task_setting.boost"),
    "count": (lambda r: r["counts"][TASK].update({"found": 23, "expected": 23}), "counts.sample/trips"),
    "no count": (lambda r: r["counts"].pop(TASK), "counts.sample/trips"),
    "path up": (lambda r: task(r).update({"run_file": "../../../etc/passwd"}), "run_file: says '../../../etc/passwd'"),
    "absolute": (lambda r: task(r).update({"per_query_file": "/etc/passwd"}), "per_query_file: says '/etc/passwd'"),
    "documents": (lambda r: task(r).update({"documents_file": "documents/../x"}), "documents_file"),
    "extra measure": (lambda r: task(r)["scores"].update({"RR@5": 1.0}), "has other measures than the first task"),
    "card": (lambda r: r["model_setting"].update({"card": "0" * 64}), "cards.json"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_forged_claims_are_found_by_field(board, forger, name):
    change, words = CLAIMS[name]
    forger.forge(change)
    found = faults(board)
    assert any(text.startswith(f"{forger.folder.name}: ") and words in text for text in found), found


@pytest.mark.parametrize("name", ["nDGC@10", "ndcg_cut_10", "nDCG@", "__import__('os')"])
def test_measures_that_are_none(board, forger, name):
    def rename(result):
        for values in result["tasks"].values():
            values["scores"][name] = values["scores"].pop("nDCG@10")

    forger.forge(rename)
    assert any("measure" in text for text in faults(board))


def test_every_score_multiplied_and_averaged_again(board, forger):
    """The scores fit each other, the averages and the per-query file, but not the run."""
    stored = forger.table(f"per_query/{FILE}")
    at = stored.column_names.index("nDCG@10")
    better = pa.array(np.minimum(stored["nDCG@10"].to_numpy() + 0.1, 1.0))
    forger.replace(f"per_query/{FILE}", stored.set_column(at, "nDCG@10", better))

    def claim(result):
        task(result)["scores"]["nDCG@10"] = float(np.mean(better.to_numpy()))
        result["aggregates"]["micro"]["nDCG@10"] += 0.1 * len(better) / 160

    forger.forge(claim)
    found = faults(board)
    assert any("tasks.sample/trips.scores.nDCG@10" in text for text in found)
    assert any("tasks.sample/trips.per_query_file, nDCG@10" in text for text in found)
    assert any("aggregates.micro.nDCG@10" in text for text in found)


def test_an_altered_run_no_longer_gives_the_scores(board, forger):
    run = forger.table(f"runs/{FILE}")
    documents = run["document"].to_numpy().copy()
    queries = run["query"].to_numpy()
    for query in np.unique(queries):
        rows = np.flatnonzero(queries == query)
        documents[rows] = documents[rows][::-1]
    forger.replace(f"runs/{FILE}", run.set_column(1, "document", pa.array(documents)))
    assert any("tasks.sample/trips.scores.nDCG@10" in text for text in faults(board))


def test_a_run_altered_where_no_score_sees_it_differs_from_the_checksums(board, forger):
    """Two documents that are not relevant change places; the forger fixes all hashes but those of the board."""
    sums = (board / "SHA256SUMS").read_text()
    before = forger.folder.name
    run = forger.table(f"runs/{FILE}")
    scores = run["score"].to_numpy().copy()
    scores[run["query"].to_numpy() == 0] += 1
    forger.replace(f"runs/{FILE}", run.set_column(2, "score", pa.array(scores)))
    assert faults(board) == []  # as the documentation says: with the board's own checksums, it is another claim
    (board / "SHA256SUMS").write_text(sums)
    found = faults(board)
    assert any(f"{before}: runs/{FILE}: SHA256SUMS lists it, and it is gone" in text for text in found)
    assert any(f"{forger.folder.name}: runs/{FILE}: SHA256SUMS does not list it" in text for text in found)


def spoil_scores(value: float):
    def spoil(forger: Forger) -> None:
        run = forger.table(f"runs/{FILE}")
        scores = run["score"].to_numpy().copy()
        scores[5] = value
        forger.replace(f"runs/{FILE}", run.set_column(2, "score", pa.array(scores)))

    return spoil


def spoil_documents(change):
    def spoil(forger: Forger) -> None:
        name = task(forger.result)["documents_file"]
        forger.replace(name, pa.table({"document_id": change(forger.table(name)["document_id"].to_pylist())}))

    return spoil


def spoil_run(change):
    def spoil(forger: Forger) -> None:
        forger.replace(f"runs/{FILE}", change(forger.table(f"runs/{FILE}")))

    return spoil


def spoil_per_query(change):
    def spoil(forger: Forger) -> None:
        forger.replace(f"per_query/{FILE}", change(forger.table(f"per_query/{FILE}")))

    return spoil


def repeated_document(run: pa.Table) -> pa.Table:
    documents = run["document"].to_numpy().copy()
    documents[1] = documents[0]
    return run.set_column(1, "document", pa.array(documents))


SPOILED = {
    "NaN": (spoil_scores(float("nan")), "no finite number"),
    "infinite": (spoil_scores(float("inf")), "no finite number"),
    "rising": (spoil_scores(1e9), "a score is higher than the one ranked before it"),
    "unknown document": (spoil_documents(lambda ids: [*ids[:-1], "zzz"]), "the corpus has no document 'zzz'"),
    "document twice": (spoil_documents(lambda ids: [ids[0], *ids[:-1]]), "must be sorted, each once"),
    "unsorted": (spoil_documents(lambda ids: ids[::-1]), "must be sorted, each once"),
    "fewer documents": (spoil_documents(lambda ids: ids[:3]), "points outside"),
    "ranked twice": (spoil_run(repeated_document), "twice"),
    "too many rows": (spoil_run(lambda run: pa.concat_tables([run, run])), "rows; at most"),
    "no scores": (spoil_run(lambda run: run.drop_columns(["score"])), "the column is missing"),
    "texts": (spoil_run(lambda run: run.set_column(1, "document", run["document"].cast(pa.string()))), "not a column"),
    "negative": (
        spoil_run(lambda run: run.set_column(0, "query", pc.subtract(run["query"], 5))),
        "points outside",
    ),
    "huge": (
        spoil_run(lambda run: run.set_column(1, "document", pc.add(run["document"].cast("int64"), 2**40))),
        "points outside",
    ),
    "out of order": (spoil_run(lambda run: run.take(list(range(len(run)))[::-1])), "query by query"),
    "other queries": (
        spoil_per_query(lambda t: t.set_column(0, "query_id", pa.array([f"q{i}" for i in range(len(t))]))),
        "must name the 24 queries",
    ),
    "fewer queries": (spoil_per_query(lambda t: t.slice(0, 5)), "must name the 24 queries"),
    "NaN per query": (
        spoil_per_query(lambda t: t.set_column(1, t.column_names[1], pa.array([float("nan")] * len(t)))),
        "per_query_file",
    ),
    "lacking measure": (spoil_per_query(lambda t: t.drop_columns(["nDCG@10"])), "other measures than the result"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_files_are_found(board, forger, name):
    spoil, words = SPOILED[name]
    spoil(forger)
    found = faults(board)
    assert any(text.startswith(f"{forger.folder.name}: ") and words in text for text in found), found


def test_a_run_of_unsigned_positions_is_read_alike(board, forger):
    run = forger.table(f"runs/{FILE}")
    forger.replace(f"runs/{FILE}", run.set_column(0, "query", run["query"].cast(pa.uint32())))
    assert faults(board) == []


def test_dictionary_bomb(board, forger):
    """3 kB that stand for 40 GB of text."""
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(400_000, dtype=np.int32)), ["x" * 100_000])
    name = f"per_query/{FILE}"
    values = {column: np.zeros(400_000) for column in forger.table(name).column_names[1:]}
    forger.replace(name, pa.table({"query_id": ids, **values}))
    assert (forger.folder / name).stat().st_size < 50_000
    assert any("rows; at most 24 are read" in text for text in faults(board))
    documents = task(forger.result)["documents_file"]
    forger.replace(documents, pa.table({"document_id": ids}))
    assert any("document_id" in text and "unpacks to 40000000000 bytes" in text for text in faults(board))


def test_page_bomb(board, forger):
    """A few kilobytes of zstd that unpack to more than a run can take."""
    rows = 24 * 100
    table = pa.table({"query": np.zeros(rows, np.int32), "document": np.zeros(rows, np.int32)})
    table = table.append_column("score", pa.array(np.zeros(rows, np.float32)))
    table = table.append_column("more", pa.array(["x" * 10_000] * rows))
    forger.replace(f"runs/{FILE}", table, use_dictionary=False, compression_level=19)
    assert (forger.folder / f"runs/{FILE}").stat().st_size < 20_000
    assert any("unpacks to more than" in text for text in faults(board))


def test_entry_that_was_copied_under_another_name(board, forger):
    copy = Path(shutil.copytree(forger.folder, board / "mine-without-0123456789ab"))
    restore_sums(board)
    assert any(text.startswith(f"{copy.name}: name: must be") for text in faults(board))
    assert any("same result as" in text for text in faults(board))


def test_the_runs_of_another_under_a_new_name(board, forger):
    """The thief renames the model and changes the seed, so the identity is new."""
    copy = Forger(Path(shutil.copytree(forger.folder, board / "copy")))

    def steal(result):
        result["model"] = "zz-mine"
        result["task_setting"]["seed"] = 7

    copy.forge(steal)
    assert any(f"{copy.folder.name}: runs: same runs as {forger.folder.name}" in text for text in faults(board))


def test_files_that_do_not_belong(board, forger):
    (forger.folder / "notes.txt").write_text("hello")
    (forger.folder / "runs" / "other.parquet").write_text("hello")
    (board / "extra.zip").write_bytes(b"PK")
    restore_sums(board)
    found = faults(board)
    assert f"{forger.folder.name}: notes.txt: does not belong to the entry" in found
    assert f"{forger.folder.name}: runs/other.parquet: does not belong to the entry" in found
    assert "board: extra.zip: does not belong to a board" in found


@pytest.mark.parametrize("name", ["result.json", "submission.toml", "cards.json", f"runs/{FILE}", f"per_query/{FILE}"])
def test_files_that_are_gone(board, forger, name):
    (forger.folder / name).unlink()
    restore_sums(board)
    wanted = [f"{forger.folder.name}: {name}: the file is {word}" for word in ("missing", "not there")]
    assert any(text in wanted for text in faults(board))


def test_links_are_never_followed(board, forger, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("{}")
    (forger.folder / "result.json").unlink()
    (forger.folder / "result.json").symlink_to(secret)
    (board / "linked").symlink_to(forger.folder)
    found = faults(board)
    assert any("result.json: must be a plain file" in text for text in found)
    assert "board: linked: is a link" in found


def test_devices_are_never_opened(board, forger):
    os.mkfifo(forger.folder / "runs" / "pipe")
    assert any("runs/pipe: must be a plain file" in text for text in faults(board))


def test_deeper_folders(board, forger):
    (forger.folder / "runs" / "deep" / "deeper").mkdir(parents=True)
    assert any("runs/deep: must be a plain file, not a link, device or deeper folder" in text for text in faults(board))


def test_oversize_entry(board, forger, monkeypatch):
    monkeypatch.setattr(entries, "ENTRY_BYTES", 10_000)
    assert any("bytes in all; an entry has at most 10000" in text for text in faults(board))


def test_oversize_result(board, forger):
    with (forger.folder / "result.json").open("ab") as stream:
        stream.write(b" " * 2**24)
    assert any("result.json: has" in text and "at most 16777216 are read" in text for text in faults(board))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"schema_version": 1}',
        "1" * 10_000,
        '{"a": "\\ud800"}',
        "\ufeff{}",
    ],
)
def test_results_that_are_none(board, forger, text):
    (forger.folder / "result.json").write_text(text, encoding="utf-8")
    restore_sums(board)
    assert any(found.startswith(f"{forger.folder.name}: result.json") for found in faults(board))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("place", ["scores", "aggregates", "task_setting", "execution"])
def test_numbers_that_are_none(board, forger, number, place):
    result = forger.result
    target = {
        "scores": task(result)["scores"],
        "aggregates": result["aggregates"]["micro"],
        "task_setting": result["task_setting"],
        "execution": result["execution"]["timing"],
    }[place]
    target["nDCG@10" if place in ("scores", "aggregates") else "total"] = "@"
    result["identity"] = identity_of(result)
    text = json.dumps(result).replace('"@"', number)
    (forger.folder / "result.json").write_text(text, encoding="utf-8")
    restore_sums(board)
    assert any(found.startswith(f"{forger.folder.name}: ") for found in faults(board))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "contact"),
        ('contact = ""\nlicence = "x"\ntrained_on = "none"\n', "contact"),
        ('contact = "x"\nlicence = "x"\ntrained_on = "a bit"\n', "trained_on"),
        ('contact = "x"\nlicence = "x"\ntrained_on = "none"\nprize = 1\n', "prize"),
        ('contact = "x\\u0007"\nlicence = "x"\ntrained_on = "none"\n', "contact"),
        ("x = " + "[" * 20_000, "TOML"),
        ("contact", "TOML"),
    ],
)
def test_statements_that_are_none(board, forger, text, words):
    (forger.folder / "submission.toml").write_text(text, encoding="utf-8")
    restore_sums(board)
    assert any("submission.toml" in found and words in found for found in faults(board))


def test_a_changed_card_has_another_digest(board, forger):
    cards = json.loads((forger.folder / "cards.json").read_text())
    next(iter(cards.values()))["title"] = "better"
    (forger.folder / "cards.json").write_text(json.dumps(cards))
    restore_sums(board)
    assert any("the card has another digest" in text for text in faults(board))


def test_checksums_see_every_change(board, forger):
    path = forger.folder / f"runs/{FILE}"
    old = digest(path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert digest(path) != old
    found = faults(board)
    assert any(f"runs/{FILE}: was changed since it was submitted" in text for text in found)
    assert any(f"execution.files.runs/{FILE}: is not the digest" in text for text in found)


@pytest.mark.parametrize("line", ["0123  bm25/x", f"{'0' * 64} bm25/x", f"{'0' * 64}  ../x", f"{'0' * 64}  /x", "x"])
def test_checksums_that_are_none(board, line):
    with (board / "SHA256SUMS").open("a") as stream:
        stream.write(line + "\n")
    assert any(text.startswith("board: SHA256SUMS") for text in faults(board))


def test_pins_that_are_gone(board):
    (board / "pins.toml").unlink()
    assert "board: pins.toml: the file is not there" in faults(board)


def test_the_page_is_what_build_makes(board):
    page = board / "README.md"
    page.write_text(page.read_text().replace("0.36", "0.86"))
    assert any(text.startswith("board: README.md: is not what") for text in faults(board))


def test_an_oracle_is_flagged_and_not_judged(results, tmp_path):
    submitted(results / "oracle", tmp_path / "board")
    report = verified(tmp_path / "board")
    assert report.of_kind("fault") == []
    (flag,) = report.of_kind("flag")
    assert "160 of 160 queries rank all relevant documents first, by grade, with scores that are steps" in flag.message
    assert report.proven == 1
