"""What a study can change: factors by name, and what each of their levels comes to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.evaluation.solving.perturbed import Perturbation
from toolbench_eval.study.decoding import BestOf, Seed, Temperature, TopP
from toolbench_eval.study.levels import number, read_level, whole_number
from toolbench_eval.study.query_styles import SEEDED, STYLES, Paraphrase, QueryStyle
from toolbench_eval.study.system_prompts import system_prompt
from toolbench_eval.study.tool_noise import (
    DESCRIPTION_NOISES,
    OBSERVATION_NOISES,
    DescriptionNoise,
    ObservationNoise,
)
from toolbench_eval.study.tool_order import ORDERS, SHUFFLE, ToolOrder
from toolbench_eval.study.toolset_size import Likeness, ToolsetSize

Side = Literal["internal", "external"]

SET = "set."
"""`set.NAME` is a factor for any option of agent, task or retriever, as `--set NAME=VALUE` takes it."""

STEPS: Mapping[tuple[str, str], str] = {
    ("react", "tool-use"): "max_actions",
    ("react", "question-answering"): "max_hops",
    ("dfsdt", "tool-use"): "max_nodes",
    ("plan-execute", "tool-use"): "max_steps",
    ("conagents", "tool-use"): "max_steps",
    ("atc", "tool-use"): "alpha",
    ("rea360", "tool-use"): "rounds",
    ("self-ask", "question-answering"): "max_hops",
    ("ircot", "question-answering"): "max_hops",
    ("genground", "question-answering"): "max_hops",
    ("exsearch", "question-answering"): "max_hops",
    ("iter-retgen", "question-answering"): "iterations",
}
"""The option that bounds an agent's steps, by agent and kind of suite; what a step is differs between agents."""


