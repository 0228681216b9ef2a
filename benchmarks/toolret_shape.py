"""A whole evaluation of ToolRet's shape with an encoder that costs nothing: ours beside mteb.

    python benchmarks/toolret_shape.py [--runs 3] [--mteb-runs 1] [--peer-python PYTHON_WITH_MTEB]

44,453 generated documents, 7,961 queries in 35 subsets, vectors of 768 numbers that are looked up by the text. Ours is
`toolbench_eval.evaluate` with the shipped dense search: it reads the files, ranks 100 documents for each query (and,
in a second row, mteb's 1000), scores 17 measures and writes everything. mteb evaluates a task like its ToolRetrieval:
35 subsets, each with the corpus, one instruction setting; its data are handed over in memory, read from the same files.
The clock starts after imports and generation. The targets: at least 10 x faster, the corpus encoded once, at most
1.5 GB of peak memory (of the whole process, with the vectors).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from processes import Finished, interpreter_with, middle, options, run, table, take_turns

DIMENSIONS = 768
NOISE = 6.0


class Lookup:
    """The encoder that costs nothing: vectors by text, made before the clock starts.

    A document's vector is random; a query's is near that of the first document it labels, so that scores tell whether
    two harnesses rank alike.
    """

    def __init__(self, folder: Path) -> None:
        """Give every text of the generated files a vector."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq
        from generated import SUITE, unit_vectors

        place = folder / SUITE
        documents = pa.concat_tables(pq.ParquetFile(path).read() for path in sorted(place.glob("*.parquet")))
        queries = pa.concat_tables(pq.ParquetFile(path).read() for path in sorted(place.glob("queries/*.parquet")))
        place_of = {name: at for at, name in enumerate(documents["id"].to_pylist())}
        near = [place_of[json.loads(labels)[0]["id"]] for labels in queries["labels"].to_pylist()]
        vectors = unit_vectors(len(documents), DIMENSIONS, seed=1)
        asked = vectors[near] + NOISE * unit_vectors(len(near), DIMENSIONS, seed=2)
        self._vectors = np.concatenate([vectors, asked])
        texts = documents["text"].to_pylist() + queries["query"].to_pylist()
        self._row = {text: row for row, text in enumerate(texts)}

    def __call__(self, texts: Iterable[str]) -> Any:
        """The vectors of texts."""
        return self._vectors[[self._row[text] for text in texts]]


def generate(place: str) -> None:
    from generated import write_suite

    write_suite(Path(place))


def ours(place: str, k: str) -> dict[str, Any]:
    from generated import SUITE

    from toolbench_eval.api import as_model, evaluate
    from toolbench_eval.data.corpus import Corpus
    from toolbench_eval.data.queries import Queries
    from toolbench_eval.ranking.run import Run
    from toolbench_eval.ranking.search import search_dense, to_run

    folder = Path(place)
    encode = Lookup(folder)
    documents = 0

    class LookedUp:
        """The dense retriever with another encoder."""

        def index(self, corpus: Corpus) -> None:
            nonlocal documents
            documents += len(corpus)
            self.corpus = corpus
            texts = corpus.texts.to_pylist()
            self.vectors = encode(texts[at] for at in corpus.tie_order)

        def search(self, queries: Queries, k: int) -> Run:
            columns, scores = search_dense(encode(queries.texts.to_pylist()), self.vectors, k)
            return to_run(columns, scores, queries.ids, self.corpus)

    with tempfile.TemporaryDirectory() as out:
        start, before = time.perf_counter(), time.process_time()
        (result,) = evaluate(SUITE, as_model("looked-up", LookedUp()), out=out, tasks_dir=folder, k=int(k))
        seconds, cpu = time.perf_counter() - start, time.process_time() - before
    score = result.aggregates["subset_macro"]["nDCG@10"]
    timing = result.execution.timing
    return {"seconds": seconds, "cpu": cpu, "documents": documents, "score": score, "timing": timing}


