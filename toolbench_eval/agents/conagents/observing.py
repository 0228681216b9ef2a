"""ConAgents' observing agent: it takes out of a response what is needed, out of a long one by a program.

The program is repaired by what the interpreter says (IterCali).

Source: Shi et al. 2024 (arXiv 2403.03031v1), iterative calibration with the code interpreter. Programs run in the
sandbox; in the paper's code they run within the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.agents.conagents.colleagues import Colleague, continued
from toolbench_eval.agents.conagents.itercali import COMPLAINT, Request
from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.parsing import spoken
from toolbench_eval.agents.shared.programs import interpreters, read_program
from toolbench_eval.agents.shared.tool_prompting import block
from toolbench_eval.environments.base import Json, ToolResult, cut
from toolbench_eval.environments.sandbox import ProgramLimits

Tidying = Literal["plain", "released"]
"""What is done to an observation. `plain`: one line, cut at a number of characters. `released`: as in the paper's code,
dashes are removed as well, those of numbers and names among them, and it is cut at 1,000 characters if it has more than
1,000 words."""

LIMITS = ProgramLimits(seconds=10.0, total=20.0, output=20_000, calls=0)
"""Bounds of a program that reads a response."""
_EMPTY = {"", "None", "[]"}
_RELEASED = 1_000
_DEPTH = 8


@dataclass(frozen=True)
class Observing:
    """The agent.

    Attributes:
        colleague: Its model.
        code: Whether it writes programs for long responses.
        tries: Programs that it writes; 1 is without calibration.
        temperature: Of the calls that write programs.
        short: Characters up to which a response is read directly.
        shown: Characters of a response that are shown where it is read directly.
        tidying: What is done to the observation.
        longest: `plain`: characters of an observation.
    """

    colleague: Colleague
    code: bool
    tries: int
    temperature: float
    short: int
    shown: int
    tidying: Tidying
    longest: int

    def observe(self, request: Request, result: ToolResult) -> str:
        """What is wanted of a response, in one line."""
        how: Literal["direct", "code", "fallback"] = "direct"
        found = None
        if self.code and len(result.text) > self.short:
            found = self._by_program(request, result)
            how = "fallback" if found is None else "code"
        if found is None:
            found = self._directly(request, result)
        tidy = self._tidied(found)
        self.colleague.session.note("observe", how=how, response=len(result.text), observation=tidy)
        return tidy

    def _directly(self, request: Request, result: ToolResult) -> str:
        response = block("result", cut(result.text, self.shown))
        asked = self.colleague.opening("extract", **_told(request), response=response)
        return spoken(self.colleague.ask("extract", asked))

    def _by_program(self, request: Request, result: ToolResult) -> str | None:
        """What a program prints; None where none runs to its end, or the last prints nothing."""
        structure = block("result", cut("\n".join(tree(result.value)), self.shown))
        messages = self.colleague.opening("observe", **_told(request), tree=structure)
        texts, session = self.colleague.prompt, self.colleague.session
        for attempt in range(1, self.tries + 1):
            action = "observe" if attempt == 1 else "repair_program"
            reply = self.colleague.ask(action, messages, temperature=self.temperature)
            program = read_program(reply)
            if program is None:
                error, told = "unreadable", texts.texts["no_program"]
            else:
                done = interpreters(LIMITS).run(program, values={"response": result.value})
                if done.error is None:
                    printed = done.stdout.strip()
                    session.note("program", attempt=attempt, error=None, printed=len(printed))
                    return None if printed in _EMPTY else printed
                error = done.error.text
                complaint = block("result", cut(done.error.traceback or error, COMPLAINT))
                told = texts.fill("program_failed", result=complaint, instruction=request.instruction)
            session.note("program", attempt=attempt, error=error, printed=0)
            session.note("calibrate", agent="observation", attempt=attempt, kind=error, repaired=attempt < self.tries)
            messages = continued(messages, reply, told)
        return None

    def _tidied(self, text: str) -> str:
        text = text if text.strip() else self.colleague.prompt.texts["nothing_found"]
        return tidied(text, self.tidying, self.longest)


def tidied(text: str, how: Tidying, longest: int) -> str:
    """An observation as the others are told of it."""
    if how == "released":
        line = text.replace("\n", " ").replace("-", "")
        return line[:_RELEASED] if len(line.split()) > _RELEASED else line
    line = one_line(text)
    return line if len(line) <= longest else one_line(cut(line, longest))


def tree(value: Json, name: str = "response", depth: int = 0) -> Iterator[str]:
    """The structure of a value, a line for each name with its type; of a list its first element only."""
    indent = "  " * depth
    if isinstance(value, Mapping):
        yield f"{indent}{name}: object"
        inside = value.items() if depth < _DEPTH else ()
        for key, one in inside:
            yield from tree(one, one_line(str(key)), depth + 1)
    elif isinstance(value, list):
        yield f"{indent}{name}: list of {len(value)}"
        if value and depth < _DEPTH:
            yield from tree(value[0], f"{name}[0]", depth + 1)
    else:
        yield f"{indent}{name}: {'null' if value is None else type(value).__name__}"


def _told(request: Request) -> dict[str, str]:
    return {"arguments": request.shown, "instruction": request.instruction, "description": request.description}