@dataclass(frozen=True)
class Around:
    """What a level may depend on.

    Attributes:
        kind: Kind of the suite.
        agent: Name of the agent under this condition.
        prompts: System prompts of the study itself, by name.
        paraphrases: Paraphrases that were read, by style.
    """

    kind: str
    agent: str
    prompts: Mapping[str, str] = field(default_factory=dict)
    paraphrases: Mapping[str, Paraphrase] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What a level changes; what it leaves alone is empty.

    Attributes:
        agent: Name of the agent.
        llm: Name of the main language model.
        model: Name of the retriever.
        switches: Options of agent, task or retriever.
        perturbations: Changes around them.
    """

    agent: str | None = None
    llm: str | None = None
    model: str | None = None
    switches: Mapping[str, str] = field(default_factory=dict)
    perturbations: tuple[Perturbation, ...] = ()


@dataclass(frozen=True)
class Factor:
    """Something that a study can change.

    Attributes:
        side: Whether it belongs to the agent or to its input.
        levels: How its levels are written.
        meaning: What it is.
        change: What a level changes.
    """

    side: Side
    levels: str
    meaning: str
    change: Callable[[str, Around], Change]


def find_factor(name: str) -> Factor:
    """The factor of a name.

    Raises:
        UnknownNameError: There is none.
    """
    if name.startswith(SET) and len(name) > len(SET):
        option = name.removeprefix(SET)
        return Factor("internal", "any", "", lambda level, around: Change(switches={option: level}))
    if name not in FACTORS:
        raise UnknownNameError("factor", name, FACTORS, "set.NAME changes any option.")
    return FACTORS[name]


def _framework(level: str, around: Around) -> Change:
    """`dfsdt`, `dfsdt width=3`, `react best-of=3`."""
    agent, *options = level.split()
    pairs = [option.partition("=") for option in options]
    if wrong := [option for option, (name, _, value) in zip(options, pairs, strict=True) if not (name and value)]:
        raise UsageError(f"an agent's options are NAME=VALUE, found '{wrong[0]}'")
    values = {name: value for name, _, value in pairs}
    chains = values.pop("best-of", None)
    perturbations = () if chains is None else (BestOf(whole_number(chains)),)
    return Change(agent=agent, switches=values, perturbations=perturbations)


def _steps(level: str, around: Around) -> Change:
    option = STEPS.get((around.agent, around.kind))
    if option is None:
        raise UsageError(f"no bound of steps is known of the agent '{around.agent}': use the factor set.OPTION")
    return Change(switches={option: str(whole_number(level))})


def _temperature(level: str, around: Around) -> Change:
    return _own(level) or Change(perturbations=(Temperature(number(level)),))


def _top_p(level: str, around: Around) -> Change:
    return _own(level) or Change(perturbations=(TopP(number(level)),))


def _seed(level: str, around: Around) -> Change:
    return Change(perturbations=(Seed(whole_number(level)),))


def _best_of(level: str, around: Around) -> Change:
    return Change(perturbations=(BestOf(whole_number(level)),))


def _query_style(level: str, around: Around) -> Change:
    if level == "original":
        return Change()
    if level in around.paraphrases:
        return Change(perturbations=(around.paraphrases[level],))
    found = read_level(level, ["original", *STYLES, *around.paraphrases], SEEDED)
    return Change(perturbations=(QueryStyle(found.name, found.seed),))


def _system_prompt(level: str, around: Around) -> Change:
    return Change() if level == "default" else Change(perturbations=(system_prompt(level, around.prompts),))


def _tool_order(level: str, around: Around) -> Change:
    found = read_level(level, ORDERS, [SHUFFLE])
    return Change(perturbations=(ToolOrder(found.name, found.seed),))


_SIZE = re.compile(
    r"relevant|released|"
    r"\+(?P<more>\d+)(?::(?P<likeness>random|near|same|category))?(?:-(?P<seed>\d+))?"
)


def _toolset_size(level: str, around: Around) -> Change:
    size = _SIZE.fullmatch(level)
    if size is None:
        raise UnknownNameError(
            "level", level, ["relevant", "released", "+10", "+10:near", "+10:category", "+10:near-1"]
        )
    more = {"relevant": None, "released": 0}.get(level, int(size["more"] or 0))
    likeness: Likeness = size["likeness"] or "random"  # type: ignore[assignment]  # the pattern takes no others
    return Change(perturbations=(ToolsetSize(level.partition("-")[0], more, likeness, int(size["seed"] or 0)),))


def _description_noise(level: str, around: Around) -> Change:
    if level == "none":
        return Change()
    found = read_level(level, ["none", *DESCRIPTION_NOISES], ["shuffled", "typos"])
    amount = found.number(DESCRIPTION_NOISES[found.name])
    return Change(perturbations=(DescriptionNoise(found.name, amount, found.seed),))


def _observation_noise(level: str, around: Around) -> Change:
    if level == "none":
        return Change()
    found = read_level(level, ["none", *OBSERVATION_NOISES], ["extra-fields", "errors"])
    amount = found.number(OBSERVATION_NOISES[found.name])
    return Change(perturbations=(ObservationNoise(found.name, amount, found.seed),))


def _own(level: str) -> Change | None:
    return Change() if level == "own" else None


FACTORS: Mapping[str, Factor] = {
    "framework": Factor(
        "internal", "AGENT, AGENT OPTION=VALUE ..., AGENT best-of=K", "the agent, with options", _framework
    ),
    "llm": Factor("internal", "L", "the main language model", lambda level, around: Change(llm=level)),
    "model": Factor("external", "M", "the retriever", lambda level, around: Change(model=level)),
    "steps": Factor("internal", "N", "the agent's own bound of steps", _steps),
    "temperature": Factor("internal", "own, 0 to 2", "temperature of every call", _temperature),
    "top-p": Factor("internal", "own, above 0 to 1", "share of the probability that is drawn from", _top_p),
    "seed": Factor("internal", "N", "seed of every call, beside the repeats", _seed),
    "best-of": Factor("internal", "K", "chains, of which the first that finishes counts", _best_of),
    "query-style": Factor(
        "external",
        "original, terse, polite, imperative, typos-N, irrelevant-N, a paraphrase",
        "wording of the request",
        _query_style,
    ),
    "system-prompt": Factor(
        "external",
        "default, short, role-play, rules, json-strict, empty, an own one; +own behind any",
        "what is said before the request",
        _system_prompt,
    ),
    "tool-order": Factor(
        "external", "released, reversed, gold-first, gold-last, shuffle-N", "order of the tools", _tool_order
    ),
    "toolset-size": Factor(
        "external",
        "relevant, released, +K-N, +K:near-N, +K:same-N, +K:category-N",
        "number of the tools on offer",
        _toolset_size,
    ),
    "description-noise": Factor(
        "external",
        "none, truncated:WORDS, shuffled:SHARE-N, typos:SHARE-N, empty",
        "descriptions of tools and arguments",
        _description_noise,
    ),
    "observation-noise": Factor(
        "external",
        "none, truncated:CHARACTERS, extra-fields:K-N, errors:RATE-N",
        "answers of tools",
        _observation_noise,
    ),
}
"""The factors; the first of them are looked at first, because others may depend on the agent."""
