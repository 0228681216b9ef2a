"""Parameters that measures take, and what values are allowed for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from toolbench_eval.errors import UsageError

Gains = tuple[tuple[int, float], ...]
"""A mapping grade -> gain as sorted pairs, so that a measure stays hashable."""

Value = bool | int | float | str | Gains
"""A parameter value, in the form in which measures hold it and kernels receive it."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a measure.

    Attributes:
        name: Keyword under which the kernel receives the value.
        allowed: Completes the sentence "must be ...".
        convert: Turns a literal into the stored value, or returns None if it is not allowed.
        default: Used where the parameter is not written; None means "not given" to the kernel.
        required: The measure has no meaning without it.
    """

    name: str
    allowed: str
    convert: Callable[[object], Value | None]
    default: Value | None = None
    required: bool = False

    def check(self, measure: str, literal: object) -> Value:
        """The stored form of a literal.

        Raises:
            UsageError: The value is not allowed; the message says what is.
        """
        value = self.convert(literal)
        if value is None:
            raise UsageError(f"{measure}: {self.name} must be {self.allowed}, not {literal!r}.")
        return value


def whole(name: str, default: int | None = None, *, least: int = 0, required: bool = False) -> Parameter:
    """A whole number with a lower bound."""

    def convert(literal: object) -> Value | None:
        return literal if type(literal) is int and literal >= least else None

    return Parameter(name, f"a whole number >= {least}", convert, default, required)


def number(
    name: str,
    default: float | None = None,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
    above: float = -math.inf,
    required: bool = False,
) -> Parameter:
    """A finite number; ``least`` and ``most`` belong to the range, ``above`` and ``below`` do not."""
    bounds = [
        (f">= {least:g}", least > -math.inf),
        (f"> {above:g}", above > -math.inf),
        (f"<= {most:g}", most < math.inf),
        (f"< {below:g}", below < math.inf),
    ]
    allowed = " and ".join(text for text, given in bounds if given)

    def convert(literal: object) -> Value | None:
        if type(literal) not in (int, float):
            return None
        value = float(literal)  # type: ignore[arg-type]
        return value if math.isfinite(value) and above < value < below and least <= value <= most else None

    return Parameter(name, f"a number {allowed}".rstrip(), convert, default, required)


def flag(name: str) -> Parameter:
    """True or False, False by default."""

    def convert(literal: object) -> Value | None:
        return literal if isinstance(literal, bool) else None

    return Parameter(name, "True or False", convert, default=False)


def choice(name: str, options: tuple[str, ...]) -> Parameter:
    """One of some words; the first is the default."""

    def convert(literal: object) -> Value | None:
        return literal if isinstance(literal, str) and literal in options else None

    return Parameter(name, "one of " + ", ".join(map(repr, options)), convert, default=options[0])


def gains(name: str) -> Parameter:
    """A mapping from grades to gains, e.g. ``{1: 1, 2: 3}``; other grades keep their own value."""

    def convert(literal: object) -> Value | None:
        if not isinstance(literal, dict) or not literal:
            return None
        pairs = literal.items()
        if not all(type(grade) is int and type(gain) in (int, float) for grade, gain in pairs):
            return None
        if not all(math.isfinite(gain) and gain >= 0 for _, gain in pairs):
            return None
        return tuple(sorted((grade, float(gain)) for grade, gain in pairs))

    return Parameter(name, "a mapping from grades to gains >= 0, such as {1: 1, 2: 3}", convert)
