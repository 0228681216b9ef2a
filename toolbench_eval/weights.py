"""Transformers checkpoints: what identifies them, and how they are loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from toolbench_eval.errors import HubError, MissingDataError, UsageError
from toolbench_eval.retrievers.base import Runtime

INSTALL = "it needs torch and transformers: pip install 'toolbench-eval[dense]'"


@dataclass(frozen=True)
class Checkpoint:
    """Where weights are and how they may be read.

    Attributes:
        name: The model's name in messages.
        place: `owner/name` on the hub, or a folder.
        revision: Commit on the hub; None for its newest.
        dtype: Number format on an accelerator; a CPU computes in float32 unless the user insists.
        remote_code: Whether loading it runs code from its repository.
    """

    name: str
    place: str
    revision: str | None = None
    dtype: str = "float32"
    remote_code: bool = False

    def check(self, runtime: Runtime) -> None:
        """Refuse what cannot be loaded, before anything heavy is imported.

        Raises:
            UsageError: It runs code that the user did not allow.
        """
        if self.remote_code and not runtime.trust_remote_code:
            raise UsageError(f"'{self.name}' runs code from its hub repository: allow it with --trust-remote-code")

    def number_format(self, runtime: Runtime) -> str:
        """The number format that is computed in."""
        return runtime.dtype or ("float32" if device_of(runtime) == "cpu" else self.dtype)

    def identity(self, runtime: Runtime) -> dict[str, str]:
        """What decides the numbers that come out, beside texts and the family's own parameters.

        The content of a folder, not its name; the commit on the hub, not a branch.
        """
        weights = _folder_digest(self.place) if Path(self.place).is_dir() else f"{self.place}@{self._commit(runtime)}"
        libraries = {library: version(library) for library in ("torch", "transformers")}
        return {"weights": weights, "dtype": self.number_format(runtime), **libraries}

    def _commit(self, runtime: Runtime) -> str:
        if self.revision is not None:
            return self.revision
        return str(self._loaded(_transformers(self.name).AutoConfig, runtime)._commit_hash)

    def tokenizer(self, runtime: Runtime) -> Any:
        """The tokenizer.

        Raises:
            UsageError: It is none of the fast ones, which alone tell how pairs are joined.
            MissingDataError, HubError: See `model`.
        """
        tokenizer = self._loaded(_transformers(self.name).AutoTokenizer, runtime)
        if not tokenizer.is_fast:
            raise UsageError(f"'{self.name}' has no fast tokenizer (tokenizer.json)")
        return tokenizer

    def model(self, kind: str, runtime: Runtime) -> Any:
        """The model, ready to compute.

        Args:
            kind: The class of transformers that loads it, e.g. `AutoModelForSeq2SeqLM`.
            runtime: Device and number format.

        Raises:
            UsageError: The extra is not installed, or code would be run that was not allowed.
            MissingDataError: Offline, and the cache lacks the weights.
            HubError: The hub did not give the weights.
        """
        self.check(runtime)
        import torch

        dtype = getattr(torch, self.number_format(runtime))
        model = self._loaded(getattr(_transformers(self.name), kind), runtime, dtype=dtype)
        return model.to(device_of(runtime)).eval()

    def _loaded(self, loader: Any, runtime: Runtime, **options: Any) -> Any:
        self.check(runtime)
        if not Path(self.place).is_dir():
            options |= {"revision": self.revision, "local_files_only": runtime.offline}
        try:
            return loader.from_pretrained(self.place, trust_remote_code=self.remote_code, **options)
        except OSError as error:
            if runtime.offline:
                raise MissingDataError(
                    f"the weights of '{self.name}' are not in the local cache and --offline is set", file=self.place
                ) from error
            raise HubError(f"the weights of '{self.name}' ({self.place}) could not be loaded: {error}") from error


def device_of(runtime: Runtime) -> str:
    """The device that `auto` stands for on this machine."""
    if runtime.device != "auto":
        return runtime.device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _transformers(name: str) -> Any:
    try:
        import_module("torch")
        return import_module("transformers")
    except ImportError:
        raise UsageError(f"'{name}' cannot be loaded: {INSTALL}") from None


@lru_cache(maxsize=8)
def _folder_digest(folder: str) -> str:
    """SHA-256 over names and contents of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        with path.open("rb") as content:
            inner = hashlib.file_digest(content, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}:{inner}\n".encode())
    return digest.hexdigest()
