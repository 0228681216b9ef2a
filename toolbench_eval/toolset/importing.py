"""`evalharness corpus import`: from a source to the folder of a toolset."""

from __future__ import annotations

from pathlib import Path

from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.toolset.checking import check, raised
from toolbench_eval.toolset.corpora import Toolset, free_folder, named, write_toolset
from toolbench_eval.toolset.reading import Source, read_source


def import_toolset(
    source: Source, out: Path, name: str | None = None, licence: str = "not stated", reporter: Reporter | None = None
) -> Toolset:
    """Write the tools of a source as a corpus.

    Args:
        source: Where they are declared.
        out: A folder that is empty or not there.
        name: Name of the corpus, None for that of the folder.
        licence: Licence of the descriptions.
        reporter: Who is told what may be wrong.

    Raises:
        DataError: The source has faults; all are named.
        UsageError: The folder is not empty, or the name cannot be one.
        EvalHarnessError: As `read_source`.
    """
    reporter = reporter or LoggingReporter()
    chosen = named(name, free_folder(out))
    found = read_source(source)
    faults, warnings = check(found)
    for warning in warnings:
        reporter.warn(warning)
    if faults:
        raise raised(faults)
    title = f"{len(found.tools)} tools of {source.command or source.name}"
    toolset = Toolset(chosen, tuple(tool for tool, _ in found.tools), found.service, licence, title)
    write_toolset(out, toolset)
    return toolset
