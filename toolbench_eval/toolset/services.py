"""Who executes the calls of a toolset, as JSON values: kept beside its corpus and in the problems made for it.

No key is kept: a header names the environment variable that holds its value.
"""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Collection, Mapping
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from toolbench_eval.environments.base import Environment, ToolSpec
from toolbench_eval.environments.functions import Function, FunctionEnvironment
from toolbench_eval.environments.mcp_server import McpAddress, McpEnvironment, McpProgram
from toolbench_eval.environments.operations import Operation
from toolbench_eval.environments.rest import RestEnvironment
from toolbench_eval.errors import DataError, EvalHarnessError, UsageError
from toolbench_eval.suites import Declared
from toolbench_eval.toolset.consent import allow, check
from toolbench_eval.toolset.deferred import DeferredEnvironment

REFERENCE = f"{__name__}:toolset_environment"
"""What the table of a tool use suite names as `environment`, for problems whose `setup` has a service."""
TOOLSET, CHANGES = "toolset", "changes"
"""Keys of such a `setup`: the service, and whether calls may change something."""


class HttpService(Declared):
    """Operations of HTTP services."""

    kind: Literal["http"] = "http"
    hosts: tuple[str, ...]
    """Hosts that may be contacted."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    """Headers of every request: the environment variable that holds the value of each."""
    operations: tuple[Operation, ...]

    def only(self, names: Collection[str]) -> HttpService:
        """The same with these operations alone."""
        kept = tuple(one for one in self.operations if one.tool.name in names)
        return self.model_copy(update={"operations": kept})

    def reach(self, changes: bool) -> dict[str, Any]:
        """What a user has to allow."""
        return {"hosts": sorted(self.hosts), "headers": dict(self.headers), "changes": changes}

    def environment(self, *, changes: bool) -> Environment:
        """The live service; requests that change something are sent only with `changes`.

        Nothing is contacted and no variable is read before the first call, which raises UsageError where a variable is
        not set or nobody has allowed the service on this machine.
        """
        shown = RestEnvironment(self.operations, self.hosts, headers=dict.fromkeys(self.headers, ""))
        return DeferredEnvironment(shown.tools(), partial(self._connected, changes))

    def _connected(self, changes: bool) -> RestEnvironment:
        keys = f" and hands out {', '.join(self.headers.values())}" if self.headers else ""
        check(self.reach(changes), f"{'changes' if changes else 'contacts'} {', '.join(self.hosts)}{keys}")
        return RestEnvironment(self.operations, self.hosts, headers=from_variables(self.headers), mutating=changes)


class McpService(Declared):
    """An MCP server: a program, or an address."""

    kind: Literal["mcp"] = "mcp"
    command: tuple[str, ...] = ()
    url: str = ""
    variables: tuple[str, ...] = ()
    """Environment variables that the program gets beside the harmless ones."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    """Headers of every request to the address: the environment variable that holds the value of each."""
    tools: tuple[ToolSpec, ...] = ()
    """What the server named when it was asked, so that nothing is started to list them."""

    def only(self, names: Collection[str]) -> McpService:
        """The same with these tools alone."""
        return self.model_copy(update={"tools": tuple(one for one in self.tools if one.name in names)})

    def reach(self, changes: bool) -> dict[str, Any]:
        """What a user has to allow; a server that is allowed may change what it likes."""
        given = {"variables": list(self.variables), "headers": dict(self.headers)}
        return {"command": list(self.command), "url": self.url, **given}

    def connected(self) -> McpEnvironment:
        """A new session with the server.

        Raises:
            UsageError: Nobody has allowed it on this machine, or a variable is not set.
            OutsideError: It cannot be reached.
        """
        what = f"contacts {self.url}" if self.url else f"starts the program '{shlex.join(self.command)}'"
        check(self.reach(True), what)
        if self.url:
            return McpEnvironment(McpAddress(self.url, from_variables(self.headers)))
        program, *arguments = self.command
        return McpEnvironment(McpProgram(program, tuple(arguments), from_variables({n: n for n in self.variables})))

    def environment(self, *, changes: bool) -> Environment:
        """A session that begins with the first call."""
        return DeferredEnvironment(self.tools, self.connected)


class FunctionsService(Declared):
    """The public functions of a Python module."""

    kind: Literal["functions"] = "functions"
    module: str

    def only(self, names: Collection[str]) -> FunctionsService:
        """The same: a module is imported whole."""
        return self

    def reach(self, changes: bool) -> None:
        """Nothing: it is code that is installed here."""

    def environment(self, *, changes: bool) -> Environment:
        """The functions; what the module itself keeps is not set back."""
        return FunctionEnvironment(public_functions(imported(self.module)))


class MakerService(Declared):
    """A Python function that makes an environment, as tool use suites name one."""

    kind: Literal["maker"] = "maker"
    function: str
    """`package.module:function`."""
    setup: Mapping[str, Any] = Field(default_factory=dict)
    """What it is given as `setup`."""

    def only(self, names: Collection[str]) -> MakerService:
        """The same: an environment is made whole."""
        return self

    def reach(self, changes: bool) -> None:
        """Nothing: it is code that is installed here."""

    def environment(self, *, changes: bool) -> Environment:
        """A new environment.

        Raises:
            UsageError: The function cannot be imported, or makes none.
        """
        module, _, name = self.function.partition(":")
        maker = getattr(imported(module), name, None)
        if not callable(maker):
            raise UsageError(f"'{module}' has no function '{name}'")
        try:
            made: Environment = maker(setup=self.setup)
        except EvalHarnessError:
            raise
        except Exception as error:  # any fault of somebody else's function must name that function
            raise UsageError(f"'{self.function}' makes no environment: {type(error).__name__}: {error}") from error
        if not hasattr(made, "tools"):
            raise UsageError(f"'{self.function}' makes no environment: {type(made).__name__} has no tools()")
        return made


Service = HttpService | McpService | FunctionsService | MakerService
_SERVICE: TypeAdapter[Service] = TypeAdapter(Annotated[Service, Field(discriminator="kind")])


def allow_service(service: Service, *, changes: bool) -> None:
    """Allow on this machine what a user has named himself.

    Raises:
        StorageError: The note cannot be kept.
    """
    described = service.reach(changes)
    if described is not None:
        allow(described)


def read_service(values: Any) -> Service:
    """The service of JSON values.

    Raises:
        DataError: They are none.
    """
    try:
        return _SERVICE.validate_python(values)
    except ValidationError as error:
        raise DataError(f"describes no service that executes calls: {error.errors()[0]['msg']}") from None


def service_values(service: Service) -> dict[str, Any]:
    """A service as JSON values."""
    values: dict[str, Any] = _SERVICE.dump_python(service, mode="json")
    return values


def toolset_environment(setup: Mapping[str, Any]) -> Environment:
    """The environment of a problem of a generated tool use suite.

    Args:
        setup: The problem's `setup`: `toolset` a service, `changes` whether calls may change something.

    Raises:
        DataError: It names no service.
    """
    if TOOLSET not in setup:
        raise DataError("says nothing of who executes the calls", field=f"setup.{TOOLSET}")
    return read_service(setup[TOOLSET]).environment(changes=bool(setup.get(CHANGES)))


def from_variables(names: Mapping[str, str]) -> dict[str, str]:
    """Values of environment variables.

    Raises:
        UsageError: One is not set.
    """
    lacking = [variable for variable in names.values() if variable not in os.environ]
    if lacking:
        raise UsageError(f"the environment variable {lacking[0]}, which the service's toolset names, is not set")
    return {name: os.environ[variable] for name, variable in names.items()}


def imported(name: str) -> ModuleType:
    """A module that a user named.

    Raises:
        UsageError: It cannot be imported.
    """
    try:
        return import_module(name)
    except Exception as error:  # any fault of somebody else's module must name that module
        raise UsageError(f"the module '{name}' cannot be imported: {type(error).__name__}: {error}") from error


def public_functions(module: ModuleType) -> list[Function]:
    """The functions that a module declares, in its order: public, with a docstring; `__all__` goes before that."""
    listed = getattr(module, "__all__", None)
    names = list(listed) if listed is not None else [name for name in vars(module) if not name.startswith("_")]
    found = [getattr(module, name, None) for name in names]
    return [
        one
        for one in found
        if inspect.isfunction(one) and one.__doc__ and (listed is not None or one.__module__ == module.__name__)
    ]
