"""Every number that trec_eval's own quicktest expects, from our measures; what we do not have is listed by name."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from toolbench_eval.errors import UsageError
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.metrics.registry import find
from toolbench_eval.metrics.score import Scores, score_run
from toolbench_eval.ranking.trec import read_qrels, read_run

pytestmark = pytest.mark.real

CASES = ("default", "all_trec", "all_trec_q_c", "all_trec_q_level2", "all_prefs", "qrels_jg", "zscores")

UNSUPPORTED = {
    "runid": "the tag of the run, no number",
    "relstring": "a picture of the ranking, no number",
    "relstring_20": "a picture of the ranking, no number",
    **dict.fromkeys(
        (
            "prefs_num_prefs_poss", "prefs_num_prefs_ful", "prefs_num_prefs_ful_ret", "prefs_simp", "prefs_pair",
            "prefs_avgjg", "prefs_avgjg_Rnonrel", "prefs_simp_ret", "prefs_pair_ret", "prefs_avgjg_ret",
            "prefs_avgjg_Rnonrel_ret", "prefs_simp_imp", "prefs_pair_imp", "prefs_avgjg_imp",
        ),
        "needs preference judgments (-R prefs), a format of its own",
    ),
}  # fmt: skip

PRINTED = 0.5e-4 + 1e-9
MISSING_ZSCORE = -1000000.0


@pytest.fixture(scope="module")
def folder(shared_data) -> Path:
    return shared_data / "trec" / "trec_eval"


@pytest.fixture(scope="module")
def cases(folder) -> dict[str, dict[str, str]]:
    with (folder / "cases.csv").open(encoding="utf-8") as lines:
        return {row["case"]: row for row in csv.DictReader(lines)}


def expected(folder: Path, case: dict[str, str]) -> list[tuple[str, str, str]]:
    """(measure, query or all, value as printed) of each line."""
    lines = (folder / case["expected_output"]).read_text(encoding="utf-8").splitlines()
    return [(name, query, value) for name, query, value in (line.split(None, 2) for line in lines)]


def ours(name: str, rel: int) -> str | None:
    """Our spelling, or None for what is listed as unsupported, and only for that."""
    try:
        measure = parse_measure(name)
    except UsageError:
        assert name in UNSUPPORTED, f"{name} is not supported and not listed"
        return None
    assert name not in UNSUPPORTED, f"{name} is supported, take it off the list"
    parameters = dict(measure.parameters)
    takes_rel = {p.name: p.default for p in find(measure.name).parameters}.get("rel") is not None or "rel" in parameters
    if rel == 1 or not takes_rel:
        return str(measure)
    parameters["rel"] = rel
    at = "" if measure.cutoff is None else f"@{measure.cutoff}"
    return f"{measure.name}({','.join(f'{key}={value!r}' for key, value in parameters.items())}){at}"


def scored(folder: Path, case: dict[str, str], names: set[str], rel: int = 1, missing: str = "drop") -> Scores:
    measures = [spelled for spelled in (ours(name, rel) for name in sorted(names)) if spelled]
    run, qrels = read_run(folder / case["run"]), read_qrels(folder / case["qrels"])
    return score_run(run, qrels, measures, missing=missing)


def test_no_case_is_forgotten(cases):
    assert tuple(cases) == CASES


@pytest.mark.parametrize(
    ("name", "rows", "skipped"),
    [("default", 30, 1), ("all_trec", 99, 1), ("all_trec_q_c", 387, 4), ("all_trec_q_level2", 387, 4)],
)
def test_standard_measures(folder, cases, name, rows, skipped):
    case = cases[name]
    missing = "zero" if " -c" in case["arguments"] else "drop"
    level = re.search(r"-l(\d)", case["arguments"])
    rel = int(level[1]) if level else 1
    lines = expected(folder, case)
    scores = scored(folder, case, {measure for measure, _, _ in lines}, rel, missing)
    place = {query: at for at, query in enumerate(scores.query_ids.to_pylist())}
    compared = 0
    for measure, query, value in lines:
        spelled = ours(measure, rel)
        if spelled is None:
            continue
        got = scores.aggregate(spelled) if query == "all" else scores.of(spelled)[place[query]]
        assert abs(got - float(value)) <= PRINTED, (measure, query, value, got)
        compared += 1
    assert (len(lines), len(lines) - compared) == (rows, skipped)


def test_judgment_groups(folder, cases, tmp_path):
    """``X_avgjg`` is the mean of X over the groups, which the second field of the qrels names."""
    case = cases["qrels_jg"]
    groups = defaultdict(list)
    for line in (folder / case["qrels"]).read_text(encoding="utf-8").splitlines():
        groups[line.split()[1]].append(line)
    run = read_run(folder / case["run"])
    lines = [line for line in expected(folder, case) if line[0] not in UNSUPPORTED and line[0] != "num_q"]
    plain = {name: str(parse_measure(name.replace("_avgjg", ""))) for name, _, _ in lines}
    by_group = []
    for group, judgments in groups.items():
        path = tmp_path / f"{group}.qrels"
        path.write_text("\n".join(judgments), encoding="utf-8")
        by_group.append(score_run(run, read_qrels(path), plain.values(), missing="drop"))
    query_ids = by_group[0].query_ids.to_pylist()
    assert all(scores.query_ids.to_pylist() == query_ids for scores in by_group)
    for name, query, value in lines:
        per_query = np.mean([scores.values[plain[name]] for scores in by_group], axis=0)
        got = per_query.mean() if query == "all" else per_query[query_ids.index(query)]
        assert abs(got - float(value)) <= PRINTED, (name, query, value, got)
    assert (len(by_group), len(lines)) == (3, 80)


def test_zscores(folder, cases):
    """``ZX`` is X of the query in standard deviations from a mean, both given by a file."""
    case = cases["zscores"]
    reference = {}
    for line in (folder / case["extra"]).read_text(encoding="utf-8").splitlines():
        query, name, mean, deviation = line.split()
        reference[query, name] = (float(mean), float(deviation))
    lines = expected(folder, case)
    others = [line for line in lines if not line[0].startswith("Z")]
    assert [name for name, _, _ in others] == ["relstring"] * 3 + ["runid"]
    assert all(ours(name, 1) is None for name, _, _ in others)
    lines = [line for line in lines if line not in others]
    lines.remove(("Znum_q", "all", "3.0000"))  # a count of queries, which is not standardised
    names = {name[1:] for name, _, _ in lines}
    scores = scored(folder, case, names)
    query_ids = scores.query_ids.to_pylist()
    values = {}
    for name in names:
        for at, query in enumerate(query_ids):
            value = scores.of(ours(name, 1))[at]
            mean, deviation = reference.get((query, name), (0.0, 0.0))
            exact = 0.0 if value == mean and (query, name) in reference else MISSING_ZSCORE
            values[name, query] = (value - mean) / deviation if deviation else exact
        aggregate = find(parse_measure(name).name).aggregate
        values[name, "all"] = aggregate(np.array([values[name, query] for query in query_ids]))
    for name, query, value in lines:
        assert abs(values[name[1:], query] - float(value)) <= PRINTED, (name, query)
    assert len(lines) == 382


def test_preference_measures_are_listed(folder, cases):
    names = {name for name, _, _ in expected(folder, cases["all_prefs"])} - {"num_q"}
    assert all(ours(name, 1) is None for name in names)
    assert names == {name for name in UNSUPPORTED if name.startswith("prefs_")} | {"runid"}
