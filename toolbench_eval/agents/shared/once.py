"""Work that the samples of a run share: the first does it, the others wait for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from toolbench_eval.agents.session import Limits, Session
from toolbench_eval.errors import UsageError

_T = TypeVar("_T")
KEPT = 256
"""Pieces of work that are remembered."""


class _Piece:
    """A piece of work; it holds its run, so that no other run can have the same id."""

    def __init__(self, run: object) -> None:
        self.run, self.lock = run, threading.Lock()
        self.done: list[Any] = []


_pieces: OrderedDict[tuple[int, str], _Piece] = OrderedDict()
_lock = threading.Lock()


def once(run: object | None, key: str, work: Callable[[], _T]) -> _T:
    """What a piece of work comes to, done by the first who asks in a run.

    Args:
        run: The run, told apart by identity (an agent takes its session's allowance); without one, work is done anew.
        key: What the work depends on.
        work: Does it; what it raises is raised, and the next who asks does it again.
    """
    if run is None:
        return work()
    with _lock:
        piece = _pieces.setdefault((id(run), key), _Piece(run))
        _pieces.move_to_end((id(run), key))
        while len(_pieces) > KEPT:
            _pieces.popitem(last=False)
    with piece.lock:
        if not piece.done:
            piece.done.append(work())
        result: _T = piece.done[0]
        return result


def aside(session: Session, work: Callable[[Session], _T]) -> _T:
    """Do work for which the sample is not to blame: in a session of its own, with the run's allowance.

    Calls of the sample's tools are part of no trajectory. The environment is as it was in the beginning after it.

    Raises:
        UsageError: The session allows none, because it replays a trajectory.
    """
    if not session.asides:
        raise UsageError(
            "this agent found something out once for all samples of its run (probing, encapsulation): that is part of "
            "no trajectory, so that none can be replayed"
        )
    own = Session(
        session.llms,
        environment=session.environment,
        limits=Limits(calls=None),
        allowance=session.allowance,
        prices=session.prices,
        seed=session.seed,
    )
    try:
        return work(own)
    finally:
        reset = getattr(session.environment, "reset", None)
        if reset is not None:
            reset()
