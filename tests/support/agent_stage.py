"""Agents at work for tests: the command line in this process, impatient with endpoints, without the process of the log.

with stage(tmp_path, server) as run:
    done = run("--task", "sample-mhqa/bridge", "--agent", "rag", "--llm", LLM, "--model", "bm25")
    assert done.code == 0, done.err
    samples(done.folder)
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.endpoint import EndpointServer
from toolbench_eval.llms import endpoint
from toolbench_eval.results.samples import read_samples

LLM = "openai-api/local/reader"
"""The model of the stage's endpoint."""
LOGGER = logging.getLogger("toolbench_eval")
IMPATIENT = partial(endpoint.Patience, attempts=2, timeout=2.0, total=10.0, first_pause=0.01, longest_pause=0.02)


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def folder(self) -> Path:
        """Where the result lies that standard error names."""
        named = [
            line for line in self.err.splitlines() if line.startswith(("written: ", "already there: ", "kept and"))
        ]
        return Path(named[-1].partition(": ")[2]).parent

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))


class Stage:
    """A folder in which commands run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str) -> Done:
        """`evalharness run`, its results in the folder."""
        return self.command("run", "--out", str(self.folder / "out"), *arguments)

    def command(self, *arguments: str) -> Done:
        """Any command."""
        from toolbench_eval.cli import main

        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["evalharness", *arguments])
            with pytest.raises(SystemExit) as left:
                main.main()
        return Done(int(left.value.code or 0), out.getvalue(), err.getvalue())


@contextmanager
def stage(folder: Path, server: EndpointServer | None = None, **env: str) -> Iterator[Stage]:
    """A stage with a response cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALHARNESS_CACHE", str(folder / "cache"))
        patch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it: tables would be wrapped
        for name, value in {**({} if server is None else server.env()), **env}.items():
            patch.setenv(name, value)
        patch.setattr(endpoint, "Patience", IMPATIENT)
        yield Stage(folder)


def samples(folder: Path, task: str = "bridge") -> dict[str, dict[str, Any]]:
    """The samples beside a result, by id."""
    records = read_samples(folder / f"samples/{task}.jsonl.zst")
    return {record["trajectory"]["sample"]: record for record in records}


def predictions(folder: Path, task: str = "bridge") -> dict[str, str | None]:
    """What was answered."""
    return {name: record["trajectory"]["prediction"] for name, record in samples(folder, task).items()}


def canonical(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result without how it came about."""
    return {name: value for name, value in result.items() if name != "execution"}


def calls(server: EndpointServer, text: str) -> int:
    """Requests whose messages hold a text."""
    return sum(any(text in message["content"] for message in body["messages"]) for body in list(server.requests))
