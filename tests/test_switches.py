"""Switches: what exists, who sets them, who wins."""

from __future__ import annotations

import pytest

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.switches import (
    PLACES,
    SWITCHES,
    CardSwitches,
    TaskSwitches,
    changed_choices,
    check_switch,
    choices,
    chosen_values,
    parse_settings,
    resolve,
)


def test_values_of_the_switches_that_the_specification_names():
    assert choices("wo_inst_template") == ("bare", "scaffold")
    assert choices("missing") == ("zero", "drop")
    assert choices("ties") == ("trec", "stable")
    assert {"pooled", "category"} <= set(choices("scope"))
    assert {"benchmark", "model_card"} <= set(choices("query_format"))
    assert {"raw", "repr"} <= set(choices("document_text"))


def test_every_default_is_a_choice():
    for name, group in SWITCHES.items():
        assert getattr(group(), name) in choices(name)


def test_later_layers_win_and_each_switch_lands_in_its_group():
    task, model = resolve(
        {"ties": "stable", "wo_inst_template": "scaffold"}, {"missing": "drop", "wo_inst_template": "bare"}, {}
    )
    assert (task.ties, task.missing, task.scope) == ("stable", "drop", "pooled")
    assert (model.wo_inst_template, model.document_text) == ("bare", "raw")
    assert resolve()[0] == TaskSwitches()


def test_settings_of_the_command_line():
    assert parse_settings(["ties=stable", "scope=category", "ties=trec"]) == {"ties": "trec", "scope": "category"}
    assert parse_settings([]) == {}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("ties", "--set takes KEY=VALUE, found 'ties'"),
        ("ties=never", "'ties' takes one of trec, stable; found 'never'"),
        ("ties=", "found ''"),
    ],
)
def test_wrong_settings(setting: str, message: str):
    with pytest.raises(UsageError, match=message):
        parse_settings([setting])


def test_unknown_switches_get_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown switch 'wo_inst_templete'\. Did you mean wo_inst_template"):
        parse_settings(["wo_inst_templete=bare"])
    with pytest.raises(UnknownNameError):
        check_switch("model_config", "x")
    with pytest.raises(UsageError):
        resolve({"missing": "never"})


def test_switches_of_the_card_replace_its_values_for_their_family():
    layers = ({"normalize": "model", "attempts": "1"}, {}, {"normalize": "false", "ties": "stable"})
    assert chosen_values("dense", *layers) == {"encoding": {"normalize": False}}
    assert chosen_values("listwise", *layers) == {"options": {"attempts": 1}}
    assert chosen_values("bm25", *layers) == {}
    assert chosen_values("dense", {"pooling": "model"}, {"pooling": "card"}) == {}
    assert set(PLACES) == set(CardSwitches.model_fields)


def test_switches_of_the_card_are_found_again_in_a_setting():
    usual = {"first_stage": {"family": "bm25"}, "reranker": {"options": {"attempts": 3, "last_window": "anchored"}}}
    changed = {"first_stage": {"family": "bm25"}, "reranker": {"options": {"attempts": 1, "last_window": "anchored"}}}
    assert changed_choices(changed, usual) == {"attempts": "1"}
    assert changed_choices({"normalize": False, "pooling": "cls"}, {"normalize": True, "pooling": "cls"}) == {
        "normalize": "false"
    }
    assert changed_choices(usual, usual) == {}
