"""Samples of EXSEARCH: whole conversations of thinking, searching and recording.

z = (sub-queries, evidence) is drawn by running the agent; the gold answer is scored after the conversation, and ends
it. With the options `select` and `conditioning=local` the model also decides in conversations of their own, which are
learned beside it (L_R has a term for each).

Source: Shi et al. 2025, EXSEARCH (arXiv 2505.20128), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolbench_eval.agents.dro.selection import render_selection
from toolbench_eval.agents.exsearch.agent import ExSearch
from toolbench_eval.agents.exsearch.markers import MARKERS
from toolbench_eval.agents.session import MAIN
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message
from toolbench_eval.training.episodes import Episode, Studio
from toolbench_eval.training.samples import Conversation, Drawn, Sampled, gold_of


@dataclass(frozen=True)
class ExSearchSampler:
    """Draws trajectories."""

    agent: ExSearch

    def __post_init__(self) -> None:
        """Refuse options under which draws are no samples of p(z | x).

        Raises:
            UsageError: The likeliest of several draws would be taken.
        """
        if self.agent.best_of > 1:
            raise UsageError("a sample is one draw, not the likeliest of several: use --set best_of=1")

    @property
    def scorer(self) -> str:
        """One model does everything."""
        return MAIN

    def draw(self, studio: Studio, question: Question, m: int) -> Drawn:
        """Run the agent m times; equal trajectories stay, since each is a draw of its own.

        Raises:
            UsageError: The agent has nothing to search with.
        """
        drawn = Drawn()
        for number in range(m):
            episode = studio.episode(question.sample, number)
            if drawn.failed(episode):
                continue
            if episode.trajectory.stop_reason == "parse_error":  # no sub-query and no end, or no answer
                drawn.left_out["unparsable"] += 1
            else:
                drawn.samples.append(self._sampled(episode, question, number))
        return drawn

    def _sampled(self, episode: Episode, question: Question, number: int) -> Sampled:
        asked = episode.made("answer")[-1].messages
        conversations = [self._whole(asked, gold_of(question))]
        conversations += self._selections(episode)
        if self.agent.conditioning == "local":
            conversations += _records(episode)
        return Sampled(number, tuple(conversations), asked, episode.trajectory)

    def _whole(self, asked: tuple[Message, ...], gold: str) -> Conversation:
        """The conversation as the agent tells it: turns are in the form in which they should have been written."""
        messages = (*asked, Message("assistant", gold))
        said = [at for at, message in enumerate(messages) if message.role == "assistant"]
        if self.agent.conditioning == "local":  # evidence was written elsewhere, and is learned there
            evidence = MARKERS[self.agent.markers].evidence
            said = [at for at in said if at == len(asked) or not messages[at].text.startswith(evidence)]
        return Conversation("search", messages, tuple(said))

    def _selections(self, episode: Episode) -> list[Conversation]:
        """What was selected, in its usual form; where nothing was, there is nothing to learn."""
        first = 0 if self.agent.identifiers == "shifted" else 1
        return [
            Conversation.of("select", call.messages, render_selection(at - 1 + first for at in note["numbers"]))
            for call, note in zip(episode.made("select"), episode.trajectory.notes("select"), strict=True)
            if not note["empty"]
        ]


def _records(episode: Episode) -> list[Conversation]:
    """Evidence in the conversations in which it was written."""
    return [
        Conversation.of("record", call.messages, note["evidence"])
        for call, note in zip(episode.made("record"), episode.trajectory.notes("record"), strict=True)
        if note["evidence"]
    ]
