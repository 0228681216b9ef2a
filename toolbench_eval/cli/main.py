"""The `evalharness` command: its parts, and how errors leave it."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from toolbench_eval.cli import (
    agents,
    cache,
    check,
    compare,
    corpus,
    curve,
    data,
    effect,
    export,
    leaderboard,
    models,
    preferences,
    queries,
    reproduce,
    rescore,
    run,
    score,
    study,
    submit,
    tasks,
    trajectories,
)
from toolbench_eval.errors import EvalHarnessError

EPILOG = """\b
Examples:
  evalharness tasks list
  evalharness run --task sample --model bm25
  evalharness score qrels.txt run.txt 'nDCG@10 R@100'

--debug anywhere shows tracebacks. Exit codes: 0 fine; 1 a check failed; 2 wrong usage or bad input; 3 disk, hub or
endpoint failed; 130 interrupted.
"""

READER_LEFT = 141
"""Exit code where the reader of the output left before the command ended, as of a process that SIGPIPE ends: a gate
that had no time to say its verdict must not look as if it had passed."""

app = typer.Typer(
    name="evalharness",
    help="Evaluate retrievers, rerankers and agents on tool retrieval, instructed retrieval and tool use.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.command)
app.command("score")(score.command)
app.command("rescore")(rescore.command)
app.command("compare")(compare.command)
app.command("check")(check.command)
app.command("curve")(curve.command)
app.command("study")(study.command)
app.command("instruction-effect")(effect.command)
app.command("submit")(submit.command)
app.command("reproduce")(reproduce.command)
app.command("export")(export.command)
app.add_typer(leaderboard.app, name="leaderboard")
app.add_typer(tasks.app, name="tasks")
app.add_typer(models.app, name="models")
app.add_typer(agents.app, name="agents")
trajectories.app.command("preferences")(preferences.command)
app.add_typer(trajectories.app, name="trajectories")
app.add_typer(corpus.app, name="corpus")
app.add_typer(queries.app, name="queries")
app.add_typer(data.app, name="data")
app.add_typer(cache.app, name="cache")


def _version(wanted: bool) -> None:
    if wanted:
        from toolbench_eval import __version__

        typer.echo(f"evalharness {__version__}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Version.")) -> None:
    pass


def main() -> NoReturn:
    """Run the command and leave with its exit code (see `toolbench_eval.errors`)."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    code = READER_LEFT
    try:
        code = _invoke(arguments)
        sys.stdout.flush()  # here, and not at exit, where a full disk could no longer be told
    except BrokenPipeError:
        _discard_output()
    except (KeyboardInterrupt, typer.Abort):
        code = _fail("interrupted; what is finished is kept, the same command continues", 130)
        _leave_calls(code)
    except Exception as error:
        if debug and not _is_usage_error(error):
            raise
        code = _told(error)
    sys.exit(code)


def _invoke(arguments: list[str]) -> int:
    """Run the command; unlike typer's own `main`, leaves every error to the caller."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("evalharness", arguments) as context:
            command.invoke(context)
    except typer.Exit as leave:
        return leave.exit_code
    return 0


def _discard_output() -> None:
    """Write to nobody from here on: the reader went away (`| head`), and Python would complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _leave_calls(code: int) -> None:
    """End the process at once if calls are open that nobody waits for.

    A thread cannot be ended, and one in foreign code (torch) must not be torn down with the interpreter.
    """
    from toolbench_eval.llms.concurrency import left_alone

    if left_alone():
        sys.stderr.flush()
        os._exit(code)


def _is_usage_error(error: Exception) -> bool:
    """Whether typer found the error in the arguments: by its shape, since typer's versions differ in the class."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _told(error: Exception) -> int:
    """Print what the user should know; returns the exit code."""
    if isinstance(error, EvalHarnessError):
        return _fail(str(error), error.exit_code)
    if _is_usage_error(error):
        return _told_usage(error)
    if isinstance(error, MemoryError):
        return _fail("out of memory", 3)
    if isinstance(error, OSError):
        return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 3)
    return _fail(f"unexpected {type(error).__name__}: {error}. Please report it with the output of --debug", 3)


def _told_usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{context.get_help() if context else ''}\n")
        return 2
    text = " ".join(error.format_message().replace("Value error, ", "").split())  # type: ignore[attr-defined]
    where = f" See '{context.command_path} --help'." if context else ""
    said = text if text.endswith("?") else f"{text.rstrip('.')}."
    return _fail(f"{said}{where}", 2)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"error: {message}\n")
    return code
