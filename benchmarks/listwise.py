"""List-wise reranking against a local endpoint: how much of what the concurrency allows is used?

Usage: python benchmarks/listwise.py [--queries 64] [--candidates 100] [--latency 0.3] [--concurrency 16] [--rounds 3]

The endpoint (tests/support/endpoint.py) runs in a process of its own and answers each call after the latency. Calls of
one query follow one another, so the best that the bound allows is calls x latency / concurrency, if the number of
queries is a multiple of it. Each round has texts of its own, so that nothing comes from the response cache; a last
round repeats the first one from it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
WORDS = 100


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=64)
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def backwards(body: dict[str, Any]) -> str:
    """The candidates in the opposite order."""
    count = sum(message["content"].startswith("[") for message in body["messages"] if message["role"] == "user")
    return " > ".join(f"[{number}]" for number in range(count, 0, -1))


def serve(latency: float, pipe: Any) -> None:
    from support.endpoint import EndpointServer

    with EndpointServer(reply=backwards, latency=latency) as server:
        pipe.send(server.url)
        while pipe.recv() != "stop":
            pipe.send((len(server.requests), server.most_at_once))


def one_round(args: argparse.Namespace, seed: int) -> tuple[float, float, dict[str, float]]:
    """Seconds, processor seconds of this process, and what the meter says."""
    from support.runs import run_of

    from toolbench_eval.data.corpus import Corpus
    from toolbench_eval.data.queries import Queries
    from toolbench_eval.llms.load import load_llm
    from toolbench_eval.prompts import load_prompt
    from toolbench_eval.rerankers.listwise import Listwise

    draw = random.Random(seed)
    ids = [f"d{at:04}" for at in range(args.candidates)]
    texts = [" ".join(f"word{draw.randrange(5000)}" for _ in range(WORDS)) for _ in ids]
    corpus = Corpus.of(ids, texts)
    names = [f"q{at}" for at in range(args.queries)]
    queries = Queries.of(names, [f"{name} of round {seed}" for name in names])
    run = run_of(corpus, queries, [ids] * args.queries)
    reranker = Listwise(load_llm("openai-api/local/m"), load_prompt("listwise-1"), concurrency=args.concurrency)
    used = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    reranker.rerank(queries, run, corpus)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    worked = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return seconds, worked, reranker.cost


def main() -> None:
    args = options()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(args.latency, theirs), daemon=True)
    server.start()
    os.environ |= {"LOCAL_BASE_URL": ours.recv(), "LOCAL_API_KEY": "k", "NO_PROXY": "127.0.0.1"}
    with tempfile.TemporaryDirectory() as cache:
        os.environ["EVALHARNESS_CACHE"] = cache
        one_round(
            argparse.Namespace(**vars(args) | {"queries": args.concurrency, "candidates": 20}), seed=-1
        )  # imports
        rounds = [one_round(args, seed) for seed in range(args.rounds)]
        again = one_round(args, 0)
    ours.send("count")
    _, most = ours.recv()
    ours.send("stop")
    print(
        f"{args.queries} queries x {args.candidates} candidates, "
        f"{args.latency * 1000:.0f} ms, {args.concurrency} at a time"
    )
    shares = []
    for seconds, worked, cost in rounds:
        calls = cost["calls"]
        ideal = calls * args.latency / args.concurrency
        shares.append(ideal / seconds)
        print(
            f"{calls:.0f} calls in {seconds:.2f} s = {calls / seconds:.1f}/s, ideal {ideal:.2f} s: "
            f"{ideal / seconds:.1%} of what the concurrency allows; {1000 * worked / calls:.1f} ms of processor a call"
        )
    seconds, _, cost = again
    print(f"median {statistics.median(shares):.1%}; at most {most} calls were open at once")
    print(
        f"again from the response cache: {seconds:.2f} s, {cost['cached']:.0f} cached, {cost.get('calls', 0):.0f} calls"
    )


if __name__ == "__main__":
    main()
