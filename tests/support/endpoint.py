"""An OpenAI-compatible endpoint on 127.0.0.1: chat and embeddings, slow or faulty on demand.

    with EndpointServer(reply=lambda body: "[2] > [1]") as server:
        server.fail(429, times=2, retry_after="0.05")
        ...
        assert len(server.requests) == 3

Faults are used up in the order they were asked for, before any proper answer is given.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support.local_server import LocalHandler, LocalServer

Body = dict[str, Any]
JSON = {"Content-Type": "application/json"}


@dataclass
class Fault:
    """What to do instead of answering."""

    left: float
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b"{}"
    kind: str = "answer"
    pause: float = 0.0
    match: Callable[[Body], bool] = lambda body: True


def last_message(body: Body) -> str:
    """The default reply: the last message again."""
    return body["messages"][-1]["content"]


def scripted_reader(body: Body) -> str:
    """What the scripted reader says to the prompt: it plays the model in every agent that ships."""
    from toolbench_eval.llms.base import Message
    from toolbench_eval.llms.scripted import by_script

    return by_script([Message(message["role"], message["content"]) for message in body["messages"]])


def told(text: str) -> Callable[[Body], bool]:
    """Matches requests whose messages hold a text."""
    return lambda body: any(text in message["content"] for message in body["messages"])


def vector(text: str, dimensions: int = 8) -> list[float]:
    """A vector that depends on nothing but the text."""
    digest = hashlib.sha256(text.encode()).digest()
    return [byte / 255 - 0.5 for byte in digest[:dimensions]]


class EndpointServer(LocalServer):
    """The stand-in; a context manager. `requests` lists the bodies received, `most_at_once` how many were open."""

    def __init__(self, reply: Callable[[Body], str | Body] = last_message, latency: float = 0.0) -> None:
        super().__init__(_Handler)
        self.reply, self.latency = reply, latency
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[Fault] = []
        self.most_at_once = self.at_once = 0
        self.lock = threading.Lock()

    def fail(
        self,
        status: int,
        *,
        times: float = float("inf"),
        retry_after: str | None = None,
        text="on demand",
        match=lambda body: True,
    ) -> None:
        """Answer with a status."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        content = json.dumps({"error": {"message": text}}).encode()
        self.faults.append(Fault(times, status, headers, content, match=match))

    def answer(self, content: bytes, *, times: float = float("inf"), match=lambda body: True, **headers: str) -> None:
        """Answer with status 200, these bytes and headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(times, headers=named, content=content, match=match))

    def hang(self, *, times: float = float("inf"), match=lambda body: True) -> None:
        """Never answer (until the server is closed)."""
        self.faults.append(Fault(times, kind="hang", match=match))

    def cut(self, *, times: float = float("inf"), match=lambda body: True) -> None:
        """Announce a whole body, send its beginning, and hang up."""
        half = b'{"choices": [{"message": {"content": "half an ans'
        self.faults.append(Fault(times, content=half, kind="cut", match=match))

    def drip(self, *, pause: float = 0.2, times: float = float("inf"), match=lambda body: True) -> None:
        """Send a byte, wait, send a byte ... and never come to an end (until the server is closed)."""
        self.faults.append(Fault(times, kind="drip", pause=pause, match=match))

    def say(self, text: str, *, times: float = float("inf"), match=lambda body: True) -> None:
        """Answer properly, with this text; JSON can say what no file can hold."""
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 10, "completion_tokens": 10}
        self.answer(json.dumps({"choices": [choice], "usage": usage}).encode(), times=times, match=match)

    def heal(self) -> None:
        """Answer properly again, and forget what was asked."""
        self.faults.clear()
        self.requests.clear()

    def env(self, name: str = "LOCAL") -> dict[str, str]:
        """Variables that make `openai-api/local/<model>` this server."""
        return {f"{name}_BASE_URL": self.url, f"{name}_API_KEY": "sk-secret", "NO_PROXY": "127.0.0.1"}

    @property
    def url(self) -> str:
        return f"{super().url}/v1"

    def fault_for(self, body: Body) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.left > 0 and fault.match(body):
                    fault.left -= 1
                    return fault
        return None


class _Handler(LocalHandler):
    owner: EndpointServer

    def do_POST(self) -> None:
        endpoint = self.owner
        arrived = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with endpoint.lock:
            endpoint.requests.append(body)
            endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
            endpoint.at_once += 1
            endpoint.most_at_once = max(endpoint.most_at_once, endpoint.at_once)
        try:
            self._respond(endpoint.fault_for(body), body, arrived)
        finally:
            with endpoint.lock:
                endpoint.at_once -= 1

    def _respond(self, fault: Fault | None, body: Body, arrived: float) -> None:
        if fault is None:
            make = self._embeddings if self.path.endswith("/embeddings") else self._chat
            content = json.dumps(make(body)).encode()
            time.sleep(max(0.0, self.owner.latency - (time.monotonic() - arrived)))
            self.send(200, JSON, content)
        elif fault.kind == "hang":
            self.owner.released.wait(60)
            self.close_connection = True
        elif fault.kind == "drip":
            self.send(200, JSON, b"", announced=10**6)
            while not self.owner.released.wait(fault.pause):
                self.wfile.write(b" ")
            self.close_connection = True
        elif fault.kind == "cut":
            self.send(200, JSON, fault.content, announced=len(fault.content) + 100)
            self.hang_up()
        else:
            self.send(fault.status, {**JSON, **fault.headers}, fault.content)

    def _chat(self, body: Body) -> Body:
        text = self.owner.reply(body)
        if isinstance(text, dict):
            return text
        read = sum(len(message["content"].split()) for message in body["messages"])
        wrote = len(text.split())
        choice: Body = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": [{"token": word, "logprob": -0.5} for word in text.split()]}
        usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}
        return {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"], "choices": [choice]} | {
            "usage": usage
        }

    def _embeddings(self, body: Body) -> Body:
        size = body.get("dimensions", 8)
        data = [
            {"object": "embedding", "index": at, "embedding": vector(text, size)}
            for at, text in enumerate(body["input"])
        ]
        words = sum(len(text.split()) for text in body["input"])
        # The order of an answer is not the order of the texts: `index` is.
        return {"object": "list", "data": data[::-1], "model": body["model"]} | {
            "usage": {"prompt_tokens": words, "total_tokens": words}
        }
