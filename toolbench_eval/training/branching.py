"""Replies that branch off at the tokens of a call of which the model is least certain. A design of our own.

TTPA's paper samples at the places where single tokens decide; its released code draws whole completions, and what could
be read of the paper does not give the procedure. Here: a trunk (the model's own likeliest reply if there is a call in
it, else the gold call), the k tokens with the lowest probability among those that write the tool's name or a value of
an argument, the likeliest other tokens at each, and the likeliest continuation behind each.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toolbench_eval.agents.shared.moves import STOP
from toolbench_eval.agents.shared.tool_moves import FINISH
from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.checkpoint import Checkpoint
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.turns import BETWEEN
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.training.preferences import Drawn, reply_of
from toolbench_eval.training.turns import Turn, call_text

LONGEST = 512
"""Tokens of a reply, where the caller names no bound."""
TAIL = 16
"""Last tokens in which the end of a reply is looked for."""
_HEAD = re.compile(r"Action:\s*(?P<name>[\w./-]+)\s*[\[(]?\s*(?=\{)")
_DECODER = json.JSONDecoder()

Span = tuple[int, int]


@dataclass(frozen=True)
class Token:
    """A token of a reply.

    Attributes:
        id: Its id.
        logprob: Its natural log-probability.
        others: Ids and log-probabilities of the likeliest other tokens at its place, the likeliest first.
    """

    id: int
    logprob: float
    others: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Written:
    """A reply as tokens.

    Attributes:
        text: The reply.
        tokens: Its tokens; the end of the turn is none.
        spans: First character of each token and the one behind its last.
    """

    text: str
    tokens: tuple[Token, ...]
    spans: tuple[Span, ...]


class Brancher:
    """A local causal language model that writes, reads and branches; one reply at a time."""

    def __init__(self, place: str, runtime: Runtime | None = None, longest: int = LONGEST) -> None:
        """Name the weights; they are loaded when the model is first asked.

        Args:
            place: Hub id or folder.
            runtime: Device, number format, offline.
            longest: Most tokens of a reply.
        """
        self._longest = longest
        self.name = f"hf/{place}"
        card = ModelCard(name=self.name, family="llm", hub=place, encoding=Encoding(dtype="bfloat16"))
        self._checkpoint = Checkpoint(card, runtime or Runtime())
        self._lock = threading.Lock()

    @property
    def identity(self) -> dict[str, Any]:
        """Content of the weights, number format, versions of the libraries."""
        return dict(self._checkpoint.identity)

    def replies(self, turn: Turn, k: int, alternatives: int) -> list[Drawn]:
        """The trunk, and a reply for each other token at each of the k least certain ones.

        Args:
            turn: What is asked.
            k: Tokens that are branched at.
            alternatives: Other tokens at each.

        Returns:
            The model's own likeliest reply first; where the trunk is the gold call, that is not among the replies.
        """
        names = [*(tool.name for tool in turn.tools), FINISH]
        with self._lock:
            prompt = self._prompt(turn.messages)
            own = self.likeliest(prompt, [], alternatives)
            found = [reply_of(_cut(own.text), names, {"trunk": "own"})]
            from_own = found[0].call is not None and bool(decisive(own))
            trunk = own if from_own else self.read(prompt, call_text(turn.gold), alternatives)
            for at in least_certain(trunk, k):
                for other, logprob in trunk.tokens[at].others[:alternatives]:
                    before = [token.id for token in trunk.tokens[:at]]
                    text = self.likeliest(prompt, [*before, other], 0).text
                    told = {
                        "trunk": "own" if from_own else "gold",
                        "token": at,
                        "logprob": trunk.tokens[at].logprob,
                        "other": self._tokenizer.decode([other]),
                        "other_logprob": logprob,
                    }
                    found.append(reply_of(_cut(text), names, told))
        return found

    def read(self, prompt: Sequence[int], text: str, others: int) -> Written:
        """A reply that is given, with the probabilities of its tokens; it is encoded by itself."""
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids = list(encoded["input_ids"])
        logprobs = self._after(prompt, ids)
        tokens = tuple(_token(logprobs[at], own, others) for at, own in enumerate(ids))
        return Written(text, tokens, tuple((int(start), int(end)) for start, end in encoded["offset_mapping"]))

    def likeliest(self, prompt: Sequence[int], begun: Sequence[int], others: int) -> Written:
        """The likeliest reply that begins with these tokens, with the probabilities of all its tokens."""
        ids = list(begun) if self._over(begun) else self._generated(prompt, begun)
        while ids and ids[-1] in self._ends:
            ids.pop()
        logprobs = self._after(prompt, ids)
        tokens = tuple(_token(logprobs[at], own, others) for at, own in enumerate(ids))
        return Written(self._tokenizer.decode(ids, skip_special_tokens=True), tokens, tuple(self._spans(ids)))

    def _generated(self, prompt: Sequence[int], begun: Sequence[int]) -> list[int]:
        import torch

        whole = torch.tensor([[*prompt, *begun]], device=self._model.device)
        with torch.inference_mode():
            made = self._model.generate(
                whole,
                attention_mask=torch.ones_like(whole),
                max_new_tokens=self._longest - len(begun),
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0,
                stopping_criteria=[
                    lambda ids, _: torch.tensor([self._ended(ids[0, len(prompt) :])], device=ids.device)
                ],
            )
        return list(made[0, len(prompt) :].tolist())

    def _over(self, ids: Sequence[int]) -> bool:
        """Whether a reply that begins so has ended."""
        return bool(ids) and (ids[-1] in self._ends or len(ids) >= self._longest)

    def _after(self, prompt: Sequence[int], ids: Sequence[int]) -> Any:
        """Log-probabilities at the places of these tokens, shape (tokens, vocabulary)."""
        import torch

        if not ids:
            return []
        row = torch.tensor([[*prompt, *ids]], device=self._model.device)
        with torch.inference_mode():
            logits = self._model(row, logits_to_keep=len(ids) + 1, use_cache=False).logits[0, :-1]
            return torch.log_softmax(logits.float(), dim=-1)

    def _spans(self, ids: Sequence[int]) -> Iterator[Span]:
        """Where each token stands in the text; a token that ends no character stands nowhere."""
        end = 0
        for number in range(1, len(ids) + 1):
            text = self._tokenizer.decode(ids[:number], skip_special_tokens=True)
            start, end = end, len(text) if not text.endswith("\ufffd") else end
            yield start, end

    def _prompt(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of the conversation with a turn opened behind it."""
        if self._tokenizer.chat_template is None:
            text = BETWEEN.join(message.text for message in messages) + BETWEEN
            return list(self._tokenizer(text).input_ids)
        turns = [{"role": message.role, "content": message.text} for message in messages]
        return list(
            self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
        )

    def _ended(self, ids: Any) -> bool:
        return STOP in self._tokenizer.decode(ids[-TAIL:], skip_special_tokens=True)

    @cached_property
    def _tokenizer(self) -> Any:
        return self._checkpoint.tokenizer()

    @cached_property
    def _model(self) -> Any:
        return self._checkpoint.model("AutoModelForCausalLM")

    @cached_property
    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}


