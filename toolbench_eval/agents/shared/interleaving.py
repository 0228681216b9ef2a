"""The loop of ReAct: the model acts, is shown what came of it, and acts again; which actions there are is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, ask_until_read
from toolbench_eval.agents.shared.moves import STOP, Move
from toolbench_eval.agents.shared.progress import Progress
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.llms.base import Message, Sampling


@dataclass(frozen=True)
class Observation:
    """What came of an action: the text the model is shown, and how many passages it holds."""

    text: str
    passages: int = 0


@dataclass(frozen=True)
class Course:
    """How a loop went.

    Attributes:
        reason: Why it ended; `answered` if the model chose to finish.
        move: The last move that could be read, None if there was none.
        raw: The model's last words.
        turns: The conversation; its last turn is the user's.
        passages: Number of passages shown in it.
    """

    reason: StopReason
    move: Move | None
    raw: str
    turns: tuple[Message, ...]
    passages: int

    def closing(self, text: str) -> list[Message]:
        """The conversation with a last request; no two turns of the user follow each other."""
        return [*self.turns[:-1], Message(self.turns[-1].role, f"{self.turns[-1].text}\n\n{text}")]


def interleave(
    session: Session,
    opening: Sequence[Message],
    read: Callable[[str], Move | None],
    act: Callable[[Move], Observation],
    *,
    ends: Callable[[Move], bool],
    max_hops: int,
    reminder: str,
    retries: int = RETRIES,
) -> Course:
    """Let the model act until it finishes, repeats itself, cannot be read, or reaches the bound.

    Args:
        session: Whom to ask, and where thoughts are noted.
        opening: The task.
        read: Makes a move of a reply.
        act: Carries a move out.
        ends: Whether a move finishes the work; it is not carried out.
        max_hops: Most moves.
        reminder: The form of a step in other words, for replies that cannot be read.
        retries: Times an unreadable reply is asked for again.
    """
    turns, shown, progress = list(opening), 0, Progress()
    last: Move | None = None
    raw = ""
    for _ in range(max_hops):
        move, raw = ask_until_read(
            session,
            "act",
            turns,
            read,
            reminder=reminder,
            retries=retries,
            passages=shown,
            sampling=Sampling(stop=(STOP,)),
        )
        if move is None:
            return Course("parse_error", last, raw, tuple(turns), shown)
        last = move
        session.note("thought", text=move.thought, move=f"{move.name}[{move.argument}]")
        if ends(move):
            return Course("answered", move, raw, tuple(turns), shown)
        observation = act(move)
        shown += observation.passages
        turns += [Message("assistant", move.text), Message("user", observation.text)]
        if progress.repeated(f"{move.name}[{move.argument}]", observation.text):
            return Course("no_progress", move, raw, tuple(turns), shown)
    return Course("max_hops", last, raw, tuple(turns), shown)
