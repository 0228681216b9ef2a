"""What a run warns of in its data, and that it is silent where all is right."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.mirrors import random_benchmark, write_declaration, write_mirror

from toolbench_eval import evaluate
from toolbench_eval.data import documents as documents_module
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.preview import preview
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.registry import Registry

SUITE = """
name = "odd"
version = "1"
split_table = "units.csv"
tolerate = ["empty-labels"]
instruction = "both"
unit = "task"
headline.metric = "nDCG@10"
headline.aggregate = "task_macro"
[hub]
repo = "own/queries"
config = "{task}"
split = "*queries"
[hub.documents]
repo = "own/docs"
"""
DOCUMENTS = [{"id": str(at), "text": word} for at, word in enumerate(["river", "stone", "cloud", "tree"])]


def query(name: str, labels: dict[str, int], instruction: str = "find it") -> dict[str, Any]:
    graded = [{"id": document, "relevance": grade} for document, grade in labels.items()]
    return {"id": name, "query": "river stone", "instruction": instruction, "labels": graded}


SOUND = [query("a", {"0": 1, "1": 2}, "this"), query("b", {"2": 1, "3": 0}, "that")]


def written(root: Path, units: str = "task,split,splits\n", shared: str = "", **tasks: dict[str, Any]) -> Path:
    """A suite and its mirror: for each task its queries and documents by the name of the split."""
    rows = "".join(
        f'[[tasks]]\ntask = "{task}"\n' + (f'shared_corpus = "{shared}"\n' if shared else "") for task in tasks
    )
    (root / "suite.toml").write_text(SUITE + rows)
    (root / "units.csv").write_text(units)
    for task, splits in tasks.items():
        for split, (queries, documents) in splits.items():
            for kind, records in (("queries", queries), ("docs", documents)):
                folder = root / "mirror/own" / kind / task
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{split}{kind}-00000-of-00001.parquet"
                pq.write_table(pa.Table.from_pylist(records), path)
    return root


def warnings(root: Path, caplog: pytest.LogCaptureFixture, **options: Any) -> list[str]:
    caplog.clear()
    evaluate("odd", "bm25", data=root / "mirror", tasks_dir=root, out=root / "out", **options)
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def test_nothing_is_said_where_all_is_right(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    units = "task,split,splits\nA,queries,1\nB,g,2\n"
    several = {"g__a_1_": (SOUND, DOCUMENTS), "g__b_2_": (SOUND, DOCUMENTS)}
    root = written(tmp_path, units, A={"": (SOUND, DOCUMENTS)}, B=several)
    assert warnings(root, caplog) == []
    assert warnings(root, caplog, switches={"instruction_kind": "shuffled"}) == []


def test_sample_and_generated_suites_are_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    benchmark = random_benchmark(3)
    folder = write_declaration(tmp_path / "own", benchmark)
    mirror = write_mirror(tmp_path / "mirror", benchmark)
    evaluate(["sample", benchmark.name], "random", data=mirror, tasks_dir=folder, out=tmp_path)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


# labels ---------------------------------------------------------------------------------------


def test_labels_of_documents_that_are_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Each split has its own documents: `1` is in the first split only."""
    gone = [query("a", {"0": 1, "gone": 1}), query("b", {"gone": 2, "lost": 0})]
    other = [query("c", {"1": 1}), query("d", {"0": 1})]
    root = written(tmp_path, A={"one_": (gone, DOCUMENTS), "two_": (other, DOCUMENTS[:1])}, B={"": (SOUND, DOCUMENTS)})
    assert warnings(root, caplog) == ["odd/A: 4 of 6 labels name documents that the corpus lacks"]
    assert warnings(root, caplog, limit=1) == ["odd/A: 2 of 3 labels name documents that the corpus lacks"]


def test_the_same_for_files_and_a_shared_corpus(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "suite.toml").write_text(
        'name = "odd"\nversion = "1"\ncorpus = "odd-docs"\nunit = "task"\n'
        'headline.metric = "nDCG@10"\nheadline.aggregate = "task_macro"\n'
        '[files]\nqueries = "{task}.jsonl"\n[[tasks]]\ntask = "A"\n[[tasks]]\ntask = "B"\n'
    )
    (tmp_path / "corpus.toml").write_text('name = "odd-docs"\nfiles = ["d.jsonl"]\n')
    rows = {"A": [query("a", {"0": 1, "gone": 1})], "B": SOUND, "d": DOCUMENTS}
    for name, records in rows.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    evaluate("odd", "bm25", tasks_dir=tmp_path, out=tmp_path / "out")
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        "odd/A: 1 of 2 labels name documents that the corpus lacks"
    ]


