"""Branches of replies: at the tokens of a call of which a tiny model is least certain."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.trip_turn import OTHER_DAY, RIGHT, TURN

from toolbench_eval.metrics.tools.calls import Call


def test_the_spans_of_name_and_values() -> None:
    from toolbench_eval.training.branching import value_spans

    text = 'Thought: x\nAction: find_it[{"a": "b, \\"c\\"", "n": {"k": [1, 2]}, "t": true}]'
    assert [text[slice(*span)] for span in value_spans(text)] == ["find_it", '"b, \\"c\\""', '{"k": [1, 2]}', "true"]
    assert list(value_spans("no call")) == []
    broken = 'Action: x[{"a": 12, "b": }]'
    assert [broken[slice(*span)] for span in value_spans(broken)] == ["x", "12"]


def test_branches_stand_at_the_least_certain_tokens_of_name_and_values(tiny: Path) -> None:
    """Against the model itself, asked token by token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training.branching import Brancher, value_spans

    found = Brancher(str(tiny), Runtime(device="cpu"), longest=70).replies(TURN, k=3, alternatives=2)
    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModelForCausalLM.from_pretrained(tiny).eval()
    turns = [{"role": message.role, "content": message.text} for message in TURN.messages]
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
    ids = tokenizer(RIGHT, add_special_tokens=False)["input_ids"]
    assert len(ids) == len(RIGHT)  # a token a byte
    ranked = []
    spans = list(value_spans(RIGHT))
    with torch.inference_mode():
        for at, own in enumerate(ids):
            logprobs = torch.log_softmax(model(torch.tensor([[*prompt, *ids[:at]]])).logits[0, -1], dim=-1)
            if any(start <= at < end for start, end in spans):
                others = [one for one in logprobs.argsort(descending=True).tolist() if one != own][:2]
                ranked.append((float(logprobs[own]), at, others, [float(logprobs[one]) for one in others]))
    wanted = sorted(sorted(ranked)[:3], key=lambda one: one[1])
    assert found[0].drawn == {"trunk": "own"}
    assert found[0].call is None  # a model of random weights writes no call: the trunk is the gold call
    told = [(one.drawn["token"], one.drawn["other"]) for one in found[1:]]
    assert told == [(at, tokenizer.decode([other])) for _, at, others, _ in wanted for other in others]
    for reply in found[1:]:
        assert reply.drawn["trunk"] == "gold"
        at = reply.drawn["token"]
        value, _, _, likely = next(one for one in ranked if one[1] == at)
        assert reply.drawn["logprob"] == pytest.approx(value, abs=1e-4)
        assert any(reply.drawn["other_logprob"] == pytest.approx(one, abs=1e-4) for one in likely)
        if reply.drawn["other"].isascii():
            assert reply.text.startswith(RIGHT[:at])
            assert not reply.text.startswith(RIGHT[: at + 1])


def test_a_reply_with_a_call_is_its_own_trunk(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training import branching

    brancher = branching.Brancher(str(tiny), Runtime(device="cpu"))
    own = brancher.read([1, 2], OTHER_DAY, 2)
    monkeypatch.setattr(brancher, "likeliest", lambda prompt, begun, others: own)
    found = brancher.replies(TURN, 2, 1)
    assert [one.drawn["trunk"] for one in found] == ["own"] * 3
    assert found[0].call == Call("flight", {"to": "Rome", "day": "Friday"})
    places = list(branching.value_spans(OTHER_DAY))
    assert all(any(first <= one.drawn["token"] < last for first, last in places) for one in found[1:])


def test_a_branch_that_ends_the_turn_is_not_continued(tiny: Path) -> None:
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training.branching import Brancher

    brancher = Brancher(str(tiny), Runtime(device="cpu"))
    begun = brancher._tokenizer("Action: fl", add_special_tokens=False)["input_ids"]
    end = brancher._tokenizer.eos_token_id
    assert brancher.likeliest([1, 2, 3], [*begun, end], 0).text == "Action: fl"
