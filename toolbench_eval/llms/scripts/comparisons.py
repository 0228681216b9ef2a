"""Questions about two things: which is the longer one, whether both were born in the same town ..."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from toolbench_eval.llms.scripts.phrases import bare_name, same
from toolbench_eval.llms.scripts.quantities import quantity

Verdict = Callable[[str, str], str | None]

_CHOICE = re.compile(r"(?P<kind>[Ww]h\w+) (?P<how>[^,]*), (?P<a>.+?),? or (?P<b>.+)")
_ORDER = re.compile(r"(?:Is|Was|Did|Does|Has) (?P<a>.+?) (?P<how>[a-z ]+ (?:than|before|after)) (?P<b>.+)")
_ALIKE = re.compile(r"(?:Is|Are|Was|Were|Do|Did) (?:both )?(?P<a>.+?) and (?P<b>.+?) (?P<how>[a-z ]*\bthe same [a-z]+)")
_ONE_MAKER = re.compile(r"Did the same [a-z]+ (?P<verb>[a-z]+) (?:both )?(?P<a>.+?) and (?P<b>.+)")
_BOTH = re.compile(r"(?:Are|Were) both (?P<a>.+?) and (?P<b>.+?) (?P<how>[a-z ]*\b(?:in|by)) (?P<c>.+)")

_ATTRIBUTES = (
    (r"inhabitants|people|residents|population", "How many inhabitants does {} have?"),
    (r"\b(longer|shorter)\b", "How long is {}?"),
    (r"\b(taller|higher|lower)\b", "How high is {}?"),
)
_EVENT = re.compile(r"\b(born|opened|launched|published|founded|built|completed|established)\b")
_SMALLER = re.compile(r"\b(shorter|lower|fewer|smaller|earlier|first|before|older)\b")
_SHARED = (
    (r"born in the same (?!year)", "Where was {} born?"),
    (r"(flow|empty|drain|run) into the same", "Into what does {} flow?"),
    (r"on the same river", "Which river flows through {}?"),
    (r"based in the same|headquartered in the same", "Where is {} based?"),
    (r"in the same (county|province|district)", "In which county is {}?"),
)


@dataclass(frozen=True)
class Comparison:
    """A comparison of two named things.

    Attributes:
        questions: What has to be known of each.
        verdict: The result from both answers, None where they cannot be compared.
    """

    questions: tuple[str, str]
    verdict: Verdict


def comparison(question: str) -> Comparison | None:
    """The comparison that a question asks for, None if it is none that the reader understands."""
    text = question.strip().removesuffix("?").rstrip()
    for pattern, parse in ((_ONE_MAKER, _one_maker), (_ALIKE, _alike), (_BOTH, _both), (_ORDER, _order), (_CHOICE, _choice)):
        match = pattern.fullmatch(text)
        found = parse(match) if match else None
        if match and found:
            asked, verdict = found
            a, b = (bare_name(match[side]) for side in "ab")
            return Comparison((asked.replace("{}", a), asked.replace("{}", b)), verdict)
    return None


def _choice(match: re.Match[str]) -> tuple[str, Verdict] | None:
    """`Which river is longer, A or B?`"""
    a, b, how = bare_name(match["a"]), bare_name(match["b"]), match["how"]
    asked = _measured(how, of_a_person=match["kind"].lower() == "who")
    return asked and (asked, lambda of_a, of_b: _pick(of_a, of_b, how, (a, b)))


def _order(match: re.Match[str]) -> tuple[str, Verdict] | None:
    """`Is A longer than B?`"""
    how = match["how"]
    asked = _measured(how, of_a_person=False)
    return asked and (asked, lambda of_a, of_b: _pick(of_a, of_b, how, ("yes", "no")))


def _alike(match: re.Match[str]) -> tuple[str, Verdict] | None:
    """`Were A and B born in the same town?`"""
    how = match["how"]
    asked = next((asked for words, asked in _SHARED if re.search(words, how)), None)
    if event := _EVENT.search(how):
        asked = asked or f"When was {{}} {event[1]}?"
    return asked and (asked, lambda of_a, of_b: "yes" if same(of_a, of_b) else "no")


def _one_maker(match: re.Match[str]) -> tuple[str, Verdict]:
    """`Did the same architect design A and B?`"""
    return f"Who {_past(match['verb'])} {{}}?", lambda of_a, of_b: "yes" if same(of_a, of_b) else "no"


def _both(match: re.Match[str]) -> tuple[str, Verdict] | None:
    """`Are both A and B based in C?`"""
    wanted = match["c"]
    asked = next((asked for words, asked in _SHARED if re.search(words, f"{match['how']} the same town")), None)
    return asked and (asked, lambda of_a, of_b: "yes" if same(of_a, wanted) and same(of_b, wanted) else "no")


def _measured(how: str, of_a_person: bool) -> str | None:
    """The question for what is compared."""
    if event := _EVENT.search(how):
        return f"When was {{}} {event[1]}?"
    if re.search(r"\b(older|younger)\b", how):
        return "When was {} born?" if of_a_person else "When was {} founded?"
    return next((asked for words, asked in _ATTRIBUTES if re.search(words, how)), None)


def _pick(of_a: str, of_b: str, how: str, names: tuple[str, str]) -> str | None:
    """The first name if what is known of a is more, or less where that is asked for; else the second."""
    a, b = quantity(of_a), quantity(of_b)
    if a is None or b is None or (a == b and names != ("yes", "no")):
        return None
    first = a < b if _SMALLER.search(how) else a > b
    return names[0] if first else names[1]


def _past(verb: str) -> str:
    irregular = {"write": "wrote", "build": "built"}
    return irregular.get(verb) or f"{verb}{'d' if verb.endswith('e') else 'ed'}"
