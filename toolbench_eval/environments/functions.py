"""Python functions as tools: schemas come from signatures and docstrings."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from toolbench_eval.environments.base import Arguments, Json, ToolResult, ToolSpec, answer, portable
from toolbench_eval.environments.toolbox import Toolbox, ToolError
from toolbench_eval.errors import UsageError

STATE = "state"
"""A parameter of this name is no argument of the tool: the function is given the environment's state."""

Function = Callable[..., Any]


class FunctionEnvironment:
    """Functions that share a state.

        def add(state: dict, item: str, amount: int = 1) -> int:
            '''Put something into the basket.'''
            state[item] = state.get(item, 0) + amount
            return state[item]

        basket = FunctionEnvironment([add], state={}, mutating=["add"])

    A function may raise `ToolError` to say what a model should read; any other exception is told with its type. What
    it changed before it raised stays changed, as with any API.
    """

    def __init__(
        self,
        functions: Iterable[Function] | Mapping[str, Function],
        state: Any = None,
        mutating: Collection[str] = (),
    ) -> None:
        """Make tools of functions.

        Args:
            functions: Each with parameters that can be named; tools have their names, or those that are given here.
            state: What functions get as `state`; copied, so that a reset goes back to it.
            mutating: Names of the tools that change something.

        Raises:
            UsageError: A function cannot be a tool.
            DataError: Two have the same name.
        """
        if isinstance(functions, Mapping):
            named = list(functions.items())
        else:
            named = [(getattr(function, "__name__", ""), function) for function in functions]
        bound = [_bind(name, function, name in mutating) for name, function in named]
        self._functions = {one.tool.name: one for one in bound}
        self._box = Toolbox(one.tool for one in bound)
        self._first = copy.deepcopy(state)
        self.state = copy.deepcopy(state)

    def tools(self) -> Sequence[ToolSpec]:
        """A tool for each function."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a function."""
        return self._box.call(name, arguments, self._run)

    def reset(self) -> None:
        """Go back to the state as it was given."""
        self.state = copy.deepcopy(self._first)

    def snapshot(self) -> Json:
        """The state as a JSON value.

        Raises:
            UsageError: It has no JSON form.
        """
        try:
            return as_json(self.state)
        except ToolError as error:
            raise UsageError(f"the state of the functions cannot be shown: {error}") from error

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        function = self._functions[tool.name]
        values = function.read(arguments)
        if function.stateful:
            values[STATE] = self.state
        return answer(as_json(function.call(**values)))


@dataclass(frozen=True)
class _Bound:
    """A function, what is told of it, and the model that turns JSON values into its arguments."""

    call: Function
    tool: ToolSpec
    arguments: type[BaseModel]
    names: Mapping[str, str]
    stateful: bool

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the types of the signature; those that were left out keep the function's defaults."""
        try:
            read = self.arguments.model_validate(arguments)
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise ToolError(f"invalid arguments for {self.tool.name}: {told}", "invalid_arguments") from error
        return {self.names[field]: getattr(read, field) for field in read.model_fields_set}


def as_json(value: Any) -> Json:
    """A Python value as a JSON value: data classes and models as objects, dates as text, sets as lists.

    Raises:
        ToolError: It has no JSON form.
    """
    try:
        return portable(to_jsonable_python(value))
    except (PydanticSerializationError, TypeError, ValueError) as error:
        raise ToolError(f"not a JSON value: {error}") from error


@lru_cache(maxsize=1024)  # an environment is made for every sample, of the same functions
def _bind(name: str, function: Function, mutating: bool) -> _Bound:
    if not name or name.startswith("<"):
        raise UsageError(f"{function!r} cannot be a tool: it has no name")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError(f"the function '{name}' cannot be a tool: it is asynchronous")
    documented = parse_docstring(inspect.getdoc(function) or "")
    parameters = inspect.signature(function).parameters
    taken = [parameter for parameter in parameters.values() if parameter.name != STATE]
    # Field names of our own, so that a parameter may be called `schema` or `copy`, as pydantic's own methods are.
    names = {f"field_{at}": parameter.name for at, parameter in enumerate(taken)}
    try:
        hints = get_type_hints(function, include_extras=True)
        fields: dict[str, Any] = {
            field: _field(parameter, hints, documented.arguments.get(parameter.name))
            for field, parameter in zip(names, taken, strict=True)
        }
        model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        tool = ToolSpec(
            name=name,
            description=documented.text,
            parameters=_without_titles(model.model_json_schema()),
            returns=_returned(hints.get("return")),
            mutating=mutating,
            source=f"{function.__module__}:{getattr(function, '__qualname__', name)}",
        )
    except (NameError, TypeError, PydanticUserError) as error:
        raise UsageError(f"the function '{name}' cannot be a tool: {error}") from error
    return _Bound(function, tool, model, names, STATE in parameters)


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any], description: str | None) -> tuple[Any, Any]:
    if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
        raise TypeError(f"its parameter '{parameter}' has no name of its own")
    default = ... if parameter.default is parameter.empty else parameter.default
    return hints.get(parameter.name, Any), Field(default, alias=parameter.name, description=description)


def _returned(hint: Any) -> Mapping[str, Any] | None:
    return None if hint is None or hint is type(None) else TypeAdapter(hint).json_schema()


def _without_titles(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without pydantic's titles of fields, which say nothing that the names do not."""
    properties = {name: {k: v for k, v in one.items() if k != "title"} for name, one in schema["properties"].items()}
    return {key: value for key, value in {**schema, "properties": properties}.items() if key != "title"}


@dataclass(frozen=True)
class Docstring:
    """A docstring in Google style: its text, and what it says of each argument."""

    text: str
    arguments: Mapping[str, str]


_SECTION = re.compile(r"^(Args|Arguments|Returns|Raises|Yields|Examples?|Notes?):\s*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^ {2,8}\*{0,2}(\w+)(?: \([^)]*\))?:[ \t]*(.*(?:\n(?: {6,}.*|[ \t]*$))*)", re.MULTILINE)


def parse_docstring(docstring: str) -> Docstring:
    """Read a docstring; what stands before the first section is the text."""
    pieces = _SECTION.split(docstring)
    sections = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    listed = sections.get("Args") or sections.get("Arguments") or ""
    return Docstring(pieces[0].strip(), {found[1]: " ".join(found[2].split()) for found in _ARGUMENT.finditer(listed)})
