"""The model that a request names, as its suite and its protocol set it."""

from __future__ import annotations

from dataclasses import replace

from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.model import Model
from toolbench_eval.suites import Suite


def requested_model(name: str, suite: Suite, request: Request, registry: Registry, reporter: Reporter) -> Model:
    """Make the model; its weights are loaded when it is first used.

    Raises:
        UnknownNameError: Nothing has this name.
        UsageError: The name cannot be read, or the first stage does not fit.
        DataError: The first stage is neither a result nor a run.
    """
    first_stage = None
    if request.first_stage is not None:
        from toolbench_eval.retrievers.stored import first_stage_model

        choice = request.instruction or suite.spec.instruction
        instruction = None if choice == "both" else choice
        first_stage = first_stage_model(
            request.first_stage,
            suite=suite.name,
            instruction=instruction,
            access=request.access,
            allow_missing=request.allow_missing,
        )
    return load_model(
        name,
        registry,
        protocol=request.protocol,
        suite=suite,
        switches=request.switches,
        runtime=replace(request.runtime, offline=request.access.offline, track=reporter.track),
        first_stage=first_stage,
        depth=request.depth,
    )
