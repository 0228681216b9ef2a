"""Queries as suites that are evaluated like any other: one for retrieval, one for agents.

The folder that is written is a `--tasks-dir`: `queries/` holds the retrieval suite with its corpus, `calls/` the tool
use suite, where calls were executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.toolset.candidates import Candidate, Line
from toolbench_eval.toolset.corpora import Toolset, toml, write_documents, write_lines
from toolbench_eval.toolset.services import CHANGES, REFERENCE, TOOLSET, Service, service_values

QUERIES, CALLS, TASK = "queries", "calls", "generated"
CONVERSATIONS = "conversations.jsonl"
DRAFT = "draft"
"""Version of suites that nobody has reviewed."""


@dataclass(frozen=True)
class Edition:
    """What a suite says of itself.

    Attributes:
        version: Its version.
        description: How it was made.
        service: Who executes the calls, None where nobody does.
        changes: Whether calls may change something.
    """

    version: str
    description: str
    service: Service | None = None
    changes: bool = False


def edition_of(toolset: Toolset, setting: Mapping[str, Any], version: str, review: str) -> Edition:
    """What suites say of themselves, given what their queries were made with (`generating`)."""
    how = (
        "from calls that were executed and gave the same again"
        if toolset.service
        else "from documentation alone: no call was executed, and nothing shows that the tools answer the queries"
    )
    models = ", ".join(f"{role} {llm['name']}" for role, llm in setting["llms"].items())
    text = f"Queries written by language models ({models}; seed {setting['seed']}) {how}. {review}"
    return Edition(version, text, toolset.service, setting["changes"])


def write_suites(folder: Path, toolset: Toolset, candidates: Sequence[Candidate], edition: Edition) -> None:
    """Write the suites of some queries, and `conversations.jsonl` for trainers where calls were executed.

    Args:
        folder: The later `--tasks-dir`.
        toolset: The tools.
        candidates: The queries; at least one.
        edition: What the suites say of themselves.

    Raises:
        StorageError: The disk failed.
    """
    _write_retrieval(folder / QUERIES, toolset, candidates, edition)
    made = [one.conversation for one in candidates if one.conversation]
    if made:
        write_lines(folder / CONVERSATIONS, made)
    solved = [one for one in candidates if one.made_from == "calls" and set(one.tools) == _called(one)]
    if edition.service is not None and solved:
        _write_tool_use(folder / CALLS, toolset, solved, edition, edition.service)


def _called(candidate: Candidate) -> set[str]:
    """Tools that were really called; where a reviewer has changed the labels, these are others."""
    return {call.name for call in candidate.gold_calls}


def _write_retrieval(folder: Path, toolset: Toolset, candidates: Sequence[Candidate], edition: Edition) -> None:
    write_documents(folder, toolset)
    write_lines(folder / f"{TASK}.jsonl", map(_query, candidates))
    head = {
        "name": toolset.name,
        "version": edition.version,
        "title": f"Requests for the tools of {toolset.name}",
        "description": edition.description,
        "licence": toolset.licence,
        "corpus": toolset.name,
        "metrics": ["nDCG@10", "R@10", "C@10"],
        "instruction": "both",
    }
    task = {"task": TASK, "queries": len(candidates), "qrels": sum(len(one.tools) for one in candidates)}
    tables = {"headline": {"metric": "nDCG@10", "aggregate": "subset_macro"}, "files": {"queries": "{task}.jsonl"}}
    write_text(folder / "suite.toml", _suite(head, tables, [task]))


def _query(candidate: Candidate) -> Line:
    return {
        "id": candidate.id,
        "query": candidate.query,
        "instruction": candidate.instruction or None,
        "labels": [{"id": tool, "relevance": 1} for tool in candidate.tools],
    }


def _write_tool_use(
    folder: Path, toolset: Toolset, candidates: Sequence[Candidate], edition: Edition, service: Service
) -> None:
    """A task for each way in which success can be told: a changed state, a short answer, else the tools called."""
    by_scoring: dict[str, list[Candidate]] = {"answer": [], "state": [], "path": []}
    for one in candidates:
        by_scoring["state" if one.state is not None else "answer" if one.short else "path"].append(one)
    specs = {tool.name: tool for tool in toolset.tools}
    rows = []
    for scoring, own in by_scoring.items():
        if own:
            name = f"{TASK}-{scoring}"
            write_lines(folder / f"{name}.jsonl", (_problem(one, specs, service, edition.changes) for one in own))
            row = {"task": name, "file": f"{name}.jsonl", "environment": REFERENCE, "scoring": scoring}
            rows.append({**row, "queries": len(own), "licence": toolset.licence})
    head = {
        "name": f"{toolset.name}-{CALLS}",
        "version": edition.version,
        "kind": "tool-use",
        "title": f"Requests to the tools of {toolset.name}",
        "description": edition.description,
        "licence": toolset.licence,
        "metrics": ["success"],
        "unit": "task",
    }
    tables = {"headline": {"metric": "success", "aggregate": "micro"}}
    write_text(folder / "suite.toml", _suite(head, tables, rows))


def _problem(candidate: Candidate, specs: Mapping[str, ToolSpec], service: Service, changes: bool) -> Line:
    """The problem; besides the service, its setup has what `environment = "recorded"` needs to replay the calls."""
    offered = [specs[name] for name in candidate.offered]
    setup = {
        TOOLSET: service_values(service.only(candidate.offered)),
        CHANGES: changes,
        "tools": [
            {"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in offered
        ],
        "recordings": [
            {"tool": call["name"], "arguments": call["arguments"], "value": call["value"]} for call in candidate.done
        ],
    }
    return {
        "id": candidate.id,
        "text": candidate.query,
        "answers": [candidate.short] if candidate.short else [],
        "candidates": list(candidate.offered),
        "gold_calls": [{"name": call.name, "arguments": call.arguments} for call in candidate.gold_calls],
        "setup": setup,
        "extra": {} if candidate.state is None else {"state": candidate.state},
    }


def _suite(head: dict[str, Any], tables: Mapping[str, dict[str, Any]], rows: Iterable[dict[str, Any]]) -> str:
    parts = [toml(head), *(f"[{name}]\n{toml(values)}" for name, values in tables.items())]
    return "\n".join([*parts, *(f"[[tasks]]\n{toml(row)}" for row in rows)])
