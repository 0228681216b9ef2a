"""`evalharness trajectories preferences`: from tasks or recorded conversations to a file of preference pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from toolbench_eval import __version__
from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.questions import Question
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.load import load_problems
from toolbench_eval.environments.guarded import Guarded
from toolbench_eval.errors import DataError, EndpointError, OutsideError, StorageError, UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.evaluation.solving.tools.offers import RETRIEVED, Offers
from toolbench_eval.llms.concurrency import map_bounded
from toolbench_eval.llms.load import load_llm
from toolbench_eval.metrics.tools.error_oriented import THRESHOLD
from toolbench_eval.prompts import load_prompt
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.selection import select
from toolbench_eval.suites import ToolRow
from toolbench_eval.training.branching import LONGEST, Brancher
from toolbench_eval.training.ledger import Ledger
from toolbench_eval.training.preferences import Drawn, Judged, Score, Variant, completions, judge
from toolbench_eval.training.turns import PROMPT, Turn, turns_of_problem, turns_of_record

MOST_FAILURES = 0.1
"""Share of problems that an endpoint or a service may fail."""
Summary = dict[str, Any]
Draw = Callable[[Turn], list[Drawn]]


@dataclass(frozen=True)
class PairRequest:
    """One `evalharness trajectories preferences`.

    Attributes:
        llm: Name of the model that is to learn.
        out: The file of pairs.
        tasks: Tool use tasks with gold calls.
        records: A file of conversations in TTPA's format, in place of tasks.
        n: Replies that are drawn for each turn.
        threshold: Least score of a reply that may be chosen.
        score: `corrected` or `released`.
        variant: `completions`, as released, or `tokens`, of our own design.
        temperature: Of the draws.
        max_tokens: Most tokens of a reply.
        branches: `tokens`: how many tokens are branched at.
        alternatives: `tokens`: other tokens at each.
        limit: First problems of each task, or first records.
        source: The tasks' records.
        corpus: The descriptions of the tasks' tools.
        access: Where hub data may come from.
        runtime: Seed, concurrency, and how local models are executed.
    """

    llm: str
    out: Path
    tasks: tuple[str, ...] = ()
    records: Path | None = None
    n: int = 5
    threshold: float = THRESHOLD
    score: Score = "corrected"
    variant: Variant = "completions"
    temperature: float = 1.0
    max_tokens: int = LONGEST
    branches: int = 3
    alternatives: int = 2
    limit: int | None = None
    source: Path | None = None
    corpus: Path | None = None
    access: Access = field(default_factory=Access)
    runtime: Runtime = field(default_factory=Runtime)

    def __post_init__(self) -> None:
        """Refuse what cannot be sampled.

        Raises:
            UsageError: Neither or both of tasks and records; a bound makes no sense; a model gives no tokens.
        """
        if bool(self.tasks) == (self.records is not None):
            raise UsageError("name tasks with --task or conversations with --records")
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"--threshold is a score from 0 to 1, found {self.threshold:g}")
        if self.variant == "completions" and self.n > 1 and self.temperature <= 0:
            raise UsageError("--temperature must be above 0, or every draw is the same")
        if self.variant == "tokens" and not self.llm.startswith("hf/"):
            raise UsageError(
                f"--variant tokens needs the tokens of a local model, hf/<id or folder>; found '{self.llm}'"
            )


@dataclass(frozen=True)
class Unit:
    """What is sampled at a time: a problem or a conversation.

    Attributes:
        key: Its name.
        question: Its content, for the ledger.
        turns: Its turns; problems make their gold calls meanwhile.
    """

    key: str
    question: Question
    turns: Callable[[], Iterable[Turn]]


def pair(request: PairRequest, registry: Registry | None = None, reporter: Reporter | None = None) -> Summary:
    """Sample preference pairs; what an earlier run of the same request finished is not sampled again.

    Returns:
        `turns`, `pairs`, `gold_chosen`, how many turns came to what (`outcomes`), and `mean_score` of the different
        replies of a turn, averaged over the turns.

    Raises:
        OutsideError: Too many problems failed; what is finished is kept.
        EvalHarnessError: See `toolbench_eval.errors`.
    """
    registry, reporter = registry or Registry(), reporter or LoggingReporter()
    units = list(_units(request, registry, reporter))
    if not units:
        raise UsageError("there is no problem with gold calls")
    twice = [key for key, times in Counter(unit.key for unit in units).items() if times > 1]
    if twice:
        raise DataError(f"the id '{twice[0]}' stands twice", file=request.records, field="id")
    draw, identity = _drawer(request)
    allowance = RunAllowance(patience=max(16, 2 * request.runtime.concurrency))
    with Ledger(request.out, _setting(request, identity)).opened() as ledger:
        if ledger.finished is not None:
            reporter.note(f"already there: {request.out}")
            return ledger.finished
        lacking = [unit for unit in units if not ledger.done(unit.key, unit.question)]
        with reporter.track("sample preferences", len(lacking)) as advance:
            work = partial(_work, request, draw, ledger, allowance, advance)
            map_bounded(work, lacking, request.runtime.concurrency)
        keys = [unit.key for unit in units]
        records = ledger.records(keys)
        summary = summed(records)
        ledger.finish(keys, summary)
    reporter.note(f"written: {request.out}")
    failed = [why for record in records for why in record["errors"]]
    if len(failed) > MOST_FAILURES * len(units):
        raise OutsideError(
            f"{len(failed)} of {len(units)} problems failed; the first: {failed[0]}. What was sampled is written; the "
            "same command tries these again"
        )
    return summary


def summed(records: Sequence[Mapping[str, Any]]) -> Summary:
    """Counts over the units, and the mean score of their turns."""
    outcomes = Counter[str]()
    for record in records:
        outcomes.update(record["outcomes"])
    means = [mean for record in records for mean in record["means"]]
    return {
        "turns": sum(outcomes.values()),
        "pairs": sum(record["pairs"] for record in records),
        "gold_chosen": sum(record["gold_chosen"] for record in records),
        "outcomes": dict(sorted(outcomes.items())),
        "mean_score": sum(means) / len(means) if means else None,
        "failed": sum(bool(record["errors"]) for record in records),
    }


def _work(
    request: PairRequest,
    draw: Draw,
    ledger: Ledger,
    allowance: RunAllowance,
    advance: Callable[[int], None],
    unit: Unit,
) -> None:
    judged: list[Judged] = []
    errors: list[str] = []
    try:
        allowance.check()
        judged = [judge(turn, draw(turn), request.threshold, request.score) for turn in unit.turns()]
    except (UsageError, StorageError):
        raise
    except EndpointError as error:
        allowance.endpoint_failed(error)
        errors.append(str(error))
    except Exception as error:  # noqa: BLE001 - a fault of one problem must not end the others
        errors.append(f"{type(error).__name__}: {error}")
    lines = [] if errors else [{**line, "meta": _meta(request)} for one in judged for line in one.lines]
    ledger.add(unit.key, unit.question, {**_counted([] if errors else judged), "errors": errors}, lines)
    advance(1)


def _counted(judged: Sequence[Judged]) -> dict[str, Any]:
    scored = [[score for score in one.scores if score is not None] for one in judged]
    return {
        "pairs": sum(len(one.lines) for one in judged),
        "gold_chosen": sum(one.gold_chosen for one in judged),
        "outcomes": dict(Counter(one.outcome for one in judged)),
        "means": [sum(scores) / len(scores) for scores in scored if scores],
    }


def _drawer(request: PairRequest) -> tuple[Draw, dict[str, Any]]:
    """What draws the replies to a turn, and what decides them."""
    if request.variant == "tokens":
        brancher = Brancher(request.llm.removeprefix("hf/"), request.runtime, request.max_tokens)
        return partial(_branched, brancher, request), brancher.identity
    llm = load_llm(request.llm, runtime=request.runtime)
    told = {key: value for key, value in llm.identity.items() if key != "endpoint"}
    return partial(_completed, llm, request), told


def _branched(brancher: Brancher, request: PairRequest, turn: Turn) -> list[Drawn]:
    return brancher.replies(turn, request.branches, request.alternatives)


def _completed(llm: Any, request: PairRequest, turn: Turn) -> list[Drawn]:
    return completions(llm, turn, request.n, request.temperature, request.runtime.seed, request.max_tokens)


def _units(request: PairRequest, registry: Registry, reporter: Reporter) -> Iterator[Unit]:
    if request.records is not None:
        for record in list(read_records(request.records))[: request.limit]:
            content = json.dumps(record.values, sort_keys=True, default=str)
            yield Unit(record.text("id"), Question(record.text("id"), content, ()), partial(turns_of_record, record))
        return
    for selection in select(request.tasks, registry):
        suite = selection.suite
        for row in selection.rows:
            if not isinstance(row, ToolRow):
                raise UsageError(f"'{suite.name}' is no suite of tool use: it has no gold calls")
            task = load_problems(
                suite, row, request.access, source=request.source, tools=request.corpus, limit=request.limit
            )
            toolset = "released" if row.toolset == RETRIEVED else row.toolset
            offers = Offers(task, toolset, "shuffled", request.runtime.seed)
            for note in task.notes:
                reporter.warn(note)
            usable = [one for one in task.problems if one.gold_calls and one.gold_calls[0].arguments is not None]
            if task.maker is None or len(usable) < len(task.problems):
                left = len(task.problems) - (0 if task.maker is None else len(usable))
                reporter.warn(f"{suite.name}/{row.task}: {left} problems without gold calls are left out")
            for problem in usable if task.maker is not None else ():
                yield _unit(f"{suite.name}/{row.task}", problem, offers)


def _unit(task: str, problem: ToolProblem, offers: Offers) -> Unit:
    key = f"{task}/{problem.id}"
    content = json.dumps(asdict(problem), sort_keys=True, default=str)

    def turns() -> Iterator[Turn]:
        environment = offers.environment(problem)
        if environment is not None:
            yield from turns_of_problem(replace(problem, id=key), Guarded(environment), environment.tools())

    return Unit(key, Question(key, content, ()), turns)


def _setting(request: PairRequest, identity: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides the pairs, but the problems themselves, which the ledger compares one by one."""
    return {
        **_meta(request),
        "model": dict(identity),
        "tasks": list(request.tasks),
        "records": None if request.records is None else request.records.name,
        "limit": request.limit,
        "prompt_digest": load_prompt(PROMPT).digest,
    }


def _meta(request: PairRequest) -> dict[str, Any]:
    """What each line says of its origin."""
    own = (
        {"draws": request.n, "temperature": request.temperature}
        if request.variant == "completions"
        else {"branches": request.branches, "alternatives": request.alternatives, "design": "our own"}
    )
    return {
        "llm": request.llm,
        "max_tokens": request.max_tokens,
        "variant": request.variant,
        **own,
        "score": request.score,
        "threshold": request.threshold,
        "seed": request.runtime.seed,
        "prompt": PROMPT,
        "toolbench_eval": __version__,
    }
