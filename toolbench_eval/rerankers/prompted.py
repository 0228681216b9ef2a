"""Prompts of rerankers that generate: how a pair becomes one text, or one row of token ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from toolbench_eval.rerankers.scoring import Encoded, Pair
from toolbench_eval.retrievers.templates import fill


class Prompt(Protocol):
    """Makes model inputs of pairs."""

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids, cut to length."""


class TextPrompt:
    """Query and document in one text, tokenised as one; its end is cut.

    `head` and `tail` are tokenised apart, without special tokens, and never cut (Qwen3-Reranker). Without them it is
    the input of monoT5 in the library `rerankers`: where a text is too long, the closing words are cut with it.
    """

    def __init__(self, tokenizer: Any, max_length: int, body: str, head: str = "", tail: str = "") -> None:
        """Set the texts.

        Args:
            tokenizer: A fast tokenizer.
            max_length: Tokens of head, body and tail.
            body: Template with `{query}` and `{text}`.
            head: What stands in front.
            tail: What stands behind.
        """
        self._tokenizer, self._body = tokenizer, body
        self._head, self._tail = (tokenizer(part, add_special_tokens=False)["input_ids"] for part in (head, tail))
        self._room = max_length - len(self._head) - len(self._tail)

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids."""
        texts = [fill(self._body, {"query": query, "text": document}) for query, document in pairs]
        tokens = self._tokenizer(texts, truncation=True, max_length=self._room, return_attention_mask=False)
        return [Encoded([*self._head, *ids, *self._tail]) for ids in tokens["input_ids"]]


class SegmentPrompt:
    """Query, document and question tokenised apart, as FlagEmbedding's LLM rerankers do it.

    The ids are: start token, query, separator, document, separator, question. The query is cut to `query_max_length`
    tokens, the document to `max_length`, and then further until all but the closing separator and question have
    `max_length` tokens plus those of one separator and the question (read in FlagEmbedding 1.3).
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        question: str,
        query: str = "{query}",
        document: str = "{text}",
        separator: str = "\n",
        query_max_length: int = 0,
    ) -> None:
        """Set the texts.

        Args:
            tokenizer: A fast tokenizer.
            max_length: Tokens of a document, and of a pair beside the question.
            question: What is asked after query and document.
            query: Template of the query.
            document: Template of the document.
            separator: What stands before document and question.
            query_max_length: Tokens of a query; 0 for three quarters of `max_length`.
        """
        self._tokenizer, self._query, self._document = tokenizer, query, document
        self._separator, self._question = self._ids([separator])[0], self._ids([question])[0]
        self._document_room, self._query_room = max_length, query_max_length or max_length * 3 // 4
        self._room = max_length + len(self._separator) + len(self._question)
        start = tokenizer.bos_token_id
        self._start = [] if start is None or start == tokenizer.pad_token_id else [start]

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids; each text is tokenised once."""
        queries, documents = (list(dict.fromkeys(texts)) for texts in zip(*pairs, strict=True))
        query_ids = self._ids([fill(self._query, {"query": text}) for text in queries])
        document_ids = self._ids([fill(self._document, {"text": text}) for text in documents])
        of_query = dict(zip(queries, query_ids, strict=True))
        of_document = dict(zip(documents, document_ids, strict=True))
        return [Encoded(self._joined(of_query[query], of_document[document])) for query, document in pairs]

    def _joined(self, query: list[int], document: list[int]) -> list[int]:
        first = [*self._start, *query[: self._query_room]]
        second = [*self._separator, *document[: self._document_room]]
        return [*first, *second[: max(0, self._room - len(first))], *self._separator, *self._question]

    def _ids(self, texts: list[str]) -> list[list[int]]:
        tokens = self._tokenizer(texts, add_special_tokens=False, verbose=False, return_attention_mask=False)
        return list(tokens["input_ids"])
