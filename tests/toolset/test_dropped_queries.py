"""`queries generate`: which queries are dropped, and what cannot be made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.endpoint import EndpointServer, scripted_reader
from support.kitchen import evaluated, lines, request

from toolbench_eval.data.check import check_folder
from toolbench_eval.errors import DataError, OutsideError, UsageError
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripted import by_script
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.toolset.generating import generate
from toolbench_eval.toolset.importing import import_toolset
from toolbench_eval.toolset.reading import Source


def writer(**replies: str | Callable[[str], str]) -> Callable[[Sequence[Message]], str]:
    """The scripted writer, whose replies to some prompts are others: by a word of their system line."""

    def say(messages: Sequence[Message]) -> str:
        said = by_script(messages)
        for word, reply in replies.items():
            if word in messages[0].text:
                return reply(said) if callable(reply) else reply
        return said

    return say


def leaking(messages: Sequence[Message]) -> str:
    return writer(messages=lambda said: said.replace("I ", "Call price_of, since I "))(messages)


def instructing(messages: Sequence[Message]) -> str:
    return writer(search=json.dumps({"instruction": "Given x, retrieve tools such as find_recipe"}))(messages)


def monotonous(messages: Sequence[Message]) -> str:
    return writer(messages=json.dumps({"question": "What now?"}))(messages)


def mute(messages: Sequence[Message]) -> str:
    return "I would rather not."


def test_queries_that_name_a_tool_are_dropped(place: Path) -> None:
    summary = generate(request(place, llms={"main": f"scripted/{__name__}:leaking"}, number=8))
    texts = [one["query"] for one in lines(place / "out/queries/generated.jsonl")]
    assert summary["dropped"]["names a tool"] > 0
    assert texts
    assert not any("price_of" in text for text in texts)
    with pytest.raises(UsageError, match="no query came about in 8 tries; dropped: names a tool 8"):
        generate(request(place, llms={"main": f"scripted/{__name__}:instructing"}, number=2, out=place / "i"))


def test_of_queries_with_the_same_words_the_first_stays(place: Path) -> None:
    summary = generate(request(place, llms={"main": f"scripted/{__name__}:monotonous"}, number=3))
    assert (summary["kept"], summary["tried"]) == (1, 12)
    assert summary["dropped"]["same words"] + summary["dropped"].get("same calls", 0) == 11


def test_queries_with_the_same_solution_are_one(place: Path) -> None:
    """A toolset with so few possible calls has no more queries, however they are worded."""
    generate(request(place, number=40, per_query=(1, 1)))
    found = lines(place / "out/queries/generated.jsonl")
    calls = [json.dumps(one["gold_calls"]) for path in (place / "out/calls").glob("*.jsonl") for one in lines(path)]
    assert len(set(calls)) == len(calls) == len(found) <= 6  # three dishes, three items


def test_calls_that_give_other_results_again_are_dropped(place: Path) -> None:
    name = (place / "name").read_text()
    import_toolset(Source(f"{name}:lottery"), place / "lottery")
    summary = generate(request(place, corpus=place / "lottery", per_query=(1, 1), number=3))
    assert summary["dropped"]["not replayed"] > 0
    labels = Counter(label["id"] for one in lines(place / "out/queries/generated.jsonl") for label in one["labels"])
    assert set(labels) == {"price_of"}


def test_what_changes_something_is_called_only_if_that_is_allowed(place: Path) -> None:
    generate(request(place, changes=True, per_query=(1, 1), number=5))
    problems = lines(place / "out/calls/generated-state.jsonl")
    assert all(problem["gold_calls"][0]["name"] == "order" for problem in problems)
    assert [problem["extra"]["state"] for problem in problems] == [
        [problem["gold_calls"][0]["arguments"]["item"]] for problem in problems
    ]
    assert all(problem["setup"]["changes"] for problem in problems)
    assert check_folder(place / "out") == []
    assert evaluated(place, "kitchen-calls/generated-state") > 0


def test_what_cannot_be_made_is_refused(place: Path) -> None:
    with pytest.raises(UsageError, match="3 tools can be used and a query is to need 4; tools that may change"):
        generate(request(place, per_query=(4, 4)))
    with pytest.raises(UsageError, match="there are main and strong"):
        generate(request(place, llms={"main": "scripted", "judge": "scripted"}))
    with pytest.raises(UsageError, match="auto, none or package"):
        generate(request(place, environment="kitchen"))
    with pytest.raises(UsageError, match="dropped: unreadable 4"):
        generate(request(place, llms={"main": f"scripted/{__name__}:mute"}, number=1))
    with pytest.raises(DataError, match="make it with 'evalharness corpus import'"):
        generate(request(place, corpus=place))


def test_an_endpoint_that_fails_is_tried_again_by_the_same_command(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EndpointServer(reply=scripted_reader) as server:
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        asked = request(place, llms={"main": "openai-api/local/m"}, number=3, runtime=Runtime(concurrency=1))
        server.fail(400, times=1)
        with pytest.raises(OutsideError, match="1 of 3 tries failed"):
            generate(asked)
        assert not (place / "out/review.csv").exists()
        server.heal()
        assert generate(asked)["kept"] == 3
    plain = request(place, number=3, out=place / "plain")
    generate(plain)
    assert lines(place / "out/queries/generated.jsonl") == lines(place / "plain/queries/generated.jsonl")
