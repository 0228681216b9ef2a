"""Agents over many samples against a local endpoint: how much of what the concurrency allows is used?

    python benchmarks/agents.py [--samples 500] [--calls 4] [--latency 0.2] [--concurrency 64] [--runs 3] [--only ours]

Ours; the bare inspect_ai runtime with its own openai provider and a solver that makes the same calls; and the openai
SDK alone. The endpoint is a process of its own, and so is every run. The clock starts when everything is imported. The
calls of one sample follow one another, so the best that the bound allows is samples x calls x latency / concurrency.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from processes import middle, paired, run, table, take_turns

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
FILLER = " word" * 100
NAMES = {
    "ours": "toolbench_eval",
    "bare": "inspect_ai alone",
    "sdk": "openai SDK alone",
}


@dataclass(frozen=True)
class Item:
    """A sample."""

    id: str
    text: str


def prompt(sample: int, call: int) -> str:
    return f"question {sample}, call {call}{FILLER}"


class Endpoint(asyncio.Protocol):
    """Answers every request with the same body, after the latency."""

    latency = 0.0
    body = json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "a few words"}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 105, "completion_tokens": 3, "total_tokens": 108},
        }
    ).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def connection_made(self, transport: Any) -> None:
        """A client came."""
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer after the latency, once a request is complete."""
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if found and len(body) >= length:
            self.received = body[length:]
            asyncio.get_running_loop().call_later(self.latency, self.respond)

    def respond(self) -> None:
        """Answer, if anybody still listens."""
        if not self.transport.is_closing():
            self.transport.write(self.answer)


async def serve(args: argparse.Namespace) -> None:
    Endpoint.latency = args.latency
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def ours(args: argparse.Namespace) -> None:
    from toolbench_eval.llms.base import Message
    from toolbench_eval.llms.load import load_llm
    from toolbench_eval.runtime.samples import run_samples

    def solve(item: Item, llms: Any) -> dict[str, Any]:
        texts = [
            llms["agent"].complete([Message("user", prompt(int(item.id), call))]).text for call in range(args.calls)
        ]
        return {"prediction": texts[-1], "scores": {"em": 1.0}}

    with tempfile.TemporaryDirectory() as folder:
        llm = load_llm("openai-api/local/m", cache=Path(folder))
        llm.complete([Message("user", "imports")])
        options: Any = {"name": "benchmark", "log_file": Path(folder) / "run.eval", "concurrency": args.concurrency}
        run_samples([Item("0", "imports")], solve, {"agent": llm}, **options)
        items = [Item(str(at), f"question {at}") for at in range(1, args.samples + 1)]
        failed: list[Exception] = []
        with Clock():
            run_samples(items, solve, {"agent": llm}, on_error=lambda item, error: failed.append(error), **options)
        if failed:
            sys.exit(f"{len(failed)} samples failed: {failed[0]}")


def bare(args: argparse.Namespace) -> None:
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageUser, get_model
    from inspect_ai.solver import solver

    @solver
    def agent() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            for call in range(args.calls):
                state.output = await get_model().generate([ChatMessageUser(content=prompt(int(state.sample_id), call))])
            return state

        return solve

    def evaluate(samples: int, folder: str) -> None:
        data = MemoryDataset([Sample(id=str(at), input=f"question {at}") for at in range(samples)])
        options = {"max_samples": args.concurrency, "max_connections": args.concurrency, "log_realtime": False}
        quiet = {"display": "none", "ctl_server": False, "log_header_only": True, "log_model_api": False}
        eval(Task(dataset=data, solver=agent()), "openai-api/local/m", log_dir=folder, score=False, **options, **quiet)

    with tempfile.TemporaryDirectory() as folder:
        evaluate(1, folder)  # imports
        with Clock():
            evaluate(args.samples, folder)


def sdk(args: argparse.Namespace) -> None:
    import openai

    async def everything() -> None:
        client = openai.AsyncOpenAI(base_url=os.environ["LOCAL_BASE_URL"], api_key="k", max_retries=0)
        slots = asyncio.Semaphore(args.concurrency)

        async def sample(number: int) -> None:
            async with slots:
                for call in range(args.calls):
                    turn: Any = {"role": "user", "content": prompt(number, call)}
                    await client.chat.completions.create(model="m", messages=[turn])

        await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "imports"}])
        with Clock():
            await asyncio.gather(*(sample(number) for number in range(args.samples)))

    asyncio.run(everything())


class Clock:
    """Prints seconds, processor seconds and peak megabytes of a block."""

    def __enter__(self) -> None:
        self.began, self.used = time.perf_counter(), time.process_time()

    def __exit__(self, *error: object) -> None:
        seconds, used = time.perf_counter() - self.began, time.process_time() - self.used
        print(json.dumps([seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def contest(args: argparse.Namespace) -> None:
    passed = [f"--{name}={getattr(args, name)}" for name in ("samples", "calls", "latency", "concurrency")]
    command = [sys.executable, __file__, *passed]
    with subprocess.Popen([*command, "--role=serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        os.environ |= {"LOCAL_BASE_URL": f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"}
        os.environ |= {"LOCAL_API_KEY": "k", "NO_PROXY": "127.0.0.1"}
        roles = args.only or list(NAMES)
        finished = take_turns({role: partial(run, [*command, f"--role={role}"]) for role in roles}, args.runs)
        server.terminate()
    report(args, {role: [json.loads(one.output) for one in runs] for role, runs in finished.items()})


def report(args: argparse.Namespace, measured: dict[str, list[list[float]]]) -> None:
    calls = args.samples * args.calls
    ideal = calls * args.latency / args.concurrency
    print(
        f"{args.samples} samples x {args.calls} calls, {args.latency * 1000:.0f} ms, {args.concurrency} at a time: "
        f"ideal {ideal:.2f} s; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    rows: list[list[object]] = [["", "median s", "min s", "of ideal", "CPU ms/call", "peak MB", "/ inspect"]]
    for role, runs in measured.items():
        seconds, processor, peak = zip(*runs, strict=True)
        ratio = paired(seconds, [one[0] for one in measured["bare"]]) if "bare" in measured else "-"
        share = f"{ideal / middle(seconds):.0%}"
        work = 1000 * middle(processor) / calls
        rows.append([NAMES[role], middle(seconds), min(seconds), share, work, round(max(peak)), ratio])
    table(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--calls", type=int, default=4, help="of each sample, one after the other")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds until the endpoint answers")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each contestant, after one that is not")
    parser.add_argument("--only", action="append", choices=NAMES, help="run only this one (repeatable)")
    parser.add_argument("--role", choices=["serve", *NAMES], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.role == "serve":
        asyncio.run(serve(args))
    elif args.role:
        {"ours": ours, "bare": bare, "sdk": sdk}[args.role](args)
    else:
        contest(args)


if __name__ == "__main__":
    main()
