"""An E-step from Python: what is refused, warned of and summed up."""

from __future__ import annotations

import threading

import pytest
from support.studio import QUESTION, Dice, studio
from support.tiny_chat import chat_model

from toolbench_eval.agents.exsearch.agent import ExSearch
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.training.episodes import Stopped, Voice, seed_of
from toolbench_eval.training.sampling import SampleRequest, sample, summed
from toolbench_eval.training.weights import Weighting


class Told(LoggingReporter):
    def __init__(self):
        super().__init__()
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def request(out, llm, *, m=1, agent="exsearch", tasks=("sample-mhqa/bridge",), **options):
    switches = {"temperature": "1.0", "max_hops": "1", "k": "1", "max_tokens": "4", **options.pop("switches", {})}
    base = Request(tasks, switches=switches, limit=1, runtime=Runtime(device="cpu"))
    return SampleRequest(AgentRequest(base, agent, {"main": llm}, "bm25"), out, m, **options)


def test_one_draw_is_warned_of(tmp_path):
    pytest.importorskip("torch")
    told = Told()
    summary = sample(request(tmp_path / "x.jsonl", f"hf/{chat_model(tmp_path / 'm')}"), reporter=told)
    assert any("plain self-training" in text for text in told.warnings)
    assert (summary["kept"], summary["ess"]) == (1, 1.0)
    told = Told()
    sample(request(tmp_path / "y.jsonl", "scripted", weighting=Weighting("uniform")), reporter=told)
    assert not any("self-training" in text for text in told.warnings)


def test_what_is_refused(tmp_path):
    out, reward = tmp_path / "x.jsonl", Weighting("reward")
    with pytest.raises(UsageError, match="at least 1"):
        request(out, "scripted", m=0)
    with pytest.raises(UsageError, match="exsearch and dro can"):
        request(out, "scripted", agent="rag")
    with pytest.raises(UsageError, match="one suite"):
        sample(request(out, "scripted", weighting=reward, tasks=("sample-mhqa", "sample")))
    with pytest.raises(UsageError, match="retrieval suite"):
        sample(request(out, "scripted", weighting=reward, tasks=("sample/trips",)))
    assert list(tmp_path.iterdir()) == []


def test_the_summary_by_hand():
    whole = {"kept": 3, "left_out": {"unparsable": 1}, "errors": [], "ess": 2.0, "elbo": -3.0, "log_evidence": -2.0}
    flat = {"kept": 2, "left_out": {"failed": 2}, "errors": ["x"], "ess": 1.0, "elbo": None, "log_evidence": None}
    empty = {"kept": 0, "left_out": {"incomplete": 4}, "errors": [], "ess": 0.0, "elbo": None, "log_evidence": None}
    records = [{**whole, "flat": False}, {**flat, "flat": True}, {**empty, "flat": True}]
    assert summed(records, 4) == {
        "questions": 3,
        "without_samples": 1,
        "flat": 1,
        "drawn": 12,
        "kept": 5,
        "unparsable": 1,
        "incomplete": 4,
        "duplicate": 0,
        "failed": 2,
        "format_mass": 0.5,
        "ess": 1.5,
        "elbo": -3.0,
        "log_evidence": -2.0,
    }


def test_an_episode_ends_at_its_next_call_when_all_is_stopped():
    place = studio(ExSearch(temperature=1.0), {"main": Dice(lambda _: ["<FINAL>"])})
    place.stopped.set()
    with pytest.raises(Stopped):
        place.episode(QUESTION.sample, 0)


def test_seeds_are_those_of_draws_alone():
    dice = Dice(lambda _: ["a"])
    voice = Voice(dice, "key", [], threading.Event())
    place = studio(ExSearch(temperature=0.0), {"main": dice})
    place.episode(QUESTION.sample, 0)
    assert set(dice.seeds) == {None}  # the likeliest reply needs no seed
    assert voice.name == "dice"
    assert voice.identity == {"name": "dice"}
    assert len({seed_of("key", number) for number in range(1000)}) == 1000
    assert all(0 <= seed_of("key", number) < 2**31 for number in range(1000))
