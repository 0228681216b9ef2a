"""The review file: a row for each generated query, to be decided on by a person, and back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toolbench_eval.atomic import write_text
from toolbench_eval.environments.base import cut
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.toolset.candidates import Candidate, same_words
from toolbench_eval.toolset.naming import Names

KEEP = "keep?"
EDITED = ("query", "instruction", "tools", "short_answer")
SHOWN = ("made_from", "scenario", "facts", "calls", "answer")
COLUMNS = ("id", KEEP, *EDITED, *SHOWN)
BETWEEN = " | "
"""What parts several tools."""
LONGEST = 500
"""Characters of a result that a reviewer is shown."""
_YES, _NO = {"yes", "y", "true", "1", "x", "keep"}, {"no", "n", "false", "0", "-", "drop"}


def write_review(path: Path, candidates: Sequence[Candidate]) -> None:
    """Write the review file; `keep?` is left open.

    Raises:
        StorageError: The disk failed.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_row, candidates))
    write_text(path, text.getvalue())


def _row(candidate: Candidate) -> dict[str, str]:
    calls = [
        f"{call['name']}({json.dumps(call['arguments'], ensure_ascii=False)}) -> {cut(call['text'], LONGEST)}"
        for call in candidate.calls
    ]
    return {
        "id": candidate.id,
        KEEP: "",
        "query": candidate.query,
        "instruction": candidate.instruction,
        "tools": BETWEEN.join(candidate.tools),
        "short_answer": candidate.short,
        "made_from": candidate.made_from,
        "scenario": candidate.scenario,
        "facts": "\n".join(candidate.facts),
        "calls": "\n".join(calls),
        "answer": candidate.answer,
    }


@dataclass(frozen=True)
class Reviewed:
    """What a review came to.

    Attributes:
        accepted: The queries that are kept, with the reviewer's changes.
        refused: How many are not.
        edited: How many were changed.
        relabelled: Ids of those whose tools were changed, so that their calls solve them no longer.
    """

    accepted: tuple[Candidate, ...]
    refused: int
    edited: int
    relabelled: tuple[str, ...]


def read_review(path: Path, candidates: Sequence[Candidate], documents: Sequence[str], names: Names) -> Reviewed:
    """Take a review in.

    Args:
        path: The review file.
        candidates: What was reviewed.
        documents: Ids of the corpus.
        names: What a query must not say.

    Raises:
        MissingDataError: There is no such file.
        DataError: All faults of the file: rows without a decision, unknown ids and tools, queries that are empty, stand
            twice or name a tool.
    """
    known = {one.id: one for one in candidates}
    rows = list(_rows(path))
    faults = [
        DataError(message, file=path, row=number, field=field)
        for number, row in rows
        for field, message in _faults(row, known, set(documents), names)
    ]
    faults += _repeated(path, [(number, row) for number, row in rows if row[KEEP].strip().lower() in _YES])
    if faults:
        listed = "\n".join(map(str, faults))
        raise faults[0] if len(faults) == 1 else DataError(f"{len(faults)} faults\n{listed}")
    taken = [row for _, row in rows if row[KEEP].strip().lower() in _YES]
    accepted = [_edited(known[row["id"]], row) for row in taken]
    changed = [one for one in accepted if one != known[one.id]]
    relabelled = tuple(one.id for one in changed if set(one.tools) != set(known[one.id].tools))
    return Reviewed(tuple(accepted), len(rows) - len(accepted), len(changed), relabelled)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows and their numbers; the header is row 1."""
    if not path.is_file():
        raise MissingDataError("there is no such file", file=path)
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        lacking = [name for name in ("id", KEEP, *EDITED) if name not in (reader.fieldnames or ())]
        if lacking:
            raise DataError(f"lacks the column '{lacking[0]}': save it with commas between the cells", file=path, row=1)
        for number, row in enumerate(reader, start=2):
            yield number, {name: row[name] or "" for name in ("id", KEEP, *EDITED)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"not a CSV file in UTF-8: {error}", file=path) from error


def _faults(
    row: Mapping[str, str], known: Mapping[str, Candidate], documents: set[str], names: Names
) -> Iterator[tuple[str, str]]:
    if row["id"] not in known:
        yield "id", f"no query '{row['id']}' was generated"
    keep = row[KEEP].strip().lower()
    if keep not in _YES | _NO:
        yield KEEP, f"write yes or no, found '{row[KEEP]}'"
    if keep not in _YES:
        return
    if not row["query"].strip():
        yield "query", "the query is empty"
    for field in ("query", "instruction"):
        if (named := names.named(row[field])) is not None:
            yield field, f"gives '{named}' away"
    tools = _tools(row)
    if not tools:
        yield "tools", "a query needs a tool"
    for tool in tools:
        if tool not in documents:
            yield "tools", f"the corpus has no tool '{tool}' (several are parted by '{BETWEEN}')"


def _repeated(path: Path, rows: Sequence[tuple[int, Mapping[str, str]]]) -> Iterator[DataError]:
    for field, key in (("id", str), ("query", same_words)):
        first: dict[str, int] = {}
        for number, row in rows:
            earlier = first.setdefault(key(row[field]), number)
            if earlier != number:
                yield DataError(f"the same as in row {earlier}", file=path, row=number, field=field)


def _tools(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (part.strip() for part in row["tools"].split(BETWEEN.strip())))))


def _edited(candidate: Candidate, row: Mapping[str, str]) -> Candidate:
    query = row["query"].strip()
    return replace(
        candidate,
        query=query,
        instruction=row["instruction"].strip(),
        tools=_tools(row) if set(_tools(row)) != set(candidate.tools) else candidate.tools,
        short=row["short_answer"].strip(),
        conversation=_asked(candidate.conversation, query),
    )


def _asked(conversation: Mapping[str, object], query: str) -> Mapping[str, object]:
    """The conversation with another request."""
    turns = conversation.get("conversations")
    if not isinstance(turns, list):
        return conversation
    return {**conversation, "conversations": [{**turns[0], "content": query}, *turns[1:]]}
