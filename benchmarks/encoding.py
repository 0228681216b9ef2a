"""Encoding documents side by side: ours, SentenceTransformer.encode, and the bare forward pass.

Usage: python benchmarks/encoding.py [--documents 1500] [--rounds 3] [--threads 2] [--batch-tokens 16384]

The same MiniLM (512 tokens) on the same texts, one process, the systems take turns, so that a busy machine slows all of
them; seconds of CPU are given beside those of the clock for the same reason. SentenceTransformer.encode runs with the
batch size that is fastest on a part of the texts. Ours starts from an empty cache each time and writes it. The bare
forward pass has as many tokens in as many batches, but no padding, no tokeniser and no disk: nothing can be faster.
Texts: real tools where ../shared (or EVALHARNESS_SHARED) has them, else the documents of the suite `sample`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

BATCH_SIZES = (8, 16, 32, 64)
TRIAL = 300
SEED = 20_240_601
REPOSITORY = Path(__file__).resolve().parents[1]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch-tokens", type=int, default=16384)
    return parser.parse_args()


def documents(n: int) -> tuple[str, list[str]]:
    """A random sample of real tools, or the shipped documents."""
    import numpy as np
    import pyarrow.parquet as pq

    shared = Path(os.environ.get("EVALHARNESS_SHARED", REPOSITORY.parent / "shared"))
    files = sorted((shared / "data" / "hub" / "mangopy" / "ToolRet-Tools").glob("*/*.parquet"))
    if files:
        texts = [text for file in files for text in pq.read_table(file).column("documentation").to_pylist()]
        source = "ToolRet"
    else:
        import json

        folder = REPOSITORY / "corpora" / "sample"
        lines = [line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
        texts = [str(json.loads(line)["documentation"]) for line in lines]
        source = "sample"
    distinct = list(dict.fromkeys(texts))
    chosen = np.random.default_rng(SEED).permutation(len(distinct))[:n]
    return source, [distinct[at] for at in chosen]


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the clock, seconds of CPU, result."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = call()
    return time.perf_counter() - clock, time.process_time() - cpu, found


def forward_only(model: Any, shapes: list[tuple[int, int]]) -> None:
    """Batches of these shapes (rows, tokens), full of tokens."""
    import torch

    with torch.inference_mode():
        for rows, tokens in shapes:
            ids = torch.full((rows, tokens), 2054)
            model.copies[0]({"input_ids": ids, "attention_mask": torch.ones_like(ids), "modality": "text"})


def main() -> None:
    args = options()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)  # before torch is imported
    import numpy as np
    import torch

    from toolbench_eval.data.ids import string_array
    from toolbench_eval.encoding.devices import find_devices
    from toolbench_eval.encoding.engine import Encoder
    from toolbench_eval.encoding.model import load
    from toolbench_eval.encoding.plans import make_plan
    from toolbench_eval.encoding.space import space_of
    from toolbench_eval.encoding.store import digest
    from toolbench_eval.encoding.stream import prepare
    from toolbench_eval.encoding.weights import find_weights
    from toolbench_eval.registry import Registry

    torch.set_num_threads(args.threads)
    source, texts = documents(args.documents)
    array = string_array(texts)
    card, devices = Registry().card("minilm"), find_devices("cpu")
    weights = find_weights(card, offline=True)
    space = space_of(card, weights, devices, None)
    model = load(card, weights, devices, space.dtype, offline=True)
    peer = model.copies[0]

    def ours(folder: str, loader: Callable[[], Any]) -> Any:
        return Encoder("minilm", space, loader, Path(folder), batch_tokens=args.batch_tokens).encode(array)

    by_digest = {digest(text): text for text in texts}
    plan = make_plan({key: len(text) for key, text in by_digest.items()}, args.batch_tokens, 512)
    shapes, real, padded = [], 0, 0
    for shard in plan.shards:
        prepared = prepare(model, [by_digest[key] for key in shard], args.batch_tokens)
        for rows, features in prepared.batches:
            tokens = int(prepared.tokens.lengths[rows].sum())
            shapes.append((len(rows), max(1, round(tokens / len(rows)))))
            real, padded = real + tokens, padded + features["input_ids"].numel()
    print(
        f"{len(texts):,} documents ({source}), {real:,} tokens, {len(shapes)} batches of ours with "
        f"{1 - real / padded:.1%} padding, {args.threads} threads"
    )

    peer.encode(texts[:32])
    trial = {size: timed(partial(peer.encode, texts[:TRIAL], batch_size=size))[1] for size in BATCH_SIZES}
    best = min(trial, key=lambda size: trial[size])
    print("SentenceTransformer.encode, CPU s by batch size: " + ", ".join(f"{n}: {s:.2f}" for n, s in trial.items()))

    runs: dict[str, list[tuple[float, float]]] = {"ours": [], f"encode({best})": [], "forward": []}
    gap, warm = 0.0, []
    for number in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            calls: dict[str, Callable[[], Any]] = {
                "ours": partial(ours, folder, lambda: model),
                f"encode({best})": partial(peer.encode, texts, batch_size=best),
                "forward": partial(forward_only, model, shapes),
            }
            found = {}
            for name in sorted(calls, reverse=bool(number % 2)):
                clock, cpu, found[name] = timed(calls[name])
                runs[name].append((clock, cpu))
            gap = max(gap, float(np.abs(found["ours"] - found[f"encode({best})"]).max()))
            warm.append(timed(partial(ours, folder, lambda: 1 / 0))[0])

    middle = {name: [statistics.median(column) for column in zip(*times, strict=True)] for name, times in runs.items()}
    for name, (clock, cpu) in middle.items():
        ratios = [theirs[1] / own[1] for theirs, own in zip(runs[name], runs["ours"], strict=True)]
        print(
            f"{name:11} median {clock:7.2f} s, {cpu:7.2f} s of CPU, {real / clock:8,.0f} tokens/s; CPU / ours "
            f"{cpu / middle['ours'][1]:.2f} ({min(ratios):.2f}..{max(ratios):.2f} round by round)"
        )
    share_clock, share_cpu = (bare / own for bare, own in zip(middle["forward"], middle["ours"], strict=True))
    print(f"share of the bare forward pass: {share_clock:.0%} by the clock, {share_cpu:.0%} of CPU")
    print(f"vectors differ by {gap:.1e} at most; from the cache, no model: {statistics.median(warm):.2f} s")


if __name__ == "__main__":
    main()
