"""Thrift's compact protocol, as far as the page headers of Parquet need it.

See the protocol's specification (doc/specs/thrift-compact-protocol.md of Apache Thrift).
"""

from __future__ import annotations

from typing import Any

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DEEPEST = 8


class MalformedError(ValueError):
    """The bytes are not what they should be."""


def read_struct(data: bytes) -> tuple[dict[int, Any], int]:
    """The fields of the struct that the bytes begin with, by number, and how many bytes it takes.

    Raises:
        MalformedError: The bytes are no struct, or end within it.
    """
    reader = _Reader(data)
    try:
        fields = reader.struct(0)
    except IndexError:
        raise MalformedError("a header ends too early") from None
    return fields, reader.at


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEEPEST:
            raise MalformedError("a header is nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_BYTE, _DOUBLE, _BINARY):
            return self._skip({_BYTE: 1, _DOUBLE: 8}.get(kind) or self._unsigned())
        if kind in (_LIST, _SET):
            return self._list(depth + 1)
        raise MalformedError(f"a header has a field of an unknown kind ({kind})")

    def _list(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise MalformedError("a header is nested too deeply")
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        if count > len(self.data):
            raise MalformedError("a header has a list that is longer than the header")
        for _ in range(count):
            if head & 15 in (_TRUE, _FALSE):
                self._byte()
            else:
                self._value(head & 15, depth)

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise IndexError

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _unsigned(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise MalformedError("a header has a number that is too long")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