def least_certain(written: Written, k: int) -> list[int]:
    """The positions of the k decisive tokens with the lowest probability, in the order of the text."""
    ranked = sorted(decisive(written), key=lambda at: (written.tokens[at].logprob, at))
    return sorted(ranked[:k])


def decisive(written: Written) -> list[int]:
    """The positions of the tokens that write the tool's name or a value of an argument."""
    places = list(value_spans(written.text))
    return [
        at
        for at, (start, end) in enumerate(written.spans)
        if end > start and any(start < last and end > first for first, last in places)
    ]


def value_spans(text: str) -> Iterator[Span]:
    """Where the name of a call stands in a reply, and each value of its arguments, quotes and brackets included."""
    head = _HEAD.search(text)
    if head is None:
        return
    yield head.span("name")
    at = head.end() + 1
    while (key := re.compile(r'\s*,?\s*"(?:[^"\\]|\\.)*"\s*:\s*').match(text, at)) is not None:
        try:
            _, end = _DECODER.raw_decode(text, key.end())
        except (ValueError, RecursionError):
            return
        yield key.end(), end
        at = end


def _token(logprobs: Any, own: int, others: int) -> Token:
    """A token with the likeliest others at its place."""
    likely = logprobs.topk(others + 1)
    pairs = [(int(one), float(value)) for value, one in zip(likely.values, likely.indices, strict=True)]
    return Token(own, float(logprobs[own]), tuple(pair for pair in pairs if pair[0] != own)[:others])


def _cut(text: str) -> str:
    return text.partition(STOP)[0]
