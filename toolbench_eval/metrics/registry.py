"""The one registry of measures: ours, and those of other packages (entry points), loaded when named.

A package adds a measure with an entry point in the group ``toolbench_eval.metrics``: its name is that of
the measure, its value a `Definition`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import numpy as np

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.metrics.parameters import Parameter, Value
from toolbench_eval.metrics.segments import Floats
from toolbench_eval.metrics.spellings import known_spellings

ENTRY_POINT_GROUP = "toolbench_eval.metrics"


def mean(values: Floats) -> float:
    """Mean over queries: how most measures aggregate."""
    return float(np.mean(values))


@dataclass(frozen=True)
class Definition:
    """What a measure is.

    Attributes:
        name: As it is written and stored.
        description: One line.
        kernel: ``kernel(judged, **parameters) -> float64 array``, one value for each query.
        parameters: What may stand in parentheses; each reaches the kernel as a keyword, unless it is not
            given and has no default. One named ``judged_only`` is not passed on: if true, the kernel
            receives the run without its unjudged documents.
        at: What ``@`` sets, or None where the measure takes none.
        aggregate: From the values of all queries to the one of the run.
        aliases: Other names of the measure.
    """

    name: str
    description: str
    kernel: Callable[..., Floats]
    parameters: tuple[Parameter, ...] = ()
    at: Parameter | None = None
    aggregate: Callable[[Floats], float] = mean
    aliases: tuple[str, ...] = ()

    def check(self, literals: Mapping[str, object], at: object) -> tuple[dict[str, Value], Value | None]:
        """The stored values of written parameters and of what follows ``@``.

        Raises:
            UnknownNameError: The measure has no such parameter.
            UsageError: A value is not allowed, a required one is missing, or ``@`` is not taken.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in literals:
            if name not in known:
                hint = "" if known else "It takes none."
                raise UnknownNameError(f"parameter of {self.name}", name, known, hint)
        values = {name: known[name].check(self.name, literal) for name, literal in literals.items()}
        for parameter in self.parameters:
            if parameter.required and parameter.name not in values:
                raise UsageError(f"{self.name} needs {parameter.name}: write {self.name}({parameter.name}=...).")
        if {"min_rel", "max_rel"} <= known.keys() and values.get("min_rel", 0) >= values["max_rel"]:  # type: ignore[operator]
            raise UsageError(f"{self.name}: min_rel must be below max_rel.")
        return values, self._check_at(at)

    def _check_at(self, at: object) -> Value | None:
        if self.at is None:
            if at is not None:
                raise UsageError(f"{self.name} takes no '@': write {self.name}.")
            return None
        if at is None:
            if self.at.required:
                raise UsageError(f"{self.name} needs a {self.at.name} after '@', {self.at.allowed}.")
            return None
        return self.at.check(self.name, at)


def find(name: str) -> Definition:
    """The definition of a measure by its name or alias.

    Raises:
        UnknownNameError: Nobody registered it; the nearest names are listed.
        UsageError: The package that registered it cannot be loaded, or gives something else.
    """
    built_in = _built_in()
    if name in built_in:
        return built_in[name]
    others = _from_packages()
    if name in others:
        return _loaded(others[name])
    spelled = {known.casefold(): known for known in [*known_spellings(), *built_in, *names()]}
    raise UnknownNameError("measure", name, spelled.values(), "docs/metrics.md lists all.")


def names() -> list[str]:
    """Names of all measures, without aliases, sorted; loads no other package."""
    return sorted({definition.name for definition in _built_in().values()} | _from_packages().keys())


@cache
def _built_in() -> dict[str, Definition]:
    from toolbench_eval.metrics.catalogue import CATALOGUE

    return {name: definition for definition in CATALOGUE for name in (definition.name, *definition.aliases)}


def _from_packages() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _loaded(point: EntryPoint) -> Definition:
    try:
        definition: Any = point.load()
    except Exception as error:  # any fault of somebody else's package must name that package
        raise UsageError(f"the measure '{point.name}' ({point.value}) cannot be loaded: {error}") from error
    if not isinstance(definition, Definition):
        raise UsageError(
            f"the measure '{point.name}' ({point.value}) is no toolbench_eval.metrics.registry.Definition."
        )
    return definition
