"""A causal language model of transformers in this process, with the log-probabilities of its tokens."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.checkpoint import Checkpoint
from toolbench_eval.encoding.weights import Weights
from toolbench_eval.llms.base import GREEDY, Message, OfferedTool, Reply, Sampling, Token, Usage
from toolbench_eval.llms.scoring import Likelihood, check_answer
from toolbench_eval.llms.template_tools import check_tools, read_response, rendered
from toolbench_eval.llms.turns import encode
from toolbench_eval.retrievers.base import Runtime

LONGEST = 512
"""Tokens of an answer where the caller names no bound."""


class LocalLLM:
    """A hub id or folder; one answer at a time."""

    def __init__(self, place: str, runtime: Runtime | None = None, revision: str | None = None) -> None:
        """Name the weights; they are loaded when the model is first asked.

        Args:
            place: Hub id or folder.
            runtime: Device, number format, offline.
            revision: Commit on the hub.
        """
        self.name = f"hf/{place}"
        encoding = Encoding(dtype="bfloat16")
        card = ModelCard(
            name=self.name, family="llm", hub=place, revision=revision, encoding=encoding, remote_code="allowed"
        )
        self._checkpoint = Checkpoint(card, runtime or Runtime())
        self._lock = threading.Lock()

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Content of the weights, number format, versions of the libraries."""
        return dict(self._checkpoint.identity)

    @property
    def weights(self) -> Weights:
        """Where the weights are from."""
        return self._checkpoint.weights

    @cached_property
    def _tokenizer(self) -> Any:
        return self._checkpoint.tokenizer()

    @cached_property
    def _model(self) -> Any:
        return self._checkpoint.model("AutoModelForCausalLM")

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Write an answer.

        The likeliest tokens at temperature 0; else tokens drawn from the seed and the attempt. Log-probabilities are
        those of the model's own distribution, before temperature and top_p.

        Raises:
            UsageError: Tools are offered, and the tokenizer does not say how to show them or how to read calls.
        """
        with self._lock:
            if sampling.tools:
                check_tools(self._tokenizer, self.name)
            return self._answer(self._prompt(messages, sampling.tools), sampling, attempt)

    def score(self, messages: Sequence[Message], answer: str) -> Likelihood:
        """Log-likelihood of an answer: the whole conversation is read once, alone in its batch.

        So a score depends on nothing but its own text, and no padding moves its last digits.

        Raises:
            UsageError: The answer is empty.
            DataError: The chat template does not let its tokens be told.
        """
        check_answer(answer)
        with self._lock:
            encoded = encode(self._tokenizer, [*messages, Message("assistant", answer)])
            start, end = encoded.spans[-1]
            return self._likelihood(encoded.ids[:end], start)

    def _likelihood(self, ids: Sequence[int], start: int) -> Likelihood:
        import torch

        row, own = torch.tensor([ids], device=self._model.device), len(ids) - start
        with torch.inference_mode():
            # Only the logits that foretell the answer are made; those behind its last token foretell nothing of it.
            kept = self._model(
                row, attention_mask=torch.ones_like(row), logits_to_keep=own + 1, use_cache=False
            ).logits[0, :-1]
            chosen = torch.log_softmax(kept.float(), dim=-1).gather(1, row[0, start:, None])
        return Likelihood(float(chosen.double().sum()), own)

    def _prompt(self, messages: Sequence[Message], tools: Sequence[OfferedTool]) -> Any:
        """Token ids of the conversation: by the model's chat template, else turn by turn as plain text."""
        if self._tokenizer.chat_template is None:
            text = "\n\n".join(message.text for message in messages)
            return self._tokenizer(text, return_tensors="pt").input_ids
        how = {"tokenize": True, "return_tensors": "pt", "return_dict": True}
        return rendered(self._tokenizer, messages, tools, **how).input_ids

    def _answer(self, prompt: Any, sampling: Sampling, attempt: int) -> Reply:
        import torch

        prompt, read = prompt.to(self._model.device), prompt.shape[1]
        drawn = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        options = drawn if sampling.temperature > 0 else {"do_sample": False, "temperature": None, "top_p": None}
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed((sampling.seed or 0) * 1_000_003 + attempt)
            made = self._model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=sampling.max_tokens or LONGEST,
                output_logits=True,
                return_dict_in_generate=True,
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0,
                stopping_criteria=[
                    lambda ids, _: torch.tensor([self._stopped(ids[0, read:], sampling)], device=ids.device)
                ],
                **options,
            )
            ids = made.sequences[0, read:]
            logprobs = torch.log_softmax(torch.stack(made.logits).float()[:, 0], dim=-1)
            chosen = logprobs.gather(1, ids[:, None])[:, 0].tolist()
        return self._reply(prompt[0].tolist(), ids.tolist(), chosen, sampling)

    def _reply(self, prompt: list[int], ids: list[int], logprobs: list[float], sampling: Sampling) -> Reply:
        text = self._tokenizer.decode(ids, skip_special_tokens=True)
        cut = min((at for stop in sampling.stop if (at := text.find(stop)) >= 0), default=len(text))
        ended = cut < len(text) or (bool(ids) and ids[-1] in self._ends)
        tokens = tuple(Token(self._tokenizer.decode([at]), value) for at, value in zip(ids, logprobs, strict=True))
        said = read_response(self._tokenizer, prompt, ids, sampling.tools) if sampling.tools else None
        text, calls = said or (text[:cut], ())
        finish = "stop" if ended else "length"
        return Reply(text, Usage(len(prompt), len(ids)), finish, tokens if sampling.logprobs else None, calls=calls)

    def _stopped(self, ids: Any, sampling: Sampling) -> bool:
        """Whether what is written so far holds a stop string."""
        text = self._tokenizer.decode(ids, skip_special_tokens=True) if sampling.stop else ""
        return any(stop in text for stop in sampling.stop)

    @property
    def _ends(self) -> set[int]:
        """Ids of the tokens that end an answer."""
        ends = self._model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}
