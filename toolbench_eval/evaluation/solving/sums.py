"""What a trajectory cost, as measures of a sample."""

from __future__ import annotations

from toolbench_eval.agents.trajectory import Trajectory

COSTS = (
    "llm_calls",
    "prompt_tokens",
    "completion_tokens",
    "retrieval_calls",
    "passages_returned",
    "passages_shown",
    "passages_unique",
)
"""Names, in the order in which results show them."""


def costs(trajectory: Trajectory) -> dict[str, float]:
    """Counts of calls, tokens and passages; nothing here depends on time or on the response cache."""
    calls, searches = trajectory.calls, trajectory.searches
    values = (
        len(calls),
        sum(call.input_tokens for call in calls),
        sum(call.output_tokens for call in calls),
        len(searches),
        sum(len(search.documents) for search in searches),
        sum(call.passages for call in calls),
        len({document for search in searches for document in search.documents}),
    )
    return dict(zip(COSTS, map(float, values), strict=True))
