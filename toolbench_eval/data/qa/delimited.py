"""Large TSV and CSV files as Arrow columns, block by block: `psgs_w100.tsv` has 21 million rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from toolbench_eval.data.files import kind_of
from toolbench_eval.errors import DataError, MissingDataError, StorageError

BLOCK = 1 << 24


def read_delimited(path: Path) -> pa.Table:
    """All columns as text; quoted fields as Python's ``csv`` writes them. May end in ``.gz`` or ``.zst``.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is no such table; names the row if it has too many or too few fields.
        StorageError: It cannot be read.
    """
    if not path.is_file():
        raise MissingDataError("there is no such file", file=path)
    kind, compression = kind_of(path.name)
    wrong: list[csv.InvalidRow] = []

    def note(row: csv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    parse = csv.ParseOptions(
        delimiter="\t" if kind == ".tsv" else ",", newlines_in_values=True, invalid_row_handler=note
    )
    read = csv.ReadOptions(use_threads=False, block_size=BLOCK)
    try:
        with pa.input_stream(str(path), compression=compression) as stream:
            names = csv.open_csv(stream, read, parse).schema.names
        convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()))
        with pa.input_stream(str(path), compression=compression) as stream:
            return csv.open_csv(stream, read, parse, convert).read_all()
    except PermissionError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from error
    except (pa.ArrowException, OSError) as error:
        if wrong:
            message = f"has {wrong[0].actual_columns} fields where the header has {wrong[0].expected_columns}"
            raise DataError(message, file=path, row=wrong[0].number) from error
        raise DataError(f"not {kind} text: {error}", file=path) from error
