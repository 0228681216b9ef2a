"""What users are told while it works."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import command, environment

from toolbench_eval.cli.output import TerminalReporter
from toolbench_eval.evaluation.reporter import LoggingReporter


def test_a_library_logs(caplog: pytest.LogCaptureFixture) -> None:
    reporter = LoggingReporter()
    with caplog.at_level(logging.INFO, logger="toolbench_eval"), reporter.track("work", 3) as advance:
        advance(3)
        reporter.note("a note")
        reporter.warn("a warning")
    assert [(one.levelname, one.message) for one in caplog.records] == [("INFO", "a note"), ("WARNING", "a warning")]


def test_notes_go_to_stderr_without_bars_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter()
    with reporter.track("work", 3) as advance:
        reporter.note("a note")
        advance(3)
    reporter.warn("odd")
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors == "a note\nwarning: odd\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_terminal_sees_a_bar_and_a_table_that_fits(tmp_path: Path) -> None:
    import fcntl
    import os
    import pty
    import struct
    import termios

    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    arguments = command("run", "--task", "sample", "--model", "bm25", "--metrics", "RR nDCG(dcg='exp-log2')@20")
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=environment(TERM="xterm"), stdin=other, stdout=other, stderr=other
    ) as process:
        os.close(other)
        shown = b""
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(main)
    assert process.returncode == 0
    text = shown.decode()
    assert "8/8" in text
    assert "/s" in text
    table = text[text.index("category_macro  ") :].splitlines()
    assert len(table) >= 14
    assert all(len(line) <= 80 for line in table)
