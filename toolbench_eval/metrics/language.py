"""The language that names measures: ``nDCG@10``, ``P(rel=2)@5``, ``nDCG(dcg='exp-log2')@20``.

It is that of ir_measures (MacAvaney et al. 2022); names of trec_eval such as ``ndcg_cut_10`` are understood.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from toolbench_eval.errors import UsageError
from toolbench_eval.metrics.parameters import Value
from toolbench_eval.metrics.registry import Definition, find
from toolbench_eval.metrics.spellings import our_spelling


@dataclass(frozen=True)
class Measure:
    """A measure with its parameters; ``str`` gives its canonical name, which `parse_measure` reads back.

    Attributes:
        name: Name in the registry.
        parameters: Parameters that differ from their defaults, in the order of the definition.
        cutoff: What follows ``@``: a rank, for ``IPrec`` a recall; None where nothing does.
    """

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()
    cutoff: int | float | None = None

    def __str__(self) -> str:
        given = ",".join(f"{name}={_literal(value)}" for name, value in self.parameters)
        at = "" if self.cutoff is None else f"@{self.cutoff}"
        return f"{self.name}({given}){at}" if given else f"{self.name}{at}"


@cache
def parse_measure(text: str) -> Measure:
    """Read one measure; each spelling is read once.

    Raises:
        UnknownNameError: No such measure or parameter; the nearest names are listed.
        UsageError: The text is not in the language, or a value is not allowed.
    """
    name, literals, at = _read(our_spelling(text.strip()), text)
    definition = find(name)
    values, cutoff = definition.check(literals, at)
    return Measure(definition.name, _canonical(definition, values), cutoff)  # type: ignore[arg-type]


def parse_measures(texts: str | Measure | Iterable[str | Measure]) -> list[Measure]:
    """Read measures: a string of them with spaces or commas between, or several such strings.

    A measure that is named twice comes once. Errors as `parse_measure`.
    """
    if isinstance(texts, str | Measure):
        texts = [texts]
    pieces = [piece for text in texts for piece in _split(str(text))]
    if not pieces:
        raise UsageError("no measure is named; write for example 'nDCG@10 R@100'.")
    return list(dict.fromkeys(parse_measure(piece) for piece in pieces))


def _canonical(definition: Definition, values: dict[str, Value]) -> tuple[tuple[str, Value], ...]:
    defaults = {parameter.name: parameter.default for parameter in definition.parameters}
    return tuple((name, values[name]) for name in defaults if name in values and values[name] != defaults[name])


def _literal(value: Value) -> str:
    if isinstance(value, tuple):
        return "{" + ",".join(f"{grade}:{gain:.17g}" for grade, gain in value) + "}"
    return repr(value)


def _read(text: str, written: str) -> tuple[str, dict[str, object], object]:
    """Name, literals in parentheses and literal after '@'; ``written`` is what the user sees in errors."""
    try:
        node = ast.parse(text, mode="eval").body
        at: object = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            at = ast.literal_eval(node.right)
            node = node.left
        literals: dict[str, object] = {}
        if isinstance(node, ast.Call) and not node.args:
            literals = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
            node = node.func
        if isinstance(node, ast.Name):
            return node.id, literals, at
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    raise UsageError(
        f"'{written.strip()}' is no measure. Write NAME, NAME@k, NAME(parameter=value)@k; words as values stand in "
        "quotes: nDCG(dcg='exp-log2')@10."
    )


def _split(text: str) -> list[str]:
    """Pieces between spaces and commas that are neither in brackets nor in quotes."""
    pieces, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        depth += (letter in "({") - (letter in ")}") if not quote else 0
        if depth <= 0 and not quote and (letter.isspace() or letter == ","):
            pieces.append("")
        else:
            pieces[-1] += letter
    return [piece for piece in pieces if piece]
