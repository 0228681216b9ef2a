"""A branch with a new entry, made without touching what is checked out."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from toolbench_eval.errors import UsageError


def on_branch(name: str, place: Path, write: Callable[[Path], Path], message: Callable[[Path], str]) -> Path:
    """Write into a board on a new branch and commit it there.

    Args:
        name: The branch; must not exist.
        place: The board's folder in the checkout.
        write: Writes into the same folder of another checkout; returns what it made.
        message: The commit's message for what was made.

    Returns:
        What was made, as a path in the user's checkout; it appears there when the branch is merged.

    Raises:
        UsageError: This is no git checkout, the branch exists, or git refuses.
    """
    start = next(folder for folder in [place.absolute(), *place.absolute().parents] if folder.is_dir())
    root = Path(_git(start, "rev-parse", "--show-toplevel")).resolve()
    inside = place.resolve().relative_to(root)
    with tempfile.TemporaryDirectory(prefix="evalharness-branch-") as folder:
        tree = Path(folder) / "checkout"
        _git(root, "worktree", "add", "--quiet", "-b", name, str(tree), "HEAD")
        try:
            made = write(tree / inside).relative_to(tree.resolve())
            _git(tree, "add", "--", str(inside))
            _git(tree, "commit", "--quiet", "-m", message(made))
        except BaseException:
            _git(root, "worktree", "remove", "--force", str(tree))
            _git(root, "branch", "--quiet", "-D", name)
            raise
        _git(root, "worktree", "remove", "--force", str(tree))
    return root / made


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UsageError("--branch needs git, which is not installed") from None
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise UsageError(f"git {arguments[0]} failed in {folder}: {said}")
    return done.stdout.strip()
