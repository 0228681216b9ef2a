"""A stand-in for the Hugging Face hub on 127.0.0.1: serves folders, and fails on demand.

Folders: ``<root>/datasets/<owner>/<name>/<revision>/...`` and ``<root>/models/<owner>/<name>/<revision>/...``.
A revision folder whose name is a commit (40 hexadecimal digits) is that commit; a branch or tag gets a commit
made from its content, and can be asked for by both.

    with HubServer(root) as hub:
        subprocess.run(..., env=os.environ | hub.env(home))

Works with huggingface-hub 0.36 to 2.4, datasets 5 and sentence-transformers.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from support.local_server import LocalHandler, LocalServer

COMMIT = re.compile(r"[0-9a-f]{40}")
API = re.compile(r"/api/(?P<kind>datasets|models)/(?P<repo>[^/]+/[^/]+)(?:/(?P<verb>revision|tree)/(?P<rest>.*))?")
RESOLVE = re.compile(r"/(?:(?P<kind>datasets)/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


@dataclass
class Fault:
    """What to do instead of answering: a status, or cutting the body after some bytes."""

    match: str
    method: str | None
    left: float
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hold: threading.Event | None = None


class HubServer(LocalServer):
    """The stand-in; a context manager. `log` lists the requests as ``"GET /path"``."""

    def __init__(self, root: Path) -> None:
        super().__init__(_Handler)
        self.root, self.log, self.faults = root, [], []

    def fail(self, status: int, *, times: float = float("inf"), match: str = "", method=None, **headers: str) -> None:
        """Answer the next ``times`` requests whose path holds ``match`` with this status and these headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(match, method, times, status=status, headers=named))

    def cut(self, after: int, *, times: float = float("inf"), match: str = "", hold=None) -> None:
        """Close the connection after that many bytes of the body of the next ``times`` GETs of ``match``.

        With ``hold``, an event, only once that is set: time to kill the client in mid-download.
        """
        self.faults.append(Fault(match, "GET", times, cut_after=after, hold=hold))

    def heal(self) -> None:
        """Answer everything properly again, and forget the log."""
        self.faults.clear()
        self.log.clear()

    def env(self, home: Path) -> dict[str, str]:
        """The environment that points huggingface_hub at this server, with a cache of its own."""
        local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        return {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **local}

    def fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.left > 0 and fault.match in path and fault.method in (None, method):
                fault.left -= 1
                return fault
        return None

    def revision(self, kind: str, repo: str, name: str) -> tuple[Path, str] | None:
        """Folder and commit of a revision given by its name or by its commit."""
        folder = self.root / kind / repo
        commits = {child.name: commit_of(child) for child in sorted(folder.iterdir()) if child.is_dir()}
        found = next((branch for branch, commit in commits.items() if name in (branch, commit)), None)
        return None if found is None else (folder / found, commits[found])


def commit_of(folder: Path) -> str:
    if COMMIT.fullmatch(folder.name):
        return folder.name
    content = hashlib.sha1(folder.name.encode())
    for path in _files(folder):
        content.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return content.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


class _Handler(LocalHandler):
    owner: HubServer

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.owner.log.append(f"{self.command} {path}")
        self.fault = self.owner.fault_for(self.command, path)
        if self.fault is not None and self.fault.status is not None:
            self._answer(self.fault.status, b'{"error": "on demand"}', self.fault.headers)
        elif match := RESOLVE.fullmatch(path):
            self._with_revision(match["kind"] or "models", match["repo"], match["revision"], match["file"], "resolve")
        elif match := API.fullmatch(path):
            name, _, rest = (match["rest"] or "main").partition("/")
            self._with_revision(match["kind"], match["repo"], name, rest, match["verb"] or "revision")
        else:
            self._missing("EntryNotFound")

    do_HEAD = do_GET  # noqa: N815

    def _with_revision(self, kind: str, repo: str, name: str, rest: str, verb: str) -> None:
        if not (self.owner.root / kind / repo).is_dir():
            return self._missing("RepoNotFound")
        found = self.owner.revision(kind, repo, name)
        if found is None:
            return self._missing("RevisionNotFound")
        folder, commit = found
        return {"resolve": self._file, "revision": self._info, "tree": self._tree}[verb](folder, commit, repo, rest)

    def _file(self, folder: Path, commit: str, _repo: str, name: str) -> None:
        path = folder / name
        if not path.is_file():
            return self._missing("EntryNotFound", {"X-Repo-Commit": commit})
        body, status = path.read_bytes(), 200
        headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, end, size = int(wanted[1]), int(wanted[2] or len(body) - 1), len(body)
            body, status = body[start : end + 1], 206
            headers["Content-Range"] = f"bytes {start}-{min(end, size - 1)}/{size}"
        return self._answer(status, body, headers)

    def _info(self, folder: Path, commit: str, repo: str, _rest: str) -> None:
        siblings = [{"rfilename": path.relative_to(folder).as_posix()} for path in _files(folder)]
        flags = {"private": False, "gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0}
        when = {"lastModified": "2026-01-01T00:00:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z"}
        self._json({"_id": commit[:24], "id": repo, "sha": commit, "siblings": siblings, **flags, **when})

    def _tree(self, folder: Path, commit: str, _repo: str, name: str) -> None:
        top = folder / name
        if not top.is_dir():
            return self._missing("EntryNotFound", {"X-Repo-Commit": commit})
        recursive = "recursive=true" in urlsplit(self.path).query.lower()
        paths = sorted(top.rglob("*") if recursive else top.iterdir())
        return self._json([self._entry(path, folder) for path in paths])

    def _entry(self, path: Path, folder: Path) -> dict[str, object]:
        kind, size = ("directory", 0) if path.is_dir() else ("file", path.stat().st_size)
        name = path.relative_to(folder).as_posix()
        return {"type": kind, "oid": hashlib.sha1(name.encode()).hexdigest(), "size": size, "path": name}

    def _missing(self, code: str, headers: dict[str, str] | None = None) -> None:
        self._answer(404, b"", {"X-Error-Code": code, "X-Error-Message": code, **(headers or {})})

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        cut = self.fault.cut_after if self.fault is not None else None
        self.send(status, headers, body[:cut], announced=len(body))
        if cut is not None:
            if self.fault.hold is not None:
                self.fault.hold.wait(30)
            self.hang_up()
