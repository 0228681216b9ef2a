"""ToolAlpaca: verdicts of its judge on the process and on the final response, and their counts.

Source: `evaluation.py` of tangqiaoyu/ToolAlpaca (Tang et al. 2023).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

VERDICTS = ("Yes", "No", "Uncertain")
_PROCESS = re.compile(r"Process Correctness: (\w+)")
_RESPONSE = re.compile(r"Final Response Correctness: (\w+)")


@dataclass(frozen=True)
class Verdicts:
    """What a judge says of a solution: ``Yes``, ``No``, ``Uncertain``, or None where its reply does not say."""

    process: str | None = None
    response: str | None = None

    @property
    def overall(self) -> bool:
        """Whether both are ``Yes``."""
        return self.process == self.response == "Yes"


def read_verdicts(reply: str) -> Verdicts:
    """The verdicts in a reply; the last of each counts."""
    return Verdicts(*(_last(pattern.findall(reply)) for pattern in (_PROCESS, _RESPONSE)))


def accuracy(verdicts: Iterable[Verdicts]) -> dict[str, float]:
    """Share of solutions with a right process, a right response, and both; what is missing or uncertain is wrong."""
    found = list(verdicts)
    number = len(found) or 1
    return {
        "process": counts(one.process for one in found)["Yes"] / number,
        "response": counts(one.response for one in found)["Yes"] / number,
        "overall": sum(one.overall for one in found) / number,
    }


def counts(verdicts: Iterable[str | None]) -> Counter[str]:
    """How often each verdict was given; a missing one is ``None``."""
    return Counter(str(verdict) for verdict in verdicts)


def _last(found: list[str]) -> str | None:
    return found[-1] if found and found[-1] in VERDICTS else None
