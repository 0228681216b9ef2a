"""`evalharness queries generate`: from a toolset to draft suites and a review file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from toolbench_eval import __version__
from toolbench_eval.data.questions import Question
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import EndpointError, OutsideError, StorageError, UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.concurrency import map_bounded
from toolbench_eval.llms.load import load_llm
from toolbench_eval.memo import key_of
from toolbench_eval.prompts import load_prompt
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.toolset.candidates import Candidate, Line, kept, read_candidates
from toolbench_eval.toolset.corpora import (
    Toolset,
    documentation,
    known_tools,
    read_toolset,
    write_toolset,
)
from toolbench_eval.toolset.making import INSTRUCTION, Maker
from toolbench_eval.toolset.naming import Names
from toolbench_eval.toolset.review import write_review
from toolbench_eval.toolset.services import MakerService, Service, allow_service, service_values
from toolbench_eval.toolset.suites import DRAFT, edition_of, write_suites
from toolbench_eval.training.built import Recipe
from toolbench_eval.training.ledger import Ledger
from toolbench_eval.training.reversed import QUESTION, SCENE, STEP, STRONG

AUTO, NONE = "auto", "none"
CANDIDATES, REVIEW, OWN = "candidates.jsonl", "review.csv", "toolset"
"""What `generate` writes besides the draft suites; `toolset` is the corpus with the service that was used."""
TRIES = 4
"""Queries that are tried for each that is wanted."""
MOST_FAILURES = 0.1
"""Share of tries that endpoints or services may fail."""

Summary = dict[str, Any]


@dataclass(frozen=True)
class GenerateRequest:
    """One `evalharness queries generate`.

    Attributes:
        corpus: Folder of a toolset.
        llms: Names of language models by role: `main`, and perhaps `strong`.
        number: Queries that are wanted.
        out: Where all is written; an earlier run of the same request is continued.
        per_query: Least and most tools that a query needs.
        environment: `auto`: as the toolset says; `none`; or `package.module:function`.
        changes: Whether calls may change something.
        window: Consecutive tools that a scene is made for.
        temperature: Of the main model.
        runtime: Seed, concurrency, and how local models are executed.
    """

    corpus: Path
    llms: Mapping[str, str]
    number: int
    out: Path
    per_query: tuple[int, int] = (1, 3)
    environment: str = AUTO
    changes: bool = False
    window: int = 20
    temperature: float = 1.0
    runtime: Runtime = field(default_factory=Runtime)

    @property
    def recipe(self) -> Recipe:
        """TTPA's construction for so many tools; one call more than tools may be made, for a call that fails."""
        fewest, most = self.per_query
        return Recipe(
            window=self.window,
            chosen=self.per_query,
            fallback=most,
            turns=(most + 1, most + 2),
            least=fewest,
            temperature=self.temperature,
        )


def generate(request: GenerateRequest, reporter: Reporter | None = None) -> Summary:
    """Write queries with their suites and a review file.

    Returns:
        `kept`, `tried`, what was dropped for which reason, `executed`.

    Raises:
        OutsideError: Too many tries failed; what is finished is kept.
        UsageError: The models or the tools are not such that anything can be made.
        EvalHarnessError: See `toolbench_eval.errors`.
    """
    reporter = reporter or LoggingReporter()
    toolset = read_toolset(request.corpus)
    used = replace(toolset, service=_service(toolset, request))
    if used.service is not None and request.changes:
        allow_service(used.service, changes=True)
    if used.service is None:
        reporter.warn("nobody executes the tools' calls: queries are written from documentation alone")
    llms = _models(request)
    maker, setting = _maker(request, used, llms), _setting(request, used, llms)
    with Ledger(request.out / CANDIDATES, setting).opened() as ledger:
        if ledger.finished is not None:
            reporter.note(f"already there: {ledger.out}")
        summary = ledger.finished or _made(maker, toolset.name, ledger, request, reporter)
    candidates = read_candidates(request.out / CANDIDATES)[0][: request.number]
    dropped = ", ".join(f"{reason} {times}" for reason, times in summary["dropped"].items()) or "none"
    if not candidates:
        raise UsageError(f"no query came about in {summary['tried']} tries; dropped: {dropped}")
    _write(request.out, used, candidates, setting, reporter)
    if len(candidates) < request.number:
        tried = f"after {summary['tried']} tries; dropped: {dropped}"
        reporter.warn(f"only {len(candidates)} of {request.number} queries {tried}")
    return summary


def _maker(request: GenerateRequest, toolset: Toolset, llms: Mapping[str, CachedLLM]) -> Maker:
    runtime = request.runtime
    return Maker(
        llms,
        _usable(toolset, request),
        toolset.service,
        request.changes,
        request.per_query,
        request.recipe,
        Names(known_tools(toolset)),
        runtime.seed,
        RunAllowance(patience=max(16, 2 * runtime.concurrency)),
    )


def _models(request: GenerateRequest) -> dict[str, CachedLLM]:
    unknown = [role for role in request.llms if role not in ("main", STRONG)]
    if unknown:
        raise UsageError(f"--llm names a model for the role '{unknown[0]}'; there are main and {STRONG}")
    return {role: load_llm(name, runtime=request.runtime) for role, name in request.llms.items()}


