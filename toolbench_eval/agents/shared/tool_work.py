"""Working with tools step by step: what the agents that write `Action: tool[{...}]` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.interleaving import Observation
from toolbench_eval.agents.shared.moves import Move
from toolbench_eval.agents.shared.parsing import concluded
from toolbench_eval.agents.shared.tool_moves import FINISH, arguments_of, ending, read_tool_move
from toolbench_eval.agents.shared.tool_prompting import cut_result, observation
from toolbench_eval.data.questions import AnswerType


@dataclass(frozen=True)
class Workbench:
    """Carries calls out.

    Attributes:
        session: Where the tools are.
        characters: Most characters of an answer that are shown.
    """

    session: Session
    characters: int

    def act(self, move: Move) -> Observation:
        """Call a tool; what is no tool's name is answered, too."""
        result = self.session.call(move.name, arguments_of(move))
        text = cut_result(self.session, move.name, result, self.characters)
        return Observation(observation(result.status, text))


def finishes(move: Move) -> bool:
    """Whether a move ends the work."""
    return move.name.casefold() == FINISH.casefold()


def read_action(reply: str, names: Sequence[str], answer_type: AnswerType) -> Move | None:
    """The action of a reply; None where there is none, or a finish that holds no answer of this type."""
    move = read_tool_move(reply, (*names, FINISH))
    return None if move is not None and finishes(move) and ending(move, answer_type) is None else move


def last_word(reply: str, answer_type: AnswerType) -> str | None:
    """The answer of a closing call; some models still write `Finish[...]`, or want to go on."""
    move = read_tool_move(reply, (FINISH,))
    if move is None:
        return concluded(reply, answer_type)
    end = ending(move, answer_type)
    return None if end is None else end.answer
