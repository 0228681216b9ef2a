"""TREC files: runs (``query Q0 document rank score tag``) and qrels (``query 0 document grade``).

Fields are separated by any mix of spaces and tabs, blank lines are skipped; files that end in ``.gz`` or ``.zst``
are packed.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.atomic import atomic_path
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError, MissingDataError, StorageError, UsageError
from toolbench_eval.ranking.order import Ties, check_ties, order
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.ranking.trec_lines import QRELS, RANKED_RUN, RUN, Layout, line_number, read_columns

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_run(path: str | Path, ties: Ties = "trec") -> Run:
    """Read a run.

    Scores are kept in single precision. Queries come in the order of their first lines. Fields after the sixth are
    ignored, as by trec_eval.

    Args:
        path: Plain text, ``.gz`` or ``.zst``.
        ties: ``trec`` and ``stable`` rank by score and do not look at the rank column; ``by-rank`` ranks by that
            column and does not look at scores. See `toolbench_eval.ranking.order.Ties`.

    Raises:
        MissingDataError: There is no such file.
        DataError: The file is empty, a line is not what it should be, or a query ranks a document twice; names
            file, row and field.
        StorageError: The file cannot be read.
        UsageError: There is no such rule.
    """
    check_ties(ties)
    by_rank = ties == "by-rank"
    table, queries, documents = _read(Path(path), RANKED_RUN if by_rank else RUN)
    rank = (table["rank"].to_numpy(),) if by_rank else ()
    by_query = np.lexsort((*rank, queries.codes))
    rows = queries.codes[by_query]
    lengths = np.bincount(rows)
    at = (rows, np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths))
    shape = (len(lengths), int(lengths.max()))
    ranked = np.full(shape, NO_DOCUMENT, dtype=np.int32)
    ranked[at] = documents.codes[by_query]
    scores = np.full(shape, -np.inf, dtype=np.float32)
    scores[at] = table["score"].to_numpy()[by_query]
    return order(Run(queries.ids, documents.ids, ranked, scores), ties)


def read_qrels(path: str | Path) -> Qrels:
    """Read qrels. The second field is not looked at.

    Args:
        path: Plain text, ``.gz`` or ``.zst``.

    Raises:
        MissingDataError: There is no such file.
        DataError: The file is empty, a line is not what it should be, or a query judges a document twice; names
            file, row and field.
        StorageError: The file cannot be read.
    """
    table, queries, documents = _read(Path(path), QRELS)
    by_query = np.argsort(queries.codes, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(queries.codes))]).astype(np.int64)
    grades = table["grade"].to_numpy()[by_query]
    return Qrels(queries.ids, documents.ids, indptr, documents.codes[by_query], grades)


def write_run(run: Run, path: str | Path, tag: str) -> None:
    """Write a run; the file is there whole or not at all.

    Scores are written so that they read back as the same single-precision numbers.

    Args:
        run: Rankings; the rank column is their order.
        path: Where to; ``.gz`` and ``.zst`` are packed.
        tag: Name of the run, the last field of each line.

    Raises:
        UsageError: The tag is empty or has a blank.
        DataError: An id is empty or has a blank, so no line can hold it.
        StorageError: The disk is full, read-only or broken.
    """
    if not tag or tag.split() != [tag]:
        raise UsageError(f"the tag of a run must be one word, not '{tag}'.")
    rows, columns = np.nonzero(run.documents != NO_DOCUMENT)
    _write(
        Path(path),
        _named(run.query_ids, rows, "query"),
        "Q0",
        _named(run.doc_ids, run.documents[rows, columns], "document"),
        _as_text(columns + 1),
        _as_text(run.scores[rows, columns]),
        tag,
    )


def write_qrels(qrels: Qrels, path: str | Path) -> None:
    """Write qrels; the file is there whole or not at all.

    Raises:
        DataError: An id is empty or has a blank, so no line can hold it.
        StorageError: The disk is full, read-only or broken.
    """
    _write(
        Path(path),
        _named(qrels.query_ids, qrels.rows, "query"),
        "0",
        _named(qrels.doc_ids, qrels.documents, "document"),
        _as_text(qrels.grades),
    )


class _Coded:
    """A column of ids as positions in the list of different ones, by first appearance."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        encoded = column.combine_chunks().dictionary_encode()
        self.ids: pa.LargeStringArray = encoded.dictionary.cast(pa.large_string())
        self.codes: npt.NDArray[np.int32] = encoded.indices.to_numpy()


def _read(path: Path, layout: Layout) -> tuple[pa.Table, _Coded, _Coded]:
    content = _content(path)
    table = read_columns(content, layout, path)
    queries, documents = _Coded(table["query"]), _Coded(table["document"])
    pairs = queries.codes.astype(np.int64) * len(documents.ids) + documents.codes
    ordered = np.sort(pairs)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        first, second = np.flatnonzero(pairs == twice[0])[:2]
        query, document = divmod(int(twice[0]), len(documents.ids))
        raise DataError(
            f"query '{queries.ids[query]}' has document '{documents.ids[document]}' a second time; "
            f"it is in row {line_number(content, int(first))} already",
            file=path,
            row=line_number(content, int(second)),
            field="document",
        )
    return table, queries, documents


def _content(path: Path) -> bytes:
    if not path.exists():
        raise MissingDataError("there is no such file", file=path)
    if path.is_dir():
        raise DataError("is a folder, not a file", file=path)
    try:
        return _unpacked(path.read_bytes(), path).removeprefix(_BYTE_ORDER_MARK)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _unpacked(content: bytes, path: Path) -> bytes:
    import zstandard

    try:
        if path.suffix == ".gz":
            return gzip.decompress(content)
        if path.suffix == ".zst":
            with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
                return reader.read()
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise DataError(f"cannot be unpacked: {error}; is it damaged, or not {path.suffix}?", file=path) from error
    return content


def _write(path: Path, *fields: pa.LargeStringArray | str) -> None:
    import zstandard

    words = [pa.scalar(field, pa.large_string()) if isinstance(field, str) else field for field in fields]
    lines = pc.binary_join_element_wise(*words, pa.scalar(" ", pa.large_string()))
    # The characters of an Arrow string array lie one after the other, so those of the lines are the file.
    characters = pc.binary_join_element_wise(
        lines, *[pa.scalar(end, pa.large_string()) for end in ("\n", "")]
    ).buffers()[2]
    packed = b"" if characters is None else characters.to_pybytes()
    if path.suffix == ".gz":
        packed = gzip.compress(packed, compresslevel=6, mtime=0)
    if path.suffix == ".zst":
        packed = zstandard.ZstdCompressor().compress(packed)
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed)


def _named(ids: pa.LargeStringArray, positions: npt.NDArray[np.integer], field: str) -> pa.LargeStringArray:
    used = pa.array(np.unique(positions))
    for position in pc.indices_nonzero(pc.match_substring_regex(ids.take(used), r"^$|[\s\v]"))[:1]:
        unfit = ids[used[position.as_py()].as_py()]
        raise DataError(f"the {field} id '{unfit}' is empty or has a blank, so a TREC file cannot hold it", field=field)
    return ids.take(pa.array(positions))


def _as_text(numbers: npt.NDArray[np.generic]) -> pa.LargeStringArray:
    return pa.array(numbers).cast(pa.large_string())
