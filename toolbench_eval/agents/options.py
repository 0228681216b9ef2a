"""An agent's options: reading them from text, and recording them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from toolbench_eval.agents.base import Agent
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.prompts import load_prompt
from toolbench_eval.suites import Protocol


def build(kind: type[Agent], protocol: Protocol = "default", given: Mapping[str, str] | None = None) -> Agent:
    """Make an agent.

    Args:
        kind: Its class.
        protocol: The bundle of options; `released` comes on top of `paper`.
        given: Options that a user sets, as text.

    Raises:
        UnknownNameError: The agent has no such option.
        UsageError: A value is not one the option can take.
    """
    values = under(kind, protocol) | read_options(kind, given or {})
    try:
        return kind(**values)
    except ValueError as error:
        raise UsageError(f"the agent '{kind.name}' refuses these options: {error}") from error


def under(kind: type[Agent], protocol: Protocol) -> dict[str, Any]:
    """What a protocol sets."""
    if protocol == "default":
        return {}
    published = dict(kind.protocols.get("paper", {}))
    return published if protocol == "paper" else {**published, **kind.protocols.get("released", {})}


def read_options(kind: type[Agent], given: Mapping[str, str]) -> dict[str, Any]:
    """Options given as text, as values of their types."""
    hints = get_type_hints(kind)
    known = [field.name for field in _fields(kind)]
    for name in given:
        if name not in known:
            raise UnknownNameError(f"option of the agent {kind.name}", name, known, f"See 'agents show {kind.name}'.")
    return {name: _read(name, text, hints[name]) for name, text in given.items()}


def option_names(kind: type[Agent]) -> tuple[str, ...]:
    """Names of the options."""
    return tuple(field.name for field in _fields(kind))


def setting_of(agent: Agent) -> dict[str, Any]:
    """What a result records of an agent: its name, every option, and its prompts with their digests."""
    kind = type(agent)
    options = {field.name: _plain(getattr(agent, field.name)) for field in _fields(kind)}
    return {"name": agent.name, "options": options, "prompts": {one: load_prompt(one).digest for one in agent.prompts}}


def restore(kind: type[Agent], setting: Mapping[str, Any]) -> Agent:
    """The agent that a result was made with.

    Raises:
        UsageError: Its options or its prompts are not those of today's code.
    """
    hints = get_type_hints(kind)
    known = option_names(kind)
    values = {name: _typed(value, hints.get(name)) for name, value in setting["options"].items()}
    if sorted(values) != sorted(known):
        raise UsageError(f"the agent '{kind.name}' has other options today than when the result was made")
    agent = kind(**values)
    if setting_of(agent)["prompts"] != setting["prompts"]:
        raise UsageError(f"the prompts of '{kind.name}' have changed since the result was made")
    return agent


def _typed(value: Any, hint: Any) -> Any:
    return tuple(value) if isinstance(value, list) and get_origin(hint) is tuple else value


def described(kind: type[Agent]) -> list[dict[str, Any]]:
    """A row for each option: name, default, values under the protocols, choices, meaning."""
    hints = get_type_hints(kind)
    rows = []
    for field in _fields(kind):
        default = _default(field)
        rows.append(
            {
                "option": field.name,
                "default": _plain(default),
                "paper": _plain(under(kind, "paper").get(field.name, default)),
                "released": _plain(under(kind, "released").get(field.name, default)),
                "values": _values(hints[field.name]),
                "meaning": field.metadata.get("help", ""),
            }
        )
    return rows


def _fields(kind: type[Agent]) -> tuple[Field[Any], ...]:
    return fields(kind)  # type: ignore[arg-type]  # every agent is a dataclass, which the protocol cannot say


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _values(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(str(value) for value in get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join("none" if one is type(None) else _values(one) for one in get_args(hint))
    return str(getattr(hint, "__name__", hint))


def _read(name: str, text: str, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        kinds = get_args(hint)
        if text.lower() == "none" and type(None) in kinds:
            return None
        return _read(name, text, next(one for one in kinds if one is not type(None)))
    if origin is Literal:
        found = {str(value): value for value in get_args(hint)}
        if text not in found:
            raise UsageError(f"the option '{name}' takes one of {', '.join(found)}; found '{text}'")
        return found[text]
    if origin is tuple:
        return tuple(part for part in text.split(",") if part)
    return _scalar(name, text, hint)


def _scalar(name: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise UsageError(f"the option '{name}' takes true or false; found '{text}'")
        return text.lower() == "true"
    try:
        value = kind(text)
        if kind is float and not math.isfinite(value):
            raise ValueError
        return value
    except ValueError:
        wanted = {int: "a whole number", float: "a number"}.get(kind, kind.__name__)
        raise UsageError(f"the option '{name}' takes {wanted}; found '{text}'") from None
