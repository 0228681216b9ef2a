"""Where a model runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.errors import UsageError

_ACCELERATORS = ("nvidia*", "nvhost*", "nvmap", "kfd", "dxg")
"""Device files of Linux, without any of which there is no CUDA, no ROCm and no WSL graphics."""


@dataclass(frozen=True)
class Devices:
    """Devices of one kind, each of which gets a copy of the model.

    Attributes:
        kind: `cpu`, `cuda`, `mps`.
        names: As torch names them.
    """

    kind: str
    names: tuple[str, ...]


def find_devices(wanted: str) -> Devices:
    """The devices of `--device`: `auto`, `cpu`, `cuda` (all that are visible), `cuda:1`, several joined by commas.

    Raises:
        UsageError: torch knows no such device, this machine has none, or several are of different kinds.
    """
    if wanted == "auto":
        return _best()
    if wanted == "cuda":
        return _all_cuda()
    names = tuple(name.strip() for name in wanted.split(","))
    kinds = {name.partition(":")[0] for name in names}
    if len(kinds) > 1:
        raise UsageError(f"--device {wanted}: several devices must be of one kind, for their last bits differ")
    if kinds != {"cpu"}:
        _check(names)
    return Devices(kinds.pop(), names)


def _best() -> Devices:
    if not _accelerator_possible():
        return Devices("cpu", ("cpu",))
    import torch

    if torch.cuda.is_available():
        return _all_cuda()
    if torch.backends.mps.is_available():
        return Devices("mps", ("mps",))
    return Devices("cpu", ("cpu",))


def _accelerator_possible() -> bool:
    """Whether torch need be asked: its import takes seconds, which a run from the cache can do without."""
    return sys.platform != "linux" or any(any(Path("/dev").glob(name)) for name in _ACCELERATORS)


def _all_cuda() -> Devices:
    import torch

    count = torch.cuda.device_count()
    if not count:
        raise UsageError("--device cuda: torch sees no CUDA device on this machine; use --device cpu")
    return Devices("cuda", tuple(f"cuda:{number}" for number in range(count)))


def _check(names: tuple[str, ...]) -> None:
    import torch

    for name in names:
        try:
            torch.empty(1, device=name)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).partition("\n")[0]
            raise UsageError(f"--device {name} cannot be used on this machine: {reason}") from error
