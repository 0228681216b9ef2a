"""What a suite's protocols change in the cards of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from toolbench_eval.registry import Registry


def model_differences(suite: str, registry: Registry) -> list[dict[str, Any]]:
    """A row for each value that a protocol puts into cards: `value`, `protocols`, `models`.

    What the suite itself sets for whole families of models is a switch of the suite and not listed.
    """
    from toolbench_eval.suites import Protocol

    found: dict[str, dict[str, list[str]]] = {}
    for name in sorted(registry.card_files):
        card = registry.card(name)
        for protocol in get_args(Protocol):
            for table, values in card.differences(protocol, suite).items():
                for key, value in values.items():
                    of_value = found.setdefault(f"{table}.{key} = {value}", {})
                    of_value.setdefault(name, []).append(protocol)
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for value, models in found.items():
        for name, protocols in models.items():
            rows.setdefault((value, tuple(protocols)), []).append(name)
    return [
        {"value": value, "protocols": list(protocols), "models": models} for (value, protocols), models in rows.items()
    ]
