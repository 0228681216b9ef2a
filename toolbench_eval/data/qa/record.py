"""One record of a source file, whose fields are read with errors that name file, row and field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolbench_eval.errors import DataError


@dataclass(frozen=True)
class Record:
    """A JSON object and where it stands.

    Attributes:
        values: The object.
        file: Where it is from.
        row: Its number from 1: the line of a JSONL file, else the place in the list.
        path: Where it stands inside the record, if it is a part of one, with a dot at the end.
        flat: Whether it is a row of a table with flat columns (`read_table`), which holds lists and objects as JSON.
    """

    values: Mapping[str, Any]
    file: str
    row: int
    path: str = ""
    flat: bool = False

    def fault(self, message: str, name: str | None = None) -> DataError:
        """An error at a field of this record."""
        field = self.path + name if name is not None else self.path.rstrip(".") or None
        return DataError(message, file=self.file, row=self.row, field=field)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(name) is not None

    def first(self, *names: str) -> str:
        """The first of these fields that is there.

        Raises:
            DataError: None is.
        """
        for name in names:
            if self.has(name):
                return name
        raise self.fault("is missing" if len(names) == 1 else f"is missing (or {', '.join(names[1:])})", names[0])

    def text(self, *names: str) -> str:
        """The first of these fields that is there, as text; numbers are written out.

        Raises:
            DataError: None is there, or the value is neither text nor a number.
        """
        name = self.first(*names)
        return self._as_text(self.values[name], name)

    def maybe(self, *names: str) -> str | None:
        """As `text`; None where no field is there."""
        return self.text(*names) if any(map(self.has, names)) else None

    def number(self, name: str) -> int:
        """A whole number; digits are one.

        Raises:
            DataError: It is missing or none.
        """
        value = self.values[self.first(name)]
        if isinstance(value, str) and value.strip().isdecimal():
            return int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
            return int(value)
        raise self.fault(f"must be a whole number, found {described(value)}", name)

    def decoded(self, name: str) -> Any:
        """The field; in a flat record, text that holds a JSON list or object is that list or object."""
        value = self.values.get(name)
        if self.flat and isinstance(value, str) and value[:1] in ("[", "{"):
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value

    def items(self, name: str, *, required: bool = True) -> list[Any]:
        """A list.

        Raises:
            DataError: It is missing although required, or no list.
        """
        if not self.has(name):
            if required:
                raise self.fault("is missing", name)
            return []
        value = self.decoded(name)
        if not isinstance(value, list):
            raise self.fault(f"must be a list, found {described(value)}", name)
        return value

    def texts(self, name: str, *, required: bool = True) -> tuple[str, ...]:
        """A list of texts, numbers written out.

        Raises:
            DataError: It is no such list.
        """
        values = self.items(name, required=required)
        return tuple(self._as_text(value, f"{name}[{at}]") for at, value in enumerate(values))

    def objects(self, name: str, *, required: bool = True) -> Iterator[Record]:
        """A list of objects, each as a record of its own.

        Raises:
            DataError: It is no such list.
        """
        for at, value in enumerate(self.items(name, required=required)):
            yield self._part(value, f"{name}[{at}]")

    def object(self, name: str) -> Record:
        """An object, as a record of its own.

        Raises:
            DataError: It is missing, or none.
        """
        self.first(name)
        return self._part(self.decoded(name), name)

    def pairs(self, name: str, *, required: bool = True) -> Iterator[tuple[Any, Any]]:
        """A list of lists of two.

        Raises:
            DataError: It is no such list.
        """
        for at, value in enumerate(self.items(name, required=required)):
            if not isinstance(value, list) or len(value) != 2:
                raise self.fault(f"must be a list of two, found {described(value)}", f"{name}[{at}]")
            yield value[0], value[1]

    def answers(self, *names: str) -> tuple[str, ...]:
        """The accepted answers of the first of these fields that is there: a text, a number, a boolean or a list.

        Booleans become `yes` and `no`; empty answers and repetitions are left out.

        Raises:
            DataError: A value is none of these.
        """
        there = [name for name in names if self.has(name)]
        if not there:
            return ()
        value = self.decoded(there[0])
        values = value if isinstance(value, list) else [value]
        return distinct(self._as_answer(one, there[0]) for one in values if one is not None)

    def is_boolean(self, *names: str) -> bool:
        """Whether the answer in the first of these fields that is there is a JSON boolean (or a list of them)."""
        value = next((self.decoded(name) for name in names if self.has(name)), None)
        values = value if isinstance(value, list) else [value]
        return bool(values) and all(isinstance(one, bool) for one in values)

    def _part(self, value: Any, name: str) -> Record:
        if not isinstance(value, Mapping):
            raise self.fault(f"must be an object, found {described(value)}", name)
        return Record(value, self.file, self.row, f"{self.path}{name}.")

    def _as_answer(self, value: Any, name: str) -> str:
        return ("yes" if value else "no") if isinstance(value, bool) else self._as_text(value, name)

    def _as_text(self, value: Any, name: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise self.fault(f"must be text, found {described(value)}", name)


def described(value: object) -> str:
    """What a value is, in the words of JSON."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return f"{kinds.get(type(value), 'a number')} ({value!r:.60})"


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts that are not blank, each once, in order."""
    return tuple(dict.fromkeys(text for text in texts if text.strip()))
