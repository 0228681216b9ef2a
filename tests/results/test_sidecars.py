"""The files beside a result."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.results import sidecars

IDS = string_array(["d0", "d1", "dö2", "d3"])


def run_of(*rankings: list[tuple[int, float]]) -> Run:
    depth = max((len(ranking) for ranking in rankings), default=0)
    documents = np.full((len(rankings), depth), NO_DOCUMENT, np.int32)
    scores = np.full((len(rankings), depth), -np.inf, np.float32)
    for row, ranking in enumerate(rankings):
        for rank, (document, score) in enumerate(ranking):
            documents[row, rank], scores[row, rank] = document, score
    return Run(string_array(f"q{n}" for n in range(len(rankings))), IDS, documents, scores)


def test_the_digest_by_hand() -> None:
    run = run_of([(2, 1.5), (0, 1.5)], [], [(1, -2.0)])
    ids = "2:q02:q12:q2" + "4:dö22:d02:d1"
    expected = ids.encode() + struct.pack("<3q", 2, 0, 1) + struct.pack("<3f", 1.5, 1.5, -2.0)
    assert sidecars.run_digest(run) == hashlib.sha256(expected).hexdigest()


def test_the_file_is_what_the_contract_says(tmp_path: Path) -> None:
    sidecars.write_run(tmp_path / "run.parquet", run_of([(2, 1.5), (0, 0.5)], [(1, -2.0)]))
    table = pq.read_table(tmp_path / "run.parquet")
    assert table.schema.types == [pa.int32(), pa.int32(), pa.float32()]
    assert table.to_pydict() == {"query": [0, 0, 1], "document": [2, 0, 1], "score": [1.5, 0.5, -2.0]}
    assert pq.ParquetFile(tmp_path / "run.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


ranking = st.permutations(range(4)).flatmap(
    lambda order: st.lists(st.floats(-1e6, 1e6, width=32), max_size=4).map(
        lambda scores: list(zip(order, sorted(scores, reverse=True), strict=False))
    )
)


@given(st.lists(ranking, min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_runs_come_back_as_they_were(tmp_path: Path, rankings: list[list[tuple[int, float]]]) -> None:
    run, path = run_of(*rankings), tmp_path / "run.parquet"
    sidecars.write_run(path, run)
    back = sidecars.read_run(path, run.query_ids, IDS)
    assert back.documents.tolist() == run.documents.tolist()
    assert back.scores.tolist() == run.scores.tolist()
    assert sidecars.run_digest(back) == sidecars.run_digest(run)


def test_judgments_come_back_as_they_were(tmp_path: Path) -> None:
    qrels = Qrels.of({"q1": {"d9": 2, "d1": 0}, "q0": {"d1": -1}})
    sidecars.write_qrels(tmp_path / "qrels.parquet", qrels)
    back = sidecars.read_qrels(tmp_path / "qrels.parquet")
    assert back.query_ids.to_pylist() == ["q1", "q0"]
    assert back.fingerprint == qrels.fingerprint


def test_scores_come_back_as_they_were(tmp_path: Path) -> None:
    values = {"AP": np.array([0.1 + 0.2, 0.0]), "nDCG(dcg='exp-log2')@10": np.array([1.0, 1 / 3])}
    path = tmp_path / "fold=1" / "scores.parquet"
    sidecars.write_per_query(path, string_array(["a", "b"]), values)
    ids, back = sidecars.read_per_query(path)
    assert ids.to_pylist() == ["a", "b"]
    assert {name: column.tolist() for name, column in back.items()} == {n: c.tolist() for n, c in values.items()}
