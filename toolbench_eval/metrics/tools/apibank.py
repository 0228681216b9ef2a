"""API-Bank: parsing of written calls, accuracy of calls from recorded results, level 3, likeness of responses.

Sources: `api_call_extraction.py`, `evaluator.py` and `lv3_evaluator.py` of AlibabaResearch/DAMO-ConvAI, api-bank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from toolbench_eval.metrics.answers import rouge
from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.metrics.tools.sequences import lcs_length

CALL = re.compile(r"\[(\w+)\((.*?)\)\](?!\s*['\"])", re.DOTALL)
PARAMETER = re.compile(r"(\w+)\s*=\s*(?:'(.*?)'|\"(.*?)\"|(.*?))\s*(?=,\s*\w+\s*=|$)", re.DOTALL)
CALL_RELEASED = re.compile(r"\[(\w+)\((.*)\)\]")
PARAMETER_RELEASED = re.compile(r"(\w+)\s*=\s*['\"](.+?)['\"]|(\w+)\s*=\s*(\[.*\])|(\w+)\s*=\s*(\w+)")
RELEASED_SAMPLES = 50
SPEAKER = re.compile(r"\s*AI\s*:\s*")
"""What the reference's prompt has a response begin with."""

Result = Mapping[str, Any]
"""What an API returned: ``input``, ``output`` and ``exception``."""


def parse_call(text: str) -> Call | None:
    """The first ``[Name(key='value', ...)]`` in a text, or None; all values are text, strings without their quotes.

    A value ends where the next ``key=`` or the call's end follows, so that it may hold quotes and commas.
    """
    found = CALL.search(text)
    if found is None:
        return None
    groups = (match.groups() for match in PARAMETER.finditer(found[2]))
    return Call(found[1], {key: next(value for value in values if value is not None) for key, *values in groups})


def parse_call_released(text: str) -> Call | None:
    """The call in a text by the reference's patterns: from the first call to the end of the last.

    A quote of either kind ends a value; empty values, and bare ones with a sign or a dot, are lost or cut.
    """
    found = CALL_RELEASED.search(text)
    if found is None:
        return None
    groups = (match.groups() for match in PARAMETER_RELEASED.finditer(found[2]))
    return Call(found[1], {a or c or e: b or d or f for a, b, c, d, e, f in groups})


def same_result(result: Result, gold: Result) -> bool:
    """Whether two recorded results have the same input, output and exception: what most of the APIs check."""
    return all(result.get(field) == gold.get(field) for field in ("input", "output", "exception"))


def call_correct(
    call: Call | None,
    result: Result | None,
    gold: Call,
    gold_result: Result,
    check: Callable[[Result, Result], bool] = same_result,
) -> bool:
    """Whether a call names the gold API and its result passes the check of that API.

    Args:
        call: The parsed call, or None.
        result: What it returned, or None if it could not be executed.
        gold: The gold call.
        gold_result: What that returned.
        check: The check of the API; some compare more loosely than `same_result`.
    """
    return call is not None and call.name == gold.name and result is not None and check(result, gold_result)


def recorded_result(call: Call, recordings: Sequence[tuple[Call, Result]]) -> Result | None:
    """The recorded result of a call with the same name and, as text, the same arguments, or None."""
    wanted = _as_text(call)
    return next((result for recorded, result in recordings if _as_text(recorded) == wanted), None)


def level3_accuracy(correct: Mapping[str, Sequence[bool]], samples: Collection[str]) -> float:
    """Share of samples of which all gold calls were made right.

    Args:
        correct: For each sample, whether each of its gold calls was made right.
        samples: All samples; one without calls counts as wrong.
    """
    right = sum(bool(correct.get(sample)) and all(correct[sample]) for sample in samples)
    return right / len(samples) if samples else 0.0


def level3_accuracy_released(correct: Mapping[str, Sequence[bool]]) -> float:
    """The reference's figure: 50 minus the samples with a wrong call, over 50, however many samples there are."""
    wrong = sum(not all(calls) for calls in correct.values())
    return (RELEASED_SAMPLES - wrong) / RELEASED_SAMPLES


def said(response: str) -> str:
    """A response without the name of the speaker, `AI:`, which the reference asks for and then compares as a word."""
    named = SPEAKER.match(response)
    return response[named.end() :] if named else response


def rouge_l(response: str, gold: str) -> float:
    """F1 of the longest common subsequence of words, split at blanks; 0 if either is empty (Lin 2004, section 2)."""
    given, wanted = response.split(), gold.split()
    common = lcs_length(given, wanted)
    return 2 * common / (len(given) + len(wanted)) if common else 0.0


def rouge_l_released(response: str, gold: str) -> float:
    """ROUGE-L of a response as API-Bank has it: over distinct words, from the package `rouge`, to four digits.

    Source: `calculate_rouge_l_score` and `Evaluator.evaluate` of `evaluator.py`. An empty response is 0 there; one
    without a sentence, such as `...`, ends the reference with an error and is 0 here.
    """
    return round(rouge.rouge_l(response, gold), 4)


def _as_text(call: Call) -> tuple[str, dict[str, str]]:
    return call.name, {key: str(value).strip() for key, value in call.arguments.items()}
