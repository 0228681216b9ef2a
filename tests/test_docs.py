"""Every command in README.md and docs/ runs, and prints what the page shows.

A block that begins with ```` ```console ```` holds commands (lines with `$ `) and what they print. Its fence may say
`exit=2` (the exit code of its commands), or `no-run="why"`, and then it is not run. A block with `title="a/file"`
is a file that is there when the commands run. Each page has a folder of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.command import ROOT, environment

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^(`{3,})(\w*)[ \t]*(.*)$")
NO_RUN = re.compile(r'no-run="([^"]+)"')
TITLE = re.compile(r'title="([^"]+)"')
EXIT = re.compile(r"\bexit=(\d+)")


@dataclass
class Block:
    """A fenced block: its language, what else the fence says, its lines, and where it begins."""

    language: str
    info: str
    line: int
    lines: list[str] = field(default_factory=list)


@dataclass
class Command:
    """A command and the lines that the page shows under it."""

    text: str
    shown: list[str] = field(default_factory=list)


def blocks(text: str) -> Iterator[Block]:
    block: Block | None = None
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if block is None:
            if opening := FENCE.match(line):
                closing = opening[1]
                block = Block(opening[2], opening[3], number)
        elif line.strip() == closing:
            yield block
            block = None
        else:
            block.lines.append(line)
    assert block is None, "a fence is not closed"


def commands(block: Block) -> list[Command]:
    found: list[Command] = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif found and found[-1].text.endswith("\\"):
            found[-1].text = f"{found[-1].text[:-1]}{line.removeprefix('> ')}"
        elif found:
            found[-1].shown.append(line)
        else:
            pytest.fail(f"line {block.line}: a console block begins with '$ '")
    return found


def plain(text: str) -> str:
    return " ".join(text.split())


def is_shown(line: str, output: str) -> bool:
    """Whether a shown line is (part of) a line of the output; `...` stands for anything."""
    pattern = ".*".join(re.escape(plain(piece)) for piece in line.split("..."))
    return any(re.search(pattern, plain(real)) for real in output.splitlines())


def run(command: Command, folder: Path, code: int, where: str) -> None:
    cache = os.environ["EVALHARNESS_CACHE"]  # one for all pages: encoding the sample takes its time
    env = environment(HF_HOME=str(folder / ".hf"), HF_HUB_OFFLINE="1", EVALHARNESS_CACHE=cache)
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-c", command.text],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, f"{where}: $ {command.text}\n{done.stdout}"
    for line in filter(str.strip, command.shown):
        assert is_shown(line, done.stdout), f"{where}: $ {command.text}\nshown: {line}\nreal:\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page(page: Path, tmp_path: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        where = f"{page.name}, line {block.line}"
        if title := TITLE.search(block.info):
            file = tmp_path / title[1]
            assert file.resolve().is_relative_to(tmp_path.resolve()), where
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(block.lines) + "\n", encoding="utf-8")
        elif block.language == "console" and "no-run" in block.info:
            assert NO_RUN.search(block.info), f'{where}: say why, no-run="needs the network"'
        elif block.language == "console":
            code = EXIT.search(block.info)
            for command in commands(block):
                run(command, tmp_path, int(code[1]) if code else 0, where)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


PAGE = """Text.

```toml title="a/b.toml"
x = 1
```

```console exit=2
$ cat a/b.toml; \\\\
> exit 2
x = 1
```

```console no-run="no such command"
$ nothing
```
"""


def test_the_rules_by_an_example(tmp_path: Path) -> None:
    found = list(blocks(PAGE.replace("\\\\", "\\")))
    assert [(one.language, one.line) for one in found] == [("toml", 3), ("console", 7), ("console", 13)]
    assert commands(found[1]) == [Command("cat a/b.toml; exit 2", ["x = 1"])]
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("\\\\", "\\"))
    test_the_commands_of_a_page(page, tmp_path)
    page.write_text(PAGE.replace("\\\\", "\\").replace("x = 1\n```\n\n```console no", "x = 2\n```\n\n```console no"))
    with pytest.raises(AssertionError, match="shown: x = 2"):
        test_the_commands_of_a_page(page, tmp_path)
    page.write_text("```console\n$ false\n```\n")
    with pytest.raises(AssertionError, match="line 1: \\$ false"):
        test_the_commands_of_a_page(page, tmp_path)
    page.write_text("```console no-run\n$ false\n```\n")
    with pytest.raises(AssertionError, match="say why"):
        test_the_commands_of_a_page(page, tmp_path)


@pytest.mark.parametrize(
    ("line", "output", "expected"),
    [
        ("a  b", "x a b y", True),
        ("nDCG@10 ... R@5", "nDCG@10 0.31 R@5", True),
        ("...", "", False),
        ("...", "x", True),
        ("0.5", "0.4", False),
        ("b ... a", "a b", False),
    ],
)
def test_what_counts_as_shown(line: str, output: str, expected: bool) -> None:
    assert is_shown(line, output) is expected
