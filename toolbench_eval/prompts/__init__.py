"""Prompts as versioned files: `<name>-<version>.toml`."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from toolbench_eval.errors import UnknownNameError

FOLDER = Path(__file__).parent
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Prompt:
    """The texts of one prompt.

    Attributes:
        name: `<name>-<version>`.
        digest: SHA-256 of the file.
        texts: Texts by name, with places such as `{query}`.
    """

    name: str
    digest: str
    texts: Mapping[str, str]

    def fill(self, text: str, /, **values: object) -> str:
        """One text with its places filled; braces inside the values stay as they are."""
        return _PLACE.sub(lambda place: str(values[place[1]]), self.texts[text])


@cache
def load_prompt(name: str) -> Prompt:
    """A prompt that ships.

    Raises:
        UnknownNameError: There is none of this name and version.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise UnknownNameError("prompt", name, [path.stem for path in FOLDER.glob("*.toml")])
    content = path.read_bytes()
    texts = {key: value for key, value in tomllib.loads(content.decode()).items() if key not in {"name", "version"}}
    return Prompt(name, hashlib.sha256(content).hexdigest(), texts)
