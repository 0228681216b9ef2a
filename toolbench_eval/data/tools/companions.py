"""What belongs to a task's records and lies in other files: descriptions of tools, accepted answers, first states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tools.json_files import bare_name, beside, read_json
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.openapi import read_openapi
from toolbench_eval.environments.operations import Operation, recorded_examples
from toolbench_eval.environments.recorded import Recording
from toolbench_eval.environments.recorded_sets import from_toolbench_answer, from_toolbench_tree
from toolbench_eval.environments.tool_files import read_tool_file
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.suites import ToolRow


@dataclass(frozen=True)
class Companions:
    """Files beside the records; each is read when it is first asked for.

    Attributes:
        tools: Descriptions of tools: an OpenAPI document, or a tool file of AutoTools.
        gold: Accepted answers by id.
        world: Recorded replies (a file), or first databases (a folder of JSON files).
    """

    tools: Path | None = None
    gold: Path | None = None
    world: Path | None = None

    @classmethod
    def of(cls, row: ToolRow, records: Path | None, tools: Path | None = None) -> Companions:
        """Find the files that a task's row names.

        Args:
            row: The task's row.
            records: The file of its records, None where they are on the hub.
            tools: What a user named as the tools' descriptions.

        Raises:
            MissingDataError: One is not there.
        """
        wanted = {"tools": None if tools else row.tools, "gold": row.gold, "world": row.world}
        if records is None and any(wanted.values()):
            names = ", ".join(name for name in wanted.values() if name)
            raise MissingDataError(f"{names} belong to its records: give these as a file with --source", file=row.task)
        found = {key: beside(records, name) for key, name in wanted.items() if name and records is not None}
        return cls(tools or found.get("tools"), found.get("gold"), found.get("world"))

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The operations of the tools' file.

        Raises:
            MissingDataError: There is none.
            DataError: It is neither an OpenAPI document nor a tool file.
        """
        if self.tools is None:
            raise MissingDataError("this task needs the descriptions of its tools: name their file with --corpus")
        document = read_json(self.tools)
        if not isinstance(document, Mapping):
            raise DataError("must be an object: an OpenAPI document or a tool file", file=self.tools)
        read = read_openapi if "paths" in document else read_tool_file
        try:
            return tuple(read(document))
        except DataError as error:
            raise DataError(error.message, file=self.tools, row=error.row, field=error.field) from error

    @cached_property
    def specs(self) -> dict[str, ToolSpec]:
        """What a model is told of these operations, by name."""
        return {one.tool.name: one.tool for one in self.operations}

    @cached_property
    def examples(self) -> tuple[Recording, ...]:
        """The example reply of each operation, as the recording of a call without arguments.

        Their source is `simulated`: they have the form of an answer, and answer nothing.
        """
        return tuple(replace(one, source="simulated") for one in recorded_examples(self.operations))

    @cached_property
    def accepted(self) -> dict[str, Record]:
        """The records of accepted answers by id, empty where there is no such file."""
        return {} if self.gold is None else {record.text("id"): record for record in read_records(self.gold)}

    @cached_property
    def databases(self) -> dict[str, Any]:
        """First databases by name: the JSON files of the folder.

        Raises:
            MissingDataError: There is no folder, or no file in it.
        """
        if self.world is None or not self.world.is_dir():
            raise MissingDataError("this task needs a folder of first databases beside its records", file=self.world)
        files = [path for path in sorted(self.world.iterdir()) if Path(bare_name(path)).suffix == ".json"]
        if not files:
            raise MissingDataError("there is no JSON file in it", file=self.world)
        return {Path(bare_name(path)).stem: read_json(path) for path in files}

    @cached_property
    def recordings(self) -> tuple[Recording, ...]:
        """Recorded replies in ToolBench's layouts, predictions or search trees; empty where there is no file."""
        return () if self.world is None else tuple(_recordings(self.world))


def _recordings(path: Path) -> Iterator[Recording]:
    for record in read_records(path):
        if record.has("tree"):
            yield from from_toolbench_tree(record.values)
        elif record.has("answer"):
            yield from from_toolbench_answer(record.values)
        else:
            raise record.fault("no recorded run: neither 'tree' nor 'answer'")
