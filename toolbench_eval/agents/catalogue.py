"""Finding agents by name: those that ship, and those of installed packages."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from toolbench_eval.agents.base import Agent
from toolbench_eval.errors import UnknownNameError, UsageError

GROUP = "toolbench_eval.agents"
"""Entry points of this group name agents: `my-agent = "my_package.module:MyAgent"`."""

SHIPPED: dict[str, str] = {
    "direct": "toolbench_eval.agents.direct:Direct",
    "cot": "toolbench_eval.agents.cot:Cot",
    "rag": "toolbench_eval.agents.rag:Rag",
    "react": "toolbench_eval.agents.react:React",
    "self-ask": "toolbench_eval.agents.self_ask:SelfAsk",
    "iter-retgen": "toolbench_eval.agents.iter_retgen:IterRetGen",
    "ircot": "toolbench_eval.agents.ircot:Ircot",
    "genground": "toolbench_eval.agents.genground.agent:GenGround",
    "exsearch": "toolbench_eval.agents.exsearch.agent:ExSearch",
    "dro": "toolbench_eval.agents.dro.agent:Dro",
    "atc": "toolbench_eval.agents.atc.agent:Atc",
    "plan-execute": "toolbench_eval.agents.plan_execute:PlanExecute",
    "dfsdt": "toolbench_eval.agents.dfsdt.agent:Dfsdt",
    "conagents": "toolbench_eval.agents.conagents.agent:ConAgents",
    "rea360": "toolbench_eval.agents.rea360.agent:Rea360",
}
"""Name on the command line -> class."""


def agent_names() -> dict[str, str]:
    """Every name, and where its class is; installed packages come before what ships."""
    return {**SHIPPED, **{entry.name: entry.value for entry in _entries()}}


def agent_class(name: str) -> type[Agent]:
    """The class of an agent.

    Args:
        name: A name, or `package.module:Class`.

    Raises:
        UnknownNameError: There is no such agent; the nearest names are listed.
        UsageError: Its class cannot be imported, or is no agent.
    """
    place = agent_names().get(name, name if ":" in name else None)
    if place is None:
        raise UnknownNameError("agent", name, agent_names(), "'evalharness agents list' shows all.")
    module, _, attribute = place.partition(":")
    try:
        found: object = getattr(import_module(module), attribute)
    except Exception as error:  # any fault of somebody else's package must name that package
        raise UsageError(f"the agent '{name}' ({place}) cannot be loaded: {error}") from error
    if not (
        isinstance(found, type) and all(hasattr(found, part) for part in ("name", "prompts", "protocols", "solve"))
    ):
        raise UsageError(f"the agent '{name}' ({place}) lacks name, prompts, protocols or solve: see docs/agents.md")
    return found


def roles_of(kind: type[Agent]) -> tuple[str, ...] | None:
    """The roles beside the main one for which `--llm ROLE=L` may name a model: the class attribute `roles`.

    None where the agent does not say.
    """
    roles: tuple[str, ...] | None = getattr(kind, "roles", None)
    return roles


def searches(kind: type[Agent]) -> bool:
    """Whether the agent searches passages where a task has some, and so needs a retriever: the attribute `searches`.

    False where the agent does not say.
    """
    found: bool = getattr(kind, "searches", False)
    return found


def _entries() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