def mteb_like(place: str) -> dict[str, Any]:
    import mteb
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Dataset
    from generated import CATEGORIES, SUITE, subsets
    from mteb.models.abs_encoder import AbsEncoder
    from mteb.models.model_meta import ScoringFunction
    from mteb.tasks.retrieval.eng.tool_retrieval import ToolRetrieval

    folder = Path(place)
    encode = Lookup(folder)
    documents = 0
    names = [row["task"] for row in subsets()]

    class LookedUp(AbsEncoder):
        """An mteb encoder; it takes its texts from the batches, as mteb's own wrapper of models does."""

        def __init__(self) -> None:
            described = {"name": "local/looked-up", "revision": "1", "similarity_fn_name": ScoringFunction.DOT_PRODUCT}
            self.mteb_model_meta = mteb.models.ModelMeta.create_empty(described)

        def encode(self, inputs: Any, *, prompt_type: Any = None, **_: Any) -> Any:
            nonlocal documents
            vectors = encode(text for batch in inputs for text in batch["text"])
            documents += len(vectors) if str(getattr(prompt_type, "value", prompt_type)) == "document" else 0
            return vectors

    class Shape(ToolRetrieval):
        """mteb's ToolRetrieval on the generated files."""

        def load_data(self, *_: Any, **__: Any) -> None:
            if self.data_loaded:
                return
            files = folder / SUITE
            parts = [pq.ParquetFile(files / f"{category}.parquet").read() for category in CATEGORIES]
            corpus = Dataset(pa.concat_tables(parts).combine_chunks())
            self.dataset = {}
            for name in names:
                rows = pq.ParquetFile(files / "queries" / f"{name}.parquet").read().to_pylist()
                queries = Dataset.from_list([{"id": row["id"], "text": row["query"]} for row in rows])
                judged = {row["id"]: {label["id"]: 1 for label in json.loads(row["labels"])} for row in rows}
                split = {"corpus": corpus, "queries": queries, "relevant_docs": judged, "top_ranked": None}
                self.dataset[name] = {"test": split}
            self.data_loaded = True

    start, before = time.perf_counter(), time.process_time()
    results = mteb.evaluate(LookedUp(), [Shape()], cache=None, co2_tracker=False, show_progress_bar=False)
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    return {"seconds": seconds, "cpu": cpu, "documents": documents, "score": float(results[0].get_score())}


def contestants(folder: Path, peers: list[str]) -> dict[str, Any]:
    found = {
        "ours, k = 100": partial(run, [sys.executable, __file__, "--ours", str(folder), "100"]),
        "ours, k = 1000": partial(run, [sys.executable, __file__, "--ours", str(folder), "1000"]),
    }
    if python := interpreter_with("mteb", peers):
        found["mteb, k = 1000"] = partial(run, [python, __file__, "--mteb", str(folder)])
    return found


def last_line(finished: Finished) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(finished.output.splitlines()[-1])
    return values


def main() -> None:
    steps = {"--generate": generate, "--ours": ours, "--mteb": mteb_like}
    if sys.argv[1:2] and sys.argv[1] in steps:
        print(json.dumps(steps[sys.argv[1]](*sys.argv[2:])))
        return
    parser = options(__doc__, runs=3)
    parser.add_argument("--mteb-runs", type=int, default=1, help="counted runs of mteb, which takes minutes")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # Not in this process: a child's peak memory counts from what its parent held when it was started.
        run([sys.executable, __file__, "--generate", temporary])
        found = contestants(folder, args.peer_python)
        peer = {name: contestant for name, contestant in found.items() if name.startswith("mteb")}
        finished = take_turns({name: found[name] for name in found if name not in peer}, args.runs)
        for name, contestant in peer.items():
            finished[name] = [contestant() for _ in range(args.mteb_runs)]
    first, *_ = finished
    base = {key: middle(last_line(one)[key] for one in finished[first]) for key in ("seconds", "cpu")}
    heads = ["", "median s", "min s", "x ours", "CPU s", "x ours", "peak MB", "documents encoded", "nDCG@10"]
    rows: list[list[object]] = [heads]
    for name, runs in finished.items():
        values = [last_line(one) for one in runs]
        seconds, cpu = ([one[key] for one in values] for key in ("seconds", "cpu"))
        times = [middle(seconds), min(seconds), middle(seconds) / base["seconds"]]
        peak = round(max(one.peak_bytes for one in runs) / 1e6)
        encoded, score = f"{values[0]['documents']:,}", f"{values[0]['score']:.4f}"
        rows.append([name, *times, middle(cpu), middle(cpu) / base["cpu"], peak, encoded, score])
    table(rows)
    print(f"\nphases of {first} (seconds): {last_line(finished[first][-1])['timing']}")


if __name__ == "__main__":
    main()
