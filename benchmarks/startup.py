"""Commands that only tell something, as cold processes: ours beside `lm_eval --help` and `import mteb`.

    python benchmarks/startup.py [--runs 11] [--peer-python PYTHON_WITH_LM_EVAL] [--peer-python PYTHON_WITH_MTEB]

The target: `--help` and `tasks list` take at most half as long as `lm_eval --help`.
"""

from __future__ import annotations

import sys
from functools import partial

from processes import EVALHARNESS, interpreter_with, middle, options, paired, run, table, take_turns

OURS = ("--help", "--version", "tasks list", "models list")
PEER = "lm_eval --help"


def main() -> None:
    args = options(__doc__, runs=11).parse_args()
    commands = {f"evalharness {words}": [*EVALHARNESS, *words.split()] for words in OURS}
    if python := interpreter_with("lm_eval", args.peer_python):
        commands[PEER] = [python, "-m", "lm_eval", "--help"]
    if python := interpreter_with("mteb", args.peer_python):
        commands["python -c 'import mteb'"] = [python, "-c", "import mteb"]
    commands["python -c pass"] = [sys.executable, "-c", "pass"]

    finished = take_turns({name: partial(run, command) for name, command in commands.items()}, args.runs)
    rows: list[list[object]] = [["command", "median s", "min s", "CPU s", "peak MB", f"/ {PEER}"]]
    for name, runs in finished.items():
        seconds = [one.seconds for one in runs]
        ratio = paired(seconds, (one.seconds for one in finished[PEER])) if PEER in finished else "-"
        cpu, peak = middle(one.cpu for one in runs), max(one.peak_bytes for one in runs) / 1e6
        rows.append([name, middle(seconds), min(seconds), cpu, round(peak), ratio])
    table(rows)


if __name__ == "__main__":
    main()
