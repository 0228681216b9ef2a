"""AutoTools' way to solve a request: programs in turns that share their variables, until one gives the answer.

Source: Shi et al. 2025, *Tool Learning in the Wild* (arXiv 2405.16533v2), as its code (09c88df) has it: n turns at
most, 1,000 characters of each output. There a marker in the output ends the work, which any tool could print; here it
is a call of `finish`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.agents.atc.encapsulation import PROMPT, Wrapper
from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import ask_until_read
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import short_answer
from toolbench_eval.agents.shared.programs import NO_OUTPUT, Offered, interpreters, read_program
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_docs import ToolDoc
from toolbench_eval.agents.shared.tool_prompting import NO_TOOLS, block, json_lines
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.base import ToolSpec, cut, shown
from toolbench_eval.environments.sandbox import Execution, ProgramLimits
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import load_prompt

SHOWN = 1_000
"""Characters of an output that the model sees."""
FINISH = ToolSpec(
    "finish",
    "Gives the final answer and ends the work.",
    {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]},
)
_KEPT = {"ok", "exception", "refused"}
"""How a program may end so that its variables stay."""


@dataclass(frozen=True)
class Notebook:
    """The bounds of a series of programs.

    Attributes:
        turns: Most programs.
        retries: Times that an unreadable reply is asked for again.
        sampling: How replies are drawn.
        limits: Bounds of each program.
    """

    turns: int
    retries: int
    sampling: Sampling
    limits: ProgramLimits

    def solve(self, sample: Sample, session: Session, docs: Sequence[ToolDoc], wrappers: Sequence[Wrapper]) -> Answer:
        """Ask for programs and run them until one calls `finish`."""
        prompt, desk = load_prompt(PROMPT), Offered(session, docs, finish=FINISH)
        messages = conversation(prompt.texts["system"], _opening(sample, docs, wrappers))
        definitions = "\n\n".join(wrapper.source for wrapper in wrappers)
        output = ""
        with interpreters(self.limits).notebook(desk) as notebook:
            notebook.run(definitions)
            for number in range(1, self.turns + 1):
                program, reply = ask_until_read(
                    session,
                    "turn",
                    messages,
                    read_program,
                    reminder=prompt.texts["reminder"],
                    retries=self.retries,
                    sampling=self.sampling,
                )
                if program is None:
                    return Answer(None, "parse_error", reply)
                execution = notebook.run(program)
                output = _output(execution)
                session.note("run", number=number, status=execution.status, output=cut(output, SHOWN))
                answer = _finished(desk.answers, sample)
                if answer is not None:
                    return Answer(answer, "answered", shown(desk.answers[-1]))
                lost = execution.status not in _KEPT
                if lost:
                    notebook.run(definitions)
                told = {"output": block("result", cut(output, SHOWN)), "lost": prompt.texts["lost"] if lost else ""}
                messages += [Message("assistant", reply), Message("user", prompt.fill("output", **told))]
        return Answer(None, "max_hops", output)


def _opening(sample: Sample, docs: Sequence[ToolDoc], wrappers: Sequence[Wrapper]) -> str:
    """The functions that there are: the wrappers, and tools that have none as they are."""
    wrapped = {wrapper.tool: wrapper for wrapper in wrappers}
    rows: list[dict[str, Any]] = [
        wrapped[doc.spec.name].told if doc.spec.name in wrapped else doc.full("functions") for doc in docs
    ]
    return load_prompt(PROMPT).fill(
        "solve",
        tools=block("tools", json_lines(rows) or NO_TOOLS),
        form=form_of(sample.answer_type),
        request=sample.text,
    )


def _output(execution: Execution) -> str:
    """What a program printed, and why it ended early if it did."""
    error = "" if execution.error is None else execution.error.text
    return "\n".join(part for part in (execution.stdout.strip(), error) if part) or NO_OUTPUT


def _finished(answers: Sequence[Any], sample: Sample) -> str | None:
    """The last answer that was given and is one."""
    return short_answer(shown(answers[-1]), sample.answer_type) if answers else None
