"""ToolTalk: predicted calls of a conversation against its recorded ones; what counts are matches and harmful actions.

Source: `ToolExecutor.evaluate_predictions` of microsoft/ToolTalk (Farn and Shin 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from toolbench_eval.metrics.tools.calls import Call


@dataclass(frozen=True)
class Predicted:
    """A predicted call, and whether its execution raised an exception."""

    call: Call
    failed: bool = False


@dataclass(frozen=True)
class ToolTalkScores:
    """Scores of a conversation.

    Attributes:
        precision: Matched over predicted calls; 0 without any.
        recall: Matched over recorded calls; 1 without any.
        action_precision: Matched over predicted actions; 1 without any.
        bad_action_rate: Actions that were carried out but match nothing, over predicted actions; 0 without any.
        success: Whether recall is 1 and no action was bad.
    """

    precision: float
    recall: float
    action_precision: float
    bad_action_rate: float
    success: bool


def same_call(predicted: Call, recorded: Call) -> bool:
    """Whether names and arguments are equal; ToolTalk's APIs compare some arguments more loosely."""
    return predicted.name == recorded.name and dict(predicted.arguments) == dict(recorded.arguments)


def conversation(
    predicted: Sequence[Predicted],
    recorded: Sequence[Call],
    actions: Collection[str],
    same: Callable[[Call, Call], bool] = same_call,
) -> ToolTalkScores:
    """Score the calls of a conversation; each recorded call matches one predicted call at most, in any order.

    Args:
        predicted: The predicted calls, in order.
        recorded: The recorded calls.
        actions: Names of the APIs that change something.
        same: Whether a predicted call matches a recorded one.
    """
    free = list(recorded)
    matched = []
    for prediction in predicted:
        at = next((at for at, call in enumerate(free) if same(prediction.call, call)), None)
        matched.append(at is not None)
        if at is not None:
            del free[at]
    acted = [(hit, done.failed) for hit, done in zip(matched, predicted, strict=True) if done.call.name in actions]
    bad = sum(not hit and not failed for hit, failed in acted)
    recall = sum(matched) / len(recorded) if recorded else 1.0
    return ToolTalkScores(
        precision=sum(matched) / len(predicted) if predicted else 0.0,
        recall=recall,
        action_precision=sum(hit for hit, _ in acted) / len(acted) if acted else 1.0,
        bad_action_rate=bad / len(acted) if acted else 0.0,
        success=not free and not bad,
    )
