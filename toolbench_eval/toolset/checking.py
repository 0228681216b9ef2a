"""What is wrong with the tools of a source, and what may be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.toolbox import Toolbox
from toolbench_eval.errors import DataError
from toolbench_eval.toolset.reading import Faults, Found, Place

_NAME = re.compile(r"\w[\w./-]*")
"""Names that a call written as text can bear (see `agents.tool_moves`)."""


def check(found: Found) -> tuple[Faults, list[str]]:
    """All faults of a source, in its order, and warnings."""
    faults, warnings = list(found.faults), list(found.notes)
    first: dict[str, Place] = {}
    for tool, place in found.tools:
        faults += [place.fault(message, field) for message, field in _wrong(tool)]
        warnings += [str(place.fault(message, field)) for message, field in _doubtful(tool)]
        earlier = first.setdefault(tool.name, place)
        if earlier is not place:
            faults.append(place.fault(f"the name '{tool.name}' stands twice{_where(earlier)}", "name"))
    if not found.tools and not faults:
        faults.append(DataError("there is no tool in it"))
    return faults, warnings


def raised(faults: Faults) -> DataError:
    """One error for all faults."""
    if len(faults) == 1:
        return faults[0]
    return DataError(f"{len(faults)} faults\n" + "\n".join(map(str, faults)))


def _wrong(tool: ToolSpec) -> Iterator[tuple[str, str]]:
    if not _NAME.fullmatch(tool.name):
        yield f"'{tool.name}' is no name that calls can bear: letters, digits and _ - . / only", "name"
    if tool.parameters.get("type") != "object":
        yield f"must be a JSON schema of the type object, found {tool.parameters.get('type')!r}", "parameters"
        return
    try:
        Toolbox([tool])
    except DataError as error:
        yield error.message, "parameters"


def _doubtful(tool: ToolSpec) -> Iterator[tuple[str, str]]:
    if not tool.description.strip():
        yield f"'{tool.name}' has no description: a retriever and a model see its name alone", "description"
    lost = [name for name in tool.required if name not in tool.properties]
    if lost:
        yield f"'{tool.name}' requires {', '.join(lost)}, which no property describes", "parameters"


def _where(place: Place) -> str:
    return "" if place.row is None else f" (first in row {place.row})"
