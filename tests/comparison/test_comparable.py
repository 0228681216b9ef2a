"""What is refused, why, and what lets it through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.results import made_result

import toolbench_eval
from toolbench_eval.comparison.comparable import load_systems
from toolbench_eval.errors import DataError, MissingDataError, UnknownNameError, UsageError

VALUES = {"made/a": np.linspace(0, 1, 8), "made/b": np.linspace(0, 0.5, 6)}


def made(folder: Path, name: str = "base", values: dict[str, np.ndarray] | None = None, **changes: object) -> Path:
    return made_result(folder / name, VALUES if values is None else values, model=name, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"setting": {"k": 10}}, "the task setting 'k' differs: 100 for base; 10 for other"),
        ({"setting": {"limit": 5}}, "the task setting 'limit' differs: None for base; 5 for other"),
        ({"setting": {"new": "x"}}, "the task setting 'new' differs: not recorded for base; 'x' for other"),
        ({"setting": {"instruction": "without"}}, "--across instruction"),
        ({"task": {"qrels_fingerprint": "0"}}, "the judgments differ in made/a, made/b (qrels_fingerprint)"),
        ({"task": {"queries_fingerprint": "0"}}, "the queries differ in made/a, made/b (queries_fingerprint)"),
        ({"task": {"corpus_fingerprint": "0"}}, "the documents differ in made/a, made/b (corpus_fingerprint)"),
        ({"suite_version": "2"}, "versions of the suite differ: made 1 for base; made 2 for other"),
        ({"values": {"made/a": VALUES["made/a"]}}, "not shared: made/b (--shared-tasks)"),
    ],
)
def test_unlike_results_are_refused_and_force_says_so(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    places = [made(tmp_path), made(tmp_path, "other", **changes)]
    with pytest.raises(UsageError, match="not comparable") as found:
        toolbench_eval.compare(places)
    assert reason in str(found.value)
    assert len(str(found.value).splitlines()) == 3  # one reason only
    forced = toolbench_eval.compare(places, force=True)
    assert len(forced.overruled) == 1
    assert reason in forced.overruled[0]
    with pytest.raises(UsageError, match="not comparable"):
        toolbench_eval.check(places[1], places[0])
    assert reason in toolbench_eval.check(places[1], places[0], force=True).overruled[0]


def test_every_reason_is_listed(tmp_path: Path) -> None:
    places = [made(tmp_path), made(tmp_path, "other", setting={"k": 5, "seed": 1}, task={"qrels_fingerprint": "0"})]
    with pytest.raises(UsageError) as found:
        toolbench_eval.compare(places)
    assert sum(line.startswith("  - ") for line in str(found.value).splitlines()) == 3


def test_shared_tasks_and_a_single_task_need_no_force(tmp_path: Path) -> None:
    whole = made(tmp_path)
    part = made(tmp_path, "part", {"made/b": VALUES["made/b"] / 2}, partial=True)
    for options in ({"shared_tasks": True}, {"task": "made/b"}):
        compared = toolbench_eval.compare([whole, part], **options)
        assert [line.name for line in compared.lines] == ["made/b"]
        assert compared.overruled == ()
        assert compared.notes == ("part: the result is partial",)
        assert compared.first.values == pytest.approx((0.25, 0.125))


def test_across_lets_one_key_differ_and_no_other(tmp_path: Path) -> None:
    places = [made(tmp_path), made(tmp_path, "other", setting={"instruction": "without"})]
    compared = toolbench_eval.compare(places, across="instruction")
    assert (compared.across, compared.overruled) == ("instruction", ())
    assert [system.instruction for system in compared.systems] == ["with", "without"]
    third = made(tmp_path, "third", setting={"instruction": "without", "k": 3})
    with pytest.raises(UsageError, match="'k' differs"):
        toolbench_eval.compare([places[0], third], across="instruction")
    with pytest.raises(UnknownNameError, match="Did you mean instruction"):
        toolbench_eval.compare(places, across="instructions")


def test_other_queries_are_refused_and_force_takes_the_shared_ones(tmp_path: Path) -> None:
    """Where `missing` is `drop`, a result scores the queries it has a ranking for only."""
    fewer = {"made/a": VALUES["made/a"][:5], "made/b": VALUES["made/b"]}
    places = [made(tmp_path), made(tmp_path, "fewer", fewer)]
    with pytest.raises(UsageError, match="scored queries differ in made/a"):
        toolbench_eval.compare(places)
    compared = toolbench_eval.compare(places, force=True)
    line = next(line for line in compared.lines if line.name == "made/a")
    assert (line.queries, line.values[0], line.values[1]) == (5, pytest.approx(2 / 7), pytest.approx(2 / 7))


def test_the_order_of_queries_does_not_matter(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path, "turned")
    file = second.parent / "per_query/a.parquet"
    table = pq.read_table(file)
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), file)
    pair = toolbench_eval.compare([first, second]).first.pairs[0]
    assert (pair.delta, pair.ties, pair.p) == (0, 14, 1)


def test_nothing_in_common(tmp_path: Path) -> None:
    places = [made(tmp_path), made(tmp_path, "other", {"elsewhere/a": np.ones(3)})]
    with pytest.raises(UsageError, match="no task in common: made for base; elsewhere for other"):
        toolbench_eval.compare(places, force=True)
    with pytest.raises(UnknownNameError, match="unknown shared task 'made/c'"):
        toolbench_eval.compare([places[0], places[0]], task="made/c")


def test_too_few_and_wrong_places(tmp_path: Path) -> None:
    place = made(tmp_path)
    with pytest.raises(UsageError, match="at least two"):
        toolbench_eval.compare([place])
    with pytest.raises(MissingDataError, match="no such result"):
        toolbench_eval.compare([place, tmp_path / "nowhere"])
    made(tmp_path, "other")
    with pytest.raises(UsageError, match="holds 2 results"):
        toolbench_eval.compare([place, tmp_path])
    result = load_systems([place, place])[0].result
    with pytest.raises(UsageError, match="name the files or folders"):
        toolbench_eval.compare([place, result])  # type: ignore[list-item]


def test_labels_tell_results_apart(tmp_path: Path) -> None:
    one = made_result(tmp_path / "x", VALUES, model="m")
    two = made_result(tmp_path / "y", VALUES, model="m", setting={"instruction": "without"})
    three = made_result(tmp_path / "z", VALUES, model="m")
    other = made_result(tmp_path / "o", VALUES, model="other")
    assert [system.label for system in load_systems([one, two])] == ["m (with)", "m (without)"]
    assert [system.label for system in load_systems([one, three, other])] == ["m (x)", "m (z)", "other"]
    assert [system.label for system in load_systems([one, one])] == ["m (#1)", "m (#2)"]


def test_scores_that_contradict_the_result_are_refused(tmp_path: Path) -> None:
    place, other = made(tmp_path), made(tmp_path, "other")
    made_result(tmp_path / "changed", {"made/a": np.zeros(8), "made/b": VALUES["made/b"]})
    (other.parent / "per_query/a.parquet").write_bytes((tmp_path / "changed/per_query/a.parquet").read_bytes())
    with pytest.raises(DataError, match=r"mean over queries is 0.000000, but the result records 0.500000 for 'made/a'"):
        toolbench_eval.compare([place, other])
    (other.parent / "per_query/a.parquet").unlink()
    with pytest.raises(MissingDataError, match=r"a\.parquet"):
        toolbench_eval.compare([place, other])


def test_a_measure_that_is_no_mean_is_refused(tmp_path: Path) -> None:
    place = made(tmp_path)
    with pytest.raises(UsageError, match="NumRet is no mean over queries"):
        toolbench_eval.compare([place, place], metric="NumRet")
    with pytest.raises(UnknownNameError, match="Did you mean nDCG"):
        toolbench_eval.compare([place, place], metric="nDCGG@10")
