"""Verdicts of ToolAlpaca's judge."""

from __future__ import annotations

import pytest

from toolbench_eval.metrics.tools.toolalpaca import Verdicts, accuracy, read_verdicts

REPLY = "## Results\nProcess Correctness: {}\nFinal Response Correctness: {}"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (REPLY.format("Yes", "No"), Verdicts("Yes", "No")),
        (REPLY.format("Uncertain", "Yes."), Verdicts("Uncertain", "Yes")),
        ("Process Correctness: Perhaps", Verdicts()),
        ("", Verdicts()),
        ("Process Correctness: No\n" + REPLY.format("Yes", "Yes"), Verdicts("Yes", "Yes")),
    ],
)
def test_replies_are_read(reply: str, expected: Verdicts) -> None:
    assert read_verdicts(reply) == expected


def test_only_yes_counts() -> None:
    judged = [Verdicts("Yes", "Yes"), Verdicts("Yes", "Uncertain"), Verdicts("No", "Yes"), Verdicts()]
    assert accuracy(judged) == {"process": 0.5, "response": 0.5, "overall": 0.25}
    assert accuracy([]) == {"process": 0, "response": 0, "overall": 0}
