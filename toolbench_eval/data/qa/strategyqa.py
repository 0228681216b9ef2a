"""StrategyQA: boolean questions with facts, a decomposition and the evidence of each annotator (Geva et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterator

from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.data.questions import Question

MARKS = frozenset({"operation", "no_evidence"})
"""Words that stand in the evidence where a step needs no paragraph, or has none."""


def strategyqa(record: Record) -> Question:
    """A record of StrategyQA; test records have an id and a question only.

    The gold passages are the paragraphs of all annotators together, by their names `Title-number` in the separate file
    of paragraphs. `extra` has the `evidence` as it is, by annotator and step, and the `facts`.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    evidence = record.items("evidence", required=False)
    gold = tuple(dict.fromkeys(name for at, one in enumerate(evidence) for name in _names(record, one, at)))
    steps = record.texts("decomposition", required=False)
    return Question(
        id=record.text("qid"),
        text=record.text("question"),
        answers=_answer(record),
        answer_type="boolean",
        hops=len(steps) or None,
        gold_passages=gold,
        gold_titles=tuple(dict.fromkeys(name.rpartition("-")[0] for name in gold)),
        decomposition=steps,
        extra={
            "evidence": evidence,
            "facts": record.texts("facts", required=False),
            **{name: record.text(name) for name in ("term", "description") if record.has(name)},
        },
    )


def _answer(record: Record) -> tuple[str, ...]:
    value = record.values.get("answer")
    if value is None:
        return ()
    if value in ("true", "false"):  # from a table whose column had to be text
        value = value == "true"
    if not isinstance(value, bool):
        raise record.fault(f"must be a boolean, found {described(value)}", "answer")
    return ("yes" if value else "no",)


def _names(record: Record, value: object, at: int) -> Iterator[str]:
    """The paragraph names in what one annotator gave: lists within lists, with the marks between them."""
    if isinstance(value, str):
        if value not in MARKS:
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from _names(record, one, at)
    else:
        raise record.fault(f"must be lists of paragraph names, found {described(value)}", f"evidence[{at}]")
