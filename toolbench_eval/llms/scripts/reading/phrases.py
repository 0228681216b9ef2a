"""A small language for phrases: words, `(a|b)`, `…` for a short gap, `<kind>` for a noun, and slots for names."""

from __future__ import annotations

import re
from functools import cache

_WORD = r"(?-i:[A-Z]\w*(?:['\u2019-](?!s\b)\w+)*)"
_NO_NAME = (
    r"(?!(?:The|A|An|In|On|At|By|For|From|To|As|Its?|He|She|They|His|Hers?|Their|This|That|These|Those|There|Of|With"
    r"|When|While|Where|Since|Until|After|Before|During|Although|Despite|Because|If|But|And|Both|Only|Some|Two|Three|Every|Each|Born"
    r"|Who|Which|What|Whose|How|Into|Is|Are|Was|Were|Does|Do|Did|January|February|March|April|May|June|July|August"
    r"|September|October|November|December)\b)"
)
NAME = rf"{_NO_NAME}{_WORD}(?:(?:['\u2019]s?)?(?: of the| of| the| &)? {_WORD})*"
"""A name in running text: capitalised words, some joined by `of`."""

ENTITY = (
    rf"(?:(?:the|an?) )?{NAME}(?:(?: at| to| from the| without)? {_WORD})*"
    r"(?!\w)(?! (?-i:[A-Z]))"
)
"""A name in a question, with its article; titles of works included, and never a part of a longer name."""

YEAR = r"\b(?:1\d|20)\d\d\b"
NUMBER = r"\b\d[\d,]*(?:\.\d+)?(?: million)?\b"
LENGTH = rf"{NUMBER} (?:kilometres|kilometers|km|metres|meters|m|miles|feet|ft)\b"
COUNTY = rf"{NAME}(?<= County)|{NAME}(?<= Province)|{NAME}(?<= District)"

KNOWN, TITLE = "\ue000", "\ue001"
"""What stands in a sentence for the name that is asked about, and for the passage's title."""

_GAP = r"(?:[^;]{0,90}?\W)??"
_KIND = r"(?-i:(?:(?!(?:that|which|who|whose|where|of|in|on|the|is|was) )[a-z-]+ ){0,1}[a-z-]+)"


@cache
def phrase(pattern: str, known: str, wanted: str = "") -> re.Pattern[str]:
    """A phrase as a regular expression; letters are compared without case, but names begin with a capital.

    Args:
        pattern: The phrase. `{}` is the name that is known, `{?}` what is wanted; `the` may come before it.
        known: Regular expression of the first, captured as group `known`.
        wanted: Regular expression of the second, captured as group `wanted`.
    """
    text = pattern.replace("'", r"['\u2019]").replace("<kind>", _KIND).replace("…", _GAP)
    text = text.replace("{}", f"(?P<known>{known})", 1).replace("{?}", rf"(?:\bthe )?(?P<wanted>{wanted})", 1)
    return re.compile(text, re.IGNORECASE)


def mark(sentence: str, name: str, title: str) -> str:
    """A sentence with `KNOWN` for the name and `TITLE` for the title, unless they are parts of longer names."""
    marked = _replaced(sentence, bare_name(name), KNOWN)
    return _replaced(marked, title, TITLE) if title else marked


def _replaced(sentence: str, name: str, sign: str) -> str:
    kind = re.match(r"(?:River|Lake|Mount) (?=\S)", name)
    # `the Po` is enough for the River Po.
    short = rf"|\bthe {re.escape(name[kind.end() :])}" if kind else ""
    return re.sub(rf"(?i:(?<!\w)(?:the )?{re.escape(name)}{short})(?!\w)(?! [A-Z])", sign, sentence)


def bare_name(name: str) -> str:
    """A name without article, without what brackets add to tell it from others, and without a mark at its end."""
    return re.sub(r"^the\s+|\s*\([^)]*\)$|[?.!,;:]+$", "", " ".join(name.split()), flags=re.IGNORECASE).strip()


def same(one: str, other: str) -> bool:
    """Whether two names are the same but for article, case and brackets."""
    return bare_name(one).casefold() == bare_name(other).casefold()
