"""A stage for stability studies: problems of one tool each, and models whose success is known beforehand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.agent_stage import Stage, stage
from support.tool_suite import suite
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.evaluation.solving import plan
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling, Usage
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.scripts.tools.talk import calls_in, tools_in
from toolbench_eval.study import runner

TOOLS = ("amber", "beryl", "coral", "dolomite", "emerald", "flint")
POLICY = "scripted/support.study_stage:"


def _answer() -> str:
    return "noted"


def tools(setup: Mapping[str, Any] | None = None) -> FunctionEnvironment:
    """Six tools that take nothing and say `noted`."""
    return FunctionEnvironment(dict.fromkeys(TOOLS, _answer))


def problems(number: int) -> list[dict[str, Any]]:
    """Problem i wants tool i (of six, in turn); the candidates begin with tool 2i."""
    rows = []
    for at in range(number):
        first = 2 * at % 6
        listed = [*TOOLS[first:], *TOOLS[:first]]
        gold = TOOLS[at % 6]
        rows.append(
            {"id": f"p{at:03d}", "text": f"Number {at}: use {gold} once.", "candidates": listed, "gold_calls": [gold]}
        )
    return rows


def small_suite(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """The suite `tiny`, which is solved by calling the gold tools and finishing."""
    folder.parent.mkdir(exist_ok=True)
    return suite(folder, rows, environment="support.study_stage:tools", scoring="path")


def call(name: str) -> str:
    return f"Thought: so\nAction: {name}[{{}}]"


FINISH = "Thought: so\nAction: Finish[done]"


def wanted(messages: Sequence[Message]) -> tuple[int, list[str]]:
    """Number of the problem, and names of the tools that it wants."""
    found = re.search(r"Number (\d+): use (.*?) once", messages[1].text)
    assert found is not None
    return int(found[1]), found[2].split(", ")


def first_listed(messages: Sequence[Message]) -> str:
    """Calls the tool that is listed first, whatever is wanted."""
    return FINISH if calls_in(messages) else call(tools_in(messages[1].text)[0].name)


def oracle(messages: Sequence[Message]) -> str:
    """Calls what is wanted, one after the other, wherever it is listed."""
    left = wanted(messages)[1][len(calls_in(messages)) :]
    return call(left[0]) if left else FINISH


def hallucinating(messages: Sequence[Message]) -> str:
    """In three problems of ten calls a tool that there is not."""
    number, _ = wanted(messages)
    return oracle(messages) if number % 10 >= 3 or calls_in(messages) else call("zircon")


@dataclass
class Coin:
    """Calls what is wanted if a coin says so, which is thrown by seed and temperature for each problem."""

    name: str = "coin"
    share: float = 0.5
    deaf: bool = False
    """Whether it ignores temperature and seed."""
    asked: int = 0

    @property
    def identity(self) -> dict[str, Any]:
        return {"coin": self.share}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.asked += 1
        number, names = wanted(messages)
        drawn = 0 if self.deaf or sampling.temperature == 0 else sampling.seed
        thrown = hashlib.sha256(f"{number}/{drawn}".encode()).digest()
        heads = int.from_bytes(thrown[:4]) < self.share * 2**32
        text = call(names[0]) if heads and not calls_in(messages) else FINISH
        return Reply(text, Usage(1, 1))


@contextmanager
def study_stage(folder: Path, coin: Coin | None = None) -> Iterator[Stage]:
    """A stage whose model `coin` is the one given."""

    def load(name: str, **options: Any) -> CachedLLM:
        return CachedLLM(coin, None, Meter()) if coin is not None and name == "coin" else load_llm(name, **options)

    with stage(folder) as run, pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "load_llm", load)
        patch.setattr(runner, "load_llm", load)
        yield run


def write_study(path: Path, factors: str, more: str = "", *, llm: str, **base: str) -> Path:
    """A study of the suite `tiny`."""
    given = {"task": "tiny", "agent": "react", "llm": llm, **base}
    lines = "".join(f'{name} = "{value}"\n' for name, value in given.items())
    options = 'set = { order = "released" }\n'
    path.write_text(f'name = "{path.stem}"\n{more}\n[base]\n{lines}{options}\n[factors]\n{factors}\n', encoding="utf-8")
    return path


def mute_without_prompt(messages: Sequence[Message]) -> str:
    """The oracle, that says nothing where the agent's own system prompt is missing."""
    return oracle(messages) if "carry out requests" in messages[0].text else ""
