"""Reversed construction: from a scenario to calls that are really made, to the answer, and only then to the request.

TTPA (Huang et al., Findings of EMNLP 2025; arXiv:2505.20016), as in its released code: a window of consecutive tools,
a scene, a drawn number of turns, a restart, an answer that is forced at the end. Since calls and answer are there
before the request, every request has a way that works.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from toolbench_eval.agents.session import MAIN, Session
from toolbench_eval.agents.shared.moves import STOP, Move
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_moves import arguments_of, ending, read_tool_move
from toolbench_eval.agents.shared.tool_prompting import block, cut_result, json_lines, observation, tool_block
from toolbench_eval.agents.shared.tool_work import finishes, last_word
from toolbench_eval.environments.base import Environment, ToolSpec
from toolbench_eval.environments.offered import OfferedEnvironment
from toolbench_eval.llms.base import GREEDY, Message, Sampling
from toolbench_eval.prompts import load_prompt
from toolbench_eval.training.built import EMPTY, Built, DroppedError, MadeCall, Recipe, Scene
from toolbench_eval.training.replies import ask_role, object_in, text_of, texts_of

SCENE, STEP, QUESTION = "tool-scene-1", "tool-step-1", "tool-question-1"
STRONG = "strong"
"""The role that writes forced answers and requests; the main one plays it where it has no model of its own."""
RESTART = "Restart"

Leak = Callable[[str], str | None]
"""The tool or address that a text gives away, None where there is none."""


@dataclass(frozen=True)
class Builder:
    """Makes one request.

    Attributes:
        session: The models; each scene gives it the tools that it has chosen.
        tools: The tools that may be used.
        environment: Who executes calls, None where nobody does.
        draw: What is left to chance.
        recipe: How data is made.
        leak: What a request must not say.
    """

    session: Session
    tools: Sequence[ToolSpec]
    environment: Environment | None
    draw: random.Random
    recipe: Recipe
    leak: Leak

    def build(self) -> Built:
        """Make a request out of calls.

        Raises:
            DroppedError: None came of it.
            EvalHarnessError: An endpoint or a service failed.
        """
        for restarts in range(self.recipe.restarts + 1):
            scene = self._scene()
            turns = self.draw.randint(*self.recipe.turns)
            if self.environment is not None:
                self.session.environment = OfferedEnvironment(self.environment, [tool.name for tool in scene.tools])
                self.environment.reset()
            ended = _Walk(self, scene, turns).go()
            if ended is None:
                self.session.note("restart", tools=[tool.name for tool in scene.tools])
                continue
            calls, answer, forced = ended
            done = [call for call in calls if call.counts]
            if not done:
                raise DroppedError("no result")
            question, short = self._question(scene, done, answer)
            return Built(scene, question, turns, calls, answer, short, forced, restarts)
        raise DroppedError("restarted")

    def imagine(self) -> Built:
        """Make a request from documentation alone: nothing shows that it can be answered.

        Raises:
            DroppedError: None came of it.
            EvalHarnessError: An endpoint failed.
        """
        scene, prompt = self._scene(), load_prompt(QUESTION)
        asked = prompt.fill("documented", **_situation(scene), tools=_described(scene.tools))
        return Built(scene, self._written(asked)[0])

    def sampling(self) -> Sampling:
        """How the next reply of the main model is drawn."""
        temperature = self.recipe.temperature
        seed = self.draw.randrange(2**31)
        return Sampling(temperature=temperature, stop=(STOP,), seed=seed) if temperature else GREEDY

    def _scene(self) -> Scene:
        start = self.draw.randrange(len(self.tools))
        window = [*self.tools[start:], *self.tools[:start]][: self.recipe.window]
        there = {tool.name: tool for tool in window}
        fewest, most = (min(bound, len(window)) for bound in self.recipe.chosen)
        number = str(most) if fewest == most else f"{fewest} to {most}"
        prompt, serial = load_prompt(SCENE), self.draw.randrange(10_000)
        asked = prompt.fill("scene", tools=tool_block(window), number=number, serial=serial)
        told, _ = ask_role(
            self.session,
            MAIN,
            "scene",
            conversation(prompt.texts["system"], asked),
            _read_scene,
            reminder=prompt.texts["reminder"],
            sampling=self.sampling(),
            retries=self.recipe.retries,
        )
        if told is None:
            raise DroppedError("unreadable")
        scenario, facts, named = told
        chosen = [there[name] for name in dict.fromkeys(named) if name in there][:most]
        if not chosen:
            chosen = self.draw.sample(window, min(self.recipe.fallback, most))
        return Scene(scenario, facts, tuple(chosen), tuple(there))

    def _question(self, scene: Scene, calls: Sequence[MadeCall], answer: str) -> tuple[str, str]:
        """The request for which these calls are the way, and the short answer if it stands in a result."""
        used = {call.name for call in calls}
        done = [
            {"tool": call.name, "arguments": call.arguments, "status": call.result.status, "result": call.result.text}
            for call in calls
        ]
        asked = load_prompt(QUESTION).fill(
            "question",
            **_situation(scene),
            tools=_described([tool for tool in scene.tools if tool.name in used]),
            done=block("done", json_lines(done)),
            answer=answer,
        )
        question, short = self._written(asked)
        told = any(short.casefold() in call.result.text.casefold() for call in calls)
        # What the request says itself would be no answer.
        return question, short if told and short.casefold() not in question.casefold() else ""

    def _written(self, asked: str) -> tuple[str, str]:
        prompt = load_prompt(QUESTION)
        found, raw = ask_role(
            self.session,
            STRONG,
            "question",
            conversation(prompt.texts["system"], asked),
            self._read_question,
            reminder=prompt.texts["reminder"],
            retries=self.recipe.retries,
        )
        if found is None:
            raise DroppedError("names a tool" if text_of(object_in(raw), "question") else "unreadable")
        return found

    def _read_question(self, reply: str) -> tuple[str, str] | None:
        values = object_in(reply)
        question = text_of(values, "question")
        return (question, text_of(values, "short")) if question and self.leak(question) is None else None


@dataclass(frozen=True)
class _Walk:
    """One way from a scene to an answer."""

    builder: Builder
    scene: Scene
    turns: int

    def go(self) -> tuple[tuple[MadeCall, ...], str, bool] | None:
        """Calls, answer, and whether it was forced; None where all is to be begun anew.

        Raises:
            DroppedError: A reply could not be read.
        """
        prompt, recipe, session = load_prompt(STEP), self.builder.recipe, self.builder.session
        least = min(recipe.least, self.turns - 1)
        opening = prompt.fill(
            "first", **_situation(self.scene), tools=tool_block(self.scene.tools), least=least, most=self.turns - 1
        )
        talk, calls = conversation(prompt.texts["system"], opening), list[MadeCall]()
        reminder = prompt.fill("reminder", least=least)
        while len(calls) < self.turns - 1:
            move, _ = ask_role(
                session,
                MAIN,
                "step",
                talk,
                partial(self._read, early=len(calls) < least),
                reminder=reminder,
                sampling=self.builder.sampling(),
                retries=recipe.retries,
            )
            if move is None:
                raise DroppedError("unreadable")
            if _restarts(move):
                return None
            if finishes(move):
                return tuple(calls), _answer_in(move), False
            calls.append(self._called(move))
            shown = cut_result(session, move.name, calls[-1].result, recipe.characters)
            request = {self.turns - 1: "answer", self.turns - 2: "last"}.get(len(calls), "next")
            told = prompt.fill(request, observation=observation(calls[-1].result.status, shown))
            talk += [Message("assistant", move.text), Message("user", told)]
        read, form = partial(last_word, answer_type="text"), prompt.texts["answer_reminder"]
        answer, _ = ask_role(session, STRONG, "answer", talk, read, reminder=form, retries=recipe.retries)
        if answer is None:
            raise DroppedError("unreadable")
        return tuple(calls), answer, True

    def _called(self, move: Move) -> MadeCall:
        arguments = arguments_of(move)
        result = self.builder.session.call(move.name, arguments)
        changing = any(tool.mutating for tool in self.scene.tools if tool.name == move.name)
        counts = not result.failed and (changing or result.value not in EMPTY)
        return MadeCall(move.name, arguments, result, counts)

    def _read(self, reply: str, *, early: bool) -> Move | None:
        """A step; None where there is none, or where it is an answer that comes too early or says nothing."""
        names = [*(tool.name for tool in self.scene.tools), "Finish", RESTART]
        move = read_tool_move(reply, names)
        if move is not None and finishes(move):
            return None if early or not _answer_in(move) else move
        return move


def _restarts(move: Move) -> bool:
    return move.name.casefold() == RESTART.casefold()


def _answer_in(move: Move) -> str:
    end = ending(move, "text")
    return "" if end is None or end.answer is None else end.answer


def _read_scene(reply: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    values = object_in(reply)
    scenario = text_of(values, "scenario")
    return (scenario, texts_of(values, "facts"), texts_of(values, "tools")) if scenario else None


def _situation(scene: Scene) -> dict[str, str]:
    return {"scenario": scene.scenario, "facts": "\n".join(f"- {fact}" for fact in scene.facts) or "- none"}


def _described(tools: Sequence[ToolSpec]) -> str:
    return block("tools", json_lines({"name": tool.name, "description": tool.description} for tool in tools))
