"""Answers that are true or false, as in StrategyQA."""

from __future__ import annotations

import re

_WORD = re.compile(r"(?<![^\W_])(?<!-)(?:(true|yes)|false|no)(?![^\W_]|-)", re.IGNORECASE)
_DIGIT = re.compile(r"(?<![\w.,-])(?:(1)|0)(?![\w-]|[.,]\d)")


def last_boolean(text: str) -> bool | None:
    """What an answer says at its end: {true, yes, 1} or {false, no, 0}, in any case.

    The last of the four words decides; the digits count only where none of the words stands, so that
    `No, there is only 1` stays a *no*. Parts of compounds (`no-one`) and of numbers (`1.5`) are not booleans.

    Returns:
        None where nothing in the text is a boolean.
    """
    found = list(_WORD.finditer(text)) or list(_DIGIT.finditer(text))
    return found[-1][1] is not None if found else None


def score_boolean(prediction: str, gold: bool) -> dict[str, float]:
    """Measures of one boolean answer.

    No scoring code for StrategyQA was released with the papers that report on it; this is equality after both sides
    are mapped to true or false.

    Args:
        prediction: The answer, as text.
        gold: The right one; `last_boolean` reads it from copies of the data that hold text.

    Returns:
        `acc_bool`, 1 where the answer's last boolean is the gold, 0 where it has none; `bool_unparsed`, 1 where it
        has none.
    """
    said = last_boolean(prediction)
    return {"acc_bool": float(said is gold), "bool_unparsed": float(said is None)}
