"""Questions about two things: which is the longer one, whether both were born in the same town ..."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from toolbench_eval.llms.scripts.reading.phrases import bare_name, same
from toolbench_eval.llms.scripts.reading.quantities import quantity

Verdict = Callable[[str, str], str | None]
Asked = tuple[str, Verdict]
"""What is asked of each of two things, with `{}` for its name, and what the two answers come to."""

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
    (r"in the same [a-z ]*(county|province|district)$", "In which county is {}?"),
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
    for pattern, parse in _KINDS:
        match = pattern.fullmatch(text)
        asks = None if match is None else parse(match)
        if match is not None and asks is not None:
            asked, verdict = asks
            return Comparison((asked.replace("{}", match["a"]), asked.replace("{}", match["b"])), verdict)
    return None


def _choice(match: re.Match[str]) -> Asked | None:
    """As in `Which river is longer, A or B?`."""
    a, b, how = bare_name(match["a"]), bare_name(match["b"]), match["how"]

    def verdict(of_a: str, of_b: str) -> str | None:
        ahead = _ahead(of_a, of_b, how)
        return (a if ahead > 0 else b) if ahead else None

    asked = _measured(how, of_a_person=match["kind"].lower() == "who")
    return None if asked is None else (asked, verdict)


def _order(match: re.Match[str]) -> Asked | None:
    """As in `Is A longer than B?`."""
    how = match["how"]

    def verdict(of_a: str, of_b: str) -> str | None:
        ahead = _ahead(of_a, of_b, how)
        return None if ahead is None else _yes(ahead > 0)

    asked = _measured(how, of_a_person=False)
    return None if asked is None else (asked, verdict)


def _alike(match: re.Match[str]) -> Asked | None:
    """As in `Were A and B born in the same town?`."""
    event = _EVENT.search(match["how"])
    asked = _shared(match["how"]) or (f"When was {{}} {event[1]}?" if event else None)
    return None if asked is None else (asked, _agree)


def _one_maker(match: re.Match[str]) -> Asked:
    """As in `Did the same architect design A and B?`."""
    return f"Who {_past(match['verb'])} {{}}?", _agree


def _both(match: re.Match[str]) -> Asked | None:
    """As in `Are both A and B based in C?`."""
    c, asked = match["c"], _shared(f"{match['how']} the same {match['c'].lower()}")
    return None if asked is None else (asked, lambda of_a, of_b: _yes(same(of_a, c) and same(of_b, c)))


def _shared(how: str) -> str | None:
    """The question for what two things may have in common."""
    return next((asked for words, asked in _SHARED if re.search(words, how)), None)


def _measured(how: str, *, of_a_person: bool) -> str | None:
    """The question for what is compared."""
    if event := _EVENT.search(how):
        return f"When was {{}} {event[1]}?"
    if re.search(r"\b(older|younger)\b", how):
        return "When was {} born?" if of_a_person else "When was {} founded?"
    return next((asked for words, asked in _ATTRIBUTES if re.search(words, how)), None)


def _ahead(of_a: str, of_b: str, how: str) -> float | None:
    """By how much a is ahead of b in what is asked for, None where there is no number."""
    a, b = quantity(of_a), quantity(of_b)
    if a is None or b is None:
        return None
    return b - a if _SMALLER.search(how) else a - b


def _agree(of_a: str, of_b: str) -> str:
    return _yes(same(of_a, of_b))


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _past(verb: str) -> str:
    irregular = {"write": "wrote", "build": "built"}
    return irregular.get(verb) or f"{verb}{'d' if verb.endswith('e') else 'ed'}"


_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Asked | None]], ...] = (
    (_ONE_MAKER, _one_maker),
    (_ALIKE, _alike),
    (_BOTH, _both),
    (_ORDER, _order),
    (_CHOICE, _choice),
)
