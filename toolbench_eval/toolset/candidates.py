"""Queries that were generated and nobody has looked at yet, as lines of JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import GoldCall
from toolbench_eval.environments.base import canonical

Line = dict[str, Any]
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Candidate:
    """A query for some tools.

    Attributes:
        id: Its id.
        query: What somebody asks for.
        instruction: What a retriever is told beside it.
        tools: The tools that it needs: its labels.
        made_from: `calls` that were executed, or `documentation` alone.
        scenario: The situation that it was thought up for.
        facts: What the calls had to know.
        answer: The answer; empty without calls.
        short: The part of a result that is asked for; empty where there is none.
        calls: All calls: `name`, `arguments`, `status`, `value`, `text`, and whether each `counts`: brought something.
        offered: Tools that an agent is offered: those needed and others of the window, shuffled.
        state: What the calls made of the environment, where they changed something; else None.
        conversation: Request, calls, results and answer as trainers read them; empty without calls.
        made_by: How it came about: turns, window, restarts, whether the answer was forced.
    """

    id: str
    query: str
    instruction: str
    tools: tuple[str, ...]
    made_from: Literal["calls", "documentation"]
    scenario: str = ""
    facts: tuple[str, ...] = ()
    answer: str = ""
    short: str = ""
    calls: tuple[Mapping[str, Any], ...] = ()
    offered: tuple[str, ...] = ()
    state: Any = None
    conversation: Mapping[str, Any] = field(default_factory=dict)
    made_by: Mapping[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> tuple[Mapping[str, Any], ...]:
        """The calls that brought something."""
        return tuple(call for call in self.calls if call["counts"])

    @property
    def gold_calls(self) -> tuple[GoldCall, ...]:
        """The solution: the calls that brought something, as often as each was made."""
        return tuple(GoldCall(call["name"], call["arguments"]) for call in self.done)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """What no two queries may share, each behind its name."""
        solution = canonical([[call.name, call.arguments] for call in self.gold_calls])
        calls = (("same calls", f"calls {solution}"),) if self.calls else ()
        return (("same words", f"words {same_words(self.query)}"), *calls)

    @property
    def line(self) -> Line:
        """As JSON values."""
        return asdict(self)


def dropped_line(item: str, reason: str) -> Line:
    """What is written of a query that did not come about."""
    return {"id": item, "dropped": reason}


def kept(lines: Iterable[Line]) -> tuple[list[Candidate], Counter[str]]:
    """The candidates among lines, in order, and how many were dropped for which reason.

    Of queries with the same words, or with the same calls as their solution, the first is kept.
    """
    found: list[Candidate] = []
    seen: set[str] = set()
    dropped: Counter[str] = Counter()
    for line in lines:
        if "dropped" in line:
            dropped[line["dropped"]] += 1
            continue
        candidate = candidate_of(line)
        again = next((reason for reason, key in candidate.keys if key in seen), None)
        if again is None:
            found.append(candidate)
            seen |= {key for _, key in candidate.keys}
        else:
            dropped[again] += 1
    return found, dropped


def same_words(text: str) -> str:
    """What two texts that differ in case, punctuation and white space only have in common."""
    return " ".join(_WORD.findall(text.casefold()))


def candidate_of(line: Mapping[str, Any]) -> Candidate:
    """The candidate of a line."""
    lists = {name: tuple(line[name]) for name in ("tools", "facts", "calls", "offered")}
    return Candidate(**{**line, **lists})


def read_candidates(path: Path) -> tuple[list[Candidate], Counter[str]]:
    """The candidates of a file, as `kept` has them.

    Raises:
        MissingDataError: There is no such file.
        DataError: A line is none.
    """
    return kept([_line(record) for record in read_records(path)])


def _line(record: Record) -> Line:
    line = dict(record.values)
    try:
        if "dropped" not in line:
            candidate_of(line)
    except (KeyError, TypeError) as error:
        raise record.fault(f"is no generated query: {error}") from error
    return line
