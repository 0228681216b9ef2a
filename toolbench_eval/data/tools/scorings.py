"""What success may mean, by the names that suites write (the rules are `evaluation/solving/tools/success.py`)."""

from __future__ import annotations

from collections.abc import Mapping

from toolbench_eval.errors import UnknownNameError

SCORINGS: Mapping[str, str] = {
    "answer": "the final answer is an accepted one",
    "number": "the last number of the final answer is the accepted one",
    "state": "the environment ends in the gold state, and the final answer is right where there are accepted ones",
    "sql": "the committed values are the gold ones, or the tables end as the gold statement leaves them",
    "path": "the run ended by itself and called every gold tool; neither arguments nor the answer count",
    "ast": "the calls have accepted arguments",
    "apibank": "the first call is the gold call, or passes for it",
    "response": "ROUGE-L of the answer against the accepted one, from 0 to 1",
    "calls": "every gold call was made with its arguments",
    "trivia": "share of the questions whose answer stands in the text as words",
    "logic-grid": "the answer names the right house and no other",
    "teval-plan": "F1 of the plan's steps that are alike and in the gold plan's order, from 0 to 1",
    "teval-review": "the answer gives the gold letter",
    "judge": "a judge says that the request is fulfilled",
}


def check_scoring(name: str) -> None:
    """Refuse a way of scoring that does not exist.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in SCORINGS:
        raise UnknownNameError("way of scoring", name, SCORINGS)
