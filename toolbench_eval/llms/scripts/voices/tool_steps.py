"""The scripted model in the agents that call tools step by step: react, plan-execute, dfsdt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import Voice, reply_by, values
from toolbench_eval.llms.scripts.tools.mind import DoneCall, ToolView, conclusion, next_move, planned
from toolbench_eval.llms.scripts.tools.talk import call_step, calls_in, calls_in_rows, rows_in, step, tools_in
from toolbench_eval.prompts import Prompt

UNKNOWN = "unknown"
"""What is answered where nothing was found."""
_PLANNED = "Use {tool}."


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of these agents, None to any other."""
    return reply_by(_VOICES, messages)


def _react(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages[:2], "opening")
    if heard is None:  # the closing request stands behind an opening that was never acted on
        return None
    move = next_move(heard[1]["request"], tools_in(messages[1].text), calls_in(messages))
    if messages[-1].text.endswith("Answer: <the answer>"):
        return f"Answer: {move.answer or UNKNOWN}"
    return call_step(move) if move.tool else step(move.thought, "Finish", move.answer or UNKNOWN)


def _dfsdt(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages[:2], "opening")
    if heard is None:
        return None
    tried = calls_in_rows(rows_in(messages[-1].text, "done"))
    move = next_move(heard[1]["request"], tools_in(messages[1].text), [*calls_in(messages), *tried])
    if move.tool:  # without a thought, which would cost a node
        return step("", move.tool, move.arguments)
    return step(move.thought, "Finish", move.answer) if move.answer else step("", "GiveUp", move.thought)


def _plan_execute(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages, "plan", "replan", "step", "answer")
    if heard is None:
        return None
    text, said = heard
    request, tools = said["request"], tools_in(messages[1].text)
    done = calls_in_rows(rows_in(messages[1].text, "done"))
    if text == "answer":
        return f"Answer: {conclusion(request, done) or UNKNOWN}"
    if text == "step":
        return _step(request, tools, done, calls_in(messages), said["step"])
    steps = planned(request, tools, done)
    return "\n".join(f"{at}. {_PLANNED.format(tool=name)}" for at, name in enumerate(steps, start=1)) or "No steps."


def _step(
    request: str, tools: Sequence[ToolView], before: Sequence[DoneCall], now: Sequence[DoneCall], wanted: str
) -> str:
    if now and now[-1].bore_fruit:
        return step("That is this step.", "Done", f"{now[-1].tool} has answered")
    move = next_move(request, tools, [*before, *now])
    if move.tool is not None and _PLANNED.format(tool=move.tool) == wanted:
        return call_step(move)
    if move.answer is not None:
        return step("This is not needed any more.", "Done", move.answer)
    return step(move.thought, "Failed", "this is not what helps here")


_VOICES: Mapping[str, Voice] = {
    "react-tools-1": _react,
    "plan-execute-1": _plan_execute,
    "dfsdt-1": _dfsdt,
}
