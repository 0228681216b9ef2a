"""List-wise reranking by a language model: windows of candidates, from the bottom of the list to its top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.weights import Weights
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.concurrency import map_bounded
from toolbench_eval.prompts import Prompt
from toolbench_eval.ranking.run import Run
from toolbench_eval.rerankers.base import ranked
from toolbench_eval.rerankers.cutting import cl100k_counter, first_words, shortened
from toolbench_eval.rerankers.permutation import LastWindow, Permutation, read_permutation, windows


@dataclass(frozen=True)
class Windows:
    """How the list is gone through.

    Attributes:
        size: Candidates in a window.
        step: Places that it moves.
        last_window: See `windows`.
        words: Words of a query or passage that are shown; an instruction is shown whole.
        text_tokens: Above 0: they are shortened further until they have fewer tokens of cl100k, as in MAIR's reference.
        attempts: Times a window is asked about while the answer names no candidate at all.
    """

    size: int = 20
    step: int = 10
    last_window: LastWindow = "anchored"
    words: int = 256
    attempts: int = 3
    text_tokens: int = 0


class Listwise:
    """RankGPT (Sun et al., EMNLP 2023, arXiv 2304.09542): the model answers with a permutation of each window.

    Scores are 1 / rank. The windows of a query depend on each other and are asked about one after the other; queries
    do not, and are worked on at the same time.
    """

    def __init__(
        self,
        llm: CachedLLM,
        prompt: Prompt,
        plan: Windows | None = None,
        sampling: Sampling | None = None,
        concurrency: int = 16,
    ) -> None:
        """Set the model and its task.

        Args:
            llm: Whom to ask.
            prompt: The conversation's texts.
            plan: Windows.
            sampling: How answers are drawn; greedy if not given.
            concurrency: Calls at a time.

        Raises:
            UsageError: Tokens are to be counted, and the table of cl100k is not at hand.
        """
        self._llm, self._prompt, self._concurrency = llm, prompt, concurrency
        self._plan, self._sampling = plan or Windows(), sampling or Sampling()
        self._count = cl100k_counter() if self._plan.text_tokens else None

    @property
    def weights(self) -> Weights | None:
        """What the language model is made of, where it runs in this process."""
        return self._llm.weights

    @property
    def cost(self) -> dict[str, float]:
        """Calls, tokens, dollars; windows asked about, repaired and given up."""
        return self._llm.meter.report()

    def rerank(self, queries: Queries, run: Run, corpus: Corpus) -> Run:
        """Reorder the candidates of each query.

        Raises:
            EndpointError: A window got no answer; the answers so far are kept.
        """
        instructions = [None] * len(queries) if queries.instructions is None else queries.instructions.to_pylist()
        jobs = [
            _Job(query, instruction, [corpus.texts[int(at)].as_py() for at in found[:length]])
            for query, instruction, found, length in zip(
                queries.texts.to_pylist(), instructions, run.documents, run.lengths.tolist(), strict=True
            )
        ]
        scores = np.full(run.documents.shape, -np.inf, dtype=np.float32)
        for row, order in enumerate(map_bounded(self._reorder, jobs, self._concurrency)):
            scores[row, order] = 1 / np.arange(1, len(order) + 1)
        return ranked(run, scores, corpus)

    def _reorder(self, job: _Job) -> list[int]:
        """Places of the candidates in their new order."""
        order = list(range(len(job.texts)))
        for start, end in windows(len(order), self._plan.size, self._plan.step, self._plan.last_window):
            if end - start > 1:
                inside = order[start:end]
                permutation = self._ask(job, [job.texts[at] for at in inside])
                order[start:end] = [inside[place] for place in permutation.order]
        return order

    def _ask(self, job: _Job, texts: list[str]) -> Permutation:
        messages = self._messages(job, texts)
        meter = self._llm.meter
        for attempt in range(self._plan.attempts):
            answer = self._llm.complete(messages, self._sampling, attempt)
            permutation = read_permutation(answer.text, len(texts))
            if permutation.named:
                break
            meter.count("windows_asked_again" if attempt + 1 < self._plan.attempts else "windows_given_up")
        meter.count("windows")
        if permutation.named and not permutation.whole:
            meter.count("windows_repaired")
        return permutation

    def _messages(self, job: _Job, texts: list[str]) -> list[Message]:
        values: dict[str, Any] = {"count": len(texts), "query": self._cut(job.query), "instruction": job.instruction}
        suffix = "" if job.instruction is None else "_with_instruction"
        said = self._prompt.fill
        messages = [
            Message("system", said("system")),
            Message("user", said(f"opening{suffix}", **values)),
            Message("assistant", said("opened")),
        ]
        for number, text in enumerate(texts, start=1):
            messages.append(Message("user", said("passage", number=number, text=self._cut(text))))
            messages.append(Message("assistant", said("received", number=number)))
        return [*messages, Message("user", said(f"closing{suffix}", **values))]

    def _cut(self, text: str) -> str:
        """What is shown of a text; one that is short enough stays as it is."""
        shown = first_words(text, self._plan.words)
        return shown if self._count is None else shortened(shown, self._plan.text_tokens, self._count)


@dataclass(frozen=True)
class _Job:
    """One query and its candidates in the first stage's order."""

    query: str
    instruction: str | None
    texts: list[str]