def _made(maker: Maker, name: str, ledger: Ledger, request: GenerateRequest, reporter: Reporter) -> Summary:
    """Try until there are as many as wanted: always the next ones, so that nothing depends on who was faster."""
    tried: list[str] = []
    lines: list[Line] = []
    while len(kept(lines)[0]) < request.number and len(tried) < TRIES * request.number:
        lacking = min(request.number - len(kept(lines)[0]), TRIES * request.number - len(tried))
        items = [f"{name}-{number:04}" for number in range(len(tried), len(tried) + lacking)]
        todo = [item for item in items if not ledger.done(item, _key(item))]
        with reporter.track("generate queries", len(todo)) as advance:
            map_bounded(partial(_try, maker, ledger, advance), todo, request.runtime.concurrency)
        tried += items
        records = ledger.records(tried)
        lines = [record["line"] for record in records if not record["errors"]]
        if sum(bool(record["errors"]) for record in records) > MOST_FAILURES * len(tried):
            break
    found, dropped = kept(lines)
    records = ledger.records(tried)
    failed = [why for record in records for why in record["errors"]]
    summary = {
        "kept": min(len(found), request.number),
        "tried": len(tried),
        "failed": len(failed),
        "dropped": dict(sorted(dropped.items())),
        "executed": maker.service is not None,
    }
    ledger.finish(tried, summary)
    if len(failed) > MOST_FAILURES * len(tried):
        raise OutsideError(
            f"{len(failed)} of {len(tried)} tries failed; the first: {failed[0]}. What is finished is kept, and the "
            "same command continues"
        )
    return summary


def _try(maker: Maker, ledger: Ledger, advance: Any, item: str) -> None:
    """Make one query; what fails outside is tried again by the next command."""
    line: Line = {}
    errors: list[str] = []
    try:
        line = maker.make(item)
    except (UsageError, StorageError):
        raise
    except EndpointError as error:
        maker.allowance.endpoint_failed(error)
        errors.append(str(error))
    except Exception as error:  # noqa: BLE001 - a fault of one query must not end the others
        errors.append(f"{type(error).__name__}: {error}")
    ledger.add(item, _key(item), {"line": line, "errors": errors}, [] if errors else [line])
    advance(1)


def _key(item: str) -> Question:
    """What the ledger takes an item for: with the setting, its id decides everything."""
    return Question(item, item, ())


def _write(
    out: Path, toolset: Toolset, candidates: Sequence[Candidate], setting: Mapping[str, Any], reporter: Reporter
) -> None:
    write_toolset(out / OWN, toolset)
    write_suites(out, toolset, candidates, edition_of(toolset, setting, DRAFT, "Nobody has reviewed them."))
    if (out / REVIEW).exists():  # a reviewer's work
        reporter.note(f"{out / REVIEW} is there and stays as it is")
    else:
        write_review(out / REVIEW, candidates)


def _service(toolset: Toolset, request: GenerateRequest) -> Service | None:
    if request.environment == AUTO:
        return toolset.service
    if request.environment == NONE:
        return None
    if ":" not in request.environment:
        raise UsageError(
            f"--environment is auto, none or package.module:function, which makes one; found '{request.environment}'"
        )
    return MakerService(function=request.environment)


def _usable(toolset: Toolset, request: GenerateRequest) -> Sequence[ToolSpec]:
    """The tools that queries may need: of executed ones those that may be called."""
    service = toolset.service
    if service is None:
        tools: Sequence[ToolSpec] = toolset.tools
    else:
        documented = {tool.name for tool in toolset.tools}
        there = service.environment(changes=request.changes).tools()
        tools = [tool for tool in there if tool.name in documented and (request.changes or not tool.mutating)]
    fewest, _ = request.per_query
    if len(tools) < fewest:
        advice = "" if service is None else "; tools that may change something are called with --allow-changes only"
        raise UsageError(f"{len(tools)} tools can be used and a query is to need {fewest}{advice}")
    return tools


def _setting(request: GenerateRequest, toolset: Toolset, llms: Mapping[str, CachedLLM]) -> dict[str, Any]:
    """All that decides the queries."""
    prompts = {name: load_prompt(name).digest for name in (SCENE, STEP, QUESTION, INSTRUCTION)}
    return {
        "corpus": key_of(*map(documentation, toolset.tools)).hex(),
        "service": None if toolset.service is None else service_values(toolset.service),
        "changes": request.changes,
        "llms": {role: {"name": llm.name, **_told(llm)} for role, llm in llms.items()},
        "number": request.number,
        "per_query": list(request.per_query),
        "recipe": asdict(request.recipe),
        "seed": request.runtime.seed,
        "prompts": prompts,
        "toolbench_eval": __version__,
    }


def _told(llm: CachedLLM) -> dict[str, Any]:
    """What decides a model's answers, without the address that it is reached at."""
    return {key: value for key, value in llm.identity.items() if key != "endpoint"}
