"""Run in an interpreter that has mteb: tiny models in its registry, through our adapter and through mteb itself.

The working folder must hold tiny/prompted and tiny/instructed, two saved sentence-transformers models. Prints one JSON
object: for each case the scores that the adapter gives and those of a plain computation, documents in corpus order.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import mteb
import numpy as np
from mteb.models.instruct_wrapper import InstructSentenceTransformerModel
from mteb.models.model_implementations import MODEL_REGISTRY
from mteb.models.sentence_transformer_wrapper import SentenceTransformerEncoderWrapper
from sentence_transformers import SentenceTransformer

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import EvalHarnessError
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.mteb_model import MtebModel

CPU = Runtime(device="cpu", offline=True)
TEXTS = ["find cheap train tickets", "weather tomorrow paris", "find cheap train tickets", "translate text, song price"]
CORPUS = Corpus.of(["d1", "d2", "d3", "d4"], TEXTS)
QUERIES = Queries.of(["q1", "q2"], ["cheap train", "weather paris"], ["Find travel tools.", "Find forecasts."])


def main() -> None:
    """Compare and print."""
    logging.disable(logging.WARNING)
    register(
        "tiny/prompted", SentenceTransformerEncoderWrapper, model_prompts={"query": "query: ", "document": "text "}
    )
    template = "Instruct: {instruction}\nQuery: "
    register(
        "tiny/instructed",
        InstructSentenceTransformerModel,
        instruction_template=template,
        apply_instruction_to_passages=False,
    )
    of_task = template.format(instruction=mteb.get_task("ToolRetrieval").metadata.prompt["query"])
    generally = template.format(instruction=mteb.abstasks.AbsTaskRetrieval.abstask_prompt)
    cases = {
        "prompted": case("mteb:tiny/prompted", "tiny/prompted", "query: ", "text "),
        "prompted, with instruction": case("mteb:tiny/prompted", "tiny/prompted", "query: ", "text ", instructed=True),
        "instructed": case("mteb:tiny/instructed", "tiny/instructed", generally, ""),
        "instructed for ToolRetrieval": case("mteb:tiny/instructed#ToolRetrieval", "tiny/instructed", of_task, ""),
    }
    told = {"kept": kept(), "errors": errors(), "setting": load_model("mteb:tiny/prompted").setting}
    print(json.dumps({"cases": cases, **told}))  # noqa: T201


def kept() -> dict[str, Any]:
    """How often a second and a third model encode: the same one, and one whose prompt is another."""
    encoded: list[str] = []
    encode = MtebModel._encode

    def counted(self: MtebModel, side: str, texts: list[str]) -> Any:
        encoded.extend(texts)
        return encode(self, side, texts)

    MtebModel._encode = counted  # type: ignore[method-assign]
    again = case("mteb:tiny/prompted", "tiny/prompted", "query: ", "text ")
    same = len(encoded)
    register("tiny/prompted", SentenceTransformerEncoderWrapper, model_prompts={"query": "ask: ", "document": "text "})
    return {
        "same": same,
        "again": again,
        "other prompt": case("mteb:tiny/prompted", "tiny/prompted", "ask: ", "text "),
        "encoded for it": sorted(encoded[same:]),
    }


def register(name: str, loader: Any, **options: Any) -> None:
    """Put a model beside mteb's own: the metadata of a real one under another name."""
    meta = mteb.get_model_meta("intfloat/e5-small-v2")
    MODEL_REGISTRY[name] = meta.model_copy(update={"name": name, "loader": loader, "loader_kwargs": options})


def case(name: str, folder: str, query_prompt: str, document_prompt: str, instructed: bool = False) -> dict[str, Any]:
    """Scores by the adapter, and by hand."""
    model = load_model(name, runtime=CPU)
    model.index(CORPUS)
    queries = QUERIES if instructed else Queries(QUERIES.ids, QUERIES.texts)
    run = model.search(queries, len(CORPUS))
    got = np.empty(run.scores.shape)
    np.put_along_axis(got, run.documents, run.scores, axis=1)
    texts = QUERIES.texts.to_pylist()
    if instructed:
        texts = [
            f"{text} {instruction}" for text, instruction in zip(texts, QUERIES.instructions.to_pylist(), strict=True)
        ]
    encoder = SentenceTransformer(folder, device="cpu")
    asked = unit(encoder.encode([query_prompt + text for text in texts]))
    stored = unit(encoder.encode([document_prompt + text for text in TEXTS]))
    unprompted = unit(encoder.encode(texts)) @ unit(encoder.encode(TEXTS)).T
    return {
        "got": got.tolist(),
        "expected": (asked @ stored.T).tolist(),
        "unprompted": unprompted.tolist(),
        "first": run.documents[0].tolist(),
    }


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def errors() -> dict[str, str]:
    """What the user is told."""
    return {
        name: told(name)
        for name in ("mteb:tiny/promted", "mteb:tiny/prompted#NoSuchTask", "mteb:mteb/baseline-random-cross-encoder")
    }


def told(name: str) -> str:
    """The error of a model's first use."""
    try:
        load_model(name, runtime=CPU).index(CORPUS)
    except EvalHarnessError as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    main()
