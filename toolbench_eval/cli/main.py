"""The `evalharness` command: its parts, and how errors leave it."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from toolbench_eval.cli import cache, data, models, rescore, run, score, tasks
from toolbench_eval.errors import EvalHarnessError

EPILOG = (
    "Examples:  evalharness run --task sample --model bm25  ·  evalharness tasks list  ·  "
    "evalharness score qrels.txt run.txt 'nDCG@10 R@100'.  --debug anywhere shows tracebacks."
)

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
app.add_typer(tasks.app, name="tasks")
app.add_typer(models.app, name="models")
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
    try:
        code = app(args=arguments, standalone_mode=False)
    except BrokenPipeError:
        # The reader went away (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_fail("interrupted; what is finished is kept, the same command continues", 130))
    except EvalHarnessError as error:
        if debug:
            raise
        sys.exit(_fail(str(error), error.exit_code))
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # wrong usage, found by typer
            error.show()
            sys.exit(error.exit_code)
        if debug:
            raise
        sys.exit(_unexpected(error))
    sys.exit(code if isinstance(code, int) else 0)


def _unexpected(error: Exception) -> int:
    """Errors of the system that no part of the program named."""
    if isinstance(error, MemoryError):
        return _fail("out of memory", 3)
    if isinstance(error, OSError):
        return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 3)
    return _fail(f"unexpected {type(error).__name__}: {error}. Please report it with the output of --debug", 3)


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201
    return code
