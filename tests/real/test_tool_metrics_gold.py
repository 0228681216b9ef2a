"""Gold answers of public suites score in full against themselves, and less when they are damaged."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.metrics.tools.apibank import (
    call_correct,
    parse_call,
    parse_call_released,
    recorded_result,
    rouge_l,
    rouge_l_released,
)
from toolbench_eval.metrics.tools.calls import Call, Tool
from toolbench_eval.metrics.tools.paths import cpr_multiset, cpr_set, cpr_task, normalise, path_lcs, path_precision
from toolbench_eval.metrics.tools.spp import Trivia, logic_grid, occurs_as_word, trivia, trivia_accuracy
from toolbench_eval.metrics.tools.teval import (
    Step,
    parse_plan,
    parse_plan_text,
    plan_score,
    plan_score_released,
    review,
    review_letter,
)
from toolbench_eval.metrics.tools.tooltalk import Predicted, conversation
from toolbench_eval.metrics.tools.usage import Executed, Usage, is_hallucinated_released, usage

pytestmark = pytest.mark.real


def records(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def test_teval_plans(agents: Path) -> None:
    number = 0
    for record in records(agents / "teval" / "plan_json_v1.jsonl.gz"):
        gold = parse_plan(record["ground_truth"])
        assert gold is not None and parse_plan(json.dumps(record["ground_truth"])) == gold
        assert plan_score(gold, gold).f1 == 1
        steps = [step for step in gold if step.name != "FinishAction"]
        assert plan_score(steps[:-1], gold).recall == pytest.approx(1 - 1 / len(steps))
        invented = [Step("zz." + step.name) for step in steps]
        assert plan_score(invented, gold).f1 == 0
        assert plan_score_released(invented, gold).recall == pytest.approx(1 / len(steps))
        number += 1
    assert number == 357


def test_teval_plans_in_prose(agents: Path) -> None:
    scored = []
    for record in records(agents / "teval" / "plan_str_v1.jsonl.gz"):
        gold = parse_plan(record["ground_truth"])
        assert gold is not None
        prose = "\n".join(f"{at}. Use {step.name} now" for at, step in enumerate(gold, 1))
        scored.append(plan_score(parse_plan_text(prose, record["meta"]["API_list"]), gold).f1)
    assert len(scored) == 357 and all(score == 1 for score in scored)


def test_teval_reviews(agents: Path) -> None:
    letters = [record["ground_truth"]["answer"] for record in records(agents / "teval" / "review_str_v1.jsonl.gz")]
    assert len(letters) == 321 and set(letters) <= set("ABCDE")
    assert all(
        review(form.format(letter), letter) == 1 for letter in letters for form in ("{}", "Answer: {}", " {}. So")
    )
    assert sum(review("A", letter) for letter in letters) == letters.count("A") < len(letters)
    assert review_letter("None of these") is None


def test_apibank_calls(agents: Path) -> None:
    recordings, released = [], 0
    for record in records(agents / "apibank" / "lv1_lv2_dialogues.jsonl.gz"):
        for turn in record["turns"]:
            if turn["role"] == "API":
                recordings.append((Call(turn["api_name"], turn["param_dict"]), turn["result"]))
    assert len(recordings) == 341
    for gold, result in recordings:
        given = ", ".join(f"{name}='{value}'" for name, value in gold.arguments.items())
        text = f"[{gold.name}({given})]"
        read = parse_call(text)
        assert read == gold
        assert call_correct(read, result, gold, result)
        assert recorded_result(gold, recordings) is not None
        wrong = Call(gold.name, {**gold.arguments, "zz": "1"})
        assert not call_correct(wrong, recorded_result(wrong, recordings), gold, result)
        released += parse_call_released(text) != gold
    assert 0 < released < 50  # values with quotes in them


def test_apibank_responses(agents: Path) -> None:
    texts = [
        turn["text"]
        for record in records(agents / "apibank" / "lv1_lv2_dialogues.jsonl.gz")
        for turn in record["turns"]
        if turn["role"] == "AI"
    ]
    assert all(rouge_l(text, text) == 1 == rouge_l_released(text, text) for text in texts if text.split())
    others = [(rouge_l(a, b), rouge_l_released(a, b)) for a, b in zip(texts, texts[1:] + texts[:1], strict=True)]
    assert all(0 <= score <= 1 for pair in others for score in pair)


def test_tooltalk_oracle(agents: Path) -> None:
    calls = 0
    for name in ("easy", "tooltalk"):
        for record in records(agents / "tooltalk" / f"{name}.jsonl.gz"):
            made = [api for turn in record["conversation"] for api in turn.get("apis", [])]
            gold = [Call(api["request"]["api_name"], api["request"]["parameters"]) for api in made]
            said = [Predicted(call, api["exception"] is not None) for call, api in zip(gold, made, strict=True)]
            actions = {call.name for call in gold}
            assert conversation(said, gold, actions).success
            assert conversation(said[::-1], gold, actions).success
            if gold:
                assert not conversation(said[1:], gold, actions).success
                assert conversation([*said, Predicted(Call(gold[0].name))], gold, actions).bad_action_rate > 0
            calls += len(gold)
    assert calls == 177


@pytest.mark.parametrize("name", ["restbench_tmdb", "restbench_spotify"])
def test_restbench_paths(agents: Path, name: str) -> None:
    paths = [[normalise(step) for step in record["solution"]] for record in records(agents / f"{name}.jsonl.gz")]
    assert paths
    for path in paths:
        assert cpr_task(path, path) == cpr_set(path, path) == cpr_multiset(path, path) == path_lcs(path, path) == 1
        assert path_lcs(path[:-1], path) == pytest.approx(1 - 1 / len(path))
        assert path_precision([*path, "zz"], path) == pytest.approx(len(path) / (len(path) + 1))


@pytest.mark.parametrize("n", [5, 10])
def test_trivia_stories(agents: Path, n: int) -> None:
    right, copied, bounded = [], [], []
    for record in records(agents / f"trivia_creative_writing_100_n_{n}.jsonl.gz"):
        answers = record["answers"]
        right.append(trivia(" - ".join(aliases[0] for aliases in answers), answers, occurs_as_word))
        questions = " ".join(record["questions"])
        copied.append(trivia(questions, answers))
        bounded.append(trivia(questions, answers, occurs_as_word))
        assert bounded[-1].correct <= copied[-1].correct
    assert {one.questions for one in right} == {n}
    assert trivia_accuracy(right) == 1
    assert sum(copied, Trivia()).correct > sum(bounded, Trivia()).correct
    assert 0.01 < trivia_accuracy(copied) < 0.06  # the specification has 2.4% and 3.9% on all 100 stories


def test_logic_grid_puzzles(agents: Path) -> None:
    for record in records(agents / "logic_grid_puzzle_200.jsonl.gz"):
        (target,) = record["targets"]
        assert [choice for choice in record["multiple_choice_targets"] if logic_grid(choice, target)] == [target]


def test_hallucinated_tools_in_recorded_toolbench_runs(agents: Path) -> None:
    """The recorded messages are cut, their names are whole: three calls of one run name no tool on offer."""
    found, released = Usage(), 0
    for record in records(agents / "stabletoolbench" / "answers_gpt35cot_G1_instruction.jsonl.gz"):
        offered = {tool["name"]: Tool.of(tool) for tool in record["available_tools"]}
        names = list(called(record["answer"]["answer_details"]))
        found += usage([Executed(Call(name)) for name in names], offered)
        released += sum(is_hallucinated_released(name, offered) for name in names)
    assert (found.runs, found.calls, found.hallucinated, found.hallucinating) == (100, 429, 3, 1)
    assert released == 0  # the name ends two of those on offer


def called(nodes: Any) -> Iterator[str]:
    """Names of the called tools of a recorded chain; each tool message is the beginning of a written dictionary."""
    for node in nodes if isinstance(nodes, list) else [nodes]:
        if node["role"] == "tool":
            name = re.search(r"'name':\s*'(.*?)'", str(node["message"]))
            yield name[1] if name else ""
        yield from called(node["next"])
