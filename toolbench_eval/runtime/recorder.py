"""The process that keeps the log: it lets inspect_ai live through what the agents of another process do.

To inspect_ai (https://inspect.aisi.org.uk) this is an evaluation of its own: its samples wait for notes of what their
agents do, and its models answer what the agents were answered. So its log is what it would be had it run the agents,
but for the times of samples: it is later than they are, the more at the start. Those of the calls are set right, those
of the samples are noted beside.

Called by `journal`; notes are read from the standard input, and the first says what is to be logged.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolbench_eval.runtime.mail import Mail, Note

if TYPE_CHECKING:
    from inspect_ai.dataset import Sample
    from inspect_ai.solver import Generate, Solver, TaskState

BUFFER = 50
"""Samples that are written to the log at a time."""
DATASET_MB = 64
"""Inputs of samples beyond this are kept on the disk."""


class AgentError(RuntimeError):
    """What ended an agent, in the words of the process where it ran."""

    def __init__(self, message: str, traceback: str) -> None:
        """Set the words; the runtime logs `message`, and notes with the traceback."""
        super().__init__(message)
        self.message = message
        self.add_note(traceback)


def main() -> None:
    """Log one run."""
    logging.disable(logging.WARNING)  # The runtime notes every call for itself.
    mail = Mail(sys.stdin.buffer)
    order = mail.next()
    log_file = Path(order["log_file"])
    with tempfile.TemporaryDirectory(prefix=f".{log_file.name}.", dir=log_file.parent) as folder:
        os.environ |= {"XDG_DATA_HOME": folder, "XDG_CACHE_HOME": folder}  # What it leaves in the user's folders.
        try:
            record(order, mail, folder)
        finally:
            for log in Path(folder).glob("*.eval"):
                log.replace(log_file)


def record(order: Note, mail: Mail, folder: str) -> None:
    """Let the runtime live through a run.

    Args:
        order: The first note: names, models by role, metadata, number of samples.
        mail: The rest of the notes.
        folder: Where the runtime may write.

    Raises:
        RuntimeError: The runtime gave up.
    """
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset

    from toolbench_eval.runtime.provider import double_of

    _hasten()
    samples = [_sample_of(mail.next()) for _ in range(order["samples"])]
    doubles = {role: double_of(name) for role, name in order["models"].items()}
    logs = eval(
        Task(dataset=MemoryDataset(samples, name=order["name"]), solver=_solver(mail), name=order["name"]),
        model=next(iter(doubles.values()), None),
        model_roles=dict(doubles),
        metadata=order["metadata"],
        display="none",
        log_dir=folder,
        log_format="eval",
        log_header_only=True,
        log_realtime=False,
        log_model_api=False,
        log_buffer=BUFFER,
        # Samples that are being written hold their place, so there are places for as many again.
        max_samples=2 * order["concurrency"],
        max_dataset_memory=DATASET_MB,
        fail_on_error=False,
        score_display=False,
        ctl_server=False,
    )
    for log in logs:  # none where the run was cancelled
        if log.status == "error":
            raise RuntimeError(log.error.message if log.error else "the runtime gave up")


def _hasten() -> None:
    """Spare a third of the work: what is imported is never garbage, and no editor watches the samples.

    For an editor (Agent Client Protocol) every event would be prepared, and there is no switch for it.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 5)
    with suppress(ImportError):
        from inspect_ai.agent._acp.transport import _acp_live_active

        _acp_live_active.set(True)


def _report_to(mail: Mail) -> None:
    """Have the runtime say which samples are in its log."""
    from inspect_ai.hooks import Hooks, SampleEnd, hooks

    @hooks(name="toolbench_eval", description="says which samples are in the log")
    class Reporter(Hooks):
        async def on_sample_end(self, data: SampleEnd) -> None:
            mail.logged(str(data.sample.id))


def _sample_of(note: Note) -> Sample:
    from inspect_ai.dataset import Sample

    return Sample(id=note["id"], input=note["text"], target=note["targets"])


def _solver(mail: Mail) -> Solver:
    from inspect_ai.solver import solver

    @solver(name="agent")
    def agent() -> Solver:
        opened = False

        async def solve(state: TaskState, generate: Generate) -> TaskState:
            nonlocal opened
            if not opened:
                opened = True
                _report_to(mail)
                mail.open()
            calls = Calls()
            try:
                return await _live(state, mail, calls)
            finally:
                await calls.settle()

        return solve

    return agent()


async def _live(state: TaskState, mail: Mail, calls: Calls) -> TaskState:
    """Live through one sample.

    Raises:
        AgentError: Its agent failed.
    """
    while True:
        note = await mail.take(str(state.sample_id))
        if note["kind"] == "asked":
            calls.begin(note)
        elif note["kind"] in {"answered", "failed"}:
            calls.end(note)
        else:
            state.metadata |= {"began": _time(note["at"] - note["since"]).isoformat(), "seconds": note["since"]}
            if note["kind"] == "unsolved":
                raise AgentError(note["error"], note["traceback"])
            return _noted(state, note["result"])


class Calls:
    """The calls of one sample to models."""

    def __init__(self) -> None:
        """None yet."""
        self._answers: dict[int, asyncio.Future[Note]] = {}
        self._open: set[asyncio.Task[Any]] = set()

    def begin(self, note: Note) -> None:
        """A model is asked."""
        loop = asyncio.get_running_loop()
        self._answers[note["call"]] = answer = loop.create_future()
        task = loop.create_task(_generate(note, answer))
        self._open.add(task)
        task.add_done_callback(self._ended)

    def end(self, note: Note) -> None:
        """It answered, or failed."""
        self._answers.pop(note["call"]).set_result(note)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._open.discard(task)
        if not task.cancelled():
            task.exception()  # In the log already.

    async def settle(self) -> None:
        """Wait until all calls are in the log; those that have no answer yet have none."""
        import anyio

        for answer in self._answers.values():
            answer.set_result({"kind": "failed", "error": "the sample ended before the answer came", "at": time.time()})
        self._answers.clear()
        with anyio.CancelScope(shield=True):
            while self._open:
                await asyncio.wait(self._open)


async def _generate(note: Note, answer: asyncio.Future[Note]) -> None:
    """Have the runtime ask one of its models, and set right when that was."""
    from inspect_ai.event import ModelEvent
    from inspect_ai.log import transcript
    from inspect_ai.model import get_model

    from toolbench_eval.runtime.provider import ANSWER, asked

    ANSWER.set(answer)
    arguments = asked(note)
    try:
        await get_model(role=note["role"]).generate(**arguments)
    finally:
        last = arguments["input"][-1].id
        for event in reversed(transcript().events):
            if isinstance(event, ModelEvent) and event.input[-1].id == last and answer.done():
                event.timestamp, event.working_start = _time(note["at"]), note["since"]
                event.completed = _time(answer.result()["at"])
                break


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _noted(state: TaskState, result: Note) -> TaskState:
    """The state of a sample with what the log is to keep."""
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Score

    for name, value in result.items():
        state.store.set(name, value)
    if "prediction" in result:
        state.output = ModelOutput.from_content(str(state.model), str(result["prediction"]))
    scores = result.get("scores", {})
    state.scores = {name: Score(value=value) for name, value in scores.items() if value is not None}
    return state


if __name__ == "__main__":
    main()
