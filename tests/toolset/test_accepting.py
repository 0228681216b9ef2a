"""`queries accept`: a review becomes the final suite, or every fault of it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.kitchen import decide, evaluated, lines, request, rows

from toolbench_eval.data.check import check_folder
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.toolset.accepting import accept
from toolbench_eval.toolset.generating import generate


def test_a_review_becomes_the_final_suite(place: Path) -> None:
    generate(request(place))
    first = lines(place / "out/queries/generated.jsonl")

    def change(number: int, row: dict[str, str]) -> None:
        if number == 0:
            row["keep?"] = "No"
        if number == 1:
            row["query"], row["instruction"], row["short_answer"] = "What does it cost me?", "", "1.2"
        if number == 2:
            row["tools"] = "order"

    done = accept(decide(place, change), place / "final", "2")
    assert (len(done.accepted), done.refused, done.edited, done.relabelled) == (5, 1, 2, (first[2]["id"],))
    queries = lines(place / "final/queries/generated.jsonl")
    assert [one["id"] for one in queries] == [one["id"] for one in first[1:]]
    assert (queries[0]["query"], queries[0]["instruction"]) == ("What does it cost me?", None)
    assert queries[1]["labels"] == [{"id": "order", "relevance": 1}]
    problems = [one for path in (place / "final/calls").glob("*.jsonl") for one in lines(path)]
    assert first[2]["id"] not in {one["id"] for one in problems}  # its calls solve it no longer
    edited = next(one for one in problems if one["id"] == first[1]["id"])
    assert (edited["text"], edited["answers"]) == ("What does it cost me?", ["1.2"])
    conversations = {one["id"]: one for one in lines(place / "final/conversations.jsonl")}
    assert conversations[first[1]["id"]]["conversations"][0]["content"] == "What does it cost me?"
    text = (place / "final/queries/suite.toml").read_text()
    assert 'version = "2"' in text
    assert "Reviewed: 5 kept, 2 of them edited, 1 refused." in text
    assert check_folder(place / "final") == []
    assert evaluated(place, "kitchen", tasks="final", model="bm25") > 0
    with pytest.raises(UsageError, match="is not empty"):
        accept(place / "out/reviewed.csv", place / "final")


def test_every_fault_of_a_review_is_named_with_its_row(place: Path) -> None:
    generate(request(place))
    found = rows(place / "out/review.csv")

    def change(number: int, row: dict[str, str]) -> None:
        row |= [
            {"keep?": ""},
            {"keep?": "perhaps"},
            {"query": "Use price_of now"},
            {"tools": "price_of | spoon"},
            {"query": " ", "tools": ""},
            {"id": found[3]["id"], "query": found[3]["query"].upper() + "!"},
        ][number]

    with pytest.raises(DataError) as told:
        accept(decide(place, change), place / "final")
    assert str(told.value).splitlines()[0] == "8 faults"
    places = [line.split(", ", 1)[1] for line in str(told.value).splitlines()[1:]]
    assert places == [
        "row 2, field 'keep?': write yes or no, found ''",
        "row 3, field 'keep?': write yes or no, found 'perhaps'",
        "row 4, field 'query': gives 'price_of' away",
        "row 5, field 'tools': the corpus has no tool 'spoon' (several are parted by ' | ')",
        "row 6, field 'query': the query is empty",
        "row 6, field 'tools': a query needs a tool",
        "row 7, field 'id': the same as in row 5",
        "row 7, field 'query': the same as in row 5",
    ]
    assert not (place / "final").exists()
    with pytest.raises(UsageError, match="keeps no query"):
        accept(decide(place, lambda number, row: row.update({"keep?": "no"})), place / "final")
    (place / "out/x.csv").write_text("id;keep?\n")
    with pytest.raises(DataError, match="row 1: lacks the column 'id'"):
        accept(place / "out/x.csv", place / "final")
