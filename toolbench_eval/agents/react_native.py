"""ReAct with native calls: the model acts in its own format for calls of tools, and ends by a text without any.

The loop of `shared/interleaving.py`, but for the form of its moves: a reply may hold several calls, which are made in
order, and what came of each is a turn of its own. Thoughts are what the model writes beside its calls, if anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import as_answer, ask_until_read
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.native_tools import NOTHING, NativeTools
from toolbench_eval.agents.shared.parsing import stated
from toolbench_eval.agents.shared.progress import Progress
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message, Reply, Sampling
from toolbench_eval.prompts import Prompt, load_prompt

PROMPT = "react-native-1"


def act_natively(sample: Sample, session: Session, *, max_actions: int, observation: int, retries: int) -> Answer:
    """Act until a text without calls answers; where that does not come, one more call asks for the answer.

    Args:
        sample: What is asked.
        session: The model and the tools.
        max_actions: Most replies; all calls of one reply are one action.
        observation: Characters of a tool's answer that are shown.
        retries: Times a reply with neither call nor answer is asked for again.

    Raises:
        UsageError: The task has no tools, or the model no native calls.
    """
    if session.environment is None:
        raise UsageError("calls=native is for tasks with tools, and the task has none")
    return _Work(sample, session, NativeTools.of(session, observation), max_actions, retries).run()


@dataclass
class _Work:
    """One sample's conversation."""

    sample: Sample
    session: Session
    tools: NativeTools
    max_actions: int
    retries: int
    prompt: Prompt = field(default_factory=partial(load_prompt, PROMPT))
    turns: list[Message] = field(default_factory=list)

    def run(self) -> Answer:
        self.turns = conversation(self.prompt.texts["system"], self._told("opening", request=self.sample.text))
        progress = Progress()
        for _ in range(self.max_actions):
            reply = self._act()
            if not reply.calls:
                answer = self._read(reply.text)
                return self._close("parse_error") if answer is None else Answer(answer, "answered", reply.text)
            move = "; ".join(f"{call.name}[{call.arguments}]" for call in reply.calls)
            self.session.note("thought", text=" ".join(reply.text.split()), move=move)
            came = self.tools.answer(reply.calls)
            self.turns += [Message("assistant", reply.text, reply.calls), *came]
            if progress.repeated(move, *(turn.text for turn in came)):
                return self._close("no_progress")
        return self._close("max_hops")

    def _act(self) -> Reply:
        """A reply with calls or an answer; after so many retries, one with neither."""
        asked: Sequence[Message] = self.turns
        for attempt in range(self.retries + 1):
            action = "act" if attempt == 0 else "retry"
            reply = self.session.ask(action, asked, self._sampling, attempt=attempt)
            if reply.calls or self._read(reply.text) is not None:
                break
            said = Message("assistant", reply.text.strip() or NOTHING)
            asked = [*self.turns, said, Message("user", self._told("reminder"))]
        return reply

    def _close(self, reason: StopReason) -> Answer:
        """Ask for the answer; no call is made any more.

        The tools stay on offer: some providers refuse a conversation with calls where there are none.
        """
        closing = self._told("closing")
        text, raw = ask_until_read(
            self.session,
            "answer",
            self._with_request(closing),
            self._read,
            reminder=closing,
            retries=self.retries,
            sampling=self._sampling,
        )
        return as_answer(text, raw, reason)

    def _with_request(self, text: str) -> list[Message]:
        """The conversation with a last request; no two turns of the user follow each other."""
        last = self.turns[-1]
        if last.role == "user":
            return [*self.turns[:-1], Message("user", f"{last.text}\n\n{text}")]
        return [*self.turns, Message("user", text)]

    def _told(self, text: str, **values: str) -> str:
        return self.prompt.fill(text, form=form_of(self.sample.answer_type), **values)

    def _read(self, text: str) -> str | None:
        return stated(text, self.sample.answer_type)

    @property
    def _sampling(self) -> Sampling:
        return Sampling(tools=self.tools.offered)
