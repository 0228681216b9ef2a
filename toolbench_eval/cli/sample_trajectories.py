# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness trajectories sample`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from toolbench_eval.cli.options import (
    Concurrency,
    CorpusFile,
    DataDir,
    Device,
    Dtype,
    Json,
    Limit,
    Offline,
    Seed,
    Settings,
    Source,
    TasksDir,
    at_least,
)


class Loglik(StrEnum):
    """Choices of `--loglik`."""

    SUM = "sum"
    MEAN = "mean"


class Weight(StrEnum):
    """Choices of `--weight`."""

    SELF_NORMALISED = "self_normalised"
    LIKELIHOOD = "likelihood"
    REWARD = "reward"
    UNIFORM = "uniform"


class Reward(StrEnum):
    """Choices of `--reward`."""

    EM = "EM"
    F1 = "F1"
    ACC = "acc_contain"


class Incomplete(StrEnum):
    """Choices of `--incomplete`."""

    DROP = "drop"
    PAD = "pad_in_retrieval_order"


def command(  # noqa: PLR0913, PLR0917 - the options are the contract
    task: Annotated[list[str], typer.Option("--task", "-t", metavar="T", help="Tasks of one suite (repeatable).")],
    agent: Annotated[str, typer.Option("--agent", "-a", metavar="A", help="exsearch or dro.")],
    llm: Annotated[
        list[str],
        typer.Option("--llm", "-l", metavar="L", help="The model that is to learn; ROLE=L for one role (generator=L)."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Samples as JSONL; the same command again continues there.")
    ],
    model: Annotated[str | None, typer.Option("--model", metavar="M", help="What the agent searches with.")] = None,
    samples: Annotated[
        int, typer.Option("--samples", "-m", metavar="N", parser=at_least(1), help="Draws for each question.")
    ] = 8,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature", metavar="X", help="Of every draw; 1 draws from the model itself, as the theory has it."
        ),
    ] = 1.0,
    weight: Annotated[
        Weight,
        typer.Option(
            "--weight",
            help="softmax of the gold answer's log-likelihoods, the likelihood itself, what the model's own answer "
            "scores, or all alike.",
        ),
    ] = Weight.SELF_NORMALISED,
    tau: Annotated[float, typer.Option("--tau", metavar="X", help="Temperature of the weights.")] = 1.0,
    loglik: Annotated[
        Loglik, typer.Option("--loglik", help="Log-likelihood of the answer, or per token.")
    ] = Loglik.SUM,
    reward: Annotated[Reward, typer.Option("--reward", help="Measure of the model's own answer.")] = Reward.EM,
    incomplete: Annotated[
        Incomplete, typer.Option("--incomplete", help="dro: selections of fewer than k passages.")
    ] = Incomplete.DROP,
    settings: Settings = None,
    limit: Limit = None,
    seed: Seed = 0,
    source: Source = None,
    corpus: CorpusFile = None,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    concurrency: Concurrency = 16,
    device: Device = "auto",
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Draw samples of an agent's decisions, weighed by how likely they make the gold answer: the E-step of EM.

    Each line is a conversation in chat form, with the turns that are learned (trainable), its weight, and all that
    made it. Weights of one question's samples sum to 1 under self_normalised. Documents are never learned.

    \b
    Examples:
      evalharness trajectories sample --task mhqa/hotpotqa --source train.json --agent exsearch --llm hf/my-model \\
        --model bm25 -m 8 --out e-step.jsonl
      evalharness trajectories sample --task sample-mhqa --agent dro --llm hf/selector --llm generator=hf/generator \\
        --model bm25 -m 8 --temperature 0.8 --out e-step.jsonl
    """
    from toolbench_eval.cli.agent_run import read_roles
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.data.sources import Access
    from toolbench_eval.evaluation.request import Request
    from toolbench_eval.evaluation.solving.request import AgentRequest
    from toolbench_eval.registry import Registry
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.switches import parse_pairs
    from toolbench_eval.training.sampling import SampleRequest, sample
    from toolbench_eval.training.weights import Weighting

    base = Request(
        tasks=tuple(task),
        access=Access(mirror=data, offline=offline),
        switches=_switches(parse_pairs(settings or []), temperature, samples),
        limit=limit,
        runtime=Runtime(
            device=device,
            dtype=None if dtype is None else dtype.value,
            offline=offline,
            seed=seed,
            concurrency=concurrency,
        ),
    )
    run = AgentRequest(base, agent, read_roles(llm), model, source, corpus)
    weighting = Weighting(weight.value, tau, loglik.value)
    request = SampleRequest(run, out, samples, weighting, reward.value, incomplete.value)
    summary = sample(request, Registry(tuple(tasks_dir or ())), TerminalReporter())
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)


def _switches(given: dict[str, str], temperature: float, samples: int) -> dict[str, str]:
    """The agent's options, the temperature among them.

    Raises:
        UsageError: The temperature is set twice, or every draw would be the same.
    """
    from toolbench_eval.errors import UsageError

    if "temperature" in given:
        raise UsageError("the temperature of the draws is set with --temperature, not with --set")
    if temperature < 0 or (temperature == 0 and samples > 1):
        raise UsageError(f"--temperature must be above 0, or every draw is the same; found {temperature:g}")
    return {**given, "temperature": str(temperature)}


def _print_summary(summary: dict[str, Any]) -> None:
    from toolbench_eval.cli.output import print_table

    shown = {name: f"{value:.4f}" if isinstance(value, float) else value for name, value in summary.items()}
    print_table([shown])
