"""Samples of DRO: ordered selections of passages, scored by the generator's likelihood of the gold answer.

The selector and the generator learn from the same selections under the same weights. All prompts are the agent's own,
so a model is trained on what it will be shown.

Source: Shi et al. 2025, DRO (arXiv 2505.03075), sections 3.2 and 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from toolbench_eval.agents.dro.agent import Dro
from toolbench_eval.agents.dro.selection import render_selection
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.training.episodes import Episode, Studio
from toolbench_eval.training.samples import Conversation, Drawn, Sampled, gold_of

Incomplete = Literal["drop", "pad_in_retrieval_order"]
"""What becomes of a selection of fewer than K passages: it is dropped, or the missing ones follow as they were
retrieved."""

Ranking = tuple[int, ...]
"""Numbers of passages, from 1, the most useful first."""


@dataclass(frozen=True)
class DroSampler:
    """Draws selections.

    Attributes:
        agent: The agent.
        incomplete: What becomes of selections that are too short.
    """

    agent: Dro
    incomplete: Incomplete = "drop"

    def __post_init__(self) -> None:
        """Refuse an agent that selects nothing.

        Raises:
            UsageError: Its selector is none.
        """
        if self.agent.selector != "llm":
            raise UsageError("with selector=identity nothing is drawn: leave the option out")

    @property
    def scorer(self) -> str:
        """The generator scores the gold answer."""
        return "generator"

    def draw(self, studio: Studio, question: Question, m: int) -> Drawn:
        """Run the agent m times; of equal selections, however they were written, the first stays.

        Raises:
            UsageError: The agent has nothing to search with.
        """
        drawn, kept = Drawn(), dict[Ranking, Sampled]()
        for number in range(m):
            found = self._selection(studio, question, number, drawn)
            if found is None:
                continue
            ranking, sampled = found
            if ranking in kept:
                drawn.left_out["duplicate"] += 1
                sampled = replace(kept[ranking], draws=kept[ranking].draws + 1)
            kept[ranking] = sampled
        drawn.samples = list(kept.values())
        return drawn

    def _selection(
        self, studio: Studio, question: Question, number: int, drawn: Drawn
    ) -> tuple[Ranking, Sampled] | None:
        """One draw; None, and a note why, where it is left out."""
        episode = studio.episode(question.sample, number)
        if drawn.failed(episode):
            return None
        notes = episode.trajectory.notes("select")
        if not notes or notes[0]["empty"]:
            drawn.left_out["unparsable"] += 1
            return None
        ranking, shown = tuple(notes[0]["numbers"]), len(episode.trajectory.searches[0].documents)
        if len(ranking) < min(self.agent.k, shown):
            if self.incomplete == "drop":
                drawn.left_out["incomplete"] += 1
                return None
            ranking = padded(ranking, min(self.agent.k, shown))
            padding = {"selector": Scripted(lambda _: render_selection(ranking))}
            episode = studio.episode(question.sample, number, padding)
            if drawn.failed(episode):
                return None
        return ranking, _sampled(episode, question, number, ranking)


def padded(ranking: Ranking, k: int) -> Ranking:
    """The ranking with the passages that it lacks, in the order of their numbers, up to k.

    Args:
        ranking: Numbers from 1.
        k: Length of the result; not above the number of passages.
    """
    missing = (number for number in range(1, k + 1) if number not in ranking)
    return (*ranking, *missing)[:k]


def _sampled(episode: Episode, question: Question, number: int, ranking: Ranking) -> Sampled:
    asked, told = episode.made("select")[0].messages, episode.made("answer")[0].messages
    conversations = (
        Conversation.of("select", asked, render_selection(ranking)),
        Conversation.of("answer", told, gold_of(question)),
    )
    return Sampled(number, conversations, told, episode.trajectory)