def test_a_task_that_no_ranking_can_solve(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    root = written(tmp_path, A={"": ([query("a", {"0": 0, "1": -1})], DOCUMENTS)}, B={"": (SOUND, DOCUMENTS)})
    assert warnings(root, caplog) == ["odd/A: none of 2 labels has a grade above 0, so that no ranking scores"]


def test_no_corpus_is_read_a_second_time_to_look_at_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = written(tmp_path, A={"": (SOUND, DOCUMENTS)}, B={"": (SOUND, DOCUMENTS[::-1])})
    reads: Counter[str] = Counter()
    read = documents_module.load_split
    monkeypatch.setattr(
        documents_module, "load_split", lambda split, access: reads.update([split.config]) or read(split, access)
    )
    evaluate("odd", "bm25", data=root / "mirror", tasks_dir=root, out=root / "out")
    assert reads == {"A": 1, "B": 1}


# instructions ---------------------------------------------------------------------------------


def test_a_shuffle_that_shuffles_nothing_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    same = [query("a", {"0": 1}), query("b", {"1": 1})]
    splits = {"one_": (same, DOCUMENTS), "two_": ([query("c", {"0": 1}, "another")], DOCUMENTS)}
    root = written(tmp_path, A={"": (same, DOCUMENTS)}, B={"": (SOUND, DOCUMENTS)}, C=splits)
    told = (
        "instruction_kind=shuffled changes nothing for 2 tasks: "
        "their queries all have the same instruction (odd/A, odd/C)"
    )
    assert warnings(root, caplog, switches={"instruction_kind": "shuffled"}) == [told]
    assert warnings(root, caplog, switches={"instruction_kind": "shuffled"}, instruction="without") == []
    assert warnings(root, caplog, switches={"instruction_kind": "generic"}) == []


# corpora and splits ---------------------------------------------------------------------------


def test_tasks_that_should_share_their_documents_and_do_not(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    same, other = {"": (SOUND, DOCUMENTS)}, {"": (SOUND, [*DOCUMENTS[:3], {"id": "3", "text": "changed"}])}
    root = written(tmp_path, shared="Wiki", A=same, B=other, C={"": (SOUND, DOCUMENTS[::-1])})
    told = "tasks that should share the corpus 'Wiki' have 2 different ones: odd/A, odd/C | odd/B"
    assert warnings(root, caplog) == [told]


def test_tasks_that_share_are_silent_and_so_is_one_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    root = written(tmp_path, shared="Wiki", A={"": (SOUND, DOCUMENTS)}, B={"": (SOUND, DOCUMENTS[::-1])})
    assert warnings(root, caplog) == []
    caplog.clear()
    evaluate("odd/A", "bm25", data=root / "mirror", tasks_dir=root, out=root / "alone")
    assert "Wiki" not in caplog.text


def test_splits_by_name(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    units = "task,split,splits\nA,x,1\nA,y,1\nB,g,3\nC,queries,1\n"
    part = (SOUND, DOCUMENTS)
    root = written(tmp_path, units, A={"": part}, B={"g_": part, "new_": part}, C={"": part})
    assert warnings(root, caplog) == [
        "odd/A: its splits are not those of units.csv: missing x, y; unexpected queries",
        "odd/B: its splits are not those of units.csv: unexpected new; other numbers g 1 (expected 3)",
    ]


def test_the_scope_source_is_refused_where_no_corpus_is_pooled(tmp_path: Path):
    root = written(tmp_path, A={"": (SOUND, DOCUMENTS)})
    with pytest.raises(UsageError, match="Use --set scope=pooled"):
        evaluate("odd", "bm25", data=root / "mirror", tasks_dir=root, out=root / "out", switches={"scope": "source"})


# before a run ---------------------------------------------------------------------------------


def previewed(root: Path, **switches: str) -> dict[str, str]:
    request = Request(
        tasks=("odd",), out=root / "out", access=Access(mirror=root / "mirror"), instruction="with", switches=switches
    )
    rows = preview(request, "bm25", Registry((root,)), LoggingReporter())
    return {row["task"]: row["indexed_with"] for row in rows}


def test_a_preview_shows_who_shares_documents(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    turned = (SOUND, DOCUMENTS[::-1])
    splits = {"one_": (SOUND, DOCUMENTS[:2]), "two_": turned}
    root = written(tmp_path, A={"": (SOUND, DOCUMENTS)}, B=splits, C={"": (SOUND, DOCUMENTS[:3])}, D={"": turned})
    with caplog.at_level(logging.INFO, logger="toolbench_eval"):
        assert previewed(root) == {"odd/A": "", "odd/B": "odd/A", "odd/C": "", "odd/D": "odd/A"}
    assert "equal documents, indexed once: odd/A, odd/B, odd/D" in caplog.text
    # Where the order of the documents counts, each order has its own index.
    assert previewed(root, ties="stable") == {"odd/A": "", "odd/B": "", "odd/C": "", "odd/D": "odd/B"}
