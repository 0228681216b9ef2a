"""Options of rerankers' cards are read before anything is done, and the depth can be chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import evalharness

from toolbench_eval.cards import ModelCard
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.rerankers.families import RERANKERS
from toolbench_eval.rerankers.options import check_options
from toolbench_eval.retrievers.load import load_model

LISTWISE = {"llm": "scripted", "prompt": "listwise-1"}
NEEDED = {"listwise": LISTWISE, "seq2seq": {"body": "b", "yes": "y", "no": "n"}, "decoder": {"body": "b", "yes": "y"}}


def card(family: str = "listwise", **options) -> ModelCard:
    return ModelCard(name="mine", family=family, options={**NEEDED.get(family, {}), **options})


@pytest.mark.parametrize("family", [*RERANKERS, "module:factory"])
@pytest.mark.parametrize("depth", [-3, 0, 2.5, "x", "3", True])
def test_a_depth_that_is_none(family, depth):
    with pytest.raises(DataError, match=r"card of 'mine', field 'options.depth'"):
        check_options(card(family, depth=depth))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"size": 0}, "size"),
        ({"size": 1}, "size"),
        ({"step": 0}, "step"),
        ({"size": 5, "step": 6}, "'step' above 'size'"),
        ({"attempts": 0}, "attempts"),
        ({"words": 0}, "words"),
        ({"text_tokens": -1}, "text_tokens"),
        ({"temperature": -0.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"last_window": "first"}, "last_window"),
        ({"prompt": 3}, "prompt"),
        ({"sise": 5}, "sise.*there is no such key"),
    ],
)
def test_options_of_windows_that_make_no_sense(options, named):
    with pytest.raises(DataError, match=f"card of 'mine'.*{named}"):
        check_options(card(**options))


@pytest.mark.parametrize(
    ("family", "options", "named"),
    [
        ("cross-encoder", {"activation": "tanh"}, "activation"),
        ("cross-encoder", {"query_max_length": -1}, "query_max_length"),
        ("cross-encoder", {"body": "x"}, "body.*no such key"),
        ("seq2seq", {"yes": 1}, "yes"),
        ("decoder", {"question": "?", "head": "x"}, "body.*no such key"),
        ("oracle", {"size": 3}, "size.*no such key"),
    ],
)
def test_options_of_other_families(family, options, named):
    with pytest.raises(DataError, match=f"card of 'mine'.*{named}"):
        check_options(card(family, **options))


def test_what_is_needed_must_be_there():
    with pytest.raises(DataError, match=r"'options.body': is missing"):
        check_options(ModelCard(name="mine", family="seq2seq", options={"yes": "y", "no": "n"}))


def test_the_cards_that_ship_are_right():
    registry = Registry()
    shipped = [registry.card(name) for name in registry.card_files]
    rerankers = [card for card in shipped if card.family in RERANKERS and card.name != "random"]
    assert {card.family for card in rerankers} == {*RERANKERS}
    assert {check_options(card) for card in rerankers} == {100}


def test_the_depth_is_chosen_for_each_reranker_and_recorded():
    model = load_model("bm25>rankgpt:scripted>oracle", depth=7)
    assert (model.setting["depth"], model.setting["first_stage"]["depth"]) == (7, 7)
    assert load_model("oracle", first_stage=load_model("bm25"), depth=3).setting["depth"] == 3
    with pytest.raises(UsageError, match="--depth is for rerankers, and 'bm25' has none"):
        load_model("bm25", depth=7)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--model", "bm25>bad"), 2, "error: card of 'bad', field 'options.depth': Input should be greater than or"),
        (("--model", "bm25", "--depth", "3"), 2, "error: --depth is for rerankers, and 'bm25' has none\n"),
        (("--model", "bm25>oracle", "--depth", "0"), 2, "must be at least 1, found 0"),
        (("--model", "bm25>oracle", "--depth", "3", "--dry-run"), 0, ""),
    ],
)
def test_the_command(tmp_path: Path, arguments, code, said):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "bad.toml").write_text('name = "bad"\nfamily = "oracle"\n[options]\ndepth = -3\n')
    common = ("--task", "sample/trips", "--instruction", "without", "--tasks-dir", ".")
    done = evalharness("run", *common, *arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert not list(tmp_path.rglob("result.json"))
