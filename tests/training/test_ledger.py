"""The file of samples while it grows, and what is left of it after a kill."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.studio import QUESTION

from toolbench_eval.errors import UsageError
from toolbench_eval.training.ledger import Ledger

SETTING = {"agent": "exsearch", "tau": 1.0, "draws": (1, 2)}
FINE = {"kept": 1, "errors": []}
FAILED = {"kept": 0, "errors": ["gone"]}


def fill(path, *keys, record=FINE, setting=SETTING):
    with Ledger(path, setting).opened() as ledger:
        for key in keys:
            ledger.add(key, QUESTION, record, [{"key": key, "n": 1}, {"key": key, "n": 2}])


def test_the_file_is_in_the_order_of_the_task_and_there_at_once(tmp_path):
    out = tmp_path / "deep" / "s.jsonl"
    fill(out, "b", "a")
    assert not out.exists()
    with Ledger(out, SETTING).opened() as ledger:
        assert ledger.finished is None
        assert ledger.done("a", QUESTION)
        assert not ledger.done("c", QUESTION)
        assert not ledger.done("a", replace(QUESTION, text="another"))
        ledger.finish(["a", "b"], {"kept": 2})
    assert [json.loads(line)["key"] for line in out.read_text().splitlines()] == ["a", "a", "b", "b"]
    assert sorted(path.name for path in out.parent.iterdir()) == ["s.jsonl", "s.jsonl.meta.json"]
    with Ledger(out, SETTING).opened() as again:
        assert again.finished == {"kept": 2}


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_a_kill_cut_off_is_dropped(tmp_path, cut):
    out = tmp_path / "s.jsonl"
    fill(out, "a", "b")
    partial = tmp_path / "s.jsonl.partial"
    partial.write_bytes(partial.read_bytes()[:-cut])
    fill(out, "c")
    with Ledger(out, SETTING).opened() as ledger:
        assert [ledger.done(key, QUESTION) for key in "abc"] == [True, False, True]
        ledger.finish(["a", "c"], {})
    assert [json.loads(line)["key"] for line in out.read_text().splitlines()] == ["a", "a", "c", "c"]


def test_killed_while_it_was_begun(tmp_path):
    (tmp_path / "s.jsonl.partial").write_bytes(b'{"sett')
    fill(tmp_path / "s.jsonl", "a")
    with Ledger(tmp_path / "s.jsonl", SETTING).opened() as ledger:
        assert ledger.done("a", QUESTION)


def test_what_failed_stays_open(tmp_path):
    out = tmp_path / "s.jsonl"
    fill(out, "a")
    fill(out, "b", record=FAILED)
    with Ledger(out, SETTING).opened() as ledger:
        ledger.finish(["a", "b"], {"failed": 1})
    assert out.exists()
    with Ledger(out, SETTING).opened() as ledger:
        assert ledger.finished is None
        assert (ledger.done("a", QUESTION), ledger.done("b", QUESTION)) == (True, False)
        ledger.add("b", QUESTION, FINE, [{"key": "b", "n": 3}])
        ledger.finish(["a", "b"], {"failed": 0})
        assert ledger.finished == {"failed": 0}
    assert [json.loads(line)["n"] for line in out.read_text().splitlines()] == [1, 2, 3]


@pytest.mark.parametrize("finished", [True, False])
def test_samples_of_another_setting_are_not_mixed(tmp_path, finished):
    out = tmp_path / "s.jsonl"
    fill(out, "a")
    if finished:
        with Ledger(out, SETTING).opened() as ledger:
            ledger.finish(["a"], {})
    with pytest.raises(UsageError, match=r"another setting \(draws, tau differ\)"):
        fill(out, "b", setting={**SETTING, "tau": 2.0, "draws": (3,)})
    fill(out, setting=json.loads(json.dumps(SETTING)))  # a list is what JSON makes of a tuple


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path):
    out = tmp_path / "s.jsonl"
    out.write_text("mine\n")
    with pytest.raises(UsageError, match="not from this command"):
        fill(out, "a")
    assert out.read_text() == "mine\n"


def test_two_processes_do_not_write_one_file(tmp_path):
    out = tmp_path / "s.jsonl"
    with (
        Ledger(out, SETTING).opened(),
        pytest.raises(UsageError, match="another process"),
        Ledger(out, SETTING).opened(),
    ):
        pass
    fill(out, "a")
