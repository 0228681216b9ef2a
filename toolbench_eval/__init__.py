"""Evaluation harness for tool retrieval, instructed retrieval and tool-using agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["as_model", "check", "compare", "evaluate", "load_model", "load_task", "score"]

if TYPE_CHECKING:
    from toolbench_eval.api import as_model, check, compare, evaluate, load_model, load_task, score


def __getattr__(name: str) -> Any:
    """Import the interface when it is first used: the command line starts without it."""
    if name in __all__:
        from toolbench_eval import api

        return getattr(api, name)
    raise AttributeError(f"module 'toolbench_eval' has no attribute '{name}'")
