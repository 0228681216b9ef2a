"""The record formats by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.apibank import dialogues, level3, responses
from toolbench_eval.data.tools.arithmetic import gsm8k, tabmwp
from toolbench_eval.data.tools.autotools import autotools
from toolbench_eval.data.tools.bfcl import bfcl
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.dbbench import dbbench
from toolbench_eval.data.tools.plain import plain
from toolbench_eval.data.tools.restbench import restbench, restbench_records
from toolbench_eval.data.tools.spp import logic_grid, travel_plan, trivia
from toolbench_eval.data.tools.teval import teval_plan, teval_review
from toolbench_eval.data.tools.toolbench import toolbench
from toolbench_eval.errors import UnknownNameError

Format = Callable[[Record, Companions], Iterator[ToolProblem]]
"""Makes problems of one record; most make one."""

FORMATS: Mapping[str, Format] = {
    "plain": plain,
    "autotools": autotools,
    "restbench": restbench,
    "apibank": dialogues,
    "apibank-responses": responses,
    "apibank-level-3": level3,
    "bfcl": bfcl,
    "dbbench": dbbench,
    "tabmwp": tabmwp,
    "gsm8k": gsm8k,
    "trivia": trivia,
    "logic-grid": logic_grid,
    "travel-plan": travel_plan,
    "toolbench": toolbench,
    "teval-plan": teval_plan,
    "teval-review": teval_review,
}

_READERS: Mapping[str, Callable[[Path], Iterator[Record]]] = {"restbench": restbench_records}
"""Formats whose files hold more than records."""


def check_format(name: str) -> None:
    """Refuse a format that does not exist.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in FORMATS:
        raise UnknownNameError("record format", name, FORMATS)


def records_of(path: Path, name: str) -> Iterator[Record]:
    """The records of a file in a format.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is not what its name says.
    """
    return _READERS.get(name, read_records)(path)
