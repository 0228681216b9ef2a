"""Whether a request gives its tools away: by a name, an address or a path that is theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from toolbench_eval.environments.base import ToolSpec

_TOKENS = (re.compile(r"\w[\w./-]*"), re.compile(r"\w[\w-]*"))
"""Words with everything that may join the parts of a name, and without dots and slashes."""
_APART = re.compile(r"[\W_]+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CALLED = r"(?:[`'\"]{name}[`'\"]|\b{name}\s*\(|\b{name}\s+(?:tool|api|function|endpoint|service)\b)"


class Names:
    """The names of a set of tools, looked for in texts."""

    def __init__(self, tools: Iterable[ToolSpec]) -> None:
        """Take the tools.

        A name of several parts (`find_pet`, `findPet`, `find-pet`) is found however its parts are joined, but not as
        single words: "find a pet" names no tool. A name that is a plain word is found where it is quoted, called, or
        called a tool: "weather" alone is what a request may be about.
        """
        tools = list(tools)
        self._joined = {_flat(tool.name): tool.name for tool in tools if len(_PART.findall(tool.name)) > 1}
        self._words = {
            tool.name: re.compile(_CALLED.format(name=re.escape(tool.name)), re.IGNORECASE)
            for tool in tools
            if _flat(tool.name) not in self._joined
        }
        urls = [urlsplit(tool.url) for tool in tools if tool.url]
        self._hosts = sorted({url.netloc.casefold() for url in urls})
        self._paths = sorted({url.path for url in urls if url.path.count("/") > 1})

    def named(self, text: str) -> str | None:
        """The first tool, host or path of these that a text names, None if it names none."""
        for token in (found for tokens in _TOKENS for found in tokens.findall(text)):
            if _flat(token) in self._joined:
                return self._joined[_flat(token)]
        for name, called in self._words.items():
            if called.search(text):
                return name
        folded = text.casefold()
        return next((one for one in (*self._hosts, *self._paths) if one.casefold() in folded), None)


def _flat(name: str) -> str:
    return _APART.sub("", name).casefold()
