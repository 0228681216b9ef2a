"""The tree that DFSDT searches: points of a conversation, what was tried from each, and how far to go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.moves import STOP, Move
from toolbench_eval.agents.shared.tool_moves import (
    FINISH,
    GIVE_UP,
    Ending,
    arguments_of,
    ending,
    read_tool_move,
    thought_of,
)
from toolbench_eval.agents.shared.tool_prompting import block, cut_result, json_lines, observation
from toolbench_eval.data.questions import AnswerType
from toolbench_eval.environments.base import Status
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import Prompt

REPLACED = "no_such_tool"
"""What stands in the conversation for the name of a tool that does not exist, under `released`."""
_UNDONE = {"unknown_tool", "malformed_arguments", "invalid_arguments", "refused", "call_limit"}
"""Errors of calls that no tool has seen."""
_TO_THE_ROOT = 1_000_000
_THOUGHT, _CALL = 1, 2
"""Nodes of a thought; of a call, one for the tool and one for its arguments."""


@dataclass(frozen=True)
class Bounds:
    """Bounds of a search: tries at each point, deepest node, steps asked for, characters of an answer shown."""

    width: int
    max_nodes: int
    max_queries: int
    characters: int


@dataclass
class Node:
    """A point of a conversation.

    Attributes:
        turns: The conversation that led to it; its last turn is the user's.
        depth: Nodes on the way to it.
        call: The call that led to it, with what came of it, as JSON values; None for a thought alone.
        given_up: Whether the model gave up here.
        children: What was tried from here.
    """

    turns: tuple[Message, ...]
    depth: int = 0
    call: Mapping[str, Any] | None = None
    given_up: bool = False
    children: list[Node] = field(default_factory=list)

    @property
    def first_call(self) -> Mapping[str, Any] | None:
        """The call that led to it, else the first one below it."""
        below = self.children[0].first_call if self.children else None
        return below if self.call is None else self.call


class TreeSearch:
    """Searches depth first for the first answer.

    Attributes:
        found: The answer, None as long as there is none.
        raw: The model's last words.
        queries: Steps asked for.
        bounded: Whether a bound kept it from going on somewhere.
    """

    def __init__(
        self,
        session: Session,
        prompt: Prompt,
        answer_type: AnswerType,
        bounds: Bounds,
        *,
        replace_unknown: bool = False,
        drop_last: bool = False,
    ) -> None:
        """Set what to work with.

        Args:
            session: Whom to ask, and where the tools are.
            prompt: The texts `go_on` and `another`.
            answer_type: What kind of answer is wanted.
            bounds: When to stop.
            replace_unknown: Whether names of tools that do not exist are replaced in the conversation.
            drop_last: Whether the reply that reaches the bound of queries is thrown away.
        """
        self.session, self.prompt, self.answer_type, self.bounds = session, prompt, answer_type, bounds
        self.replace_unknown, self.drop_last = replace_unknown, drop_last
        self.found: Ending | None = None
        self.raw, self.queries, self.bounded = "", 0, False
        self._names = tuple(tool.name for tool in session.tools())
        self._mutating = {tool.name for tool in session.tools() if tool.mutating}
        self._changes: list[str] = []

    def expand(self, node: Node) -> int:
        """Search below a node.

        Returns:
            Levels to go back: with 1 the node's parent goes on with its next try, with 2 the parent's parent does.
        """
        if node.given_up:
            return 2
        if node.depth >= self.bounds.max_nodes:
            self.bounded = True
            return 1
        for _ in range(self.bounds.width):
            before = len(self._changes)
            child = self._step(node)
            back = _TO_THE_ROOT if child is None else self.expand(child)
            if back == _TO_THE_ROOT:
                return back
            self.session.note("backtrack", depth=node.depth, levels=back, kept=self._changes[before:])
            if back > 1:
                return back - 1
        return 1

    def _step(self, node: Node) -> Node | None:
        """One step of the model below a node; None with the answer, or where no more steps may be asked for."""
        reply = self._ask(node)
        if reply is None:
            return None
        self.raw = reply
        move = read_tool_move(reply, (*self._names, FINISH, GIVE_UP))
        end = None if move is None else ending(move, self.answer_type)
        if end is not None and end.answer is not None:
            self.found = end
            return None
        child = self._thought(node, reply) if move is None or _is_empty(move, end) else self._acted(node, move, end)
        node.children.append(child)
        return child

    def _ask(self, node: Node) -> str | None:
        if self.queries >= self.bounds.max_queries:
            self.bounded = True
            return None
        self.queries += 1
        sampling = Sampling(stop=(STOP,))
        # Another try at the same point must not come from the response cache.
        reply = self.session.ask("act", self._messages(node), sampling, attempt=len(node.children)).text
        if self.drop_last and self.queries == self.bounds.max_queries:
            self.bounded = True
            return None
        return reply

    def _messages(self, node: Node) -> list[Message]:
        tried = [call for child in node.children if (call := child.first_call) is not None]
        if not tried:
            return list(node.turns)
        request = self.prompt.fill("another", tried=block("done", json_lines(tried)))
        return [*node.turns[:-1], Message("user", f"{node.turns[-1].text}\n\n{request}")]

    def _thought(self, node: Node, reply: str) -> Node:
        """A reply without an action is a thought; some endpoints refuse an empty turn."""
        turns = Message("assistant", thought_of(reply) or "(nothing)"), Message("user", self.prompt.texts["go_on"])
        return Node((*node.turns, *turns), node.depth + _THOUGHT)

    def _acted(self, node: Node, move: Move, end: Ending | None) -> Node:
        depth = node.depth + _CALL + (_THOUGHT if move.thought else 0)
        self.session.note("thought", text=move.thought, move=f"{move.name}[{move.argument}]")
        if end is not None:
            self.session.note("gave_up", why=end.why)
            return Node(node.turns, depth, _tried(move, "ok", "(given up)"), given_up=True)
        result = self.session.call(move.name, arguments_of(move))
        if move.name in self._mutating and result.error not in _UNDONE:
            self._changes.append(move.name)
        if self.replace_unknown and result.error == "unknown_tool":
            move = replace(move, name=REPLACED)
        text = cut_result(self.session, move.name, result, self.bounds.characters)
        turns = Message("assistant", move.text), Message("user", observation(result.status, text))
        return Node((*node.turns, *turns), depth, _tried(move, result.status, text))


def _is_empty(move: Move, end: Ending | None) -> bool:
    """Whether a finish holds no answer."""
    return end is None and move.name.casefold() == FINISH.casefold()


def _tried(move: Move, status: Status, result: str) -> Mapping[str, Any]:
    return {"tool": move.name, "arguments": arguments_of(move), "status": status, "result": result}
