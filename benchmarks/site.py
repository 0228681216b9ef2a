"""How long a large board takes to build and to open in Chromium.

    python benchmarks/site.py [--entries 1000] [--tasks 126]

The board is made up: names, settings, and scores by chance, without rankings. Opening is measured from the start of
the navigation until the page has drawn its table, and the plot besides; five times each in a fresh context, the median
and the slowest are printed.
Needs the extra `site`, the Python package playwright, and a Chromium (`--chromium PATH`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolbench_eval.leaderboard.board import read_board
from toolbench_eval.results.schema import Count, Execution, Headline, Result, TaskResult
from toolbench_eval.site.build import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MEASURES = ("nDCG@10", "P@10", "R@10", "C@10", "R@100")
DOMAINS = ("academic", "code", "finance", "legal", "medical", "web")
FAMILIES = ("bm25", "dense", "splade", "late", "cross-encoder")
PAGES = {
    "ranking": ("index.html", "#ranking tbody tr"),
    "tasks": ("tasks.html", "#heat tbody td"),
    "plots": ("plots.html", "#points tbody tr"),
    "the plot": ("plots.html", "#plot .points path"),
}
SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=126)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        board, out = Path(place, "board"), Path(place, "site")
        made_board(board, given.entries, given.tasks)
        begin = time.perf_counter()
        files = build([read_board(board)], out)
        print(f"built: {time.perf_counter() - begin:.1f} s, {files} files")
        for name in ("index.html", "board.js", "tasks.js"):
            print(f"{name:12} {(out / 'boards/made/1' / name).stat().st_size / 1e6:8.2f} MB")
        print(f"{'all':12} {sum(path.stat().st_size for path in out.rglob('*') if path.is_file()) / 1e6:8.2f} MB")
        opened(out / "boards/made/1", given.chromium)


def opened(folder: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=SWITCHES.split())
        for name, (page, drawn) in PAGES.items():
            times = sorted(seconds(browser, folder / page, drawn) for _ in range(5))
            print(f"{name:12} {times[2]:8.2f} s, at most {times[-1]:.2f} s")


def seconds(browser: Browser, page: Path, drawn: str) -> float:
    """From the navigation until there is an element that is drawn last."""
    context = browser.new_context()
    tab = context.new_page()
    begin = time.perf_counter()
    tab.goto(page.as_uri(), wait_until="commit")
    tab.wait_for_selector(drawn, state="attached")
    found = time.perf_counter() - begin
    context.close()
    return found


def made_board(folder: Path, entries: int, tasks: int) -> None:
    """Write a board of made-up entries, half of them with instruction; no rankings, so nothing is tested."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    (folder / "board.toml").write_text('suite = "made"\nversion = "1"\n', encoding="utf-8")
    names = [f"made/task-{at:03}" for at in range(tasks)]
    difficulty = rng.uniform(0.2, 0.8, tasks)
    for at in range(entries):
        instruction = ("without", "with")[at % 2]
        scores = np.clip(difficulty + rng.normal(0.1 * rng.normal(), 0.08, (len(MEASURES), tasks)), 0, 1)
        entry(folder / f"model-{at // 2:04}-{instruction}", f"lab/model-{at // 2:04}", instruction, names, scores)


def entry(folder: Path, model: str, instruction: str, names: list[str], scores: np.ndarray) -> None:
    """Write an entry with these scores, shape (measures, tasks)."""
    folder.mkdir()
    number = int(model[-4:])
    card = {"name": model, "family": FAMILIES[number % len(FAMILIES)], "parameters": 10**6 * (1 + number)}
    digest = hashlib.sha256(model.encode()).hexdigest()
    result = Result(
        suite="made",
        suite_version="1",
        model=model,
        model_revision=None,
        task_setting={"instruction": instruction, "protocol": "default", "k": 100, "seed": 0},
        model_setting={"card": digest},
        partial=False,
        missing=[],
        counts={name: Count(expected=100, found=100) for name in names},
        tasks={name: _task(name, at, scores[:, at]) for at, name in enumerate(names)},
        aggregates=_averages(scores),
        headline=_headline(scores),
        execution=Execution(queries_per_second=10.0 + number, index_bytes=10**6 * (1 + number)),
    ).with_identity()
    (folder / "result.json").write_text(result.to_json(), encoding="utf-8")
    (folder / "cards.json").write_text(json.dumps({digest: card}), encoding="utf-8")
    (folder / "submission.toml").write_text(
        'contact = "made"\nlicence = "CC0-1.0"\ntrained_on = "none"\n', encoding="utf-8"
    )


def _task(name: str, at: int, scores: np.ndarray) -> TaskResult:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return TaskResult(
        category=DOMAINS[at % len(DOMAINS)],
        scores=dict(zip(MEASURES, scores.tolist(), strict=True)),
        queries=100,
        corpus_fingerprint=digest,
        queries_fingerprint=digest,
        qrels_fingerprint=digest,
        run_digest=digest,
        run_file=None,
        per_query_file=None,
        qrels_file=None,
        documents_file=None,
    )


def _averages(scores: np.ndarray) -> dict[str, dict[str, object]]:
    domains = {name: scores[:, at :: len(DOMAINS)].mean(axis=1) for at, name in enumerate(DOMAINS[: scores.shape[1]])}
    macro = np.mean(list(domains.values()), axis=0)

    def of(values: np.ndarray) -> dict[str, object]:
        return dict(zip(MEASURES, values.tolist(), strict=True))

    by_domain: dict[str, object] = {name: of(values) for name, values in domains.items()}
    mean = of(scores.mean(axis=1))
    return {"domain_macro": of(macro), "task_macro": mean, "micro": mean, "by_domain": by_domain}


def _headline(scores: np.ndarray) -> Headline:
    value = float(np.asarray(list(_averages(scores)["domain_macro"].values()))[0])
    return Headline(metric=MEASURES[0], aggregate="domain_macro", value=value, ci95=(value - 0.02, value + 0.02))


if __name__ == "__main__":
    main()
