"""Reading what a model wrote: tolerant of case, decoration and missing parts. Nothing here raises.

Only replies are read, never prompts: what a passage says is not the model's own word.
"""

from __future__ import annotations

import re
from functools import cache

from toolbench_eval.data.questions import AnswerType

ANSWER_MARKERS = ("final answer:", "answer:", "answer is")
"""What an answer is announced by, in order of preference."""
SHORT = 12
"""Words up to which a single line without any marker is taken for an answer."""

_THOUGHT_ENDS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_THOUGHT_BEGINS = re.compile(r"<think(?:ing)?>.*", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"^[ \t]*```[\w-]*[ \t]*$|```", re.MULTILINE)
_LEAD = re.compile(
    r"(?:(?:so|thus|therefore|hence)\b,?\s*)?(?:the\s+)?(?:final\s+|correct\s+|short\s+)?answer(?:\s+is\b|\s*:)\s*:?\s*",
    re.IGNORECASE,
)
_WRAPPED = {'""', "''", "``", "“”", "‘’", "«»", "<>", "[]"}  # noqa: RUF001 - quotation marks of print
_ABBREVIATION = re.compile(r"(?:\w\.){2}$")
_BOOLEANS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s+[\"'“‘(\[]?[^\Wa-z_])|[。！？]")  # noqa: RUF001 - as above
_NO_END = re.compile(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Mt|Prof|Rev|Gen|Col|Lt|Sgt|Capt|vs)\.$")


def spoken(reply: str) -> str:
    """A reply without the reasoning that some models write first (`<think>`), code fences and bold marks."""
    text = _THOUGHT_BEGINS.sub("", _THOUGHT_ENDS.split(reply)[-1])
    return _FENCE.sub("", text).replace("**", "").strip()


def cut_at(text: str, *stops: str) -> str:
    """The text before the first of these strings, whatever its case: for endpoints that ignore stop strings.

    A stop that begins with a line break ends a text that begins with the rest of it, too.
    """
    lines = "\n" + text
    ends = [found.start() for stop in stops if (found := re.search(re.escape(stop), lines, re.IGNORECASE))]
    return lines[1 : min(ends, default=len(lines))]


def after_marker(text: str, *markers: str) -> str | None:
    """What follows the last use of a marker, None where no marker is followed by anything.

    Args:
        text: What a model wrote.
        markers: In order of preference, such as `answer:` or `answer is`; case and spacing do not matter.
    """
    for marker in markers:
        for found in reversed(list(_marker(marker).finditer(text))):
            if rest := text[found.end() :].strip():
                return rest
    return None


def short_answer(text: str, answer_type: AnswerType = "span") -> str | None:
    """The bare answer in what was announced as one, None where there is none.

    A span is the first line without quotes, closing punctuation and "The answer is"; a boolean is `yes` or `no`, from
    the first word or else from the last word that is one (true and false are, too); a text keeps all its words.
    """
    if answer_type == "boolean":
        return _boolean(text)
    if answer_type == "text":
        line = " ".join(text.split())
        return line[_after_lead(line, 0, len(line)) :] or None
    lines = (_bare(line) for line in text.splitlines())
    return next((line for line in lines if line), None)


def stated(reply: str, answer_type: AnswerType = "span") -> str | None:
    """The answer of a reply that was to be the answer alone."""
    text = spoken(reply)
    return short_answer(after_marker(text, *ANSWER_MARKERS[: 2 if answer_type == "text" else 3]) or text, answer_type)


def concluded(reply: str, answer_type: AnswerType = "span") -> str | None:
    """The answer that stands behind a marker at the end of some reasoning; a short reply may lack the marker."""
    text = spoken(reply)
    announced = after_marker(text, *ANSWER_MARKERS)
    if announced is None and ("\n" in text or len(text.split()) > SHORT):
        return None
    return short_answer(announced or text, answer_type)


def sentences(text: str) -> list[str]:
    """The sentences of a text, white space folded; initials and titles such as `Dr.` end none."""
    line, found, start = " ".join(text.split()), [], 0
    for end in _SENTENCE_END.finditer(line):
        if not _NO_END.search(line, start, end.end()):
            found.append(line[start : end.end()])
            start = end.end()
    return [sentence.strip() for sentence in [*found, line[start:]] if sentence.strip()]


def folded(text: str) -> str:
    """What two texts that differ in case and white space only have in common."""
    return " ".join(text.casefold().split())


@cache
def _marker(marker: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in marker.removesuffix(":").split())
    return re.compile(rf"(?<!\w){words}" + (r"\s*:" if marker.endswith(":") else r"(?!\w)\s*:?"), re.IGNORECASE)


def _bare(line: str) -> str:
    """The line without what stands around the answer, over and over until nothing is left to take away.

    Only the two ends move: a line of a hundred thousand "answer:" is not copied for each of them.
    """
    start, end, before = 0, len(line), (-1, -1)
    while (start, end) != before:
        before = start, end
        start, end = _stripped(line, start, end)
        closing = " ,;:" if _ABBREVIATION.search(line, max(start, end - 4), end) else " .,;:"
        start = _after_lead(line, start, end)
        while end > start and line[end - 1] in closing:
            end -= 1
        if _wrapped(line, start, end):
            start, end = start + 1, end - 1
    return line[start:end]


def _stripped(line: str, start: int, end: int) -> tuple[int, int]:
    while start < end and line[start].isspace():
        start += 1
    while end > start and line[end - 1].isspace():
        end -= 1
    return start, end


def _after_lead(line: str, start: int, end: int) -> int:
    lead = _LEAD.match(line, start, end)
    return lead.end() if lead else start


def _wrapped(line: str, start: int, end: int) -> bool:
    """Whether this part of a line stands in a pair of quotes or brackets that do not occur inside."""
    if end - start < 2 or line[start] + line[end - 1] not in _WRAPPED:
        return False
    return all(line.find(sign, start + 1, end - 1) < 0 for sign in (line[start], line[end - 1]))


def _boolean(text: str) -> str | None:
    words = re.findall(r"[a-z]+", text.lower())
    return next((_BOOLEANS[word] for word in [*words[:1], *reversed(words)] if word in _BOOLEANS), None)
