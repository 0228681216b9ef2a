"""TREC files: what is read, what is refused and where, and what comes back after writing."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError, MissingDataError, StorageError, UsageError
from toolbench_eval.ranking.order import order
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.ranking.trec import read_qrels, read_run, write_qrels, write_run


def rankings(run: Run) -> dict[str, list[tuple[str, float]]]:
    return {
        query.as_py(): [
            (run.doc_ids[int(doc)].as_py(), float(score))
            for doc, score in zip(docs, scores, strict=True)
            if doc != NO_DOCUMENT
        ]
        for query, docs, scores in zip(run.query_ids, run.documents, run.scores, strict=True)
    }


def judgments(qrels: Qrels) -> dict[str, dict[str, int]]:
    return {
        query.as_py(): {
            qrels.doc_ids[int(doc)].as_py(): int(grade)
            for doc, grade in zip(qrels.documents[first:last], qrels.grades[first:last], strict=True)
        }
        for query, first, last in zip(qrels.query_ids, qrels.indptr, qrels.indptr[1:], strict=False)
    }


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


LINES = ["q2 Q0 b 1 2.5 tag", "q1 Q0 a 1 1e1 tag", "q2 Q0 a 2 2.5 tag", "q2 Q0 c 3 -1 tag"]
PARSED = {"q2": [("b", 2.5), ("a", 2.5), ("c", -1.0)], "q1": [("a", 10.0)]}

RUNS = {
    "blanks": "\n".join(LINES) + "\n",
    "no last line end": "\n".join(LINES),
    "tabs": "\n".join(LINES).replace(" ", "\t"),
    "mixed": "\n".join(LINES).replace(" Q0 ", " \t Q0   ").replace(" tag", "\ttag"),
    "padded scores": "\n".join(LINES).replace(" ", "\t").replace("2.5", "  2.5"),
    "indented": "\n".join("  " + line + " \t" for line in LINES),
    "blank lines": "\n\n" + "\n \t\n".join(LINES) + "\n\n\n",
    "windows": "\r\n".join(LINES) + "\r\n",
    "more fields": "\n".join(LINES) + " and more junk\n",
    "byte order mark": "\ufeff" + "\n".join(LINES),
    "plus sign": "\n".join(LINES).replace("2.5", "+2.5"),
}


@pytest.mark.parametrize("name", RUNS)
def test_read_run(name, tmp_path):
    assert rankings(read_run(written(tmp_path / "run", RUNS[name]))) == PARSED


@pytest.mark.parametrize("name", RUNS)
def test_packed_files_read_the_same(name, tmp_path):
    content = RUNS[name].encode()
    assert rankings(read_run(written(tmp_path / "run.gz", gzip.compress(content)))) == PARSED
    assert rankings(read_run(written(tmp_path / "run.zst", zstandard.compress(content)))) == PARSED


def test_several_packed_parts_are_one_file(tmp_path):
    halves = "\n".join(LINES[:2]).encode() + b"\n", "\n".join(LINES[2:]).encode()
    assert rankings(read_run(written(tmp_path / "a.gz", b"".join(map(gzip.compress, halves))))) == PARSED
    assert rankings(read_run(written(tmp_path / "a.zst", b"".join(map(zstandard.compress, halves))))) == PARSED


def test_quotes_and_words_for_nothing_are_ids(tmp_path):
    run = read_run(written(tmp_path / "run", 'NA Q0 "x 1 1 t\nNA Q0 null 2 1 t\nNA Q0 , 3 1 t\nNA Q0 007 4 1 t\n'))
    assert [doc for doc, _ in rankings(run)["NA"]] == ["null", "007", ",", '"x']


TIED = "q Q0 a 3 1.0 t\nq Q0 b 1 1.0 t\nq Q0 c 2 5.0 t\nq Q0 d 10 1.0 t\n"


@pytest.mark.parametrize(("ties", "documents"), [("trec", "cdba"), ("stable", "cabd"), ("by-rank", "bcad")])
def test_tie_rules(ties, documents, tmp_path):
    run = read_run(written(tmp_path / "run", TIED), ties)
    assert "".join(doc for doc, _ in rankings(run)["q"]) == documents


def test_by_rank_reads_ranks_as_numbers_whatever_the_blanks(tmp_path):
    run = read_run(written(tmp_path / "run", TIED.replace(" ", "  ")), "by-rank")
    assert "".join(doc for doc, _ in rankings(run)["q"]) == "bcad"


def test_scores_are_single_precision(tmp_path):
    run = read_run(written(tmp_path / "run", "q Q0 a 1 1.00000000001 t\nq Q0 b 2 1.0 t\nq Q0 c 3 0.1 t\n"))
    assert [doc for doc, _ in rankings(run)["q"]] == ["b", "a", "c"]
    assert run.scores[0, 2] == np.float32(0.1)


BAD_RUNS = [
    ("q Q0 a 1 1.0 t\nq Q0 b 1.0 t\n", 2, None,
     "expected 6 fields (query Q0 document rank score tag), found 5: 'q Q0 b 1.0 t'"),
    ("q Q0 a 1 1.0 t\n\n\nq 0 b 1\n", 4, None, "expected 6 fields"),
    ("q Q0  1 0.5 t\n", 1, None, "found 5"),
    ("q Q0 a 1 high t\n", 1, "score", "must be a number, not 'high'"),
    ("q Q0 a 1 1.0 t\nq Q0 b 2 nan t\n", 2, "score", "must be a number, not 'nan'"),
    ("q Q0 a 1 NaN t\n", 1, "score", "must be a number, not 'NaN'"),
    ("q Q0 a 1 1_0 t\n", 1, "score", "must be a number, not '1_0'"),
    ("q Q0 a 1 0x10 t\n", 1, "score", "must be a number, not '0x10'"),
    ("q Q0 a 1 2 t\np Q0 a 1 2 t\n\nq Q0 b 2 1 t\nq Q0 a 3 0 t\n", 5, "document",
     "query 'q' has document 'a' a second time; it is in row 1 already"),
    (b"q Q0 a 1 2 t\nq Q0 \xff 1 2 t\n", 2, "document", "is not UTF-8"),
    ("", None, None, "the file is empty; a run file has lines 'query Q0 document rank score tag'"),
    (" \n\n\t\n", None, None, "the file is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "row", "field", "message"), BAD_RUNS)
def test_bad_runs_name_file_row_and_field(content, row, field, message, tmp_path):
    path = written(tmp_path / "bad.run", content)
    with pytest.raises(DataError) as caught:
        read_run(path)
    assert (caught.value.file, caught.value.row, caught.value.field) == (path, row, field)
    assert message in str(caught.value)


def test_the_rank_column_matters_only_to_by_rank(tmp_path):
    path = written(tmp_path / "run", "q Q0 a first 1.0 t\n")
    assert rankings(read_run(path)) == {"q": [("a", 1.0)]}
    with pytest.raises(DataError, match="row 1, field 'rank': must be a whole number, not 'first'"):
        read_run(path, "by-rank")


QRELS = "q2 0 b 1\nq1 0 a 2\nq2 0 a -1\nq2 0 c 0\n"
JUDGED = {"q2": {"b": 1, "a": -1, "c": 0}, "q1": {"a": 2}}


@pytest.mark.parametrize(
    "content",
    [QRELS, QRELS.replace(" ", "\t"), QRELS.replace(" ", " \t "), QRELS + "\n\n",
     QRELS.replace("\n", "\r\n"), QRELS.replace(" 2\n", " +2\n"), QRELS.replace(" 0 ", " Q0 ")],
)  # fmt: skip
def test_read_qrels(content, tmp_path):
    assert judgments(read_qrels(written(tmp_path / "qrels", content))) == JUDGED


BAD_QRELS = [
    ("q 0 a 1\nq 0 b 1.0\n", 2, "grade", "must be a whole number, not '1.0'"),
    ("q 0 a a\n", 1, "grade", "must be a whole number, not 'a'"),
    ("q 0 a 3000000000\n", 1, "grade", "must be a whole number, not '3000000000'"),
    ("q 0 a 1\nq 0 b\n", 2, None, "expected 4 fields (query iteration document grade), found 3"),
    ("q Q0 a 1 1.0 tag\n", 1, None, "expected 4 fields (query iteration document grade), found 6"),
    ("q 0 a 1\nq 0 a 1\n", 2, "document", "query 'q' has document 'a' a second time; it is in row 1 already"),
    ("\n", None, None, "the file is empty; a qrels file has lines 'query iteration document grade'"),
]


@pytest.mark.parametrize(("content", "row", "field", "message"), BAD_QRELS)
def test_bad_qrels_name_file_row_and_field(content, row, field, message, tmp_path):
    path = written(tmp_path / "bad.qrels", content)
    with pytest.raises(DataError) as caught:
        read_qrels(path)
    assert (caught.value.file, caught.value.row, caught.value.field) == (path, row, field)
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(MissingDataError, match="there is no such file"):
        read_run(tmp_path / "absent")
    with pytest.raises(DataError, match="is a folder"):
        read_qrels(tmp_path)
    for name, content in (("a.gz", b"plain"), ("b.gz", gzip.compress(b"q Q0 a 1 1 t")[:-9]), ("c.zst", b"plain")):
        with pytest.raises(DataError, match="cannot be unpacked"):
            read_run(written(tmp_path / name, content))


WORD = st.text(st.characters(blacklist_categories=["Z", "C"]), min_size=1, max_size=4).filter(
    lambda word: word.encode().split() == [word.encode()]
)


@given(
    st.dictionaries(
        WORD, st.dictionaries(WORD, st.floats(width=32, allow_nan=False), min_size=1, max_size=5), min_size=1
    ),
    st.sampled_from(["r.txt", "r.gz", "r.zst"]),
)
def test_runs_come_back_as_they_were(tmp_path_factory, rows, name):
    vocabulary = sorted({doc for row in rows.values() for doc in row})
    depth = max(map(len, rows.values()))
    documents = np.full((len(rows), depth), NO_DOCUMENT, dtype=np.int32)
    scores = np.full((len(rows), depth), -np.inf, dtype=np.float32)
    for at, row in enumerate(rows.values()):
        documents[at, : len(row)] = [vocabulary.index(doc) for doc in row]
        scores[at, : len(row)] = list(row.values())
    run = order(Run(string_array(rows), string_array(vocabulary), documents, scores))
    path = tmp_path_factory.mktemp("run") / name
    write_run(run, path, "tag")
    assert rankings(read_run(path)) == rankings(run)
    assert rankings(read_run(path, "by-rank")) == rankings(run)


@given(
    st.dictionaries(
        WORD, st.dictionaries(WORD, st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=5), min_size=1
    ),
    st.sampled_from(["r.txt", "r.gz", "r.zst"]),
)
def test_qrels_come_back_as_they_were(tmp_path_factory, rows, name):
    path = tmp_path_factory.mktemp("qrels") / name
    write_qrels(Qrels.of(rows), path)
    assert judgments(read_qrels(path)) == rows
    assert read_qrels(path).fingerprint == Qrels.of(rows).fingerprint


def small_run(doc_ids=("a", "b")) -> Run:
    return Run(
        string_array(["q1", "q2"]),
        string_array(doc_ids),
        np.array([[1, 0], [0, NO_DOCUMENT]], np.int32),
        np.array([[0.1, -2.0], [3e-5, -np.inf]], np.float32),
    )


def test_what_a_written_run_looks_like(tmp_path):
    write_run(small_run(), tmp_path / "run", "mine")
    assert (tmp_path / "run").read_text().splitlines() == [
        "q1 Q0 b 1 0.1 mine",
        "q1 Q0 a 2 -2 mine",
        "q2 Q0 a 1 0.00003 mine",
    ]


def test_writing_twice_gives_the_same_bytes(tmp_path):
    for name in ("run", "run.gz", "run.zst"):
        write_run(small_run(), tmp_path / name, "t")
        first = (tmp_path / name).read_bytes()
        write_run(small_run(), tmp_path / name, "t")
        assert (tmp_path / name).read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.gz", "run.zst"]


def test_ids_that_no_line_can_hold(tmp_path):
    for unfit in ("a b", "a\tb", "", "a\n"):
        with pytest.raises(DataError, match=r"(?s)document id .* is empty or has a blank"):
            write_run(small_run(("a", unfit)), tmp_path / "run", "t")
    assert list(tmp_path.iterdir()) == []
    unused = Run(small_run().query_ids, string_array(["a", "b", "not used"]), small_run().documents, small_run().scores)
    write_run(unused, tmp_path / "run", "t")
    with pytest.raises(DataError, match="query id 'q 1'"):
        write_qrels(Qrels.of({"q 1": {"a": 1}}), tmp_path / "qrels")


@pytest.mark.parametrize("tag", ["", "two words", " t", "t\n"])
def test_tags_that_no_line_can_hold(tag, tmp_path):
    with pytest.raises(UsageError, match="tag of a run must be one word"):
        write_run(small_run(), tmp_path / "run", tag)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = written(tmp_path / "run", "old")

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_run(small_run(), path, "t")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
